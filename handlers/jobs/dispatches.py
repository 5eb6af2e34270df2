"""Dispatches by the clock: planned ends that pass, and reminders of answers, visits and forgotten check-outs.

Every step looks for what is due and does it in transactions of 200; each reminder is noted with the transaction that
tells of it, so none is written twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from handlers.jobs.pieces import Act, Look, attend
from handlers.usecases.dispatch import remind as usecase
from models.rules.calendar import DAY_CLOSES, JST, late_before, to_jst
from storage import reminders, settings
from storage.database import Database, UnitOfWork

AT_ONCE = 200
DAY_BEFORE_FROM = time(17)
"""When tomorrow's visits are reminded of, Asia/Tokyo; not any more once the quiet hours have begun."""


def attend_dispatches(database: Database, now: datetime, mine: Callable[[], bool] = lambda: True) -> set[str]:
    """Do all that is due, while this is `mine` to do; returns whom to wake."""
    return attend(database, STEPS, now, mine, "dispatch_not_attended")


def _ended(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    return reminders.ended(uow, now, AT_ONCE)


def _unanswered(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    before = late_before(to_jst(now).date(), settings.value(uow, "unanswered_after_days"))
    return reminders.unanswered(uow, before, AT_ONCE)


def _day_before(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    local = to_jst(now)
    if not DAY_BEFORE_FROM <= local.time() < DAY_CLOSES:
        return ()
    tomorrow = local.date() + timedelta(days=1)
    begins = datetime.combine(tomorrow, time(), JST)
    until = begins + timedelta(days=1, microseconds=-1)
    return reminders.starting(uow, reminders.DAY, (begins, until), AT_ONCE)


def _hours_before(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    return reminders.starting(uow, reminders.HOURS, (now, now + usecase.HOURS_BEFORE), AT_ONCE)


def _forgotten(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    late = timedelta(minutes=settings.value(uow, "forgotten_minutes"))
    return reminders.forgotten(uow, now - late, AT_ONCE)


STEPS: tuple[tuple[Look, Act], ...] = (
    (_unanswered, usecase.unanswered),
    (_day_before, usecase.day_before),
    (_hours_before, usecase.hours_before),
    (_forgotten, usecase.forgotten),
    (_ended, usecase.pass_ends),
)
