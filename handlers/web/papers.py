"""書類を開く: an application with its photos for one approver, in the browser that opened the link first."""

import re
import secrets
from datetime import timedelta

from flask import Blueprint, Response, make_response, render_template, request, url_for

from bot.text import t
from handlers import sheet
from handlers.links import PAPERS_FOR, PageTicket
from handlers.pictures import send_paper
from handlers.usecases.registration import decide as usecase
from handlers.web.context import services
from models.rules.errors import NotFound
from models.rules.permissions import Actor, can
from storage import people, system
from storage.database import UnitOfWork

BROWSER = "chusho119_browser"
BROWSER_FOR = timedelta(days=1)
STAGE = "organisation"
ROW_ID = re.compile("[0-9a-f]{32}")


class Closed(Exception):
    """The link does not open; `why` names the sentences."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/papers/<token>", view_func=page)
    bp.add_url_rule("/papers/<token>/<row_id:paper_id>.jpg", view_func=picture)
    bp.register_error_handler(Closed, _closed)
    bp.register_error_handler(NotFound, lambda _: _closed(Closed(404, "papers_gone")))


def page(token: str) -> Response:
    """The application and its photos; each opening is audited."""
    ticket, browser = _ticket(token), request.cookies.get(BROWSER, "") or secrets.token_urlsafe(24)
    with services().database.unit() as uow:
        if not system.first_browser(uow, token, browser, ticket.expires_at):
            raise Closed(403, "other_browser")
        actor = _person(uow, ticket)
        view = usecase.read_papers(uow, actor, ticket.subject, services().clock())
    waits = can(actor, "application.decide", view.subject)
    urls = {shot.id: url_for("web.picture", token=token, paper_id=shot.id) for shot in sheet.shots(view)}
    page = render_template("web/papers.html", view=view, sheet=sheet, stage=STAGE, urls=urls, waits=waits)
    response = make_response(page)
    response.set_cookie(
        BROWSER, browser, max_age=BROWSER_FOR, path="/p/", httponly=True, samesite="Lax",
        secure=services().secure_cookies,
    )  # fmt: skip
    return response


def picture(token: str, paper_id: str) -> Response:
    """One photo, under the same conditions as the page."""
    ticket = _ticket(token)
    with services().database.read() as uow:
        if not system.is_first_browser(uow, token, request.cookies.get(BROWSER, "")):
            raise Closed(403, "other_browser")
        view = usecase.read(uow, _person(uow, ticket), ticket.subject, "papers.read")
    return send_paper(services(), view, paper_id)


def _ticket(token: str) -> PageTicket:
    ticket = services().links.open("papers", token, services().clock(), PAPERS_FOR)
    if ticket is None:
        raise Closed(410, "410")
    if not (ROW_ID.fullmatch(ticket.person) and ROW_ID.fullmatch(ticket.subject)):
        raise NotFound
    return ticket


def _person(uow: UnitOfWork, ticket: PageTicket) -> Actor:
    person = people.by_id(uow, ticket.person)
    if person is None:
        raise NotFound
    return person.actor


def _closed(closed: Closed) -> Response:
    names = {"title": f"title_{closed.why}", "next": f"next_{closed.why}"}
    if closed.why != "410":
        names = {"title": f"{closed.why}_title", "next": f"{closed.why}_next"}
    words = {part: t(f"page.{name}") for part, name in names.items()}
    return Response(render_template("error.html", code=closed.status, admin=False, **words), closed.status)
