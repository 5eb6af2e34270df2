"""Reads how the service stands and hands it to the meter: once a minute by the jobs, and at each scrape."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.line.client import Quota
from bot.line.outcomes import LineError
from handlers.watch.health import Health
from handlers.watch.metrics import NO_METER, Meter
from storage import levels, standing, system
from storage.database import Conflict, Database
from storage.inbox import ms

QUOTA_EVERY = timedelta(minutes=10)
log = structlog.get_logger()


@dataclass(frozen=True)
class Gauges:
    """`quota` asks LINE."""

    database: Database
    health: Health
    quota: Callable[[], Quota]
    meter: Meter
    clock: Callable[[], datetime]

    def report(self) -> None:
        """Everything that has a level now; where nothing is measured, nothing is asked."""
        if self.meter is NO_METER:
            return
        self.look()
        self._ask_quota()

    def look(self) -> None:
        """What the house itself knows. Without its database only that it is not ready."""
        troubles = self.health.troubles()
        self.meter.level("ready", 0 if troubles else 1)
        if any(trouble.startswith("database") for trouble in troubles):
            return
        with self.database.read() as uow:
            now = self.clock()
            found, backup = levels.measure(uow, now), standing.last_backup(uow)
        self.meter.level("inbox_waiting", found.inbox_waiting)
        self.meter.level("inbox_oldest_seconds", found.inbox_oldest)
        self.meter.level("outbox_waiting", found.outbox_waiting)
        self.meter.level("outbox_oldest_seconds", found.outbox_oldest)
        self.meter.level("outbox_held", found.outbox_held)
        self.meter.level("outbox_dead", found.outbox_dead)
        for grade, count in found.visits.items():
            self.meter.level("visits", count, grade=grade)
        if backup:
            self.meter.level("backup_age_seconds", max(0.0, (now - backup.at).total_seconds()))

    def _ask_quota(self) -> None:
        """Ask LINE, unless somebody did a short while ago: a lease nobody can prolong keeps the time between."""
        now = self.clock()
        try:
            with self.database.unit() as uow:
                ours = system.take_job_lease(uow, "quota", uuid.uuid4().hex, ms(now), ms(now + QUOTA_EVERY))
        except Conflict:
            return
        if not ours:
            return
        try:
            quota = self.quota()
        except LineError as error:
            log.warning("quota_unknown", outcome=type(error.outcome).__name__)
            return
        if quota.limit is not None:
            self.meter.level("line_quota_left", max(0, quota.limit - quota.used))
