"""Dispatches: one by one. Lists are in `dispatch_lists`, the checks' facts in `booking`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select

from models.rules.calendar import fiscal_year, to_jst
from models.rules.dispatch import Status, Why
from models.rules.normalise import search_key
from models.rules.permissions import DispatchSubject
from models.rules.place import PlaceSource, Point
from models.rules.regions import find_prefectures
from models.tables.base import new_id
from models.tables.dispatch import (
    Business,
    Dispatch,
    DispatchDetail,
    DispatchException,
    DispatchWords,
    Slot,
)
from models.tables.expert import Expert
from models.tables.organisation import Organisation
from models.tables.person import Person
from models.tables.registration import Application
from models.views.dispatch import ContactView, DispatchView, PlaceView, SlotView, WordsView
from storage.database import AnyRow, AnySelect, UnitOfWork
from storage.registration import next_number


@dataclass(frozen=True)
class NewDispatch:
    """What a request holds when it is sent. `times`: up to three (start, end), aware; `expert_id` empty: none named.

    `id`: of the draft it was written as, so that a draft is sent once.
    """

    organisation_id: str
    requester_id: str
    business_id: str
    expert_id: str
    title: str
    topic: str
    topic_other: str
    wishes: str
    contact: ContactView
    place: PlaceView
    accompany: bool
    times: tuple[tuple[datetime, datetime], ...]
    predecessor_id: str = ""
    id: str = ""


def create(uow: UnitOfWork, new: NewDispatch, status: Status, why: Why | None, now: datetime) -> Dispatch:
    """The request as a row with its number; `status` is requested, or needs_coordination with `why`."""
    year = fiscal_year(to_jst(now).date())
    number = f"D-{year}-{next_number(uow, f'dispatch-{year}'):06d}"
    business = uow.session.get_one(Business, new.business_id)
    point = new.place.point
    row = Dispatch(
        id=new.id or new_id(), number=number, organisation_id=new.organisation_id, requester_id=new.requester_id,
        business_id=new.business_id, expert_id=new.expert_id or None, predecessor_id=new.predecessor_id or None,
        status=status, status_since=now, received_at=now, day=to_jst(min(new.times)[0]).date(), why=why,
        title=new.title, search_key=search_key(f"{new.title}{business.name}")[:400], topic=new.topic,
        accompany=new.accompany, place=new.place.address, place_source=new.place.source,
        latitude=point.latitude if point else None, longitude=point.longitude if point else None,
        prefecture=next(iter(find_prefectures(new.place.address)), ""),
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    uow.session.add(
        DispatchDetail(
            dispatch_id=row.id, wishes=new.wishes, topic_other=new.topic_other, contact_name=new.contact.name,
            contact_phone=new.contact.phone, contact_mail=new.contact.mail,
        )
    )  # fmt: skip
    add_slots(uow, row, "organisation", new.times)
    return row


def lock(uow: UnitOfWork, dispatch_id: str) -> Dispatch | None:
    """The row, held until the transaction ends. Locks are taken in this order: dispatch, expert, business."""
    query = select(Dispatch).where(Dispatch.id == dispatch_id).with_for_update()
    return uow.session.scalar(query.execution_options(populate_existing=True))


def subject_of(row: Dispatch) -> DispatchSubject:
    """What permissions compare."""
    return DispatchSubject(row.organisation_id, row.expert_id, Status(row.status), row.requester_id)


def view(uow: UnitOfWork, dispatch_id: str, *, private: bool = False) -> DispatchView | None:
    """A dispatch by id. `private`: with the words that are for the secretariat alone. Asks nobody who looks."""
    row = uow.session.get(Dispatch, dispatch_id)
    return view_of(uow, row, private=private) if row else None


def held_by(uow: UnitOfWork, expert_id: str) -> Sequence[DispatchView]:
    """The dispatches that wait for an expert's answer or visit, the next day first."""
    held = (Status.REQUESTED, Status.COUNTER_PROPOSED, Status.CONFIRMED)
    query = select(Dispatch).where(Dispatch.expert_id == expert_id, Dispatch.status.in_(held))
    return [view_of(uow, row) for row in uow.session.scalars(query.order_by(Dispatch.day, Dispatch.id))]


def view_of(uow: UnitOfWork, row: Dispatch, *, private: bool = False) -> DispatchView:
    """The row with all that belongs to it, in four statements."""
    uow.session.flush()
    detail, business, organisation, requester, expert, prefecture = uow.session.execute(_named(row)).one()
    return DispatchView(
        id=row.id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        status_since=row.status_since,
        received_at=row.received_at,
        day=row.day,
        organisation_id=row.organisation_id,
        organisation=organisation,
        requester_id=row.requester_id,
        requester=requester or "",
        business_id=row.business_id,
        business=business.name,
        corporate_number=business.corporate_number or "",
        business_address=business.address,
        expert_id=row.expert_id or "",
        expert=expert or "",
        expert_prefecture=prefecture or "",
        predecessor_id=row.predecessor_id or "",
        title=row.title,
        topic=row.topic,
        topic_other=detail.topic_other,
        wishes=detail.wishes,
        contact=ContactView(detail.contact_name, detail.contact_phone, detail.contact_mail),
        accompany=row.accompany,
        place=place_of(row),
        slots=slots(uow, row.id),
        starts=row.starts,
        ends=row.ends,
        why=Why(row.why) if row.why else None,
        words=_words(uow, row.id, private=private),
        exceptions=_exceptions(uow, row.id),
    )


