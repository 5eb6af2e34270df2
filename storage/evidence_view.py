"""One visit with everything behind it, for whoever judges its evidence."""

from collections.abc import Collection

from sqlalchemy import func, literal, select, union_all

from models.rules.fee import Fee, fee
from models.tables.expert import Expert
from models.tables.person import Person
from models.tables.registration import Application
from models.tables.staff import Staff
from models.tables.visit import Attendance, EvidenceDecision, FeeRecord, Signature, VisitPhoto
from models.views.dispatch import DispatchView
from models.views.evidence import Certificate, EvidenceView, Judgement, Picture
from models.views.visit import FeeView
from storage import visits
from storage.database import UnitOfWork


def load(uow: UnitOfWork, dispatch: DispatchView) -> EvidenceView:
    """All of a visit; asks nobody who looks. The number of statements hangs on nothing."""
    acts = visits.acts(uow, dispatch.id)
    return EvidenceView(
        dispatch=dispatch,
        visit=visits.view(uow, dispatch.id, dispatch.expert_id),
        acts=acts,
        notes=visits.notes(uow, dispatch.id),
        decisions=_decisions(uow, dispatch.id),
        certificates=certificates(uow, dispatch.id),
        pictures=pictures(uow, dispatch.id),
        fees=_fees(uow, dispatch),
        names=_names(uow, {act.by_id for act in acts if act.by_id}),
    )


def _decisions(uow: UnitOfWork, dispatch_id: str) -> tuple[Judgement, ...]:
    rows = uow.session.execute(
        select(EvidenceDecision.answer, Staff.name, EvidenceDecision.at)
        .outerjoin(Staff, Staff.id == EvidenceDecision.staff_id)
        .where(EvidenceDecision.dispatch_id == dispatch_id)
        .order_by(EvidenceDecision.at, EvidenceDecision.id)
    )
    return tuple(Judgement(answer, name or "", at) for answer, name, at in rows)


def certificates(uow: UnitOfWork, dispatch_id: str) -> tuple[Certificate, ...]:
    """Every certification by the business, oldest first."""
    rows = uow.session.execute(
        select(Attendance, Signature.name, Signature.file_key)
        .outerjoin(Signature, Signature.attendance_id == Attendance.id)
        .where(Attendance.dispatch_id == dispatch_id)
        .order_by(Attendance.at, Attendance.id)
    )
    return tuple(
        Certificate(
            row.id, row.how, name or "", row.came_at, row.went_at, row.non_payable or 0, row.at, file_key or ""
        )
        for row, name, file_key in rows
    )  # fmt: skip


def pictures(uow: UnitOfWork, dispatch_id: str) -> tuple[Picture, ...]:
    """Every photo of the place, oldest first."""
    rows = uow.session.scalars(
        select(VisitPhoto)
        .where(VisitPhoto.dispatch_id == dispatch_id, VisitPhoto.act_seq.is_not(None))
        .order_by(VisitPhoto.added_at, VisitPhoto.id)
    )
    return tuple(Picture(row.id, row.act_seq, row.file_key, row.added_at) for row in rows)


def _fees(uow: UnitOfWork, dispatch: DispatchView) -> tuple[FeeView, ...]:
    rows = uow.session.scalars(
        select(FeeRecord).where(FeeRecord.dispatch_id == dispatch.id).order_by(FeeRecord.seq.desc())
    )
    return tuple(
        FeeView(dispatch.id, dispatch.number, dispatch.business, row.day, row.starts, row.ends, _fee(row), row.at)
        for row in rows
    )


def _fee(row: FeeRecord) -> Fee:
    """The fee as it was worked out then, by the schedule it was stored with."""
    return fee(row.starts, row.ends, row.non_payable, visits.schedule_of(row))


def _names(uow: UnitOfWork, ids: Collection[str]) -> dict[str, str]:
    """What people and staff are called, by id; experts as in their application."""
    if not ids:
        return {}
    users = select(Staff.id, literal(""), Staff.name).where(Staff.id.in_(ids))
    persons = (
        select(Person.id, func.coalesce(Application.name, literal("")), func.coalesce(Person.name, literal("")))
        .outerjoin(Expert, Expert.person_id == Person.id)
        .outerjoin(Application, Application.id == Expert.application_id)
        .where(Person.id.in_(ids))
    )
    rows = uow.session.execute(union_all(users, persons))
    return {each: applied or name for each, applied, name in rows}
