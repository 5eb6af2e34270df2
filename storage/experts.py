"""Commissioned experts: what they say of being dispatched, their fields, and whether they are in force."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import delete, select

from models.rules.calendar import to_jst
from models.rules.commission import NEVER, Force, Standing, standing
from models.rules.registration import State
from models.tables.expert import Expert, ExpertSpeciality, StateReason
from models.tables.registration import Application
from models.tables.staff import Staff
from models.views.expert import ExpertView, ReasonView
from storage import appointment
from storage.database import UnitOfWork


def commission(
    uow: UnitOfWork, person_id: str, application_id: str, specialities: Iterable[str], now: datetime
) -> bool:
    """The person is an expert by this application; returns whether for the first time.

    Somebody who was one before keeps what they said of being dispatched. `since` begins anew with a new application,
    after an end, and not with a renewal.
    """
    row = uow.session.get(Expert, person_id, with_for_update=True)
    if row is None:
        uow.session.add(Expert(person_id=person_id, application_id=application_id, since=now))
    elif row.application_id != application_id:
        row.application_id, row.since = application_id, now
        row.version += 1
    uow.session.flush()
    set_specialities(uow, person_id, specialities)
    return row is None


def set_specialities(uow: UnitOfWork, person_id: str, values: Iterable[str]) -> None:
    """Repeat an expert's fields for the search: exactly these."""
    uow.session.flush()
    uow.session.execute(delete(ExpertSpeciality).where(ExpertSpeciality.person_id == person_id))
    for value in dict.fromkeys(values):
        uow.session.add(ExpertSpeciality(speciality=value, person_id=person_id))
    uow.session.flush()


def of_person(uow: UnitOfWork, person_id: str) -> ExpertView | None:
    """What the person says of being dispatched; None before the first commission."""
    row = uow.session.get(Expert, person_id)
    if row is None:
        return None
    return ExpertView(
        person_id=row.person_id,
        application_id=row.application_id,
        since=row.since,
        accepting=row.accepting,
        weekly_off=tuple(int(day) for day in row.weekly_off.split(",") if day),
        opens=row.opens,
        closes=row.closes,
        hidden=tuple(key for key in row.hidden.split(",") if key),
        version=row.version,
    )


def standing_of(uow: UnitOfWork, person_id: str, today: date) -> Standing:
    """Whether the person's commission is in force on this day, and its last day."""
    uow.session.flush()
    found = uow.session.execute(
        select(Application.state, Application.state_since, appointment.newest_accepted)
        .join(Expert, Expert.application_id == Application.id)
        .where(Expert.person_id == person_id)
    ).one_or_none()
    if found is None:
        return NEVER
    state, since, last_day = found
    return standing(State(state), to_jst(since).date(), last_day, today)


def in_force(uow: UnitOfWork, person_id: str, today: date) -> bool:
    """Whether the person may be dispatched, check in and so on today."""
    return standing_of(uow, person_id, today).force is Force.IN_FORCE


def keep_reason(
    uow: UnitOfWork, application_id: str, action: str, reason: str, staff_id: str | None, now: datetime
) -> None:
    """Keep why the secretariat moved a commission, apart from the audit, for it must be erasable."""
    uow.session.add(StateReason(application_id=application_id, action=action, reason=reason, staff_id=staff_id, at=now))
    uow.session.flush()


def reasons(uow: UnitOfWork, application_id: str) -> Sequence[ReasonView]:
    """Why a commission was suspended, lifted or ended, oldest first."""
    rows = uow.session.execute(
        select(StateReason, Staff.name)
        .outerjoin(Staff, Staff.id == StateReason.staff_id)
        .where(StateReason.application_id == application_id)
        .order_by(StateReason.at, StateReason.id)
    )
    return [ReasonView(row.action, row.reason, name or "", row.at) for row, name in rows]
