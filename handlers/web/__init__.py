"""Pages opened from LINE under `/p/`: each behind a personal link of its own, or naming nobody."""

from flask import Blueprint, Flask

from handlers.services import Services
from handlers.web import (
    calendar,
    certify,
    check_in,
    check_out,
    consent,
    days_off,
    dispatch,
    dispatches,
    experts,
    fees,
    form,
    form_papers,
    identify,
    letter,
    papers,
    profile,
    profile_change,
    qr,
    request,
    terms,
    tickets,
    upload,
)
from handlers.web.context import KEY, asked_by_script, told

__all__ = ["asked_by_script", "install", "told"]


def install(app: Flask, services: Services) -> Blueprint:
    """Put the pages opened from LINE on the app; the blueprint guards its own posts, see `tickets`."""
    app.extensions[KEY] = services
    bp = Blueprint("web", __name__, url_prefix="/p", template_folder="templates")
    tickets.explain(bp)
    for part in (
        calendar,
        papers,
        letter,
        form,
        form_papers,
        terms,
        consent,
        qr,
        identify,
        upload,
        profile,
        profile_change,
        days_off,
        fees,
        dispatches,
        dispatch,
        check_in,
        request,
        experts,
        check_out,
        certify,
    ):
        part.routes(bp)
    app.register_blueprint(bp)
    return bp
