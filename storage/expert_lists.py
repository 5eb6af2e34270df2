"""The secretariat's search among commissioned experts, and what belongs to one of them.

An expert is found by the application the commission rests on. Each condition is a set of ids of its own, so that the
database reads the narrowest index and not the wide rows with the sealed answers.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, false, func, select

from models.rules.permissions import Actor, can
from models.rules.registration import APPOINTING, COMMISSION, State
from models.tables.appointment import CommissionLetter, TermsAnswer
from models.tables.expert import Expert, ExpertSpeciality
from models.tables.organisation import Organisation
from models.tables.registration import Application
from models.views.expert_list import ExpertRow, PastApplication, TermsGiven
from storage.database import AnyRow, UnitOfWork, streamed
from storage.registration import matching

NUMBER = re.compile(r"[RC]-[0-9]{4}-[0-9]{6}")
LETTER = re.compile(r"C-[0-9-]*")
STATES = sorted(COMMISSION | APPOINTING | {State.ENDED})
"""Where an expert's application can stand; the index of experts' names holds these alone."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for; whatever is empty leaves nothing out. `words`: of a name, kana or number."""

    words: str = ""
    speciality: str = ""
    prefectures: Sequence[str] = ()
    states: Sequence[State] = ()
    organisation: str = ""
    accepting: bool | None = None


ORDERS: Mapping[str, Sequence[Any]] = {
    "since": (Expert.since, Expert.person_id),
    "name": (Application.search_key, Application.id),
    "number": (Application.number, Application.id),
}
"""What the list may be sorted by; a minus in front turns it round."""
_READ = (
    select(
        Expert.person_id, Expert.application_id, Expert.accepting, Expert.since, Application.number, Application.name,
        Application.prefecture, Application.state, Organisation.name.label("organisation"),
    )
    .select_from(Expert)
    .join(Application, Application.id == Expert.application_id)
    .join(Organisation, Organisation.id == Application.organisation_id)
)  # fmt: skip


def count(uow: UnitOfWork, actor: Actor, wanted: Wanted) -> int:
    """How many `listed` gives in all."""
    return uow.session.scalar(select(func.count()).select_from(Expert).where(*_conditions(actor, wanted))) or 0


def listed(
    uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "-since", limit: int = 50, offset: int = 0
) -> list[ExpertRow]:
    """Experts the actor may see, never the actor's own self; the newest first."""
    columns = ORDERS[order.removeprefix("-")]
    some = select(Expert.person_id).where(*_conditions(actor, wanted)).limit(limit).offset(offset)
    if columns[0].class_ is Application:
        some = some.join(Application, Application.id == Expert.application_id).where(Application.state.in_(STATES))
    chosen = some.order_by(*_by(order)).cte("chosen")
    query = _READ.join(chosen, chosen.c.person_id == Expert.person_id).order_by(*_by(order))
    return _rows(uow, uow.session.execute(query).all())


def one(uow: UnitOfWork, actor: Actor, person_id: str) -> ExpertRow | None:
    """One expert as the list shows it; None for nobody the actor may see."""
    held = _READ.where(*_conditions(actor, Wanted()), Expert.person_id == person_id)
    return next(iter(_rows(uow, uow.session.execute(held).all())), None)


def stream(uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "-since") -> Iterator[ExpertRow]:
    """All that `listed` gives, read from the database bit by bit."""
    for found in streamed(uow, _READ.where(*_conditions(actor, wanted)).order_by(*_by(order))):
        yield from _rows(uow, found)


def _by(order: str) -> list[Any]:
    columns = ORDERS[order.removeprefix("-")]
    return [column.desc() if order.startswith("-") else column for column in columns]


