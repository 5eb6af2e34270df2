"""One visit for whoever judges its evidence: map, both ends, signature, photos, fee, what happened; and the answers."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens import fee as fee_words
from bot.screens import visit as visit_words
from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor, now, services
from handlers.admin.listing import clean, whole
from handlers.admin.visit_story import certified_words, last_words, recorder, story
from handlers.admin.visits import VISITS, state_words, wanted
from handlers.maps import Mark, mark
from handlers.pictures import send_sealed
from handlers.usecases.visit import judge, record
from models.rules.calendar import JST, to_jst
from models.rules.errors import DomainError, NotFound, NotPossible
from models.rules.evidence import WORDS_MAX, Answer, answers
from models.rules.permissions import Actor, can
from models.rules.place import map_link
from models.rules.visit import End, Evidence
from models.views.evidence import EvidenceView
from models.views.visit import ActView, VisitView
from storage import evidence, settings
from storage.database import UnitOfWork

CORRECT, UNDO = "correct", "undo"
MINUTE = "%Y-%m-%dT%H:%M"
EARLIEST = 2020
Judge = Callable[[UnitOfWork, Actor, str, int, str, datetime], VisitView]
JUDGES: Mapping[str, Judge] = {Answer.ACCEPT: judge.accept, Answer.ASK: judge.ask, Answer.REJECT: judge.reject}


@dataclass(frozen=True)
class Typed:
    """An answer as it was sent, and what is wrong with it, by the name of the input ("" for the whole)."""

    act: str = ""
    words: str = ""
    ends: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


FIELDS = {
    "evidence.no_words": "words", "evidence.too_many_words": "words", "evidence.future": "went",
    "evidence.order": "went", "evidence.out_alone": "came", "evidence.too_long": "went",
    "evidence.non_payable": "non_payable", "evidence.end_missing": "came", "evidence.unchanged": "came",
}  # fmt: skip
"""By code of a refusal: the input it is about."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/visits/<row_id:visit_id>"
    bp.add_url_rule(one, view_func=visit)
    bp.add_url_rule(f"{one}/<any(accept,ask,reject):answer>", view_func=judge_visit, methods=["POST"])
    bp.add_url_rule(f"{one}/correct", view_func=correct_visit, methods=["POST"])
    bp.add_url_rule(f"{one}/undo", view_func=undo_visit, methods=["POST"])
    bp.add_url_rule(f"{one}/photo/<row_id:photo_id>.jpg", view_func=visit_photo)
    bp.add_url_rule(f"{one}/signature/<row_id:attendance_id>", view_func=visit_signature)


def visit(visit_id: str) -> ResponseReturnValue:
    """The page of one visit; whoever opens one with a signature or a photo is written down."""
    return _page(visit_id)


def judge_visit(visit_id: str, answer: str) -> ResponseReturnValue:
    """Accept, ask or reject, and go on to the next that waits; a refusal shows the page and what was typed."""
    words, version = clean(request.form.get("words", "")), whole(request.form.get("version", ""))
    return _done(
        visit_id, f"evidence.done_{answer}", Typed(answer, words), onward=True,
        deed=lambda uow: JUDGES[answer](uow, actor(), visit_id, version, words, now()),
    )  # fmt: skip


def correct_visit(visit_id: str) -> ResponseReturnValue:
    """Put wrong times right."""
    words, version = clean(request.form.get("words", "")), whole(request.form.get("version", ""))
    ends = {name: request.form.get(name, "")[:40].strip() for name in ("came", "went", "non_payable")}
    faults = {name: t("evidence.bad_time") for name in ("came", "went") if ends[name] and _moment(ends[name]) is None}
    typed = Typed(CORRECT, words, ends, faults)
    if faults:
        return _page(visit_id, typed, 422)
    times = judge.Times(_moment(ends["came"]), _moment(ends["went"]), _minutes(ends["non_payable"]))
    return _done(
        visit_id, "evidence.done_correct", typed,
        deed=lambda uow: judge.correct(uow, actor(), visit_id, version, times, words, now()),
    )  # fmt: skip


def undo_visit(visit_id: str) -> ResponseReturnValue:
    """Take a record back, with a reason: the end it names, as it was seen."""
    words = clean(request.form.get("words", ""))
    end = End.OUT if request.form.get("end") == End.OUT else End.IN
    typed = Typed(UNDO, words)
    if not words or len(words) > WORDS_MAX:
        code = "evidence.too_many_words" if words else "evidence.no_words"
        fault = t(code, most=WORDS_MAX, length=len(words))
        return _page(visit_id, replace(typed, faults={"words": fault}), 422)
    seq = whole(request.form.get("seq", ""))
    return _done(
        visit_id, "evidence.done_undo", typed,
        deed=lambda uow: record.undo(uow, actor(), visit_id, now(), end=end, seq=seq, reason=words),
    )  # fmt: skip


def visit_photo(visit_id: str, photo_id: str) -> Response:
    """A photo of the place."""
    with services().database.read() as uow:
        found = judge.read(uow, actor(), visit_id)
    return _sent({each.id: each.file_key for each in found.pictures}.get(photo_id))


