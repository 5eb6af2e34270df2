"""Forms with which a browser posts one file: signed by S3 itself, or, for a folder, by us in the same shape."""

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeSerializer

from storage.secrets import Keys, oldest_first

OWN_ADDRESS = "/p/upload"


@dataclass(frozen=True)
class UploadForm:
    """A multipart form: `fields` in their order, and last of all the file as `file`, posted to `url`."""

    url: str
    fields: Mapping[str, str]


class FormRefused(Exception):
    """A posted form is not one of ours, is over, or brings too much or nothing. `why`: form, large or empty."""

    retryable = False

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class FormSigner:
    """Makes and reads the forms of a store that is no server of its own."""

    def __init__(self, keys: Keys) -> None:
        self._signer = URLSafeSerializer(oldest_first(keys), salt="upload-form")

    def form(self, key: str, most_bytes: int, valid_for_seconds: int) -> UploadForm:
        """A form for one key, good until `valid_for_seconds` from now."""
        until = int(time.time()) + valid_for_seconds
        return UploadForm(OWN_ADDRESS, {"key": key, "policy": self._signer.dumps([key, most_bytes, until])})

    def read(self, fields: Mapping[str, str]) -> tuple[str, int]:
        """The key and the most bytes of a posted form; FormRefused when it was changed, made up, or is over."""
        try:
            key, most_bytes, until = self._signer.loads(fields.get("policy", ""))
        except (BadData, ValueError, TypeError):
            raise FormRefused("form") from None
        if fields.get("key") != key or time.time() >= until:
            raise FormRefused("form")
        return key, most_bytes


def capped(pieces: Iterable[bytes], most_bytes: int) -> Iterator[bytes]:
    """The pieces as they come; FormRefused as soon as there are more bytes than allowed, or none at the end."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > most_bytes:
            raise FormRefused("large")
        yield piece
    if not size:
        raise FormRefused("empty")
