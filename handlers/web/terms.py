"""委嘱条件の全文: one version of the terms; names nobody, so it opens for everybody."""

from flask import Blueprint, Response, make_response, render_template

from handlers.usecases import appointment as usecase
from handlers.web.context import services
from models.rules.errors import NotFound


def routes(bp: Blueprint) -> None:
    """Put this page on the blueprint."""
    bp.add_url_rule("/terms/<path:version>", view_func=terms_page)


def terms_page(version: str) -> Response:
    """A published version, which never changes; 404 for a name no version has."""
    if not version.isprintable():
        raise NotFound
    with services().database.read() as uow:
        terms = usecase.terms_for(uow, version)
    response = make_response(render_template("web/terms.html", terms=terms))
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
