"""One step of an application's lifecycle: the new state, and the audit entry that belongs to it."""

from datetime import datetime

from models.rules.permissions import Actor
from models.rules.registration import Action, State, move
from models.tables.registration import Application
from storage import audit, registration
from storage.database import UnitOfWork


def take(
    uow: UnitOfWork, actor: Actor, row: Application, action: Action, now: datetime, detail: str | None = None
) -> None:
    """Move the locked row on; NotPossible when its state has no such step. The caller has asked who may."""
    before = State(row.state)
    target = move(before, action)
    registration.set_state(uow, row, target, now)
    audit.record(
        uow, actor, f"application.{action}", ("application", row.id), now, moved=(before, target), detail=detail
    )
