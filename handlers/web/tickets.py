"""Who opens a page under `/p/`: every page behind a personal link comes through `opened`, and so does all on it.

A link is for one person and one purpose, for a time, in one browser. Which one: with LIFF, a browser that proved (by an
ID token verified on our server, `identify`) that the person is logged in to LINE there; without it, and for a link
handed over to a PC, the browser that opened the link first. There is no session here, so posts carry no CSRF token:
what protects them is the link nobody guesses, the browser's SameSite cookie, and `same_origin`.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, render_template, request

from bot.text import catalogue, t
from handlers.links import HANDED_FOR, PageTicket
from handlers.web.context import asked_by_script, services, told
from models.rules.errors import NotAllowed, NotFound
from models.rules.permissions import Actor
from models.tables.base import ROW_ID
from storage import moves, people, system
from storage.database import UnitOfWork

BROWSER = "chusho119_browser"
BROWSER_FOR = timedelta(days=1)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Purpose:
    """What links of a kind are for, and how long they open."""

    name: str
    valid_for: timedelta


@dataclass(frozen=True)
class Opened:
    """An open link: the person it was made for, and the id of what it shows. `handed`: on another device."""

    uow: UnitOfWork
    actor: Actor
    subject: str
    purpose: str
    handed: bool


class Closed(Exception):
    """The link does not open. `why`: over, browser or gone."""

    def __init__(self, status: int, purpose: str, why: str) -> None:
        super().__init__(why)
        self.status, self.purpose, self.why = status, purpose, why


class Unproved(Exception):
    """Nobody has shown yet that it is the link's person who sits at this browser; `identify` asks for the proof."""

    def __init__(self, purpose: str, token: str) -> None:
        super().__init__()
        self.purpose, self.token = purpose, token


def explain(bp: Blueprint) -> None:
    """Put the sentences for closed links on the blueprint; what is not found is told by the address's purpose."""
    bp.before_request(same_origin)
    bp.register_error_handler(Closed, closed_page)
    bp.register_error_handler(NotFound, _not_found)


def this_browser() -> str:
    """What this browser is known by; a new one gets a name of its own."""
    return request.cookies.get(BROWSER, "") or secrets.token_urlsafe(24)


@contextmanager
def opened(purpose: Purpose, token: str, browser: str, *, first: bool = False, write: bool = False) -> Iterator[Opened]:
    """The link, with a transaction around what is done, and whoever was told something woken after its commit.

    `first`: this is the page itself, which binds the link to this browser if nobody opened it yet. `write`: something
    is changed, by a form or by a script's JSON. Without either, the transaction only looks.
    Closed for a forged, foreign or expired link and for another browser; Unproved where LIFF must say first who reads;
    NotFound for a person who is gone. Scripts are answered with `{"error": …}`.
    """
    ticket = services().links.open(purpose.name, token, services().clock(), purpose.valid_for)
    if ticket is None:
        raise Closed(410, purpose.name, "over")
    if not (ROW_ID.fullmatch(ticket.person) and ROW_ID.fullmatch(ticket.subject)):
        raise NotFound
    database = services().database
    with database.unit() if first or write else database.read() as uow:
        _let_in(uow, ticket, token, browser, first=first)
        person = people.by_id(uow, ticket.person)
        if person is None:
            raise NotFound
        yield Opened(uow, person.actor, ticket.subject, purpose.name, ticket.handed)
    if uow.told:
        services().told(uow.told)


def handoff_link(at: Opened) -> str:
    """A link to this page for another device; NotAllowed on a page that was itself handed over."""
    if at.handed or at.actor.person_id is None:
        raise NotAllowed
    return services().links.handoff(at.purpose, at.actor.person_id, at.subject)


def remember(response: Response, browser: str) -> Response:
    """Keep the browser's name with the page."""
    response.set_cookie(
        BROWSER, browser, max_age=BROWSER_FOR, path="/p/", httponly=True, samesite="Lax",
        secure=services().secure_cookies,
    )  # fmt: skip
    return response


def same_origin() -> None:
    """400 for a post that another site's page made.

    Sec-Fetch-Site says so where the browser sends it. Otherwise Origin does, except that our pages' no-referrer makes
    it `null` in plain forms; then, and where neither is there, the SameSite cookie has to do.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "null")
    if site is not None and site != "same-origin":
        abort(400)
    if origin != "null" and origin not in _our_origins():
        abort(400)


def _our_origins() -> set[str]:
    """The public address; in a local run also the one that was typed, such as 127.0.0.1 for localhost."""
    public = urlsplit(services().links.base_url)
    ours = {f"{public.scheme}://{public.netloc}"}
    return ours if services().secure_cookies else {*ours, request.host_url.rstrip("/")}


def _let_in(uow: UnitOfWork, ticket: PageTicket, token: str, browser: str, *, first: bool) -> None:
    now = services().clock()
    moved = moves.moved_at(uow, ticket.person)
    if moved and ticket.made < moved.replace(microsecond=0):
        raise Closed(410, ticket.purpose, "over")
    if services().liff and not ticket.handed:
        if not system.is_first_browser(uow, token, browser, now):
            raise Unproved(ticket.purpose, token)
        return
    if first and now < ticket.opens_until:
        until = now + HANDED_FOR if ticket.handed else ticket.expires_at
        own = system.first_browser(uow, token, browser, until)
    else:
        own = system.is_first_browser(uow, token, browser, now)
    if not own and ticket.handed and now >= ticket.opens_until:
        raise Closed(410, ticket.purpose, "over")
    if not own:
        raise Closed(403, ticket.purpose, "browser")


def closed_page(closed: Closed) -> Response:
    """Why the link does not open and what to do, as a page or for a script."""
    name, why = f"{closed.purpose}_{closed.why}", closed.why
    key = f"page.{name}_next"
    title, what = t(f"page.link_{why}"), t(key if key in catalogue() else f"page.link_{why}_next")
    if asked_by_script():
        return told(closed.status, f"{title}。{what}")
    return Response(
        render_template("error.html", code=closed.status, admin=False, title=title, next=what), closed.status
    )


def _not_found(missing: NotFound) -> Response:
    if asked_by_script() and missing.code != NotFound.code:
        return told(404, t(missing.code, **missing.data))
    return closed_page(Closed(404, request.path.split("/")[2], "gone"))
