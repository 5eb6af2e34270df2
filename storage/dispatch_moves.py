"""Who moved a dispatch last, and when: what somebody is told who comes too late."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select

from models.tables.audit import AuditEntry
from models.tables.expert import Expert
from models.tables.person import Person
from models.tables.registration import Application
from storage.database import UnitOfWork

SUBJECT = "dispatch"


@dataclass(frozen=True)
class Move:
    """The newest change of a dispatch's status. `who`: the person's name, empty for staff and for the clock."""

    at: datetime
    action: str
    kind: str
    by: str
    who: str


def newest(uow: UnitOfWork, dispatch_id: str) -> Move | None:
    """The last move, in one statement; None for a dispatch that nothing has happened to since it was sent."""
    uow.session.flush()
    found = uow.session.execute(
        select(AuditEntry, func.coalesce(Application.name, Person.name, ""))
        .outerjoin(Person, Person.id == AuditEntry.actor_id)
        .outerjoin(Expert, Expert.person_id == Person.id)
        .outerjoin(Application, Application.id == Expert.application_id)
        .where(AuditEntry.subject_kind == SUBJECT, AuditEntry.subject_id == dispatch_id)
        .where(AuditEntry.action.startswith("dispatch."), AuditEntry.from_state.is_not(None))
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    entry, name = found
    return Move(entry.at, entry.action, entry.actor_kind, entry.actor_id or "", name if entry.actor_id else "")


def told_since(uow: UnitOfWork, dispatch_id: str, action: str, detail: str, since: datetime) -> bool:
    """Whether an action that moves nothing was taken after a moment, with this detail."""
    taken = exists().where(
        AuditEntry.subject_kind == SUBJECT,
        AuditEntry.subject_id == dispatch_id,
        AuditEntry.action == action,
        AuditEntry.detail == detail,
        AuditEntry.at > since,
    )
    return bool(uow.session.scalar(select(taken)))
