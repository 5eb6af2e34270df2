"""A commissioned expert's settings, single days off, and changes of name or account that wait for a review."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from models.rules.fields import Value
from models.rules.permissions import Actor
from models.rules.profile import CHANGES, Hours
from models.rules.registration import APPOINTING, COMMISSION, State
from models.tables.base import new_id
from models.tables.expert import DayOff, Expert, ProfileChange
from models.tables.organisation import Organisation
from models.tables.registration import Application, Paper
from models.tables.staff import Staff
from models.views.profile import ChangeRow, ChangeView, ProfileView
from storage import papers
from storage.database import UnitOfWork
from storage.registration import lock as lock_application
from storage.registration import matches

WAITING, APPROVED, RETURNED, TAKEN_BACK = "waiting", "approved", "returned", "taken_back"
OPEN_STATES = COMMISSION | APPOINTING
"""While an application stands here its expert may still ask for changes, and they may be decided on."""


def lock(uow: UnitOfWork, person_id: str) -> Expert | None:
    """The expert's row, held until the transaction ends: two devices at once are served one after the other."""
    query = select(Expert).where(Expert.person_id == person_id).with_for_update()
    return uow.session.scalar(query.execution_options(populate_existing=True))


def view(uow: UnitOfWork, person_id: str, today: date) -> ProfileView | None:
    """The profile of somebody who was commissioned at least once; whether it may still be changed is not asked."""
    found = uow.session.execute(
        select(Expert, Application)
        .join(Application, Application.id == Expert.application_id)
        .where(Expert.person_id == person_id)
    ).one_or_none()
    if found is None:
        return None
    expert, application = found
    return ProfileView(
        person_id=person_id,
        application_id=application.id,
        number=application.number or "",
        state=State(application.state),
        answers=uow.vault.open_json(application.answers),
        accepting=expert.accepting,
        weekly_off=frozenset(int(day) for day in expert.weekly_off.split(",") if day),
        hours=Hours(expert.opens, expert.closes),
        hidden=frozenset(key for key in expert.hidden.split(",") if key),
        days_off=days_off(uow, person_id, today),
        changes=_standing(uow, application.id),
    )


def set_accepting(row: Expert, *, accepting: bool) -> None:
    """受付可否."""
    row.accepting = accepting
    row.version += 1


def set_times(row: Expert, weekly_off: Collection[int], hours: Hours) -> None:
    """定休日 and daily hours."""
    row.weekly_off = ",".join(map(str, sorted(weekly_off)))
    row.opens, row.closes = hours.opens, hours.closes
    row.version += 1


def set_hidden(row: Expert, hidden: Iterable[str]) -> None:
    """What the search leaves out."""
    row.hidden = ",".join(sorted(hidden))
    row.version += 1


def days_off(uow: UnitOfWork, person_id: str, first: date, last: date | None = None) -> frozenset[date]:
    """The single days off from `first` up to and including `last`."""
    days = select(DayOff.day).where(DayOff.person_id == person_id, DayOff.day >= first)
    return frozenset(uow.session.scalars(days.where(DayOff.day <= last) if last else days))


def set_days_off(uow: UnitOfWork, row: Expert, added: Collection[date], removed: Collection[date]) -> None:
    """Mark and unmark single days."""
    if removed:
        days = delete(DayOff).where(DayOff.person_id == row.person_id, DayOff.day.in_(removed))
        uow.session.execute(days)
    uow.session.add_all(DayOff(person_id=row.person_id, day=day) for day in added)
    row.version += 1
    uow.session.flush()


