"""書類を開く: an application with its photos for one approver, in the browser that opened the link first."""

from flask import Blueprint, Response, make_response, render_template, url_for

from handlers import sheet
from handlers.links import PAPERS_FOR
from handlers.pictures import send_paper
from handlers.usecases.registration import decide as usecase
from handlers.web.context import services
from handlers.web.tickets import Purpose, opened, remember, this_browser
from models.rules.permissions import can

PAPERS = Purpose("papers", PAPERS_FOR)
STAGE = "organisation"


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/papers/<token>", view_func=page)
    bp.add_url_rule("/papers/<token>/<row_id:paper_id>.jpg", view_func=picture)


def page(token: str) -> Response:
    """The application and its photos; each opening is audited."""
    browser = this_browser()
    with opened(PAPERS, token, browser, first=True) as at:
        view = usecase.read_papers(at.uow, at.actor, at.subject, services().clock())
    waits = can(at.actor, "application.decide", view.subject)
    urls = {shot.id: url_for("web.picture", token=token, paper_id=shot.id) for shot in sheet.shots(view)}
    page = render_template("web/papers.html", view=view, sheet=sheet, stage=STAGE, urls=urls, waits=waits)
    return remember(make_response(page), browser)


def picture(token: str, paper_id: str) -> Response:
    """One photo, under the same conditions as the page."""
    with opened(PAPERS, token, this_browser()) as at:
        view = usecase.read(at.uow, at.actor, at.subject, "papers.read")
    return send_paper(services(), view, paper_id)
