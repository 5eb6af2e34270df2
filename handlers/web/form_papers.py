"""Certificates and 実務経歴 sent from the form's page; the other photos come from the chat, where the camera is."""

from typing import Any

from flask import Blueprint, Response, jsonify, url_for

from bot.forms.registration import ITEM_WORDS
from handlers import uploads
from handlers.links import FORM_FOR
from handlers.pictures import send_photo
from handlers.usecases.registration import decide, draft
from handlers.web.context import asked, services
from handlers.web.tickets import Opened, Purpose, opened, this_browser
from handlers.web.upload import form_for
from models.rules.errors import NotAllowed, NotFound
from models.rules.registration import PAPERS, Item
from models.views.registration import ApplicationView, PaperView

FORM = Purpose("form", FORM_FOR)
SENT_HERE = (Item.CERTIFICATE, Item.CAREER)
THUMB = 320


def routes(bp: Blueprint) -> None:
    """Put these addresses on the blueprint."""
    kind = f"<any({','.join(SENT_HERE)}):kind>"
    bp.add_url_rule("/form/<token>/upload", view_func=form_upload, methods=["POST"])
    bp.add_url_rule(f"/form/<token>/taken/{kind}", view_func=form_taken, methods=["POST"])
    bp.add_url_rule("/form/<token>/photos/<row_id:paper_id>.jpg", view_func=form_photo)
    bp.add_url_rule("/form/<token>/photos/<row_id:paper_id>/remove", view_func=form_drop, methods=["POST"])


def own_draft(at: Opened) -> ApplicationView:
    """The application, for its applicant alone; NotFound for everybody else."""
    view = decide.read(at.uow, at.actor, at.subject)
    if view.person_id != at.actor.person_id:
        raise NotFound
    return view


def uploads_of(token: str, view: ApplicationView) -> list[dict[str, Any]]:
    """What can be sent here now: its kind, word, most, and the photos that are there."""
    return [
        {"kind": item, "word": ITEM_WORDS[item], "most": PAPERS[item].most, "shown": _photos(token, view, item)}
        for item in view.editable
        if item in SENT_HERE
    ]


def form_upload(token: str) -> Response:
    """A form for one file, for the page's script."""
    with opened(FORM, token, this_browser()) as at:
        view = own_draft(at)
    if not uploads_of(token, view):
        raise NotAllowed("error.not_editable")
    return form_for(at.actor)


def form_taken(token: str, kind: str) -> Response:
    """The file is there: judged, sealed, and kept as photos of the application; a PDF page by page."""
    key, item = str(asked().get("key", "")), Item(kind)
    with opened(FORM, token, this_browser()) as at:
        view = own_draft(at)
    if item not in view.editable:
        raise NotAllowed("error.not_editable")
    stored = uploads.take_in(services(), at.actor, key, min_side=PAPERS[item].min_side, pdf=True)
    with opened(FORM, token, this_browser(), write=True) as at:
        kept = draft.add_photos(at.uow, at.actor, at.subject, item, stored, services().clock())
        view = own_draft(at)
    return jsonify(photos=[photo for photo in _photos(token, view, item) if photo["id"] in kept])


def form_photo(token: str, paper_id: str) -> Response:
    """One of the person's own photos, small."""
    with opened(FORM, token, this_browser()) as at:
        paper = _paper(own_draft(at), paper_id)
    return send_photo(services(), paper, THUMB)


def form_drop(token: str, paper_id: str) -> Response:
    """The person takes a photo back."""
    with opened(FORM, token, this_browser(), write=True) as at:
        view = own_draft(at)
        paper = _paper(view, paper_id)
        if paper.kind not in view.editable:
            raise NotAllowed("error.not_editable")
        wanted = {paper.kind: [other.id for other in view.papers_of(paper.kind) if other.id != paper_id]}
        draft.keep_papers(at.uow, at.actor, view.id, wanted, services().clock())
    return jsonify({})


def _paper(view: ApplicationView, paper_id: str) -> PaperView:
    found = next((paper for item in SENT_HERE for paper in view.papers_of(item) if paper.id == paper_id), None)
    if found is None:
        raise NotFound
    return found


def _photos(token: str, view: ApplicationView, item: Item) -> list[dict[str, str]]:
    return [
        {
            "id": paper.id,
            "name": f"{ITEM_WORDS[item]} {place}",
            "url": url_for("web.form_photo", token=token, paper_id=paper.id),
            "remove": url_for("web.form_drop", token=token, paper_id=paper.id),
        }
        for place, paper in enumerate(view.papers_of(item), 1)
    ]