def _named(row: Dispatch) -> AnySelect:
    """What is erasable of it, its business, and the names of everybody in it."""
    return (
        select(
            DispatchDetail, Business, Organisation.name, Person.name.label("requester"), Application.name,
            Application.prefecture,
        )
        .select_from(DispatchDetail)
        .join(Business, Business.id == row.business_id)
        .join(Organisation, Organisation.id == row.organisation_id)
        .join(Person, Person.id == row.requester_id)
        .outerjoin(Expert, Expert.person_id == row.expert_id)
        .outerjoin(Application, Application.id == Expert.application_id)
        .where(DispatchDetail.dispatch_id == row.id)
    )  # fmt: skip


def place_of(row: Dispatch | AnyRow) -> PlaceView:
    """Where the support takes place."""
    point = None if row.latitude is None or row.longitude is None else Point(row.latitude, row.longitude)
    return PlaceView(row.place, PlaceSource(row.place_source), point)


def slots(uow: UnitOfWork, dispatch_id: str) -> tuple[SlotView, ...]:
    """All times ever offered, by round and beginning."""
    rows = uow.session.scalars(
        select(Slot).where(Slot.dispatch_id == dispatch_id).order_by(Slot.round, Slot.starts, Slot.id)
    )
    return tuple(SlotView(row.id, row.round, row.side, row.starts, row.ends) for row in rows)


def _words(uow: UnitOfWork, dispatch_id: str, *, private: bool) -> tuple[WordsView, ...]:
    rows = uow.session.scalars(
        select(DispatchWords).where(DispatchWords.dispatch_id == dispatch_id).order_by(DispatchWords.at)
    )
    return tuple(
        WordsView(row.action, row.side, row.category, row.private if private else "", row.comment, row.at)
        for row in rows
    )


def _exceptions(uow: UnitOfWork, dispatch_id: str) -> dict[str, str]:
    """The problems the secretariat gave leave for, with its reasons."""
    rows = uow.session.execute(
        select(DispatchException.problem, DispatchException.reason).where(DispatchException.dispatch_id == dispatch_id)
    )
    return {row.problem: row.reason for row in rows}


def set_status(uow: UnitOfWork, row: Dispatch, status: Status, now: datetime, why: Why | None = None) -> None:
    """Move the row; every move is a new version. `why` only while the secretariat must settle it."""
    row.status, row.status_since, row.why = status, now, why
    row.version += 1
    uow.session.flush()


def give_to(uow: UnitOfWork, row: Dispatch, expert_id: str) -> None:
    """That expert is asked from now on."""
    row.expert_id = expert_id
    uow.session.flush()


def fix_time(uow: UnitOfWork, row: Dispatch, starts: datetime, ends: datetime) -> None:
    """The visit takes place then."""
    row.starts, row.ends, row.day = starts, ends, to_jst(starts).date()
    uow.session.flush()


def free_time(uow: UnitOfWork, row: Dispatch) -> None:
    """No time is fixed any more; `day` stays what was wished last."""
    row.starts = row.ends = None
    uow.session.flush()


def add_slots(uow: UnitOfWork, row: Dispatch, side: str, times: Iterable[tuple[datetime, datetime]]) -> None:
    """Offer times: the organisation's (or the secretariat's for it) replace its earlier ones, proposals are a round.

    While nothing is fixed the dispatch's day is that of the first wished time.
    """
    ordered = sorted(times)
    newest = uow.session.scalar(select(func.max(Slot.round)).where(Slot.dispatch_id == row.id)) or 0
    if side != "expert":
        uow.session.execute(delete(Slot).where(Slot.dispatch_id == row.id, Slot.round == 0))
        row.day = to_jst(ordered[0][0]).date()
    at = newest + 1 if side == "expert" else 0
    uow.session.add_all(
        Slot(id=new_id(), dispatch_id=row.id, round=at, side=side, starts=starts, ends=ends) for starts, ends in ordered
    )
    uow.session.flush()


def add_words(
    uow: UnitOfWork, dispatch_id: str, action: str, side: str, now: datetime, *, category: str = "", private: str = "",
    comment: str = "",
) -> None:  # fmt: skip
    """Keep what was said with a step, apart from the audit, for it must be erasable."""
    uow.session.add(
        DispatchWords(
            id=new_id(), dispatch_id=dispatch_id, action=action, side=side, category=category, private=private,
            comment=comment, at=now,
        )
    )  # fmt: skip
    uow.session.flush()


def add_exception(
    uow: UnitOfWork, dispatch_id: str, problem: str, reason: str, staff_id: str | None, now: datetime
) -> None:
    """The secretariat lets this dispatch have a problem the checks would refuse."""
    uow.session.merge(
        DispatchException(dispatch_id=dispatch_id, problem=problem, reason=reason, staff_id=staff_id, at=now)
    )
    uow.session.flush()


def granted_since(uow: UnitOfWork, dispatch_id: str, moment: datetime) -> frozenset[str]:
    """The problems the secretariat gave leave for from a moment on."""
    given = select(DispatchException.problem).where(DispatchException.dispatch_id == dispatch_id)
    return frozenset(uow.session.scalars(given.where(DispatchException.at >= moment)))


def drop_exceptions(uow: UnitOfWork, dispatch_id: str, problems: Iterable[str]) -> None:
    """Leave that was given for somebody else does not hold any more; that it was given is in the audit."""
    gone = DispatchException.problem.in_(sorted(problems))
    uow.session.execute(delete(DispatchException).where(DispatchException.dispatch_id == dispatch_id, gone))
