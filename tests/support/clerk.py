"""Somebody of the secretariat at a browser, over HTTP: pages are opened, and their own forms are filled in and sent."""

import html
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from tests.support.factories import PASSWORD
from tests.support.forms import typed_form
from tests.support.page import Page
from tests.support.talks import staff_user
from tests.support.world import World

FORM = re.compile(r"<form\b(?P<head>[^>]*)>(?P<body>.*?)</form>", re.DOTALL)
PROOF = timedelta(minutes=9)
"""How long a login lasts here, so that nothing asks for the password once more."""


class Clerk:
    """A clerk of this world."""

    def __init__(self, world: World, email: str = "clerk@example.jp", role: str = "clerk") -> None:
        self.world, self.email = world, email
        staff_user(world, email, role)
        self._page: Page | None = None
        self._since: datetime | None = None

    def opens(self, path: str) -> str:
        """The text of a page under /admin."""
        page, now = self._page, self.world.clock.now
        if page is None or self._since is None or now - self._since > PROOF:
            page, self._since = Page(f"{self.world.base_url}/admin/login"), now
            page.sends({**typed_form(page.text), "email": self.email, "password": PASSWORD})
            self._page = page
        page._open(f"{self.world.base_url}/admin/{path}")
        assert page.status == 200, f"{path}: {page.status}\n{page.text}"
        return page.text

    def sends(self, ending: str, **typed: Any) -> str:
        """Fill in and send the form of the open page whose address ends so; the page that follows."""
        page = self._page
        assert page
        action, held = next(
            ((action, body) for action, body in _forms(page.text) if action.partition("?")[0].endswith(ending)),
            ("", ""),
        )
        assert action, f"no form {ending} on {page.url}:\n{page.text}"
        page.url = urljoin(page.url, action)
        page.sends(typed_form(held) | typed)
        assert page.status == 200, f"{action}: {page.status}\n{page.text}"
        for phone in self.world.phones.values():
            phone.seen = phone._last()
        self.world.acted()
        return page.text


def _forms(text: str) -> list[tuple[str, str]]:
    found = []
    for form in FORM.finditer(text):
        action = re.search(r'action="([^"]*)"', form["head"])
        if action and "post" in form["head"]:
            found.append((html.unescape(action[1]), form["body"]))
    return found
