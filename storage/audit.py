"""The audit trail: written with every change, read in order, never changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from models.rules.permissions import Actor
from models.tables.audit import AuditEntry
from storage.database import UnitOfWork


@dataclass(frozen=True)
class AuditView:
    """One entry as it is shown."""

    at: datetime
    actor_kind: str
    actor_id: str | None
    action: str
    from_state: str | None
    to_state: str | None
    detail: str | None


def record(
    uow: UnitOfWork,
    actor: Actor,
    action: str,
    subject: tuple[str, str],
    now: datetime,
    *,
    moved: tuple[str | None, str | None] = (None, None),
    detail: str | None = None,
) -> None:
    """Write one entry. `subject` is (kind, id); `moved` is (from, to); `detail` holds ids and codes only."""
    uow.session.add(
        AuditEntry(
            at=now,
            actor_kind=actor.kind,
            actor_id=actor.id,
            action=action,
            subject_kind=subject[0],
            subject_id=subject[1],
            from_state=moved[0],
            to_state=moved[1],
            detail=detail,
        )
    )


def counts_since(uow: UnitOfWork, since: datetime, actions: Collection[str]) -> dict[tuple[str, str], int]:
    """How often each of these actions was done since a time, by action and the state it led to."""
    rows = uow.session.execute(
        select(AuditEntry.action, AuditEntry.to_state, func.count())
        .where(AuditEntry.at >= since, AuditEntry.action.in_(actions))
        .group_by(AuditEntry.action, AuditEntry.to_state)
    )
    return {(action, state or ""): count for action, state, count in rows}


def last_times(uow: UnitOfWork, subject: tuple[str, str], actions: Collection[str]) -> dict[str, datetime]:
    """When each of these actions was last done to a subject (kind, id), for those that were."""
    rows = uow.session.execute(
        select(AuditEntry.action, func.max(AuditEntry.at).label("at"))
        .where(AuditEntry.subject_kind == subject[0], AuditEntry.subject_id == subject[1])
        .where(AuditEntry.action.in_(actions))
        .group_by(AuditEntry.action)
    )
    return {row.action: row.at for row in rows}


def of_subject(uow: UnitOfWork, kind: str, subject_id: str) -> Sequence[AuditView]:
    """All entries on one subject, oldest first."""
    rows = uow.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == kind, AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.seq)
    )
    return [AuditView(r.at, r.actor_kind, r.actor_id, r.action, r.from_state, r.to_state, r.detail) for r in rows]
