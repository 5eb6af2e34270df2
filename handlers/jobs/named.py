"""What each scheduled job does, for whoever runs it: the command, the rounds of a machine, a scheduler elsewhere."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from handlers.jobs.dispatches import attend_dispatches
from handlers.jobs.remind import remind
from handlers.jobs.renew import renew
from handlers.jobs.retain import retain
from handlers.letters import Letters
from handlers.tasks import Tasks
from handlers.watch.metrics import NO_METER, Meter, job
from models.rules.calendar import month_start
from storage import outbox, system, trace
from storage.database import Conflict, Database
from storage.files import FileStore
from storage.inbox import ms

PARTS = {
    "sweep": ("levels", "sweep"),
    "deliver": ("sweep",),
    "levels": ("levels",),
    "tasks": ("tasks", "acceptances"),
    "remind": ("remind", "dispatches", "renew", "release"),
    "retain": ("retain",),
}
"""The jobs by name, and their parts in order."""
ONE_AT_A_TIME = frozenset({"remind", "retain"})
"""What two processes do not do at once; the others hold leases of their own, by person or by task."""
GoOn = Callable[[], bool]
Counts = dict[str, int]
log = structlog.get_logger()


def always() -> bool:
    """There is no end to the time."""
    return True


class JobFailed(Exception):
    """Parts of a job ended in an error, which the log has; the others were done."""


@dataclass(frozen=True)
class Jobs:
    """`sweep` attends to everybody who waits; `told` wakes whoever delivers; `owner` holds this process's leases.

    `levels` tells the meter how the service stands.
    """

    database: Database
    files: FileStore
    clock: Callable[[], datetime]
    letters: Letters
    work: Tasks
    sweep: Callable[[GoOn], int]
    told: Callable[[Iterable[str]], None]
    levels: Callable[[], None] = lambda: None
    meter: Meter = NO_METER
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)

    def run(self, name: str, go_on: GoOn = always) -> Counts:
        """Every part of the job, whatever the others do; JobFailed at the end, KeyError for a name that is none.

        `go_on` says no when the time is up: what is left is the next run's.
        """
        counts, failed = self.attempt(name, go_on)
        if failed:
            raise JobFailed(", ".join(failed))
        return counts

    def scheduled(self, name: str, go_on: GoOn = always) -> Counts:
        """The same where a scheduler calls, perhaps twice: what another process is at is left to it."""
        if name not in ONE_AT_A_TIME:
            return self.run(name, go_on)
        with self.alone(name) as ours:
            return self.run(name, lambda: go_on() and self.mine(name)) if ours else {}

    def attempt(self, name: str, go_on: GoOn = always) -> tuple[Counts, list[str]]:
        """The same; returns what was done, and which parts failed."""
        counts: Counts = {}
        failed: list[str] = []
        for part in PARTS[name]:
            if not go_on():
                log.warning("job_unfinished", job=part)
                break
            with trace.bound(trace.current() or trace.fresh()):
                try:
                    with job(self.meter, part):
                        counts |= self._part(part, go_on)
                except Exception:
                    log.exception("job_failed", job=part)
                    failed.append(part)
        return counts, failed

    def mine(self, name: str) -> bool:
        """Whether no other process does this now; the lease holds for some minutes and is prolonged by asking again."""
        now = self.clock()
        try:
            with self.database.unit() as uow:
                return system.take_job_lease(uow, name, self.owner, ms(now), ms(now + system.HOLD))
        except Conflict:
            return False

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Whether no other process does this now; the lease is given back at the end."""
        held = self.mine(name)
        try:
            yield held
        finally:
            if held:
                with self.database.unit() as uow:
                    system.drop_job_lease(uow, name, self.owner)

    def _part(self, part: str, go_on: GoOn) -> Counts:
        now = self.clock()
        match part:
            case "sweep":
                return {"attended": self.sweep(go_on)}
            case "levels":
                self.levels()
                return {}
            case "tasks":
                return {"pieces": self.work.advance(go_on)}
            case "acceptances":
                return {"acceptances": self._acceptances()}
            case "remind":
                return {"reminded": self._wake(remind(self.database, now))}
            case "dispatches":
                return {"dispatches": self._wake(attend_dispatches(self.database, now, go_on))}
            case "renew":
                return {"renewed": self._wake(renew(self.database, now, go_on))}
            case "release":
                return {"released": self._release(now)}
            case _:
                return retain(self.database, self.files, now)

    def _wake(self, told: set[str]) -> int:
        self.told(sorted(told))
        return len(told)

    def _acceptances(self) -> int:
        with self.alone("acceptances") as ours:
            return self.letters.write_acceptances() if ours else 0

    def _release(self, now: datetime) -> int:
        with self.database.unit() as uow:
            return outbox.release_held(uow, now, before=month_start(now))
