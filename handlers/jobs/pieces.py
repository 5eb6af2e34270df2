"""Work that is looked for and done in pieces: stopped anywhere, run again, late, or by two processes at once."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog

from models.rules.permissions import SYSTEM, Actor
from storage.database import Database, Unavailable, UnitOfWork

Look = Callable[[UnitOfWork, datetime], Sequence[str]]
"""The ids of some of what is due."""
Act = Callable[[UnitOfWork, Actor, Sequence[str], datetime], int]
"""Does what is due of these ids; returns for how many there was something to do."""
log = structlog.get_logger()


def attend(
    database: Database, steps: Iterable[tuple[Look, Act]], now: datetime, mine: Callable[[], bool], failed: str
) -> set[str]:
    """Do all that is due, while this is `mine` to do; returns whom to wake. `failed`: what the log calls a failure."""
    told: set[str] = set()
    for look, act in steps:
        done = 1
        while done:
            with database.read() as uow:
                ids = look(uow, now)
            if not ids:
                break
            if not mine():
                return told
            done = _do(database, act, ids, now, told, failed)
    return told


def _do(database: Database, act: Act, ids: Sequence[str], now: datetime, told: set[str], failed: str) -> int:
    """All at once; where that fails each alone, so that one that cannot be done keeps no other."""
    try:
        with database.unit() as uow:
            done = act(uow, SYSTEM, ids, now)
        told |= uow.told
    except Unavailable:
        raise
    except Exception as error:
        if len(ids) > 1:
            return sum([_do(database, act, [each], now, told, failed) for each in ids])
        log.error(failed, subject=ids[0], error=type(error).__name__)
        return 0
    return done
