"""One step of an application's lifecycle: the new state, and the audit entry that belongs to it.

An expert who ends or rests leaves dispatches behind, of which the secretariat is told.
"""

from datetime import datetime

from handlers.usecases.dispatch import stranded
from models.rules.permissions import Actor
from models.rules.profile import CHANGES
from models.rules.registration import Action, State, move
from models.tables.registration import Application
from storage import audit, profile, registration
from storage.database import UnitOfWork


def take(
    uow: UnitOfWork, actor: Actor, row: Application, action: Action, now: datetime, detail: str | None = None
) -> State:
    """Move the locked row on and return where to; NotPossible when its state has no such step.

    The caller has asked who may.
    """
    before = State(row.state)
    target = move(before, action)
    registration.set_state(uow, row, target, now)
    audit.record(
        uow, actor, f"application.{action}", ("application", row.id), now, moved=(before, target), detail=detail
    )
    if target is State.ENDED:
        _close_changes(uow, actor, row, now)
    if target in (State.ENDED, State.SUSPENDED):
        stranded.tell(uow, row.person_id, now)
    return target


def _close_changes(uow: UnitOfWork, actor: Actor, row: Application, now: datetime) -> None:
    """Changes of name or account that waited for the secretariat have nothing to change any more."""
    for item in CHANGES:
        held = profile.waiting_change(uow, row.id, item)
        if held:
            profile.settle(uow, held, profile.TAKEN_BACK, None, "", now)
            profile.drop_papers(uow, row.id, item, now)
            detail = f"{item} {held.id}"
            audit.record(uow, actor, "change.take_back", ("application", row.id), now, detail=detail)
            row.version += 1
