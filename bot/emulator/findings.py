"""Collects what is wrong with one request body; each check names the property as LINE would."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot.emulator.refusals import Problem
from bot.line import limits

Json = Mapping[str, Any]

URI_SCHEMES = frozenset({"http", "https", "line", "tel"})
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1"})
_URI = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")


class Findings:
    """The problems found so far. `allow_http_localhost` takes plain http for pictures on this machine."""

    def __init__(self, allow_http_localhost: bool = False) -> None:
        self.problems: list[Problem] = []
        self._allow_http_localhost = allow_http_localhost

    def add(self, path: str, message: str) -> None:
        """One more problem."""
        self.problems.append(Problem(path, message))

    def units(self, owner: Json, key: str, path: str, most: int, *, required: bool = False) -> None:
        """A text counted in UTF-16 units."""
        self._length(owner, key, path, most, required, limits.utf16_units)

    def graphemes(self, owner: Json, key: str, path: str, most: int, *, required: bool = False) -> None:
        """A text counted in grapheme clusters."""
        self._length(owner, key, path, most, required, limits.graphemes)

    def _length(self, owner: Json, key: str, path: str, most: int, required: bool, count: Any) -> None:
        value = owner.get(key)
        if value is None:
            if required:
                self.add(f"{path}.{key}", "must be specified")
        elif value == "":
            self.add(f"{path}.{key}", "May not be empty")
        elif count(value) > most:
            self.add(f"{path}.{key}", f"Length must be between 1 and {most}")

    def size(self, items: Any, path: str, least: int, most: int) -> bool:
        """A list with so many items; False when there is none to look into."""
        if items is None or not least <= len(items) <= most:
            self.add(path, f"Size must be between {least} and {most}")
        return bool(items)

    def secure_url(self, owner: Json, key: str, path: str, *, required: bool = True) -> None:
        """The https address of a picture, sound or film."""
        self.units(owner, key, path, limits.IMAGE_URL_MAX, required=required)
        url = owner.get(key)
        if url and not self._is_fetchable(url):
            self.add(f"{path}.{key}", "must be a valid HTTPS URL")

    def link(self, owner: Json, key: str, path: str) -> None:
        """The address a tap opens."""
        self.units(owner, key, path, limits.URI_MAX, required=True)
        uri = owner.get(key)
        if not uri:
            return
        scheme = uri.partition(":")[0].lower()
        if scheme not in URI_SCHEMES:
            self.add(f"{path}.{key}", "invalid uri scheme")
        elif not _is_uri(uri) or (scheme in {"http", "https"} and not _host(uri)):
            self.add(f"{path}.{key}", "invalid uri")

    def _is_fetchable(self, url: str) -> bool:
        if not _is_uri(url) or not _host(url):
            return False
        local = self._allow_http_localhost and url.startswith("http://") and _host(url) in _LOCAL_HOSTS
        return url.startswith("https://") or local


def _is_uri(text: str) -> bool:
    """Only characters an address may hold: Japanese and spaces have to be percent-encoded."""
    return _URI.fullmatch(text) is not None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
