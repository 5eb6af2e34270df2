"""Sends a stored commission letter or acceptance to a page whose viewer may see it."""

from urllib.parse import quote

from flask import Response

from handlers.letters import PDF
from handlers.services import Services
from models.rules.errors import NotFound
from models.views.appointment import LetterView
from storage.files import FileMissing
from storage.secrets import SealBroken

NAMES = {"letter": "委嘱状", "acceptance": "就任承諾書"}


def send_document(services: Services, letter: LetterView, kind: str) -> Response:
    """The document as PDF, never kept by a browser. `kind`: letter or acceptance.

    NotFound before it exists and when its file is gone; StoreUnavailable when the store does not answer.
    """
    try:
        document = services.letters.document(letter, kind)
    except (FileMissing, SealBroken):
        raise NotFound from None
    response = Response(document, mimetype=PDF)
    name = quote(f"{NAMES[kind]}_{letter.number}.pdf")
    plain = f"{kind}_{letter.number}.pdf"
    response.headers["Content-Disposition"] = f"inline; filename=\"{plain}\"; filename*=UTF-8''{name}"
    response.headers["Cache-Control"] = "no-store"
    return response
