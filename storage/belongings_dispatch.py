"""What dispatches and visits hold of one person, for the export: each table read once, however many dispatches."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, func, or_, select

from models.rules.dispatch import Status
from models.tables.audit import AuditEntry
from models.tables.dispatch import Business, Dispatch, DispatchDetail, DispatchDraft, DispatchWords
from models.tables.visit import (
    Attendance,
    EvidenceDecision,
    FeeRecord,
    Visit,
    VisitAct,
    VisitNote,
    VisitPhoto,
    VisitPosition,
)
from models.views.privacy import HeldDispatch, HeldFile
from storage.database import UnitOfWork
from storage.privacy_dispatch import touched

PHOTO = "place_photo"
Rows = Mapping[str, list[Any]]


def count(uow: UnitOfWork, person_id: str) -> int:
    """How many dispatches the person was the expert of, asked for, or did something to."""
    ids = touched(person_id).subquery()
    return uow.session.scalar(select(func.count()).select_from(ids)) or 0


def draft_of(uow: UnitOfWork, person_id: str) -> Mapping[str, Any]:
    """The request the person has begun; empty for none."""
    sealed = uow.session.scalar(select(DispatchDraft.answers).where(DispatchDraft.person_id == person_id))
    return uow.vault.open_json(sealed) if sealed else {}


def of_person(uow: UnitOfWork, person_id: str) -> tuple[HeldDispatch, ...]:
    """Every such dispatch, oldest first, with what it holds of the person."""
    found = uow.session.execute(
        select(Dispatch, Business.name, DispatchDetail.wishes)
        .join(Business, Business.id == Dispatch.business_id)
        .join(DispatchDetail, DispatchDetail.dispatch_id == Dispatch.id)
        .where(Dispatch.id.in_(touched(person_id)))
        .order_by(Dispatch.received_at, Dispatch.id)
    ).all()
    said, acts, photos = _said(uow, person_id), _acts(uow, person_id), _photos(uow, person_id)
    visits = select(Visit.dispatch_id).where(Visit.expert_id == person_id)
    notes, certified = _notes(uow, person_id, visits), _certified(uow, visits)
    judged, fees = _judged(uow, visits), _fees(uow, person_id)
    return tuple(
        HeldDispatch(
            number=row.number,
            role=_role(row, person_id),
            status=Status(row.status),
            business=business,
            title=row.title,
            topic=row.topic,
            received_at=row.received_at,
            starts=row.starts,
            ends=row.ends,
            place=row.place,
            wishes=wishes if row.requester_id == person_id else "",
            said=tuple(said[row.id]),
            acts=tuple(acts[row.id]),
            notes=tuple(notes[row.id]),
            certified=tuple(certified[row.id]),
            judged=tuple(judged[row.id]),
            fees=tuple(fees[row.id]),
            files=tuple(photos[row.id]),
        )
        for row, business, wishes in found
    )


def _role(row: Dispatch, person_id: str) -> str:
    if row.expert_id == person_id:
        return "expert"
    return "requester" if row.requester_id == person_id else "helper"


def _by_dispatch(rows: Iterable[Any]) -> Rows:
    """Rows without their first column, by it: the dispatch's id."""
    found: dict[str, list[Any]] = defaultdict(list)
    for dispatch_id, *rest in rows:
        found[dispatch_id].append(tuple(rest))
    return found


def _said(uow: UnitOfWork, person_id: str) -> Rows:
    """What the person said with a step, as the audit knows who took it."""
    own = and_(
        AuditEntry.subject_kind == "dispatch", AuditEntry.subject_id == DispatchWords.dispatch_id,
        AuditEntry.at == DispatchWords.at, AuditEntry.actor_id == person_id,
    )  # fmt: skip
    words = (
        DispatchWords.dispatch_id, DispatchWords.action, DispatchWords.category, DispatchWords.private,
        DispatchWords.comment, DispatchWords.at,
    )  # fmt: skip
    query = select(*words).where(
        DispatchWords.dispatch_id.in_(touched(person_id)), select(AuditEntry).where(own).exists()
    )
    return _by_dispatch(uow.session.execute(query.order_by(DispatchWords.at)))


def _acts(uow: UnitOfWork, person_id: str) -> Rows:
    rows = uow.session.execute(
        select(VisitAct, VisitPosition)
        .outerjoin(VisitPosition, VisitPosition.act_seq == VisitAct.seq)
        .where(VisitAct.dispatch_id.in_(touched(person_id)), VisitAct.expert_id == person_id)
        .order_by(VisitAct.seq)
    )
    return _by_dispatch(
        (act.dispatch_id, act.end, act.source, act.at, act.received_at, act.distance, act.accuracy, _point(position))
        for act, position in rows
    )


def _point(position: VisitPosition | None) -> str:
    return f"{position.latitude:.6f},{position.longitude:.6f}" if position else ""


def _photos(uow: UnitOfWork, person_id: str) -> Rows:
    rows = uow.session.execute(
        select(VisitPhoto)
        .join(VisitAct, VisitAct.seq == VisitPhoto.act_seq)
        .where(VisitAct.dispatch_id.in_(touched(person_id)), VisitAct.expert_id == person_id)
        .order_by(VisitPhoto.added_at, VisitPhoto.id)
    )
    found: dict[str, list[Any]] = defaultdict(list)
    for (row,) in rows:
        found[row.dispatch_id].append(HeldFile(PHOTO, row.file_key, "", row.added_at))
    return found


def _notes(uow: UnitOfWork, person_id: str, visits: Any) -> Rows:
    """Words about the person's own visits, and those they wrote; what a business's people wrote is left out."""
    mine = or_(VisitNote.dispatch_id.in_(visits), VisitNote.by_id == person_id)
    query = select(VisitNote.dispatch_id, VisitNote.kind, VisitNote.text, VisitNote.at).where(
        VisitNote.dispatch_id.in_(touched(person_id)), mine, VisitNote.by_kind != "business"
    )
    return _by_dispatch(uow.session.execute(query.order_by(VisitNote.at, VisitNote.id)))


def _certified(uow: UnitOfWork, visits: Any) -> Rows:
    query = select(Attendance.dispatch_id, Attendance.how, Attendance.at).where(Attendance.dispatch_id.in_(visits))
    return _by_dispatch(uow.session.execute(query.order_by(Attendance.at)))


def _judged(uow: UnitOfWork, visits: Any) -> Rows:
    decided = select(EvidenceDecision.dispatch_id, EvidenceDecision.answer, EvidenceDecision.at)
    query = decided.where(EvidenceDecision.dispatch_id.in_(visits))
    return _by_dispatch(uow.session.execute(query.order_by(EvidenceDecision.at)))


def _fees(uow: UnitOfWork, person_id: str) -> Rows:
    fee = (FeeRecord.dispatch_id, FeeRecord.starts, FeeRecord.ends, FeeRecord.non_payable, FeeRecord.yen, FeeRecord.at)
    query = select(*fee).where(FeeRecord.expert_id == person_id)
    return _by_dispatch(uow.session.execute(query.order_by(FeeRecord.seq)))
