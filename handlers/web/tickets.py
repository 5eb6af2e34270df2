"""Personal links: for one person and one purpose, in the browser that opened them first, for a time.

Every page behind a personal link comes through `opened`, and so does everything on that page.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, render_template, request

from bot.text import t
from handlers.web.context import services
from models.rules.errors import NotFound
from models.rules.permissions import Actor
from storage import people, system
from storage.database import UnitOfWork

BROWSER = "chusho119_browser"
BROWSER_FOR = timedelta(days=1)
ROW_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True)
class Purpose:
    """What links of a kind are for, and how long they open."""

    name: str
    valid_for: timedelta


@dataclass(frozen=True)
class Opened:
    """An open link: the person it was made for, and the id of what it shows."""

    uow: UnitOfWork
    actor: Actor
    subject: str


class Closed(Exception):
    """The link does not open. `why`: over, browser or gone."""

    def __init__(self, status: int, purpose: str, why: str) -> None:
        super().__init__(why)
        self.status, self.purpose, self.why = status, purpose, why


def explain(bp: Blueprint) -> None:
    """Put the sentences for closed links on the blueprint; what is not found is told by the address's purpose."""
    bp.register_error_handler(Closed, _closed)
    bp.register_error_handler(NotFound, lambda _: _closed(Closed(404, request.path.split("/")[2], "gone")))


def this_browser() -> str:
    """What this browser is known by; a new one gets a name of its own."""
    return request.cookies.get(BROWSER, "") or secrets.token_urlsafe(24)


@contextmanager
def opened(purpose: Purpose, token: str, browser: str, *, first: bool = False) -> Iterator[Opened]:
    """The link, with a transaction around what is done; `first`: bind it to this browser if nobody opened it yet.

    Closed for a forged, foreign or expired link and for another browser; NotFound for a person who is gone.
    """
    ticket = services().links.open(purpose.name, token, services().clock(), purpose.valid_for)
    if ticket is None:
        raise Closed(410, purpose.name, "over")
    if not (ROW_ID.fullmatch(ticket.person) and ROW_ID.fullmatch(ticket.subject)):
        raise NotFound
    database = services().database
    with database.unit() if first else database.read() as uow:
        if first:
            own = system.first_browser(uow, token, browser, ticket.expires_at)
        else:
            own = system.is_first_browser(uow, token, browser)
        if not own:
            raise Closed(403, purpose.name, "browser")
        person = people.by_id(uow, ticket.person)
        if person is None:
            raise NotFound
        yield Opened(uow, person.actor, ticket.subject)


def remember(response: Response, browser: str) -> Response:
    """Keep the browser's name with the page."""
    response.set_cookie(
        BROWSER, browser, max_age=BROWSER_FOR, path="/p/", httponly=True, samesite="Lax",
        secure=services().secure_cookies,
    )  # fmt: skip
    return response


def _closed(closed: Closed) -> Response:
    name = f"{closed.purpose}_{closed.why}"
    words = {"title": t(f"page.link_{closed.why}"), "next": t(f"page.{name}_next")}
    return Response(render_template("error.html", code=closed.status, admin=False, **words), closed.status)
