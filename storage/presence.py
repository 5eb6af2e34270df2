"""Who of the secretariat has an application open now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, text, update

from models.tables.audit import AuditEntry
from models.tables.base import UtcDateTime
from models.tables.staff import Presence, Staff
from storage.database import UnitOfWork


@dataclass(frozen=True)
class Visitor:
    """Somebody who has it open, and since when (as the audit knows)."""

    name: str
    since: datetime


_OPENED = (
    select(func.max(AuditEntry.at))
    .where(
        AuditEntry.subject_kind == "application",
        AuditEntry.subject_id == Presence.application_id,
        AuditEntry.actor_id == Presence.staff_id,
        AuditEntry.action == "papers.view",
    )
    .scalar_subquery()
)


_UPSERT = text(
    "INSERT INTO presences (application_id, staff_id, seen_at) VALUES (:application, :staff, :now)"
    " ON CONFLICT (application_id, staff_id) DO UPDATE SET seen_at = excluded.seen_at"
).bindparams(bindparam("now", type_=UtcDateTime()))


def seen(uow: UnitOfWork, application_id: str, staff_id: str, now: datetime) -> bool:
    """Somebody is still there; False for whoever never opened it."""
    there = (Presence.application_id == application_id) & (Presence.staff_id == staff_id)
    noted = uow.session.execute(update(Presence).where(there).values(seen_at=now).returning(Presence.staff_id))
    return noted.one_or_none() is not None


def opened(uow: UnitOfWork, application_id: str, staff_id: str, now: datetime) -> None:
    """Somebody opened it, for the first time or again; in two windows at once as well."""
    uow.session.execute(_UPSERT, {"application": application_id, "staff": staff_id, "now": now})


def others(uow: UnitOfWork, application_id: str, staff_id: str, since: datetime) -> list[Visitor]:
    """Everybody else who was seen there since a time, whoever came first leading."""
    rows = uow.session.execute(
        select(Staff.name, func.coalesce(_OPENED, Presence.seen_at).label("since"))
        .join(Staff, Staff.id == Presence.staff_id)
        .where(Presence.application_id == application_id, Presence.staff_id != staff_id, Presence.seen_at >= since)
        .where(Staff.ended_at.is_(None))
        .order_by("since")
    )
    return [Visitor(*row) for row in rows]


def drop_before(uow: UnitOfWork, before: datetime) -> None:
    """Forget who was seen somewhere for the last time before a time."""
    uow.session.execute(delete(Presence).where(Presence.seen_at < before))
