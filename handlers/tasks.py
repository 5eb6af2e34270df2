"""Goes on with long work piece by piece, in one process at a time; whatever is killed, it is taken up where it was.

A piece is safe to repeat: it may have had its effect although the process died before the task could say so.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from models.rules.errors import DomainError
from models.rules.permissions import SYSTEM, Actor
from models.views.tasks import TaskView
from storage import staff, system, tasks, trace
from storage.database import Conflict, Database, Unavailable, UnitOfWork
from storage.files import StoreUnavailable
from storage.inbox import ms

LEASE, LEASE_FOR, HOLD_EVERY = "tasks", timedelta(minutes=3), timedelta(seconds=20)
AT_A_TIME = 20
"""Pieces of one task before the next one has its turn: a big task does not keep a small one waiting."""
Piece = Callable[[Actor, str], Iterable[str]]
log = structlog.get_logger()


class Work(Protocol):
    """How a kind of task is done."""

    def begin(self, task: TaskView) -> Piece:
        """What does one piece on behalf of an actor and returns whom to wake; asked once a run of the task."""
        ...

    def end(self, uow: UnitOfWork, task: TaskView, now: datetime) -> None:
        """The last piece is done; in the transaction that says so."""
        ...


class _NotOurs(Exception):
    """Another process goes on with the tasks now."""


@dataclass(frozen=True)
class Tasks:
    """The runner. `works`: how each kind is done; `told` wakes whoever a piece has something to tell."""

    database: Database
    clock: Callable[[], datetime]
    works: Mapping[str, Work]
    told: Callable[[Iterable[str]], None]
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)

    def advance(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Go on with every task until none is left, a few pieces of each in turn; returns how many pieces were done.

        A task whose store does not answer rests until the next round, and the others go on. `go_on` is asked before
        each piece: a process whose time is up leaves the rest to the next.
        """
        run = _Run(self, go_on)
        try:
            while run.turn():
                pass
        except _NotOurs:
            return run.done
        with self.database.unit() as uow:
            system.drop_job_lease(uow, LEASE, self.owner)
        return run.done

    def hold(self) -> None:
        """Take the lease or keep it; _NotOurs while another process holds it."""
        now = self.clock()
        try:
            with self.database.unit() as uow:
                held = system.take_job_lease(uow, LEASE, self.owner, ms(now), ms(now + LEASE_FOR))
        except Conflict:
            held = False
        if not held:
            raise _NotOurs


@dataclass
class _Run:
    """One run over all tasks: what was begun stays begun, so that a payload is read once."""

    tasks: Tasks
    go_on: Callable[[], bool]
    done: int = 0
    begun: dict[str, tuple[Piece, list[str]]] = field(default_factory=dict)
    resting: set[str] = field(default_factory=set)
    held_at: datetime | None = None

    def turn(self) -> bool:
        """A few pieces of each task; False when there is nothing left to do now."""
        self._hold()
        with self.tasks.database.read() as uow:
            waiting = [task for task in tasks.unfinished(uow) if self._can(task)]
        for task in waiting:
            if not self.go_on():
                return False
            try:
                self._few(task)
            except (StoreUnavailable, Unavailable) as error:
                log.warning("task_rests", task=task.id, error=type(error).__name__)
                self.resting.add(task.id)
        return bool(waiting)

    def _hold(self) -> None:
        """Keep the lease, asked for now and then: what two did at once would only be said once."""
        now = self.tasks.clock()
        if self.held_at is None or now - self.held_at >= HOLD_EVERY:
            self.tasks.hold()
            self.held_at = now

    def _can(self, task: TaskView) -> bool:
        return task.id not in self.resting and task.kind in self.tasks.works

    def _few(self, task: TaskView) -> None:
        if task.id not in self.begun and not self._begin(task):
            return
        piece, ids = self.begun[task.id]
        for at in range(task.gone_through, min(task.total, task.gone_through + AT_A_TIME)):
            if not self.go_on():
                return
            self._hold()
            with trace.bound(trace.fresh()):
                failed = self._fails(task, piece, ids[at])
            with self.tasks.database.unit() as uow:
                now = self.tasks.clock()
                if tasks.advance(uow, task.id, at, now, failed=failed):
                    self.tasks.works[task.kind].end(uow, task, now)
                    self.begun.pop(task.id)
            self.done += 1

    def _begin(self, task: TaskView) -> bool:
        """Read what the task is made of; one that cannot be read has failed, and keeps no other waiting."""
        try:
            with self.tasks.database.read() as uow:
                ids = tasks.pieces(uow, task.id)
            self.begun[task.id] = (self.tasks.works[task.kind].begin(task), ids)
        except (StoreUnavailable, Unavailable):
            raise
        except Exception as error:
            log.error("task_given_up", task=task.id, kind=task.kind, code=_code(error))
            with self.tasks.database.unit() as uow:
                now = self.tasks.clock()
                if tasks.give_up(uow, task.id, now):
                    self.tasks.works[task.kind].end(uow, task, now)
            return False
        return True

    def _fails(self, task: TaskView, piece: Piece, piece_id: str) -> bool:
        """Do one piece; whether it failed. A piece that met another transaction is tried once more."""
        for last_try in (False, True):
            try:
                self.tasks.told(piece(self._actor(task), piece_id))
            except (StoreUnavailable, Unavailable):
                raise
            except Exception as error:
                if isinstance(error, Conflict) and not last_try:
                    continue
                log.warning("piece_failed", task=task.id, kind=task.kind, piece=piece_id, code=_code(error))
                return True
            return False
        return True

    def _actor(self, task: TaskView) -> Actor:
        """Whoever started the task, with the rights of this moment."""
        with self.tasks.database.read() as uow:
            user = staff.by_id(uow, task.started_by) if task.started_by else None
        return user.actor if user else SYSTEM


def _code(error: Exception) -> str:
    return error.code if isinstance(error, DomainError) else type(error).__name__
