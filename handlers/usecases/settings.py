"""Settings: a manager changes one; what held before stays in its history."""

from datetime import datetime

from models.rules.errors import NotAllowed, NotFound, Stale
from models.rules.permissions import Actor, can
from models.rules.settings import SETTINGS, judge
from storage import audit, settings, staff
from storage.database import UnitOfWork


def change(uow: UnitOfWork, actor: Actor, key: str, text: str, seen: int, now: datetime) -> tuple[int, int]:
    """Set a value as typed; returns what held before and what holds now, equal when nothing was to change.

    `seen` is the last change the manager knew of: Stale after a newer one. NotPossible says which number would fit.
    """
    if not can(actor, "settings.change"):
        raise NotAllowed
    if key not in SETTINGS:
        raise NotFound
    staff.lock_managers(uow)
    if settings.newest(uow, key) != seen:
        raise Stale("setting.changed_meanwhile")
    before = settings.value(uow, key)
    after = judge(key, text, settings.values(uow))
    if after != before:
        settings.change(uow, key, after, actor.staff_id, now)
        audit.record(uow, actor, "settings.change", ("setting", key), now, moved=(str(before), str(after)))
    return before, after
