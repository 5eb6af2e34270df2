"""Runs the jobs of a machine that has no scheduler: in one process at a time, under a lease row."""

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from handlers.jobs.named import GoOn, Jobs, always

EVERY = timedelta(minutes=1)
log = structlog.get_logger()


@dataclass
class Rounds:
    """`hurry` is set when a page has started long work."""

    jobs: Jobs
    hurry: threading.Event = field(default_factory=threading.Event)

    def run(self, stop: threading.Event, look: timedelta = EVERY) -> None:
        """A round a minute until `stop`; long work goes on at once when a page has started some, and every `look`."""
        done = float("-inf")
        while not stop.is_set():
            self.hurry.wait(look.total_seconds())
            if stop.is_set():
                return
            self.hurry.clear()
            try:
                self.tasks(lambda: not stop.is_set())
                if time.monotonic() - done >= EVERY.total_seconds():
                    done = time.monotonic()
                    self.once(lambda: not stop.is_set())
            except Exception:
                log.exception("round_failed")

    def tasks(self, go_on: GoOn = always) -> None:
        """Go on with long work, unless another process does."""
        self.jobs.attempt("tasks", go_on)

    def once(self, go_on: GoOn = always) -> bool:
        """One round, if this process holds the lease; a process that is to end leaves the rest to the next."""
        if not self._ours():
            return False
        for name in ("levels", "remind", "retain"):
            self.jobs.attempt(name, lambda: go_on() and self._ours())
        return True

    def _ours(self) -> bool:
        return self.jobs.mine("jobs")