def _conditions(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    if actor.kind != "staff" or not can(actor, "queue.read"):
        return [false()]
    found: list[ColumnElement[bool]] = [Expert.person_id != actor.person_id] if actor.person_id else []
    if wanted.accepting is not None:
        found.append(Expert.accepting.is_(wanted.accepting))
    if wanted.speciality:
        able = select(ExpertSpeciality.person_id).where(ExpertSpeciality.speciality == wanted.speciality)
        found.append(Expert.person_id.in_(able))
    if wanted.words:
        found.append(_named(wanted.words))
    applied = _applied(wanted)
    return [*found, Expert.application_id.in_(select(Application.id).where(*applied))] if applied else found


def _applied(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(Application.state.in_(wanted.states))
    if wanted.prefectures:
        found.append(Application.prefecture.in_(wanted.prefectures))
    if wanted.organisation:
        named = Organisation.name.icontains(wanted.organisation, autoescape=True)
        found.append(Application.organisation_id.in_(select(Organisation.id).where(named)))
    return found


def _named(words: str) -> ColumnElement[bool]:
    """A whole number finds by any application or letter of the person, all else by part of a name or number."""
    text = unicodedata.normalize("NFKC", words).strip().upper()
    if LETTER.fullmatch(text):
        held = CommissionLetter.number
        lettered = held == text if NUMBER.fullmatch(text) else held.contains(text, autoescape=True)
        return Expert.application_id.in_(select(CommissionLetter.application_id).where(lettered))
    if NUMBER.fullmatch(text):
        return Expert.person_id.in_(select(Application.person_id).where(Application.number == text))
    return Expert.application_id.in_(matching(words, STATES))


def _rows(uow: UnitOfWork, found: Sequence[AnyRow]) -> list[ExpertRow]:
    able: dict[str, list[str]] = {}
    for person_id, speciality in uow.session.execute(
        select(ExpertSpeciality.person_id, ExpertSpeciality.speciality)
        .where(ExpertSpeciality.person_id.in_([row.person_id for row in found]))
        .order_by(ExpertSpeciality.speciality)
    ):
        able.setdefault(person_id, []).append(speciality)
    letters = _newest_letters(uow, [row.application_id for row in found])
    return [
        ExpertRow(
            person_id=row.person_id,
            application_id=row.application_id,
            number=row.number or "",
            name=row.name,
            prefecture=row.prefecture,
            organisation=row.organisation,
            state=State(row.state),
            accepting=row.accepting,
            since=row.since,
            specialities=tuple(able.get(row.person_id, ())),
            letter=letters.get(row.application_id, ("", None))[0],
            ends=letters.get(row.application_id, ("", None))[1],
        )
        for row in found
    ]


def _newest_letters(uow: UnitOfWork, application_ids: Sequence[str]) -> dict[str, tuple[str, date]]:
    rows = uow.session.execute(
        select(CommissionLetter.application_id, CommissionLetter.number, CommissionLetter.ends)
        .where(CommissionLetter.application_id.in_(application_ids))
        .order_by(CommissionLetter.fiscal_year)
    )
    return {application_id: (number, ends) for application_id, number, ends in rows}


def applications_of(uow: UnitOfWork, person_id: str) -> list[PastApplication]:
    """Every application of the person, the newest first."""
    rows = uow.session.execute(
        select(
            Application.id, Application.number, Organisation.name, Application.state, Application.state_since,
            Application.created_at,
        )
        .join(Organisation, Organisation.id == Application.organisation_id)
        .where(Application.person_id == person_id)
        .order_by(Application.created_at.desc(), Application.id)
    )  # fmt: skip
    return [PastApplication(row[0], row[1] or "", row[2], State(row[3]), row[4], row[5]) for row in rows]


def terms_answers(uow: UnitOfWork, application_ids: Sequence[str]) -> list[TermsGiven]:
    """What was answered to which version of the terms, the newest first."""
    rows = uow.session.execute(
        select(TermsAnswer.version, TermsAnswer.answer, TermsAnswer.at)
        .where(TermsAnswer.application_id.in_(application_ids))
        .order_by(TermsAnswer.at.desc(), TermsAnswer.id)
    )
    return [TermsGiven(*row) for row in rows]
