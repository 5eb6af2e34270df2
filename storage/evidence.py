"""Visits whose evidence somebody looks at: the secretariat's queue, one visit with all behind it, decisions.

The queue reads `ix_visits_queue`: one state at a time, oldest first.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true, union_all

from models.rules.evidence import HELD
from models.rules.normalise import search_key
from models.rules.permissions import Actor, can
from models.rules.visit import Evidence, Grade, Reason
from models.tables.base import new_id
from models.tables.dispatch import Business, Dispatch
from models.tables.expert import Expert
from models.tables.organisation import Organisation
from models.tables.registration import Application
from models.tables.visit import EvidenceDecision, Visit
from models.views.evidence import EvidenceRow
from storage.database import AnyRow, AnySelect, UnitOfWork, streamed

NUMBER = re.compile(r"D-[0-9]{4}-[0-9]{6,}")
ORDERS: Mapping[str, Sequence[Any]] = {
    "since": (Visit.evidence_since, Visit.dispatch_id),
    "came": (Visit.came_at, Visit.dispatch_id),
    "yen": (Visit.yen, Visit.dispatch_id),
}
"""What the list may be sorted by; a minus in front turns it round."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for. A whole number finds its visit wherever it stands; other `words` are of title and business,
    or of the expert's name. Whatever is empty leaves nothing out.
    """

    evidence: Evidence = Evidence.WAITING
    words: str = ""
    grade: str = ""
    reason: str = ""


_READ = (
    select(
        Visit.dispatch_id, Dispatch.number, Visit.version, Dispatch.day, Business.name.label("business"),
        Dispatch.title, Organisation.name.label("organisation"), Visit.expert_id, Application.name.label("expert"),
        Visit.came_at, Visit.went_at, Visit.grade, Visit.reasons, Visit.evidence, Visit.evidence_since, Visit.yen,
    )
    .select_from(Visit)
    .join(Dispatch, Dispatch.id == Visit.dispatch_id)
    .join(Business, Business.id == Dispatch.business_id)
    .join(Organisation, Organisation.id == Dispatch.organisation_id)
    .outerjoin(Expert, Expert.person_id == Visit.expert_id)
    .outerjoin(Application, Application.id == Expert.application_id)
)  # fmt: skip


def count(uow: UnitOfWork, actor: Actor, wanted: Wanted, most: int) -> int:
    """How many `listed` gives in all, counted no further than `most` + 1."""
    some = _some(actor, wanted).limit(most + 1).subquery()
    return uow.session.scalar(select(func.count()).select_from(some)) or 0


def listed(
    uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "since", limit: int = 50, offset: int = 0
) -> list[EvidenceRow]:
    """Visits the actor may look at, never the actor's own; the longest waiting first."""
    chosen = _some(actor, wanted).order_by(*_by(order)).limit(limit).offset(offset).cte("chosen")
    query = _READ.join(chosen, chosen.c.dispatch_id == Visit.dispatch_id).order_by(*_by(order))
    return [_row(row) for row in uow.session.execute(query).all()]


def stream(uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "since") -> Iterator[EvidenceRow]:
    """All that `listed` gives, read from the database bit by bit."""
    query = _READ.where(*_conditions(actor, wanted)).order_by(*_by(order))
    for found in streamed(uow, query):
        yield from map(_row, found)


def counts(uow: UnitOfWork, actor: Actor, most: int) -> dict[Evidence, int]:
    """How many visits stand in each state, counted no further than `most` + 1."""
    looks: list[AnySelect] = []
    for state in Evidence:
        some = _some(actor, Wanted(state)).limit(most + 1).subquery()
        looks.append(select(literal(state.value), func.count()).select_from(some))
    rows: Sequence[AnyRow] = uow.session.execute(union_all(*looks)).all()
    return {Evidence(state): number for state, number in rows}


def waiting(uow: UnitOfWork, actor: Actor) -> tuple[int, datetime | None]:
    """How many wait for a look, and since when the longest waiting one."""
    some = select(Visit.evidence_since).where(*_conditions(actor, Wanted())).subquery()
    found = select(func.count(), func.min(some.c.evidence_since)).select_from(some)
    number, oldest = uow.session.execute(found).one()
    return number, oldest


def _some(actor: Actor, wanted: Wanted) -> AnySelect:
    return select(Visit.dispatch_id).where(*_conditions(actor, wanted))


def _by(order: str) -> list[Any]:
    columns = ORDERS[order.removeprefix("-")]
    return [column.desc() if order.startswith("-") else column for column in columns]


def _conditions(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    if actor.kind != "staff" or not can(actor, "queue.read"):
        return [false()]
    text = unicodedata.normalize("NFKC", wanted.words).strip().upper()
    found: list[ColumnElement[bool]] = [Visit.expert_id != actor.person_id] if actor.person_id else [true()]
    if NUMBER.fullmatch(text):
        return [*found, Visit.dispatch_id.in_(select(Dispatch.id).where(Dispatch.number == text))]
    found.append(Visit.evidence == wanted.evidence)
    about = and_(Dispatch.id == Visit.dispatch_id, Dispatch.status.in_(sorted(HELD)))
    if wanted.grade:
        found.append(Visit.grade == wanted.grade)
    if wanted.reason:
        found.append((literal(",") + Visit.reasons + ",").contains(f",{wanted.reason},", autoescape=True))
    if not text:
        return [*found, _held(about)]
    key = search_key(text)
    said = or_(Dispatch.search_key.contains(key, autoescape=True), Dispatch.number.contains(text, autoescape=True))
    named = select(Expert.person_id).join(Application, Application.id == Expert.application_id)
    by_expert = named.where(Application.search_key.contains(key, autoescape=True))
    return [*found, or_(_held(about, said), Visit.expert_id.in_(by_expert) & _held(about))]


def _held(*about: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the visit's dispatch is like that."""
    return select(Dispatch.id).where(*about).correlate(Visit).exists()


def _row(row: AnyRow) -> EvidenceRow:
    return EvidenceRow(
        dispatch_id=row.dispatch_id,
        number=row.number,
        version=row.version,
        day=row.day,
        business=row.business,
        title=row.title,
        organisation=row.organisation,
        expert_id=row.expert_id,
        expert=row.expert or "",
        came_at=row.came_at,
        went_at=row.went_at,
        grade=Grade(row.grade) if row.grade else None,
        reasons=tuple(Reason(code) for code in row.reasons.split(",") if code),
        evidence=Evidence(row.evidence),
        since=row.evidence_since,
        yen=row.yen,
    )


def settle(uow: UnitOfWork, visit: Visit, evidence: Evidence, now: datetime) -> None:
    """The look at a visit stands so from now on; the dispatch's own lock guards it."""
    visit.evidence, visit.evidence_since = evidence, now
    visit.version += 1
    uow.session.flush()


def add_decision(uow: UnitOfWork, dispatch_id: str, answer: str, staff_id: str | None, now: datetime) -> None:
    """Keep what the secretariat said; its words are a note."""
    uow.session.add(EvidenceDecision(id=new_id(), dispatch_id=dispatch_id, answer=answer, staff_id=staff_id, at=now))
    uow.session.flush()
