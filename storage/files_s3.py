"""The file store in S3 or what speaks like it: boto3, which follows its own variables (AWS_ENDPOINT_URL_S3, …).

boto3 is imported when S3 is first spoken to.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from storage.files import KEY, LISTED, PIECE, FileMissing, StoreUnavailable, checked, read_most
from storage.upload_forms import UploadForm

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.config import Config

ABSENT = frozenset({"NoSuchKey", "NotFound", "404"})


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
                return read_most(body, key, found["ContentLength"], most_bytes)

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
        """See FileStore; the folder itself, which some stores and consoles keep as an object, is no file."""
        folder = f"{self._prefix}{checked(prefix)}/"
        with _s3_errors(prefix):
            found = self._client.list_objects_v2(Bucket=self._bucket, Prefix=folder, Delimiter="/", MaxKeys=LISTED)
        old = [entry["Key"] for entry in found.get("Contents", ()) if entry["LastModified"].astimezone(UTC) < before]
        return [*filter(KEY.fullmatch, (key.removeprefix(self._prefix) for key in old))]

    def all_keys(self) -> Iterator[str]:
        """See FileStore: a thousand objects a question."""
        with _s3_errors(self._bucket):
            asked = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix)
            for page in asked:
                found = (entry["Key"].removeprefix(self._prefix) for entry in page.get("Contents", ()))
                yield from filter(KEY.fullmatch, found)

    def pieces(self, key: str) -> Iterator[bytes]:
        """See FileStore."""
        place = self._place(key)
        with _s3_errors(key):
            found = self._client.get_object(**place)
            with closing(found["Body"]) as body:
                yield from body.iter_chunks(PIECE)

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """See FileStore."""
        place = self._place(key)
        with _s3_errors(key), path.open("rb") as file:
            self._client.put_object(**place, Body=file, ContentType=content_type)

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

    def handover(self, key: str, content_type: str, disposition: str, valid_for_seconds: int) -> str:
        """See FileStore: an address that S3 takes from whoever has it, until its time is over."""
        place = self._place(key)
        told = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition}
        with _s3_errors(key):
            return self._client.generate_presigned_url(
                "get_object", Params={**place, **told, "ResponseCacheControl": "private, no-store"},
                ExpiresIn=valid_for_seconds,
            )  # fmt: skip

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

    def whereabouts(self) -> tuple["BaseClient", str, str]:
        """The client, the bucket and the prefix, for questions about the bucket itself (`storage.bucket`)."""
        return self._client, self._bucket, self._prefix

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked(key)}

    @cached_property
    def _client(self) -> "BaseClient":
        from boto3.session import Session

        session = Session()
        client = session.client("s3", config=_s3_config("virtual"))
        if _is_amazon(client.meta.endpoint_url):
            return client
        client.close()
        return session.client("s3", config=_s3_config("path"))


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
