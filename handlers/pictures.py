"""Sends one photo of an application to a page whose viewer may see it."""

from flask import Response
from markupsafe import escape

from bot.text import t
from handlers.services import Services
from models.rules.errors import NotFound
from models.views.registration import ApplicationView, PaperView
from storage.files import FileMissing, StoreUnavailable
from storage.images import preview
from storage.secrets import SealBroken

SHOWN_MOST = 4_000_000
"""What a Lambda function can answer. Only noise makes a picture of ours bigger: then a smaller one is shown."""
SMALLER = 2000
"""Pixels each way of that one; of pure noise it has 3.1 MB."""


def send_paper(services: Services, view: ApplicationView, paper_id: str) -> Response:
    """The photo as JPEG; a picture that says so when the file is gone or the store does not answer.

    NotFound for a photo that is not part of the application.
    """
    paper = next((paper for item in view.items for paper in view.papers_of(item) if paper.id == paper_id), None)
    if paper is None:
        raise NotFound
    return send_photo(services, paper)


def send_photo(services: Services, paper: PaperView, side: int = 0) -> Response:
    """The same for a photo that is at hand; at most `side` pixels each way, where one is named."""
    return send_sealed(services, paper.file_key, side)


def send_sealed(services: Services, file_key: str, side: int = 0) -> Response:
    """A picture that was judged, sealed and stored by us."""
    try:
        photo = services.database.vault.open(services.files.get(file_key))
        side = side or (SMALLER if len(photo) > SHOWN_MOST else 0)
        photo = preview(photo, side) if side else photo
    except (FileMissing, SealBroken):
        return _placeholder(t("page.picture_gone"), 404)
    except StoreUnavailable:
        return _placeholder(t("page.picture_later"), 503)
    response = Response(photo, mimetype="image/jpeg")
    response.headers["Content-Disposition"] = "inline"
    return response


def _placeholder(words: str, status: int) -> Response:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600" role="img">'
        '<rect width="800" height="600" fill="#eef2f7"/>'
        '<text x="400" y="300" text-anchor="middle" font-family="sans-serif" font-size="28" fill="#17212e">'
        f"{escape(words)}</text></svg>"
    )
    return Response(drawing, status, mimetype="image/svg+xml")
