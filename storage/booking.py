"""What the checks before a dispatch look at: the expert around the wished times, and the business in its years."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from models.rules.booking import IT_TOPIC, ExpertFacts, Time, days_of
from models.rules.calendar import fiscal_year, to_jst
from models.rules.commission import Force, standing
from models.rules.dispatch import COUNTED, FIXED
from models.rules.fields import as_text
from models.rules.profile import Hours
from models.rules.registration import State
from models.tables.dispatch import Dispatch
from models.tables.expert import DayOff, Expert
from models.tables.organisation import Approver
from models.tables.registration import Application
from storage import appointment
from storage.database import UnitOfWork


def expert_facts(
    uow: UnitOfWork, expert_id: str, times: Sequence[Time], today: date, but: str = ""
) -> ExpertFacts | None:
    """What is known of an expert around these times (each ends after it begins); None for whoever never was one.

    `but`: the dispatch that does not count, because it is the one at hand. Four statements.
    """
    uow.session.flush()
    found = uow.session.execute(
        select(Expert, Application.state, Application.state_since, Application.answers, appointment.newest_accepted)
        .join(Application, Application.id == Expert.application_id)
        .where(Expert.person_id == expert_id)
    ).one_or_none()
    if found is None:
        return None
    row, state, since, answers, last_day = found
    held = standing(State(state), to_jst(since).date(), last_day, today)
    return ExpertFacts(
        person_id=expert_id,
        in_force=held.force is Force.IN_FORCE,
        last_day=held.last_day,
        accepting=row.accepting,
        weekly_off=frozenset(int(day) for day in row.weekly_off.split(",") if day),
        hours=Hours(row.opens, row.closes),
        days_off=_days_off(uow, expert_id, [day for time in times for day in days_of(time)]),
        busy=busy(uow, expert_id, times, but),
        organisations=_approves_for(uow, expert_id),
        employment=as_text(uow.vault.open_json(answers).get("employment", "")),
    )


def _days_off(uow: UnitOfWork, expert_id: str, days: Collection[date]) -> frozenset[date]:
    return frozenset(
        uow.session.scalars(select(DayOff.day).where(DayOff.person_id == expert_id, DayOff.day.in_([*days])))
    )


def _approves_for(uow: UnitOfWork, person_id: str) -> frozenset[str]:
    current = select(Approver.organisation_id).where(Approver.person_id == person_id, Approver.ended_at.is_(None))
    return frozenset(uow.session.scalars(current))


def busy(uow: UnitOfWork, expert_id: str, times: Sequence[Time], but: str = "") -> tuple[Time, ...]:
    """The expert's fixed times that overlap any of these, by the beginning."""
    if not times:
        return ()
    first, last = min(starts for starts, _ in times), max(ends for _, ends in times)
    rows = uow.session.execute(
        select(Dispatch.starts, Dispatch.ends)
        .where(
            Dispatch.expert_id == expert_id,
            Dispatch.id != but,
            Dispatch.status.in_([*FIXED]),
            Dispatch.day.between(to_jst(first).date() - timedelta(days=1), to_jst(last).date()),
            or_(*((Dispatch.starts < ends) & (Dispatch.ends > starts) for starts, ends in times)),
        )
        .order_by(Dispatch.starts)
    )
    return tuple((starts, ends) for starts, ends in rows if starts and ends)


def visits(
    uow: UnitOfWork, business_id: str, years: Collection[int], *, apart: bool | None = None, but: str = ""
) -> Mapping[int, int]:
    """How many visits of a business count in each of these fiscal years (`domain.md` 3: requested or later, not ended).

    `apart`: True counts those for IT alone, False all others, None every one. `but`: a dispatch that is at hand; then
    those fixed and those asked for before it count, so that of two requests for the last visit the first one has it.
    """
    if not years:
        return {}
    uow.session.flush()
    query = select(Dispatch.day, func.count()).where(
        Dispatch.business_id == business_id,
        or_(*(Dispatch.day.between(date(year, 4, 1), date(year + 1, 3, 31)) for year in years)),
        _counted(but),
    )
    if apart is not None:
        query = query.where(Dispatch.topic == IT_TOPIC if apart else Dispatch.topic != IT_TOPIC)
    found = dict.fromkeys(years, 0)
    for day, count in uow.session.execute(query.group_by(Dispatch.day)):
        found[fiscal_year(day)] += count
    return found


def _counted(but: str) -> ColumnElement[bool]:
    if not but:
        return Dispatch.status.in_([*COUNTED])
    own = select(Dispatch.number).where(Dispatch.id == but).scalar_subquery()
    earlier = Dispatch.status.in_([*(COUNTED - FIXED)]) & (Dispatch.number < own)
    return (Dispatch.id != but) & or_(Dispatch.status.in_([*FIXED]), earlier)
