"""Changing name or account from the profile: the form with its photos, what waits, and taking it back."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request, url_for

from bot.screens.profile import item_word
from bot.text import t
from handlers import uploads
from handlers.pictures import send_photo
from handlers.sheet import ITEM_WORDS
from handlers.usecases import profile_change as usecase
from handlers.web import fields
from handlers.web.context import asked, services, today
from handlers.web.profile import PROFILE, done, shown, status_of, typed_in
from handlers.web.tickets import opened, remember, this_browser
from handlers.web.upload import form_for, may_upload
from models.rules.errors import DomainError, NotFound
from models.rules.fields import Value, display
from models.rules.profile import CHANGES
from models.rules.registration import PAPERS
from models.tables.base import ROW_ID
from models.views.profile import ProfileView
from models.views.registration import PaperView

STARTS_FROM_OWN = frozenset({"basic"})
"""Items whose form starts from what is in force; a new account is typed anew."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = f"/profile/<token>/change/<any({','.join(CHANGES)}):item>"
    bp.add_url_rule(one, view_func=change_page)
    bp.add_url_rule(one, view_func=send_change, methods=["POST"])
    bp.add_url_rule("/profile/<token>/find", view_func=find_bank, methods=["POST"])
    bp.add_url_rule(f"{one}/take-back", view_func=take_back, methods=["POST"])
    bp.add_url_rule("/profile/<token>/photos/begin", view_func=begin_photo, methods=["POST"])
    bp.add_url_rule(f"{one}/photos/take", view_func=take_photo, methods=["POST"])
    bp.add_url_rule(f"{one}/photos/<row_id:paper_id>.jpg", view_func=photo)
    bp.add_url_rule(f"{one}/photos/<row_id:paper_id>/remove", view_func=remove_photo, methods=["POST"])


def change_page(token: str, item: str) -> Response:
    """The form, or what waits with the way to take it back."""
    browser = this_browser()
    with opened(PROFILE, token, browser, first=True) as at:
        view, held = shown(at), usecase.photos(at.uow, at.actor, item)
    return remember(_page(view, held, token, item, _start(view, item)), browser)


def _start(view: ProfileView, item: str) -> Mapping[str, Value]:
    """What the form starts from: what was sent before and is not in force, else the name that is."""
    last = view.changes.get(item)
    if last:
        return last.answers
    return view.answers if item in STARTS_FROM_OWN else {}


def _page(
    view: ProfileView, held: tuple[PaperView, ...], token: str, item: str, typed: Mapping[str, Value], *,
    faults: Mapping[str, fields.Fault] = MappingProxyType({}), error: DomainError | None = None,
) -> Response:  # fmt: skip
    of, last = CHANGES[item], view.changes.get(item)
    page = render_template(
        "web/profile_change.html", token=token, item=item, word=item_word(item), paper=ITEM_WORDS[of.paper],
        most=PAPERS[of.paper].most, photos=[_photo(token, item, paper, at) for at, paper in enumerate(held, 1)],
        controls=fields.controls(of.fields, typed, faults, today=today()),
        last=last, asked=_lines(item, last.answers if last else {}), now=_lines(item, view.answers),
        error=t(error.code, **error.data) if error else "",
    )  # fmt: skip
    return may_upload(make_response(page, status_of(faults, error)))


def _lines(item: str, answers: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Names and values as a person reads them."""
    return [
        (field.name, display(field, answers[field.key], answers))
        for field in CHANGES[item].fields
        if answers.get(field.key)
    ]


def _photo(token: str, item: str, paper: PaperView, place: int) -> dict[str, str]:
    values: dict[str, Any] = {"token": token, "item": item, "paper_id": paper.id}
    name = f"{ITEM_WORDS[CHANGES[item].paper]} {place}"
    return {"url": url_for("web.photo", **values), "name": name, "remove": url_for("web.remove_photo", **values)}


def send_change(token: str, item: str) -> Response:
    """Judge and send to the secretariat; whatever is refused is shown again with all that was typed."""
    browser = this_browser()
    typed, faults = typed_in(CHANGES[item].fields)
    error: DomainError | None = None
    with opened(PROFILE, token, browser, write=True) as at:
        shown(at)
        try:
            if not faults:
                usecase.ask(at.uow, at.actor, item, typed, services().clock())
        except NotFound:
            raise
        except DomainError as refused:
            error = refused
        view, held = shown(at), usecase.photos(at.uow, at.actor, item)
    if faults or error:
        return remember(_page(view, held, token, item, typed, faults=faults, error=error), browser)
    return done(token, "sent", item=item)


def take_back(token: str, item: str) -> Response:
    """取り下げる: back to the form with what was sent."""
    change = request.form.get("change", "")
    with opened(PROFILE, token, this_browser(), write=True) as at:
        shown(at)
        if not ROW_ID.fullmatch(change):
            raise NotFound
        usecase.take_back(at.uow, at.actor, change, services().clock())
    return done(token, "taken_back", item=item)


def find_bank(token: str) -> Response:
    """Banks, or branches of the bank that is typed, by name or code; for the page's script."""
    with opened(PROFILE, token, this_browser()) as at:
        shown(at)
    return jsonify(fields.searched(asked()))


def begin_photo(token: str) -> Response:
    """A form for one photo, for the page's script."""
    with opened(PROFILE, token, this_browser()) as at:
        shown(at)
    return form_for(at.actor)


def take_photo(token: str, item: str) -> Response:
    """The photo is there: judged, sealed, and kept for the change that is being written."""
    key = str(asked().get("key", ""))
    with opened(PROFILE, token, this_browser()) as at:
        shown(at)
    stored = uploads.take_in(services(), at.actor, key, min_side=PAPERS[CHANGES[item].paper].min_side)
    with opened(PROFILE, token, this_browser(), write=True) as at:
        kept = usecase.add_photos(at.uow, at.actor, item, stored, services().clock())
        held = usecase.photos(at.uow, at.actor, item)
    places = {paper.id: place for place, paper in enumerate(held, 1)}
    return jsonify(photos=[_photo(token, item, paper, places[paper.id]) for paper in kept])


def remove_photo(token: str, item: str, paper_id: str) -> Response:
    """The person takes a photo away again."""
    with opened(PROFILE, token, this_browser(), write=True) as at:
        usecase.drop_photo(at.uow, at.actor, item, paper_id, services().clock())
    return jsonify({})


def photo(token: str, item: str, paper_id: str) -> Response:
    """One photo of the person's own, as it was sent for this change."""
    with opened(PROFILE, token, this_browser()) as at:
        shown(at)
        held = usecase.photos(at.uow, at.actor, item)
    paper = next((paper for paper in held if paper.id == paper_id), None)
    if paper is None:
        raise NotFound
    return send_photo(services(), paper)
