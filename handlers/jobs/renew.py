"""Renewal by the calendar: experts are asked, reminded, and commissions whose year is over end (`domain.md` 2).

Every step looks for what is due and does it in transactions of 200, so it may be stopped anywhere and run again, late,
or by two processes at once. A run that comes after 31 March asks nobody: it ends what has ended.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from handlers.jobs.pieces import Act, Look, attend
from handlers.usecases import year_end as usecase
from models.rules.calendar import day_start, to_jst
from models.rules.commission import year_end
from models.rules.roles import Role
from storage import settings
from storage import year_end as waiting
from storage.database import Database, UnitOfWork

AT_ONCE = 200


def renew(database: Database, now: datetime, mine: Callable[[], bool] = lambda: True) -> set[str]:
    """Do all that is due, while this is `mine` to do; returns whom to wake."""
    return attend(database, STEPS, now, mine, "not_renewed")


def _over(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    return waiting.over(uow, to_jst(now).date(), AT_ONCE)


def _letters_over(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    return waiting.unaccepted_over(uow, to_jst(now).date(), AT_ONCE)


def _over_while_renewing(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    return waiting.over_while_renewing(uow, to_jst(now).date(), Role.EXPERT.menu, AT_ONCE)


def _to_ask(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    today = to_jst(now).date()
    ends = year_end(today)
    asked_on = ends - timedelta(days=settings.value(uow, "renewal_ask_days"))
    return waiting.to_ask(uow, ends, AT_ONCE) if today >= asked_on else ()


def _to_remind(uow: UnitOfWork, now: datetime) -> Sequence[str]:
    today = to_jst(now).date()
    ends = year_end(today)
    reminded_on = ends - timedelta(days=settings.value(uow, "renewal_remind_days"))
    return waiting.to_remind(uow, ends, day_start(reminded_on), AT_ONCE) if today >= reminded_on else ()


STEPS: tuple[tuple[Look, Act], ...] = (
    (_over, usecase.attend),
    (_letters_over, usecase.take_back_letters),
    (_over_while_renewing, usecase.rest),
    (_to_ask, usecase.attend),
    (_to_remind, usecase.attend),
)
