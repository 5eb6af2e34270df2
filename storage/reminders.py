"""What the clock asks of dispatches: which are over, which are waited for, which begin soon; each reminder once.

A reminder is of a kind and about a moment (a beginning, an end, the day something was asked), so that a new date is
reminded of anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from models.rules.calendar import to_jst
from models.rules.dispatch import Status
from models.rules.visit import Evidence
from models.tables.dispatch import Dispatch, DispatchReminder
from models.tables.visit import Visit
from storage.database import UnitOfWork

UNANSWERED, DAY, HOURS, CHECKOUT = "unanswered", "day", "hours", "checkout"
_ALL = select(Dispatch.id)
WAITING = (Status.REQUESTED, Status.COUNTER_PROPOSED)
"""Where somebody has to answer."""
Moment = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def ended(uow: UnitOfWork, now: datetime, limit: int) -> Sequence[str]:
    """Confirmed dispatches whose planned end has passed."""
    over = (Dispatch.status == Status.CONFIRMED, Dispatch.day <= to_jst(now).date(), Dispatch.ends <= now)
    return uow.session.scalars(select(Dispatch.id).where(*over).order_by(Dispatch.day, Dispatch.id).limit(limit)).all()


def unanswered(uow: UnitOfWork, before: datetime, limit: int) -> Sequence[str]:
    """Requests and proposals that wait since before a moment and were not reminded of."""
    waits = (Dispatch.status.in_(WAITING), Dispatch.status_since < before)
    return _fresh(uow, UNANSWERED, Dispatch.status_since, waits, limit)


def starting(uow: UnitOfWork, kind: str, span: tuple[datetime, datetime], limit: int) -> Sequence[str]:
    """Confirmed visits that begin within a span of moments and were not reminded of in this way."""
    first, last = (to_jst(moment).date() for moment in span)
    soon = (Dispatch.status == Status.CONFIRMED, Dispatch.day.between(first, last), Dispatch.starts.between(*span))
    return _fresh(uow, kind, Dispatch.starts, soon, limit)


def forgotten(uow: UnitOfWork, before: datetime, limit: int) -> Sequence[str]:
    """Visits begun and not ended by the expert who holds them, planned to end before a moment."""
    waits = (
        Visit.evidence == Evidence.OPEN, Visit.came_at.is_not(None), Visit.went_at.is_(None),
        Dispatch.status.in_((Status.CONFIRMED, Status.REPORT_DUE)), Dispatch.ends <= before,
    )  # fmt: skip
    begun = select(Dispatch.id).join(
        Visit, (Visit.dispatch_id == Dispatch.id) & (Visit.expert_id == Dispatch.expert_id)
    )
    return _fresh(uow, CHECKOUT, Dispatch.ends, waits, limit, begun)


def _fresh(
    uow: UnitOfWork, kind: str, about: Moment, conditions: Sequence[ColumnElement[bool]], limit: int,
    among: Select[str] = _ALL,
) -> Sequence[str]:  # fmt: skip
    written = exists().where(
        DispatchReminder.dispatch_id == Dispatch.id, DispatchReminder.kind == kind, DispatchReminder.about == about
    )
    query = among.where(*conditions, ~written).order_by(about, Dispatch.id).limit(limit)
    return uow.session.scalars(query).all()


def write(uow: UnitOfWork, dispatch_id: str, kind: str, about: datetime, now: datetime) -> bool:
    """Note a reminder; False when it was written before. The dispatch's own lock keeps two from writing at once."""
    if uow.session.get(DispatchReminder, (dispatch_id, kind, about)):
        return False
    uow.session.add(DispatchReminder(dispatch_id=dispatch_id, kind=kind, about=about, at=now))
    uow.session.flush()
    return True
