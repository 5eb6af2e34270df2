"""How the service itself stands: the server, when something last left, a job ran, a backup was made; who may manage."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text, union_all

from models.tables.appointment import Task
from models.tables.audit import AuditEntry
from models.tables.conversation import InboxEvent, OutboxRow
from models.tables.staff import Staff
from models.tables.system import JobLease
from storage.database import UnitOfWork

BACKED_UP, RESTORED = "backup.make", "backup.restore"


def server(uow: UnitOfWork) -> tuple[str, float | None]:
    """The database server's version, and its clock's lead in seconds; None where it has no clock of its own."""
    if uow.session.get_bind().dialect.name == "sqlite":
        return f"SQLite {uow.session.scalar(text('SELECT sqlite_version()'))}", None
    before = datetime.now(UTC)
    version, at = uow.session.execute(text("SELECT current_setting('server_version'), clock_timestamp()")).one()
    half = (datetime.now(UTC) - before) / 2
    return f"PostgreSQL {version}", (at - before - half).total_seconds()


def last_sent(uow: UnitOfWork) -> datetime | None:
    """When a message last left."""
    return uow.session.scalar(
        select(OutboxRow.sent_at).where(OutboxRow.sent_at.is_not(None)).order_by(OutboxRow.seq.desc()).limit(1)
    )


def lease_until(uow: UnitOfWork, name: str) -> datetime | None:
    """Until when a job's lease was last taken; None before its first round and after an orderly end."""
    until = uow.session.scalar(select(JobLease.until_ms).where(JobLease.name == name))
    return datetime.fromtimestamp(until / 1000, UTC) if until is not None else None


@dataclass(frozen=True)
class Backup:
    """The newest backup: of which moment, how many bytes, and whether this database is what was restored from it."""

    at: datetime
    size: int
    restored: bool


def last_backup(uow: UnitOfWork) -> Backup | None:
    """What the audit says of the newest backup; None when none was ever made. A look into an index for each action."""
    newest = [select(func.max(AuditEntry.seq)).where(AuditEntry.action == each) for each in (BACKED_UP, RESTORED)]
    found = uow.session.execute(
        select(AuditEntry.action, AuditEntry.subject_id, AuditEntry.detail)
        .where(AuditEntry.seq.in_(union_all(*newest)))
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).one_or_none()
    if found is None:
        return None
    return Backup(datetime.fromisoformat(found.subject_id), int(found.detail or 0), found.action == RESTORED)


def tasks_before(uow: UnitOfWork, before: datetime) -> int:
    """Long work begun before a moment and not finished."""
    waiting = select(func.count()).where(Task.finished_at.is_(None), Task.started_at < before)
    return uow.session.scalar(waiting) or 0


@dataclass(frozen=True)
class Crew:
    """How many managers may act, how many users in all, and how many of each log in with a one-time code."""

    managers: int
    managers_with_code: int
    users: int
    users_with_code: int


def crew(uow: UnitOfWork) -> Crew:
    """Everybody whose access has not ended and who has set a password."""
    counted = uow.session.execute(
        select(Staff.role, func.count().label("users"), func.count(Staff.totp_secret).label("coded"))
        .where(Staff.ended_at.is_(None), Staff.password_hash != "")
        .group_by(Staff.role)
    ).all()
    managers = [row for row in counted if row.role == "manager"]
    return Crew(
        sum(row.users for row in managers), sum(row.coded for row in managers),
        sum(row.users for row in counted), sum(row.coded for row in counted),
    )  # fmt: skip


def events_since(uow: UnitOfWork, since_ms: int, most: int) -> int:
    """How many events came in since a moment, at most `most`; only so many of the newest are looked at."""
    newest = select(InboxEvent.received_ms).order_by(InboxEvent.seq.desc()).limit(most).subquery()
    counted = select(func.count()).select_from(newest).where(newest.c.received_ms >= since_ms)
    return uow.session.scalar(counted) or 0
