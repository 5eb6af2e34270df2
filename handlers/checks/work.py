"""Whether the work keeps up: events, messages, what was given up, the jobs, long work."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, unknown, warning
from models.rules.calendar import age_in_words, format_datetime
from storage import inbox, levels, outbox, standing, system
from storage.levels import Levels

if TYPE_CHECKING:
    from handlers.bootstrap import Service

LATE, TOO_LATE = 60.0, 300.0
"""Seconds after which an event or a message has waited too long, and much too long."""
JOBS_LATE = timedelta(minutes=5)
TASK_LONG = timedelta(hours=1)


def look(service: "Service") -> Iterator[Finding]:
    """All from our own tables."""
    now = service.clock()
    with service.database.read() as uow:
        found, sent = levels.measure(uow, now), standing.last_sent(uow)
        dead, dead_events = outbox.troubles(uow)["dead"], inbox.count_dead(uow)
        lease, stuck = standing.lease_until(uow, "jobs"), standing.tasks_before(uow, now - TASK_LONG)
    yield _events(found)
    yield _messages(found)
    if sent:
        yield fine("sent_last", at=format_datetime(sent))
    if found.outbox_held:
        yield warning("held", count=found.outbox_held)
    if dead:
        yield warning("dead", count=dead)
    if dead_events:
        yield warning("dead_events", count=dead_events)
    yield _jobs(lease - system.HOLD if lease else None, now, elsewhere=bool(service.settings.event_queue_url))
    if stuck:
        yield warning("tasks_stuck", count=stuck)


def _events(found: Levels) -> Finding:
    if not found.inbox_waiting:
        return fine("worker_idle")
    say = error if found.inbox_oldest >= TOO_LATE else warning if found.inbox_oldest >= LATE else fine
    code = "worker_keeps_up" if say is fine else "worker_behind"
    return say(code, count=found.inbox_waiting, age=_age(found.inbox_oldest))


def _messages(found: Levels) -> Finding:
    if not found.outbox_waiting:
        return fine("sent_idle")
    say = error if found.outbox_oldest >= TOO_LATE else warning if found.outbox_oldest >= LATE else fine
    code = "sent_keeps_up" if say is fine else "sent_behind"
    return say(code, count=found.outbox_waiting, age=_age(found.outbox_oldest))


def _jobs(ran: datetime | None, now: datetime, *, elsewhere: bool) -> Finding:
    """The lease of the jobs tells of their last round; a scheduler elsewhere keeps none."""
    if elsewhere:
        return unknown("jobs_elsewhere")
    if ran is None:
        return warning("jobs_never")
    return (
        error("jobs_late", at=format_datetime(ran))
        if now - ran > JOBS_LATE
        else fine("jobs_ran", at=format_datetime(ran))
    )


def _age(seconds: float) -> str:
    return age_in_words(timedelta(seconds=seconds))
