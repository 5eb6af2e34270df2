"""Papers and pictures as bytes under a key: in a local folder or in S3, behind one protocol.

Nothing here is public: a folder is readable by its owner alone, an object is as private as its bucket.
boto3 is imported when S3 is first spoken to, and follows its own variables (AWS_ENDPOINT_URL_S3, …).
"""

import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from storage.upload_forms import FormSigner, UploadForm, capped

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config

KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*(\.[a-z0-9]+)?")
KEY_LENGTH = 200
RANDOM_BYTES = 24
LISTED = 1000
ABSENT = frozenset({"NoSuchKey", "NotFound", "404"})


class BadKey(ValueError):
    """A key no store accepts: a mistake of the caller, never of a person."""

    retryable = False


class FileMissing(Exception):
    """Nothing is kept under `key`."""

    retryable = False

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class FileTooLarge(Exception):
    """What is kept under `key` is larger than the caller takes."""

    retryable = False

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class StoreUnavailable(Exception):
    """The store did not do it: full, unreachable, forbidden. `reason` is for the log and for `doctor`."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FileStore(Protocol):
    """Bytes under keys. A file is there as a whole or not at all; every method may raise StoreUnavailable."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Keep `data` under `key`, replacing what was there."""
        ...

    def get(self, key: str, most_bytes: int | None = None) -> bytes:
        """The bytes under `key`; FileMissing when there are none, FileTooLarge when they are over `most_bytes`."""
        ...

    def delete(self, key: str) -> None:
        """Forget `key`; no error when it is not there."""
        ...

    def exists(self, key: str) -> bool:
        """Whether something is kept under `key`."""
        ...

    def older_than(self, prefix: str, before: datetime) -> list[str]:
        """Keys directly under `prefix/` that were written before a moment; at most 1,000 of them."""
        ...

    def upload_form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """A form with which a browser may put one file of 1 to `most_bytes` bytes under exactly this key."""
        ...

    def upload_origin(self) -> str:
        """The origin that upload forms are posted to; empty when it is that of our own pages."""
        ...

    def check(self) -> None:
        """StoreUnavailable, with the reason, when the store cannot be used now."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def open_store(url: str, secret_key: str) -> FileStore:
    """The store `url` names: `file:var/files` or `s3://bucket/prefix`; ValueError for anything else.

    `secret_key` signs the upload forms of a folder; S3 signs its own. Opening touches neither disk nor network;
    `check` does.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderStore(Path(unquote(parts.path)), secret_key)
    if parts.scheme == "s3" and parts.netloc:
        return S3Store(parts.netloc, parts.path.strip("/"))
    raise ValueError("FILE_STORE_URL is file:FOLDER or s3://BUCKET/PREFIX")


