"""What experts earned: the fee of each visit that counts now, with what it was worked out from."""

from dataclasses import replace
from datetime import date

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import aliased

from models.rules.calendar import fiscal_year
from models.rules.dispatch import ENDED
from models.rules.fee import Fee, fee
from models.rules.visit import Evidence, Grade
from models.tables.dispatch import Business, Dispatch
from models.tables.visit import FeeRecord, Visit
from models.views.visit import FeeView
from storage.database import AnyRow, AnySelect, UnitOfWork
from storage.visits import schedule_of

_Later = aliased(FeeRecord)


def of_expert(uow: UnitOfWork, person_id: str, first: date, last: date) -> list[FeeView]:
    """The fees of a person's visits from one Japanese day to another, both included; the latest first.

    Of each dispatch the newest fee, unless the dispatch has ended or is somebody else's by now.
    """
    days = _of(person_id).where(FeeRecord.day >= first, FeeRecord.day <= last)
    return [_view(row) for row in uow.session.execute(days.order_by(*_LATEST))]


def newest(uow: UnitOfWork, person_id: str) -> FeeView | None:
    """The fee of the person's latest visit."""
    row = uow.session.execute(_of(person_id).order_by(*_LATEST).limit(1)).one_or_none()
    return _view(row) if row else None


def of_dispatch(uow: UnitOfWork, dispatch_id: str, person_id: str) -> FeeView | None:
    """The fee of one visit of the person, if there is one by now."""
    row = uow.session.execute(_of(person_id).where(FeeRecord.dispatch_id == dispatch_id)).one_or_none()
    return _view(row) if row else None


def years(uow: UnitOfWork, person_id: str) -> tuple[int, ...]:
    """The fiscal years from the first fee to the last, the newest first."""
    days = [
        uow.session.scalar(select(FeeRecord.day).where(FeeRecord.expert_id == person_id).order_by(by).limit(1))
        for by in (FeeRecord.day, FeeRecord.day.desc())
    ]
    first, last = (fiscal_year(day) if day else 0 for day in days)
    return tuple(range(last, first - 1, -1)) if first else ()


_LATEST = (FeeRecord.day.desc(), FeeRecord.starts.desc(), FeeRecord.seq.desc())


def _of(person_id: str) -> AnySelect:
    corrected = exists().where(_Later.dispatch_id == FeeRecord.dispatch_id, _Later.seq > FeeRecord.seq)
    held = and_(Dispatch.id == FeeRecord.dispatch_id, Dispatch.expert_id == FeeRecord.expert_id)
    return (
        select(FeeRecord, Dispatch.number, Business.name, Visit.grade, Visit.evidence)
        .join(Dispatch, held)
        .join(Business, Business.id == Dispatch.business_id)
        .outerjoin(Visit, and_(Visit.dispatch_id == FeeRecord.dispatch_id, Visit.expert_id == FeeRecord.expert_id))
        .where(FeeRecord.expert_id == person_id, ~corrected, Dispatch.status.not_in(sorted(ENDED)))
    )


def _view(row: AnyRow) -> FeeView:
    record, number, business, grade, evidence = row
    return FeeView(
        dispatch_id=record.dispatch_id,
        number=number,
        business=business,
        day=record.day,
        starts=record.starts,
        ends=record.ends,
        fee=fee_of(record),
        at=record.at,
        grade=Grade(grade) if grade else None,
        evidence=Evidence(evidence) if evidence else None,
    )


def fee_of(record: FeeRecord) -> Fee:
    """The fee as it was worked out then: the stored result, with the rest from its stored inputs and schedule."""
    worked = fee(record.starts, record.ends, record.non_payable, schedule_of(record))
    return replace(worked, payable=record.payable, units=record.units, yen=record.yen)