def visit_signature(visit_id: str, attendance_id: str) -> Response:
    """The drawing of a signature."""
    with services().database.read() as uow:
        found = judge.read(uow, actor(), visit_id)
    return _sent({each.id: each.file_key for each in found.certificates}.get(attendance_id))


def _sent(file_key: str | None) -> Response:
    if not file_key:
        raise NotFound
    return send_sealed(services(), file_key)


def _done(
    visit_id: str, said: str, typed: Typed, deed: Callable[[UnitOfWork], object], *, onward: bool = False
) -> ResponseReturnValue:  # fmt: skip
    """Carry a deed out and say so; then the next visit of the list it came from, or this one again."""
    asked = lists.read(VISITS, request.args)
    try:
        with services().database.unit() as uow:
            number = judge.read(uow, actor(), visit_id).dispatch.number
            deed(uow)
            waiting = evidence.listed(uow, actor(), wanted(asked), asked.order, 1) if onward else []
    except NotFound:
        raise
    except DomainError as refused:
        faults = {FIELDS.get(refused.code, ""): t(refused.code, **refused.data)}
        return _page(visit_id, replace(typed, faults=faults), 422 if isinstance(refused, NotPossible) else 409)
    services().told(uow.told)
    flash(t(said, number=number))
    if onward and asked["state"] == Evidence.WAITING and not waiting:
        return redirect(url_for("admin.visit_list", **asked.link()))
    following = waiting[0].dispatch_id if asked["state"] == Evidence.WAITING and waiting else visit_id
    return redirect(url_for("admin.visit", visit_id=following, **asked.link()))


def _moment(text: str) -> datetime | None:
    """A Japanese date and time as a browser's field gives it, or None for what no visit can have."""
    try:
        found = datetime.strptime(text, MINUTE).replace(tzinfo=JST)
    except ValueError:
        return None
    return found if found.year >= EARLIEST else None


def _minutes(text: str) -> int:
    """The minutes that were typed, none for nothing; -1 for what is no such number."""
    typed = unicodedata.normalize("NFKC", text).removesuffix("分").strip()
    return int(typed) if re.fullmatch("[0-9]{1,5}", typed) else -1 if typed else 0


def _page(visit_id: str, typed: Typed | None = None, status: int = 200) -> ResponseReturnValue:
    with services().database.unit() as uow:
        found = judge.look(uow, actor(), visit_id, now())
        radius = settings.value(uow, "visit_radius")
    page = render_template("admin/visit.html", **_values(found, radius, typed or Typed()))
    return page, status


def _values(found: EvidenceView, radius: int, typed: Typed) -> dict[str, Any]:
    view, seen, who = found.dispatch, found.visit, actor()
    state = seen.evidence if seen else Evidence.OPEN
    held = {"came": seen.came if seen else None, "went": seen.went if seen else None}
    return {
        "found": found, "view": view, "seen": seen, "state": state, "state_words": state_words(state), "typed": typed,
        "asked": lists.read(VISITS, request.args), "answers": [each.value for each in _offered(who, found, state)],
        "may_correct": bool(view.expert_id) and can(who, "visit.correct", view.subject),
        "undoable": _undoable(who, found), "ends": typed.ends or _as_typed(found), "held": held,
        "marks": _marks(found, radius), "radius": radius, "story": story(found), "weighty": last_words(found),
        "recorder": recorder, "certified": certified_words, "words": visit_words, "fee": fee_words, "most": WORDS_MAX,
        "link_to": map_link, "planned": visit_words.span_words(view), "fault": typed.faults,
    }  # fmt: skip


def _offered(who: Actor, found: EvidenceView, state: Evidence) -> tuple[Answer, ...]:
    may = found.visit is not None and can(who, "visit.judge", found.dispatch.subject)
    return answers(state) if may else ()


def _undoable(who: Actor, found: EvidenceView) -> ActView | None:
    """The record that can be taken back now: the newest end first."""
    seen = found.visit
    if seen is None or not can(who, "visit.undo", found.dispatch.subject):
        return None
    return seen.went or seen.came


def _as_typed(found: EvidenceView) -> dict[str, str]:
    """What is recorded, as the fields of a correction hold it."""
    seen = found.visit
    ends = {"came": seen.came if seen else None, "went": seen.went if seen else None}
    typed = {name: to_jst(act.at).strftime(MINUTE) if act else "" for name, act in ends.items()}
    return typed | {"non_payable": str((seen.non_payable if seen else None) or 0)}


def _marks(found: EvidenceView, radius: int) -> list[Mark]:
    """The place with its radius, and where either end was recorded, with the phone's accuracy about it."""
    place, seen = found.dispatch.place.point, found.visit
    acts = [act for act in (seen.came, seen.went) if act] if seen else []
    ends = [mark(act.end, t(f"evidence.end_{act.end}"), act.point, act.accuracy or 0) for act in acts if act.point]
    return [*([mark("place", t("evidence.place"), place, radius)] if place and ends else []), *ends]