def add_change(uow: UnitOfWork, application_id: str, item: str, answers: Mapping[str, Value], now: datetime) -> str:
    """A change that waits; a second one for the same item is refused by the database (Conflict). Returns its id."""
    row = ProfileChange(
        id=new_id(),
        application_id=application_id,
        item=item,
        answers=uow.vault.seal_json(dict(answers)),
        state=WAITING,
        requested_at=now,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


def lock_change(uow: UnitOfWork, change_id: str) -> ProfileChange | None:
    """The row, held until the transaction ends."""
    query = select(ProfileChange).where(ProfileChange.id == change_id).with_for_update()
    return uow.session.scalar(query.execution_options(populate_existing=True))


def settle(uow: UnitOfWork, row: ProfileChange, state: str, staff_id: str | None, reason: str, now: datetime) -> None:
    """The change was decided on, or taken back."""
    row.state, row.decided_at, row.staff_id, row.reason = state, now, staff_id, reason
    uow.session.flush()


def change(uow: UnitOfWork, change_id: str) -> ChangeView | None:
    """One change by id."""
    row = uow.session.get(ProfileChange, change_id)
    return _change(uow, row) if row else None


def waiting_change(uow: UnitOfWork, application_id: str, item: str) -> ProfileChange | None:
    """The change of this item that waits now."""
    return uow.session.scalar(
        select(ProfileChange).where(
            ProfileChange.application_id == application_id, ProfileChange.item == item, ProfileChange.state == WAITING
        )
    )


def _standing(uow: UnitOfWork, application_id: str) -> dict[str, ChangeView]:
    """By item, the newest change, unless it was approved."""
    rows = uow.session.scalars(
        select(ProfileChange).where(ProfileChange.application_id == application_id).order_by(ProfileChange.requested_at)
    )
    newest = {row.item: row for row in rows}
    return {item: _change(uow, row) for item, row in newest.items() if row.state != APPROVED}


def _change(uow: UnitOfWork, row: ProfileChange) -> ChangeView:
    decider = uow.session.get(Staff, row.staff_id) if row.staff_id else None
    return ChangeView(
        id=row.id,
        application_id=row.application_id,
        item=row.item,
        answers=uow.vault.open_json(row.answers),
        state=row.state,
        requested_at=row.requested_at,
        decided_at=row.decided_at,
        decider=decider.name if decider else "",
        reason=row.reason,
    )


def take_over_papers(uow: UnitOfWork, application_id: str, item: str, now: datetime) -> None:
    """The new photos of a change take the place of the old paper's."""
    of = CHANGES[item]
    held = papers.current(uow, application_id)
    papers.remove(uow, [paper for paper in held if paper.kind == of.paper], now)
    fresh = [paper for paper in held if paper.kind == of.kind]
    for paper in fresh:
        size = (paper.width, paper.height)
        papers.add(uow, application_id, of.paper, paper.file_key, paper.sha256, size, paper.message_id, now)
    papers.remove(uow, fresh, now)


def drop_papers(uow: UnitOfWork, application_id: str, item: str, now: datetime) -> None:
    """The new photos of a change go; those in force stay."""
    kind = CHANGES[item].kind
    papers.remove(uow, [paper for paper in papers.current(uow, application_id) if paper.kind == kind], now)


def drop_forgotten(uow: UnitOfWork, before: datetime, now: datetime) -> None:
    """Photos of changes that were never asked for, or taken back, go a while after that."""
    for item, of in CHANGES.items():
        asked = select(ProfileChange.id).where(
            ProfileChange.application_id == Paper.application_id,
            ProfileChange.item == item,
            or_(ProfileChange.state == WAITING, ProfileChange.decided_at >= before),
        )
        left = select(Paper.application_id).where(
            Paper.kind == of.kind, Paper.removed_at.is_(None), Paper.added_at < before, ~asked.exists()
        )
        for application_id in uow.session.scalars(left.distinct()).all():
            row = lock_application(uow, application_id)
            if row and waiting_change(uow, application_id, item) is None:
                drop_papers(uow, application_id, item, now)
                row.version += 1


ORDERS: Mapping[str, InstrumentedAttribute[datetime] | InstrumentedAttribute[str]] = {
    "age": ProfileChange.requested_at,
    "name": Application.search_key,
}
"""What the list may be sorted by; a minus in front turns it round."""


def _chosen(actor: Actor, states: Collection[str], words: str) -> ColumnElement[bool]:
    """Nobody of the secretariat finds a change of their own; one that waits counts while it can be decided on."""
    not_own = Application.person_id != actor.person_id if actor.person_id else true()
    decidable = or_(ProfileChange.state != WAITING, Application.state.in_([*OPEN_STATES]))
    found = not_own & decidable & ProfileChange.state.in_(states)
    return found & matches(words) if words else found


def listed(
    uow: UnitOfWork, actor: Actor, states: Collection[str], *, words: str = "", order: str = "age", limit: int = 50,
    offset: int = 0,
) -> list[ChangeRow]:  # fmt: skip
    """Changes in these states that the actor may see; names as they are in force."""
    column = ORDERS[order.removeprefix("-")]
    by = (column.desc(), ProfileChange.id.desc()) if order.startswith("-") else (column, ProfileChange.id)
    query = (
        select(ProfileChange, Application.number, Application.name, Organisation.name)
        .join(Application, Application.id == ProfileChange.application_id)
        .join(Organisation, Organisation.id == Application.organisation_id)
        .where(_chosen(actor, states, words))
        .order_by(*by)
        .limit(limit)
        .offset(offset)
    )
    return [
        ChangeRow(row.id, row.application_id, number or "", name, organisation, row.item, row.state, row.requested_at,
                  row.decided_at)
        for row, number, name, organisation in uow.session.execute(query)
    ]  # fmt: skip


def count(uow: UnitOfWork, actor: Actor, states: Collection[str], *, words: str = "") -> int:
    """How many `listed` would give in all."""
    changes = select(func.count()).join_from(ProfileChange, Application)
    return uow.session.scalar(changes.where(_chosen(actor, states, words))) or 0


def waiting(uow: UnitOfWork) -> tuple[int, datetime | None]:
    """How many changes wait for the secretariat, and since when the oldest does."""
    count, oldest = uow.session.execute(
        select(func.count(), func.min(ProfileChange.requested_at))
        .join(Application, Application.id == ProfileChange.application_id)
        .where(ProfileChange.state == WAITING, Application.state.in_([*OPEN_STATES]))
    ).one()
    return count, oldest
