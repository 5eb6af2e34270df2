"""How much waits and for how long: a fixed number of small questions, each answered from an index.

What is done is the bulk of inbox and outbox; the partial indexes hold only what is pending or dead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import and_, case, func, or_, select

from models.rules.calendar import quiet_until, to_jst
from models.tables.conversation import DEAD, PENDING, InboxEvent, OutboxRow
from models.tables.dispatch import Dispatch
from models.tables.visit import Visit
from storage.database import UnitOfWork
from storage.inbox import ms
from storage.outbox import LINE

VISIT_DAYS = 30
GRADES = ("A", "B", "C")


@dataclass(frozen=True)
class Levels:
    """What waits now. `…_oldest`: seconds the oldest waits, 0 when none does."""

    inbox_waiting: int
    inbox_oldest: float
    outbox_waiting: int
    outbox_oldest: float
    outbox_held: int
    outbox_dead: int
    visits: Mapping[str, int]


def measure(uow: UnitOfWork, now: datetime) -> Levels:
    """All of it."""
    return Levels(*_inbox(uow, now), *_outbox(uow, now), _dead(uow), _visits(uow, to_jst(now).date()))


def _inbox(uow: UnitOfWork, now: datetime) -> tuple[int, float]:
    waiting, oldest = uow.session.execute(
        select(func.count(), func.min(InboxEvent.received_ms)).where(
            InboxEvent.state == PENDING, InboxEvent.user_id.is_not(None)
        )
    ).one()
    return waiting, max(0, ms(now) - oldest) / 1000 if oldest is not None else 0.0


def _outbox(uow: UnitOfWork, now: datetime) -> tuple[int, float, int]:
    """Due are answers and mails from the moment they were made, notices when their night's rest is over.

    A try that failed moves `not_before` on; the row is overdue all the same, since its first time.
    """
    at_once = or_(OutboxRow.turn.is_not(None), OutboxRow.channel != LINE)
    tried = OutboxRow.attempts > 0
    ready = OutboxRow.not_before <= now
    going = and_(OutboxRow.held.is_(False), or_(at_once, tried, ready))
    found = uow.session.execute(
        select(
            func.count().filter(going),
            func.min(case((and_(going, at_once), OutboxRow.created_at))),
            func.min(case((and_(going, ~at_once, ~tried, ready), OutboxRow.not_before))),
            func.min(case((and_(going, ~at_once, tried), OutboxRow.created_at))),
            func.count().filter(OutboxRow.held.is_(True)),
        ).where(OutboxRow.state == PENDING)
    ).one()
    waiting, answer, notice, again, held = found
    rested = (quiet_until(again) or again) if again else None
    since = min((moment for moment in (answer, notice, rested) if moment), default=now)
    return waiting, max(0.0, (now - since).total_seconds()), held


def _dead(uow: UnitOfWork) -> int:
    return uow.session.scalar(select(func.count()).where(OutboxRow.state == DEAD)) or 0


def _visits(uow: UnitOfWork, today: date) -> dict[str, int]:
    """Visits by grade, of the dispatches of the last days."""
    rows = uow.session.execute(
        select(Visit.grade, func.count())
        .join(Dispatch, Dispatch.id == Visit.dispatch_id)
        .where(Dispatch.day > today - timedelta(days=VISIT_DAYS), Dispatch.day <= today, Visit.grade.is_not(None))
        .group_by(Visit.grade)
    )
    found = {grade: count for grade, count in rows if grade}
    return {grade: found.get(grade, 0) for grade in GRADES}
