"""Renewal by the calendar: experts are asked, reminded, and commissions whose year is over end (`domain.md` 2).

Every step looks for what is due and does it in transactions of 200, so it may be stopped anywhere and run again, late,
or by two processes at once. A run that comes after 31 March asks nobody: it ends what has ended.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from handlers.usecases import year_end as usecase
from models.rules.calendar import day_start, to_jst
from models.rules.commission import year_end
from models.rules.permissions import SYSTEM, Actor
from models.rules.roles import Role
from storage import settings
from storage import year_end as waiting
from storage.database import Database, Unavailable, UnitOfWork

AT_ONCE = 200
Act = Callable[[UnitOfWork, Actor, Sequence[str], datetime], int]
log = structlog.get_logger()


def renew(database: Database, now: datetime, mine: Callable[[], bool] = lambda: True) -> set[str]:
    """Do all that is due, while this is `mine` to do; returns whom to wake."""
    told: set[str] = set()
    for look, act in STEPS:
        done = 1
        while done:
            with database.read() as uow:
                ids = look(uow, now)
            if not ids:
                break
            if not mine():
                return told
            done = _do(database, act, ids, now, told)
    return told


def _do(database: Database, act: Act, ids: Sequence[str], now: datetime, told: set[str]) -> int:
    """All at once; where that fails each alone, so that one that cannot be done keeps no other."""
    try:
        with database.unit() as uow:
            done = act(uow, SYSTEM, ids, now)
        told |= uow.told
    except Unavailable:
        raise
    except Exception as error:
        if len(ids) > 1:
            return sum([_do(database, act, [each], now, told) for each in ids])
        log.error("not_renewed", application=ids[0], error=type(error).__name__)
        return 0
    return done


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


STEPS: tuple[
    tuple[Callable[[UnitOfWork, datetime], Sequence[str]], Act], ...
] = (
    (_over, usecase.attend),
    (_letters_over, usecase.take_back_letters),
    (_over_while_renewing, usecase.rest),
    (_to_ask, usecase.attend),
    (_to_remind, usecase.attend),
)  # fmt: skip
