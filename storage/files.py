"""Papers and pictures as bytes under a key: in a local folder or in S3 (`files_s3`), behind one protocol.

Nothing here is public: a folder is readable by its owner alone, an object is as private as its bucket.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import unquote, urlsplit

from storage.secrets import Keys
from storage.upload_forms import FormSigner, UploadForm, capped

KEY = re.compile(r"[a-z0-9_-]+(/[a-z0-9_-]+)*(\.[a-z0-9]+)?")
KEY_LENGTH = 200
RANDOM_BYTES = 24
LISTED = 1000
HANDOVER = "handover"
"""The folder of answers on their way out, which a browser fetches from the store itself."""
PIECE = 256 * 1024
PART = "part-"
"""How the name of a file begins that is not whole yet."""


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

    def all_keys(self) -> Iterator[str]:
        """Every key; one that is put or deleted meanwhile may be among them or not."""
        ...

    def pieces(self, key: str) -> Iterator[bytes]:
        """The bytes under `key` as they come, for files of any size; FileMissing as for `get`."""
        ...

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Keep under `key` what the file at `path` holds, without having it all in memory."""
        ...

    def upload_form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """A form with which a browser may put one file of 1 to `most_bytes` bytes under exactly this key."""
        ...

    def upload_origin(self) -> str:
        """The origin that upload forms are posted to; empty when it is that of our own pages."""
        ...

    def handover(self, key: str, content_type: str, disposition: str, valid_for_seconds: int) -> str:
        """Where a browser gets what is, or will be, under `key`, as this type and name; empty when it has to ask us."""
        ...

    def check(self) -> None:
        """StoreUnavailable, with the reason, when the store cannot be used now."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def open_store(url: str, keys: Keys) -> FileStore:
    """The store `url` names: `file:var/files` or `s3://bucket/prefix`; ValueError for anything else.

    `keys` sign the upload forms of a folder; S3 signs its own. Opening touches neither disk nor network;
    `check` does.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path and not parts.netloc:
        return FolderStore(Path(unquote(parts.path)), keys)
    if parts.scheme == "s3" and parts.netloc:
        from storage.files_s3 import S3Store

        return S3Store(parts.netloc, parts.path.strip("/"))
    raise ValueError("FILE_STORE_URL is file:FOLDER or s3://BUCKET/PREFIX")


def new_key(prefix: str) -> str:
    """`prefix/` and 192 random bits: a key nobody guesses."""
    return checked(f"{prefix}/{secrets.token_hex(RANDOM_BYTES)}")


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` so that `path` is seen complete or not at all, mode 0600; OSError leaves no half."""
    _write_pieces(path, (data,))


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    _make_folders(path.parent)
    handle, name = tempfile.mkstemp(prefix=PART, dir=path.parent)
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
    sync_folder(path.parent)


class FolderStore:
    """Files in a folder of one machine: 0600 in folders of 0700. The content type is not kept."""

    def __init__(self, root: Path, keys: Keys) -> None:
        self._root = root
        self._forms = FormSigner(keys)

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
                    return read_most(file, key, os.fstat(file.fileno()).st_size, most_bytes)
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

    def all_keys(self) -> Iterator[str]:
        """See FileStore; half files that a kill left behind, and files that are not ours, are none."""
        with _disk_errors():
            for folder, _, names in os.walk(self._root, onerror=_raise):
                inside = Path(folder).relative_to(self._root).as_posix()
                found = (name if inside == "." else f"{inside}/{name}" for name in names if not name.startswith(PART))
                yield from filter(KEY.fullmatch, found)

    def pieces(self, key: str) -> Iterator[bytes]:
        """See FileStore."""
        path = self._path(key)
        with _disk_errors():
            try:
                with path.open("rb") as file:
                    while piece := file.read(PIECE):
                        yield piece
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise FileMissing(key) from None

    def put_file(self, key: str, path: Path, content_type: str) -> None:  # noqa: ARG002
        """See FileStore."""
        place = self._path(key)
        with _disk_errors(), path.open("rb") as file:
            _write_pieces(place, iter(partial(file.read, PIECE), b""))

    def upload_form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """See FileStore: posted to our own pages, which hand it to `receive`."""
        return self._forms.form(checked(key), most_bytes, valid_for_seconds)

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

    def handover(self, key: str, content_type: str, disposition: str, valid_for_seconds: int) -> str:  # noqa: ARG002
        """See FileStore."""
        return ""

    def check(self) -> None:
        """See FileStore: writes a file and takes it away again."""
        probe = self._root / f".check-{secrets.token_hex(8)}"
        with _disk_errors():
            write_whole(probe, b"ok")
            probe.unlink()

    def close(self) -> None:
        """See FileStore: nothing is held."""

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


def read_most(file: IO[bytes], key: str, size: int, most_bytes: int | None) -> bytes:
    """What an open file holds; FileTooLarge when that is over `most_bytes`."""
    if most_bytes is not None and size > most_bytes:
        raise FileTooLarge(key)
    return file.read()


def checked(key: str) -> str:
    """The key; BadKey when it is none."""
    if len(key) > KEY_LENGTH or not KEY.fullmatch(key):
        raise BadKey(f"not a file key: {key[:KEY_LENGTH]!r}")
    return key


def _make_folders(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def sync_folder(folder: Path) -> None:
    """Put on the disk which files a folder names."""
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
