"""Runs the jobs of a machine that has no scheduler: in one process at a time, under a lease row."""

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from handlers.jobs.dispatches import attend_dispatches
from handlers.jobs.remind import remind
from handlers.jobs.renew import renew
from handlers.jobs.retain import retain
from handlers.letters import Letters
from handlers.tasks import Tasks
from models.rules.calendar import month_start
from storage import outbox, system
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
    letters: Letters
    work: Tasks
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    hurry: threading.Event = field(default_factory=threading.Event)

    def run(self, stop: threading.Event) -> None:
        """A round a minute until `stop`, and at once when a page has started long work."""
        while not stop.is_set():
            self.hurry.wait(EVERY.total_seconds())
            self.hurry.clear()
            self._try("tasks", self.tasks)
            self._try("once", self.once)

    def tasks(self) -> None:
        """Go on with long work, unless another process does."""
        self.work.advance()
        if self._mine("acceptances"):
            self.letters.write_acceptances()

    def _mine(self, name: str) -> bool:
        now = self.clock()
        with self.database.unit() as uow:
            return system.take_job_lease(uow, name, self.owner, ms(now), ms(now + 3 * EVERY))

    def once(self) -> bool:
        """One round, if this process holds the lease."""
        if not self._mine("jobs"):
            return False
        now = self.clock()
        self._try("remind", lambda: self.told(remind(self.database, now)))
        self._try("dispatches", lambda: self.told(attend_dispatches(self.database, now, lambda: self._mine("jobs"))))
        self._try("renew", lambda: self.told(renew(self.database, now, lambda: self._mine("jobs"))))
        self._try("release", lambda: self._release(now))
        self._try("retain", lambda: retain(self.database, self.files, now))
        return True

    def _release(self, now: datetime) -> None:
        with self.database.unit() as uow:
            outbox.release_held(uow, now, before=month_start(now))

    def _try(self, name: str, job: Callable[[], object]) -> None:
        """Do one job: whatever stops it keeps no other from being done."""
        try:
            job()
        except Exception:
            log.exception("job_failed", job=name)
