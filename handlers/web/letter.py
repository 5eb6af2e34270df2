"""委嘱状を開く: the commission letter and, once accepted, the acceptance, for the person they name."""

from flask import Blueprint, Response, make_response, render_template

from handlers.links import LETTER_FOR
from handlers.prints import send_document
from handlers.usecases import appointment as usecase
from handlers.usecases.registration import decide
from handlers.web.context import services
from handlers.web.tickets import Purpose, opened, remember, this_browser
from models.rules.permissions import can

LETTER = Purpose("letter", LETTER_FOR)


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/letter/<token>", view_func=letter_page)
    bp.add_url_rule("/letter/<token>/<any(letter,acceptance):kind>.pdf", view_func=letter_document)


def letter_page(token: str) -> Response:
    """Number, name and period, with the documents there are."""
    browser = this_browser()
    with opened(LETTER, token, browser, first=True) as at:
        letter = usecase.own_letter(at.uow, at.actor, at.subject)
        view = decide.read(at.uow, at.actor, letter.application_id)
    waits = letter.accepted_at is None and can(at.actor, "letter.answer", view.subject)
    page = render_template("web/letter.html", letter=letter, waits=waits, token=token)
    return remember(make_response(page), browser)


def letter_document(token: str, kind: str) -> Response:
    """One document, under the same conditions as the page."""
    with opened(LETTER, token, this_browser()) as at:
        letter = usecase.own_letter(at.uow, at.actor, at.subject)
    return send_document(services(), letter, kind)
