"""確認のページ: a business confirms a visit by a link or a QR, or says what is wrong. It is no person of ours.

A link from a mail can be forwarded, and is looked at by programs that guard mailboxes. So it names nobody until
somebody presses a button, which binds it to that browser, and it confirms one time.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from bot.screens import check_out as screens
from bot.screens import fee as fee_screens
from bot.text import t
from handlers.links import CERTIFY, CERTIFY_FOR, PageTicket
from handlers.usecases.visit import certify as usecase
from handlers.usecases.visit.reckon import worked
from handlers.web.context import services
from handlers.web.tickets import Closed, remember, this_browser
from models.rules.check_out import NAME, WRONG, show_minutes
from models.rules.errors import DomainError, NotFound
from models.tables.base import ROW_ID
from models.views.check_out import CheckedOut
from storage import system
from storage.database import UnitOfWork

SAID = {"confirmed": "certify.thanks", "told": "certify.told"}
"""What the page says after an answer, by the word in its address."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = f"/{CERTIFY}/<token>"
    bp.add_url_rule(one, view_func=certify_page)
    bp.add_url_rule(f"{one}/open", view_func=certify_open, methods=["POST"])
    bp.add_url_rule(f"{one}/confirm", view_func=certify_confirm, methods=["POST"])
    bp.add_url_rule(f"{one}/wrong", view_func=certify_wrong, methods=["POST"])


def _ticket(token: str) -> PageTicket:
    """The link; Closed for a forged or expired one."""
    ticket = services().links.open(CERTIFY, token, services().clock(), CERTIFY_FOR)
    if ticket is None or not ROW_ID.fullmatch(ticket.subject):
        raise Closed(410, CERTIFY, "over")
    return ticket


def certify_page(token: str) -> Response:
    """Before it was opened, a page that names nobody; in the browser that opened it, the visit."""
    browser, ticket = this_browser(), _ticket(token)
    with services().database.read() as uow:
        if not system.is_first_browser(uow, token, browser, services().clock()):
            return make_response(render_template("web/certify_closed.html", token=token))
        page = _page(uow, ticket, token, said=t(SAID[done]) if (done := request.args.get("done")) in SAID else "")
    return remember(make_response(page), browser)


def certify_open(token: str) -> Response:
    """内容を開く: from here on the link is this browser's."""
    browser, ticket = this_browser(), _ticket(token)
    with services().database.unit() as uow:
        if not system.first_browser(uow, token, browser, ticket.expires_at):
            raise Closed(403, CERTIFY, "browser")
    return remember(_back(token), browser)


def _back(token: str, done: str | None = None) -> Response:
    return make_response(redirect(url_for("web.certify_page", token=token, done=done), 303))


def _page(
    uow: UnitOfWork, ticket: PageTicket, token: str, *, said: str = "", error: str = "", field: str = "",
    name: str = "", words: str = "",
) -> str:  # fmt: skip
    try:
        one = usecase.read(uow, ticket.subject)
    except NotFound:
        raise Closed(404, CERTIFY, "gone") from None
    fee = worked(uow, ticket.subject)
    if fee is None or one.visit is None:
        raise Closed(404, CERTIFY, "gone")
    done = CheckedOut(one.dispatch, one.visit, fee, one.dispatch.day, one.certified, mailed=False)
    return render_template(
        "web/certify.html", one=one, token=token, times=screens.times(done), said=said, error=error, field=field,
        length=fee_screens.duration(fee.minutes), minutes=show_minutes(str(fee.non_payable)), typed_name=name,
        typed_words=words, name=NAME, wrong=WRONG,
    )  # fmt: skip


def certify_confirm(token: str) -> Response:
    """この内容を確認しました: with the name of who does."""
    return _answer(token, "confirmed")


def certify_wrong(token: str) -> Response:
    """違うところがある: for the secretariat."""
    return _answer(token, "told")


def _answer(token: str, what: str) -> Response:
    """Do it, or show the page again with what was typed and why it was not done."""
    ticket, now = _ticket(token), services().clock()
    name, words = request.form.get("name", ""), request.form.get("wrong", "")
    version = request.form.get("version", "")
    seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
    try:
        with services().database.unit() as uow:
            _own(uow, token)
            if what == "confirmed":
                usecase.confirm(uow, ticket.subject, seen, name, now)
            else:
                usecase.disagree(uow, ticket.subject, seen, words, now)
    except NotFound:
        raise Closed(404, CERTIFY, "gone") from None
    except DomainError as refused:
        field = ("name" if what == "confirmed" else "wrong") if refused.code.startswith("text.") else ""
        with services().database.read() as uow:
            error = t(refused.code, **refused.data)
            page = _page(uow, ticket, token, error=error, field=field, name=name, words=words)
        return make_response(page, 422 if field else 409)
    services().told(uow.told)
    return _back(token, what)


def _own(uow: UnitOfWork, token: str) -> None:
    if not system.is_first_browser(uow, token, this_browser(), services().clock()):
        raise Closed(403, CERTIFY, "browser")