def new_key(prefix: str) -> str:
    """`prefix/` and 192 random bits: a key nobody guesses."""
    return _checked(f"{prefix}/{secrets.token_hex(RANDOM_BYTES)}")


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is seen complete or not at all, mode 0600; OSError leaves no half."""
    _write_pieces(path, (data,))


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    _make_folders(path.parent)
    handle, name = tempfile.mkstemp(prefix="part-", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(path.parent)


class FolderStore:
    """Files in a folder of one machine: 0600 in folders of 0700. The content type is not kept."""

    def __init__(self, root: Path, secret_key: str) -> None:
        self._root = root
        self._forms = FormSigner(secret_key)

    def put(self, key: str, data: bytes, content_type: str) -> None:  # noqa: ARG002
        """See FileStore. A full disk leaves what was there before."""
        path = self._path(key)
        with _disk_errors():
            write_whole(path, data)

    def get(self, key: str, most_bytes: int | None = None) -> bytes:
        """See FileStore."""
        path = self._path(key)
        with _disk_errors():
            try:
                with path.open("rb") as file:
                    return _read(file, key, os.fstat(file.fileno()).st_size, most_bytes)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise FileMissing(key) from None

    def delete(self, key: str) -> None:
        """See FileStore."""
        path = self._path(key)
        with _disk_errors(), suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            path.unlink()

    def exists(self, key: str) -> bool:
        """See FileStore."""
        path = self._path(key)
        with _disk_errors():
            return path.is_file()

    def older_than(self, prefix: str, before: datetime) -> list[str]:
        """See FileStore; a half file that a kill left behind counts as one."""
        folder = self._path(prefix)
        with _disk_errors(), suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            old = (entry for entry in entries if entry.is_file() and entry.stat().st_mtime < before.timestamp())
            return [f"{prefix}/{entry.name}" for entry in islice(old, LISTED)]
        return []

    def upload_form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """See FileStore: posted to our own pages, which hand it to `receive`."""
        return self._forms.form(_checked(key), most_bytes, valid_for_seconds)

    def upload_origin(self) -> str:
        """See FileStore."""
        return ""

    def receive(self, fields: Mapping[str, str], pieces: Iterable[bytes]) -> None:
        """Keep a file that was posted with a form of ours; FormRefused, before anything is read, for another form.

        A file over the form's size, or an empty one, is FormRefused too and leaves nothing.
        """
        key, most_bytes = self._forms.read(fields)
        path = self._path(key)
        with _disk_errors():
            _write_pieces(path, capped(pieces, most_bytes))

    def check(self) -> None:
        """See FileStore: writes a file and takes it away again."""
        probe = self._root / f".check-{secrets.token_hex(8)}"
        with _disk_errors():
            write_whole(probe, b"ok")
            probe.unlink()

    def close(self) -> None:
        """See FileStore: nothing is held."""

    def _path(self, key: str) -> Path:
        return self._root / _checked(key)


class S3Store:
    """Objects in a bucket, under a prefix. One client, used by all threads."""

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """See FileStore."""
        place = self._place(key)
        with _s3_errors(key):
            self._client.put_object(**place, Body=data, ContentType=content_type)

    def get(self, key: str, most_bytes: int | None = None) -> bytes:
        """See FileStore."""
        place = self._place(key)
        with _s3_errors(key):
            found = self._client.get_object(**place)
            with closing(found["Body"]) as body:
                return _read(body, key, found["ContentLength"], most_bytes)

    def delete(self, key: str) -> None:
        """See FileStore."""
        place = self._place(key)
        with suppress(FileMissing), _s3_errors(key):
            self._client.delete_object(**place)

    def exists(self, key: str) -> bool:
        """See FileStore."""
        place = self._place(key)
        try:
            with _s3_errors(key):
                self._client.head_object(**place)
        except FileMissing:
            return False
        return True

    def older_than(self, prefix: str, before: datetime) -> list[str]:
        """See FileStore."""
        folder = f"{self._prefix}{_checked(prefix)}/"
        with _s3_errors(prefix):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=folder, Delimiter="/", MaxKeys=LISTED)
        old = [entry["Key"] for entry in found.get("Contents", ()) if entry["LastModified"].astimezone(UTC) < before]
        return [key.removeprefix(self._prefix) for key in old]

    def upload_form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """See FileStore: posted straight to S3, which holds key and size; the bucket's CORS must let our pages."""
        place = self._place(key)
        with _s3_errors(key):
            made = self._client.generate_presigned_post(
                **place, Conditions=[["content-length-range", 1, most_bytes]], ExpiresIn=valid_for_seconds
            )
        return UploadForm(made["url"], made["fields"])

    def upload_origin(self) -> str:
        """See FileStore."""
        parts = urlsplit(self.upload_form("origin", 1, 1).url)
        return f"{parts.scheme}://{parts.netloc}"

    def check(self) -> None:
        """See FileStore: asks for the bucket, with the right to use it."""
        try:
            with _s3_errors(self._bucket):
                self._client.head_bucket(Bucket=self._bucket)
        except FileMissing:
            raise StoreUnavailable(f"no bucket named {self._bucket}") from None

    def close(self) -> None:
        """See FileStore."""
        client = self.__dict__.pop("_client", None)
        if client is not None:
            client.close()

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + _checked(key)}

    @cached_property
    def _client(self) -> "BaseClient":
        from boto3.session import Session

        session = Session()
        client = session.client("s3", config=_s3_config("virtual"))
        if _is_amazon(client.meta.endpoint_url):
            return client
        client.close()
        return session.client("s3", config=_s3_config("path"))


def _read(file: IO[bytes], key: str, size: int, most_bytes: int | None) -> bytes:
    if most_bytes is not None and size > most_bytes:
        raise FileTooLarge(key)
    return file.read()


def _checked(key: str) -> str:
    if len(key) > KEY_LENGTH or not KEY.fullmatch(key):
        raise BadKey(f"not a file key: {key[:KEY_LENGTH]!r}")
    return key


def _make_folders(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error.strerror}") from error


@contextmanager
def _s3_errors(key: str) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ABSENT:
            raise FileMissing(key) from error
        raise StoreUnavailable(f"S3 answered {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error


def _is_amazon(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _s3_config(addressing: str) -> "Config":
    from botocore.config import Config

    return Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "max_attempts": 3},
        signature_version="s3v4",
        s3={"addressing_style": addressing},
    )
