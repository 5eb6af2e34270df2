"""Long work started on a page: its pieces, and how far it is."""

import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from models.tables.appointment import Task
from models.tables.base import new_id
from models.views.tasks import TaskView
from storage.database import UnitOfWork


def add(
    uow: UnitOfWork, kind: str, pieces: Sequence[str], staff_id: str | None, now: datetime,
    subject_id: str | None = None,
) -> str:  # fmt: skip
    """Begin long work on these pieces (ids or line numbers, never content); returns the task's id."""
    task = Task(
        id=new_id(),
        kind=kind,
        subject_id=subject_id,
        payload=json.dumps(list(pieces)),
        total=len(pieces),
        started_by=staff_id,
        started_at=now,
    )
    uow.session.add(task)
    uow.session.flush()
    return task.id


def view(uow: UnitOfWork, task_id: str) -> TaskView | None:
    """How far a task is."""
    found = uow.session.execute(_VIEWED.where(Task.id == task_id)).one_or_none()
    return _view(*found) if found else None


def unfinished(uow: UnitOfWork) -> list[TaskView]:
    """Every task with pieces left, oldest first."""
    rows = uow.session.execute(_VIEWED.where(Task.finished_at.is_(None)).order_by(Task.started_at, Task.id))
    return [_view(*row) for row in rows]


_VIEWED = select(
    Task.id, Task.kind, Task.total, Task.done, Task.failed, Task.finished_at, Task.subject_id, Task.started_by
)


def _view(
    id_: str, kind: str, total: int, done: int, failed: int, finished_at: datetime | None, subject_id: str | None,
    started_by: str | None,
) -> TaskView:  # fmt: skip
    return TaskView(id_, kind, total, done, failed, finished_at is not None, subject_id, started_by)


def pieces(uow: UnitOfWork, task_id: str) -> list[str]:
    """All pieces of a task, those behind it included."""
    return json.loads(uow.session.scalar(select(Task.payload).where(Task.id == task_id)) or "[]")


def advance(uow: UnitOfWork, task_id: str, at: int, now: datetime, *, failed: bool) -> bool:
    """The piece at place `at` is behind it; returns whether this finished the task.

    Nothing changes when the task is no longer at that place: then somebody else has gone on with it.
    """
    row = _locked(uow, task_id)
    if row is None or row.finished_at or row.done + row.failed != at:
        return False
    row.done += not failed
    row.failed += failed
    row.finished_at = now if row.done + row.failed >= row.total else None
    return row.finished_at is not None


def give_up(uow: UnitOfWork, task_id: str, now: datetime) -> bool:
    """The task cannot be done: what is left of it has failed. False when it was finished before."""
    row = _locked(uow, task_id)
    if row is None or row.finished_at:
        return False
    row.failed, row.finished_at = row.total - row.done, now
    return True


def _locked(uow: UnitOfWork, task_id: str) -> Task | None:
    return uow.session.scalar(select(Task).where(Task.id == task_id).with_for_update())
