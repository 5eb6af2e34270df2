"""Certifications by the business, and what a visit is reckoned from besides its acts: overlaps, and the fee so far."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from models.rules.reckoning import Span
from models.tables.base import new_id
from models.tables.dispatch import Dispatch
from models.tables.visit import Attendance, EvidenceDecision, FeeRecord, Signature, Visit, VisitNote
from storage import papers
from storage.database import UnitOfWork

LONGEST = timedelta(days=2)
"""No visit lasts longer; how far back others are looked for."""


OFFERED = 10
"""How many visits without an end are offered at once."""


@dataclass(frozen=True)
class Certified:
    """What a business certified, and when it did."""

    span: Span
    at: datetime


def add(
    uow: UnitOfWork, dispatch_id: str, how: str, span: Span, name: str, now: datetime, *, file_key: str | None = None
) -> str:
    """Keep a certification (`how`: signature or link) by `name`, with the drawing's key; returns its id."""
    row = Attendance(
        id=new_id(), dispatch_id=dispatch_id, how=how, came_at=span.came, went_at=span.went,
        non_payable=span.non_payable, at=now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    uow.session.add(Signature(attendance_id=row.id, name=name, file_key=file_key))
    uow.session.flush()
    if file_key:
        papers.forget_doomed(uow, [file_key])
    return row.id


def holds(uow: UnitOfWork, file_key: str) -> bool:
    """Whether a certification has its drawing there."""
    held = select(Signature.attendance_id).where(Signature.file_key == file_key)
    return uow.session.scalar(held.limit(1)) is not None


def of_dispatch(uow: UnitOfWork, dispatch_id: str) -> Sequence[Certified]:
    """All certifications of a dispatch, the newest first."""
    rows = uow.session.scalars(
        select(Attendance).where(Attendance.dispatch_id == dispatch_id).order_by(Attendance.at.desc(), Attendance.id)
    )
    return [
        Certified(Span(row.came_at, row.went_at, row.non_payable or 0), row.at)
        for row in rows
        if row.went_at is not None
    ]


def overlapping(uow: UnitOfWork, expert_id: str, but: str, came: datetime, went: datetime) -> bool:
    """Whether another visit of the expert, in and out, shares time with this one; one that only touches does not."""
    others = select(Visit.dispatch_id).where(
        Visit.expert_id == expert_id, Visit.dispatch_id != but, Visit.came_at < went, Visit.came_at > came - LONGEST,
        Visit.went_at > came, Visit.grade.is_not(None),
    )  # fmt: skip
    return uow.session.scalar(others.limit(1)) is not None


def without_end(
    uow: UnitOfWork, expert_id: str, statuses: Collection[str], since: datetime, now: datetime
) -> Sequence[str]:
    """The expert's dispatches that have begun (by plan, or checked in) and not ended yet, the newest first."""
    begun = (
        select(Dispatch.id)
        .outerjoin(Visit, and_(Visit.dispatch_id == Dispatch.id, Visit.expert_id == expert_id))
        .where(Dispatch.expert_id == expert_id, Dispatch.status.in_(statuses), Dispatch.starts > since)
        .where(Visit.went_at.is_(None), or_(Dispatch.starts <= now, Visit.came_at.is_not(None)))
    )
    return uow.session.scalars(begun.order_by(Dispatch.starts.desc(), Dispatch.id).limit(OFFERED)).all()


def newest_fee(uow: UnitOfWork, dispatch_id: str) -> FeeRecord | None:
    """The fee that counts now."""
    fees = select(FeeRecord).where(FeeRecord.dispatch_id == dispatch_id)
    return uow.session.scalar(fees.order_by(FeeRecord.seq.desc()).limit(1))


def objected(uow: UnitOfWork, dispatch_id: str) -> bool:
    """Whether the business said that something is wrong and nobody has looked at the visit since."""
    looked = select(func.max(EvidenceDecision.at)).where(EvidenceDecision.dispatch_id == dispatch_id)
    said = select(func.max(VisitNote.at)).where(VisitNote.dispatch_id == dispatch_id, VisitNote.kind == "disagreed")
    objected_at, looked_at = uow.session.scalar(said), uow.session.scalar(looked)
    return objected_at is not None and (looked_at is None or looked_at < objected_at)


def notes_of(uow: UnitOfWork, dispatch_id: str, kind: str) -> int:
    """How many notes of a kind there are."""
    notes = select(func.count()).where(VisitNote.dispatch_id == dispatch_id, VisitNote.kind == kind)
    return uow.session.scalar(notes) or 0
