"""個人情報の取扱いの全文: one version of the privacy text; names nobody, so it opens for everybody."""

from flask import Blueprint, Response, make_response, render_template

from bot.screens.consent import words
from handlers.usecases import consent as usecase
from handlers.web.context import services


def routes(bp: Blueprint) -> None:
    """Put this page on the blueprint."""
    bp.add_url_rule("/consent/<path:version>", view_func=consent_page)


def consent_page(version: str) -> Response:
    """A published version, which never changes; 404 for a name no version has."""
    with services().database.read() as uow:
        found = usecase.one(uow, version)
    response = make_response(render_template("web/consent.html", consent=found, words=words(found)))
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
