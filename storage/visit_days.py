"""An expert's visits around a day: which can be recorded now, which is next, which are still open."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from models.rules.dispatch import Status
from models.rules.permissions import VISITED
from models.tables.dispatch import Business, Dispatch
from models.tables.visit import Visit
from models.views.dispatch import PlannedView
from storage.database import AnySelect, UnitOfWork
from storage.dispatch import place_of

MOST = 12
"""More visits than anybody makes in three days."""
LOOKED_BACK = timedelta(days=31)
"""How old an open visit may be to be mentioned."""
_READ = select(
    Dispatch.id, Dispatch.number, Dispatch.version, Dispatch.status, Dispatch.organisation_id, Dispatch.requester_id,
    Business.name.label("business"), Dispatch.expert_id, Dispatch.title, Dispatch.place, Dispatch.place_source,
    Dispatch.latitude, Dispatch.longitude, Dispatch.starts, Dispatch.ends,
).join(Business, Business.id == Dispatch.business_id)  # fmt: skip


def one(uow: UnitOfWork, dispatch_id: str) -> PlannedView | None:
    """A dispatch by id, as far as its visit hangs on it. Asks nobody who looks."""
    return next(iter(_read(uow, _READ.where(Dispatch.id == dispatch_id))), None)


def between(uow: UnitOfWork, expert_id: str, first: date, last: date) -> Sequence[PlannedView]:
    """The expert's fixed dispatches of these Japanese days whose visit can be recorded, by time."""
    fixed = _READ.where(
        Dispatch.expert_id == expert_id, Dispatch.status.in_(VISITED), Dispatch.day.between(first, last)
    )
    return _read(uow, fixed.order_by(Dispatch.day, Dispatch.starts, Dispatch.id).limit(MOST))


def next_one(uow: UnitOfWork, expert_id: str, now: datetime, today: date) -> PlannedView | None:
    """The expert's next fixed dispatch that has not begun."""
    ahead = _READ.where(
        Dispatch.expert_id == expert_id, Dispatch.status == Status.CONFIRMED, Dispatch.day >= today,
        Dispatch.starts > now,
    )  # fmt: skip
    return next(iter(_read(uow, ahead.order_by(Dispatch.day, Dispatch.starts, Dispatch.id).limit(1))), None)


def still_open(uow: UnitOfWork, expert_id: str, now: datetime) -> Sequence[PlannedView]:
    """The two newest visits that the expert checked in to and not out of: beside any one of them, the newest other."""
    left_open = _READ.join(Visit, Visit.dispatch_id == Dispatch.id).where(
        Visit.expert_id == expert_id, Visit.came_at > now - LOOKED_BACK, Visit.went_at.is_(None),
        Dispatch.expert_id == expert_id, Dispatch.status.in_(VISITED),
    )  # fmt: skip
    return _read(uow, left_open.order_by(Visit.came_at.desc()).limit(2))


def _read(uow: UnitOfWork, query: AnySelect) -> Sequence[PlannedView]:
    return [
        PlannedView(
            id=row.id,
            number=row.number,
            version=row.version,
            status=Status(row.status),
            organisation_id=row.organisation_id,
            requester_id=row.requester_id,
            business=row.business,
            expert_id=row.expert_id or "",
            title=row.title,
            place=place_of(row),
            starts=row.starts,
            ends=row.ends,
        )
        for row in uow.session.execute(query)
    ]
