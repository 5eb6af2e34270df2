"""The newest backup of `chusho119 backup`: when it was, how large, and whether one is overdue."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, warning
from models.rules.calendar import age_in_words, format_datetime
from storage import standing

if TYPE_CHECKING:
    from handlers.bootstrap import Service

LATE, TOO_LATE = timedelta(hours=26), timedelta(days=3)
"""A night and two hours, as in deploy/linux/alerts.yml; and three nights without one."""


def look(service: "Service") -> Iterator[Finding]:
    """Nothing is claimed of a local run, nor of AWS (there is the queue): RDS and the bucket keep their own there."""
    at = service.settings
    if at.local or at.event_queue_url:
        return
    with service.database.read() as uow:
        last = standing.last_backup(uow)
    if last is None:
        yield warning("backup_never")
        return
    age = service.clock() - last.at
    say = error if age > TOO_LATE else warning if age > LATE else fine
    moment = format_datetime(last.at)
    if last.restored:
        yield say("backup_restored", at=moment)
    elif say is fine:
        yield say("backup_fresh", at=moment, size=_size(last.size))
    else:
        yield say("backup_old", at=moment, age=age_in_words(age))


def _size(size: int) -> str:
    for unit, step in (("GB", 1024**3), ("MB", 1024**2)):
        if size >= step:
            return f"{size / step:.1f}{unit}"
    return f"{max(1, round(size / 1024))}KB"
