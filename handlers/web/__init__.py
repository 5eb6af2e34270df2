"""Pages opened from LINE under `/p/`: each behind a personal link of its own, or naming nobody."""

from flask import Blueprint, Flask

from handlers.services import Services
from handlers.web import letter, papers, qr, terms, tickets
from handlers.web.context import KEY


def install(app: Flask, services: Services) -> None:
    """Put the pages opened from LINE on the app."""
    app.extensions[KEY] = services
    bp = Blueprint("web", __name__, url_prefix="/p", template_folder="templates")
    tickets.explain(bp)
    for part in (papers, letter, terms, qr):
        part.routes(bp)
    app.register_blueprint(bp)
