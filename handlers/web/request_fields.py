"""A request's draft as the parts of its page, and what a save on the page means for it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from bot.forms.request import ANYBODY_WORD
from handlers.usecases.dispatch import request as usecase
from handlers.web import fields as drawn
from handlers.web.context import services
from handlers.web.fields import Control, Fault, Judged, controls, judge
from models.rules.errors import NotFound
from models.rules.judgement import Choice, Field, Value, as_text
from models.rules.normalise import tidy
from models.rules.permissions import Actor
from models.rules.registration import answered
from models.rules.request import ANYBODY, ON_RECORD, POINT, fields_for, judge_point
from models.views.request import DraftView, KnownBusiness
from storage import businesses
from storage.database import UnitOfWork

PARTS = (
    ("client", "事業者", ("business", "corporate_number", "business_address")),
    ("contact", "担当者", ("contact_name", "contact_phone", "contact_mail")),
    ("matter", "支援の内容", ("title", "topic", "topic_other", "wishes")),
    ("where", "支援の場所", ("place",)),
    ("when", "希望の日時", ("slot_1", "slot_2", "slot_3")),
    ("who", "専門家と同行", ("expert", "accompany")),
)
NO_FAULTS: Mapping[str, Fault] = MappingProxyType({})
MOST_FOUND = 10
_NAMED = re.compile(r"(.*)（([^（）]+)）")


@dataclass(frozen=True)
class Part:
    """A part of the page, and how much of it is done."""

    key: str
    word: str
    done: int
    total: int
    controls: tuple[Control, ...]

    @property
    def progress(self) -> str:
        """3/4."""
        return f"{self.done}/{self.total}"


PIN = Field(POINT, "地図の位置", "35.681236,139.767125", judge_point, as_text, optional=True)
"""The pin on the map, in a field that nobody sees."""


def page_fields(view: DraftView, today: date) -> tuple[Field, ...]:
    """The fields as the page draws them: a business can be looked for, an expert is one of two."""
    return tuple(_drawn(field, view) for field in fields_for(view.answers, today))


def _drawn(field: Field, view: DraftView) -> Field:
    if field.key == "business":
        return replace(field, kind="search")
    if field.key == "expert":
        chosen = as_text(view.answers.get("expert", ""))
        named = (Choice(view.expert, chosen),) if view.expert else ()
        choices = (*named, Choice(ANYBODY_WORD, ANYBODY))
        names = {choice.value: choice.label for choice in choices}
        shown = lambda value: names.get(as_text(value), as_text(value))  # noqa: E731
        return replace(field, kind="choice", choices=choices, show=shown)
    return field


def known_fields(view: DraftView, today: date) -> dict[str, Field]:
    """By key, everything the page may save."""
    return {field.key: field for field in (*page_fields(view, today), PIN)}


def rejudged(view: DraftView, today: date) -> Judged:
    """What is wrong with the answers as they are kept."""
    known = page_fields(view, today)
    return judge(known, {each.key: view.answers.get(each.key, "") for each in known}, view.answers)


def parts(view: DraftView, today: date, faults: Mapping[str, Fault] = NO_FAULTS) -> tuple[Part, ...]:
    """The parts in the page's order."""
    of = {field.key: field for field in page_fields(view, today)}
    shown = {key: value for key, value in view.answers.items() if value}
    found: list[Part] = []
    for key, word, keys in PARTS:
        fields = tuple(of[each] for each in keys)
        done, total = answered(fields, shown)
        found.append(Part(key, word, done, total, controls(fields, view.answers, faults, today=today)))
    return tuple(found)


def faulty(sections: Iterable[Part]) -> tuple[Control, ...]:
    """The controls with a fault, in the page's order."""
    return tuple(control for part in sections for control in part.controls if control.fault)


def label_of(known: KnownBusiness) -> str:
    """A business on record as the page offers it: with what tells it from its namesakes."""
    return f"{known.name}（{known.corporate_number or known.address}）".replace("\n", " ")


def found_businesses(uow: UnitOfWork, view: DraftView, given: Mapping[str, Any]) -> dict[str, Any]:
    """What fits the words typed so far; NotFound for any other field."""
    if given.get("field") != "business":
        raise NotFound
    words = tidy(str(given.get("words", ""))[:100])
    number = re.sub("[^0-9]", "", words)
    exact = businesses.by_number(uow, view.organisation_id, number) if len(number) == 13 else None
    hits = [exact] if exact else businesses.search(uow, view.organisation_id, words, limit=MOST_FOUND + 1)
    return {"found": [label_of(known) for known in hits[:MOST_FOUND]], "more": len(hits) > MOST_FOUND}


def on_record(uow: UnitOfWork, view: DraftView, typed: str) -> str:
    """The answer for a business that was chosen from those offered; what was typed for any other."""
    found = _NAMED.fullmatch(typed)
    if found is None:
        return typed
    name, detail = found[1], found[2]
    if re.fullmatch("[0-9]{13}", detail):
        known = businesses.by_number(uow, view.organisation_id, detail)
        return ON_RECORD + known.id if known and known.name == name else typed
    held = businesses.find(uow, view.organisation_id, name, "", detail)
    return ON_RECORD + held if held else typed


def save(uow: UnitOfWork, actor: Actor, view: DraftView, changed: Mapping[str, Value | None]) -> DraftView:
    """Keep what was changed on the page; a business that was offered brings its details."""
    if not changed:
        return view
    business = as_text(changed.get("business") or "")
    kept = {**changed, "business": on_record(uow, view, business)} if business else dict(changed)
    return usecase.save(uow, actor, view.id, kept, services().clock())


def judged(known: Mapping[str, Field], typed: Mapping[str, Value], view: DraftView) -> Judged:
    """The typed as the rules write it; a pin is kept as it is."""
    return drawn.judge(known.values(), typed, view.answers)


def lines(view: DraftView, today: date) -> tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]:
    """Everything for a last look: the part's key and word, and (name, value) pairs."""
    of = {field.key: field for field in page_fields(view, today)}
    shown: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []
    for key, word, keys in PARTS:
        pairs = [(of[each].name, of[each].show(view.answers[each])) for each in keys if view.answers.get(each)]
        if key == "where":
            pairs.append(("地図の位置", "設定済み" if view.answers.get(POINT) else "未設定（住所だけで依頼します）"))
        shown.append((key, word, tuple(pairs)))
    return tuple(shown)
