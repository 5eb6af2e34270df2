"""A page opened over HTTP by a link from the chat, in a browser of its own: cookies, redirects, plain forms."""

import json
from collections.abc import Mapping
from http.cookiejar import CookieJar
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener


class Page:
    """What stands at an address, and what a plain submit of its form leads to."""

    def __init__(self, url: str) -> None:
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self.url, self.status, self.text = url, 0, ""
        self._open(url)

    def sends(self, form: Mapping[str, Any]) -> str:
        """Submit to the page's own address; the text of the page it leads to."""
        body = urlencode({name: value for name, value in form.items() if value != []}, doseq=True)
        return self._open(self.url, body.encode())

    def tells(self, act: str, body: object) -> str:
        """What the page's script sends below the page's address; the JSON that is answered."""
        address, data = self.url, json.dumps(body).encode()
        found = self._open(f"{address.partition('?')[0]}/{act}", data, {"Content-Type": "application/json"})
        self.url = address
        return found

    def _open(self, url: str, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})) -> str:
        try:
            answer = self._opener.open(Request(url, body, dict(headers)), timeout=30)
        except HTTPError as refused:
            answer = refused
        with answer:
            self.url, self.status = answer.geturl(), answer.status or 0
            self.text = answer.read().decode()
        return self.text
