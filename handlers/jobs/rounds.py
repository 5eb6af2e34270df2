"""Runs the jobs of a machine that has no scheduler: in one process at a time, under a lease row."""

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from handlers.jobs.remind import remind
from handlers.jobs.retain import retain
from storage import system
from storage.database import Database
from storage.files import FileStore
from storage.inbox import ms

EVERY = timedelta(minutes=1)
log = structlog.get_logger()


@dataclass
class Rounds:
    """`told` wakes the worker for those who have a reminder now."""

    database: Database
    files: FileStore
    clock: Callable[[], datetime]
    told: Callable[[Iterable[str]], None]
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self, stop: threading.Event) -> None:
        """A round a minute until `stop`."""
        while not stop.wait(EVERY.total_seconds()):
            try:
                self.once()
            except Exception:
                log.exception("jobs_round_failed")

    def once(self) -> bool:
        """One round, if this process holds the lease."""
        now = self.clock()
        with self.database.unit() as uow:
            if not system.take_job_lease(uow, "jobs", self.owner, ms(now), ms(now + 3 * EVERY)):
                return False
        self.told(remind(self.database, now))
        retain(self.database, self.files, now)
        return True
