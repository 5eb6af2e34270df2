"""Pages opened from LINE under `/p/`: each behind a personal link of its own."""

from flask import Blueprint, Flask

from handlers.services import Services
from handlers.web import papers, qr
from handlers.web.context import KEY


def install(app: Flask, services: Services) -> None:
    """Put the pages opened from LINE on the app."""
    app.extensions[KEY] = services
    bp = Blueprint("web", __name__, url_prefix="/p", template_folder="templates")
    for part in (papers, qr):
        part.routes(bp)
    app.register_blueprint(bp)
