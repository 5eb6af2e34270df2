"""The secretariat's users, and the counting of failed attempts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from models.tables.audit import AuditEntry
from models.tables.base import new_id
from models.tables.staff import Attempt, Staff
from models.views.people import StaffView
from storage.database import UnitOfWork


def create(uow: UnitOfWork, email: str, name: str, password_hash: str, role: str, now: datetime) -> str:
    """A new user; returns the id. The address is unique (Conflict)."""
    user = Staff(id=new_id(), email=email, name=name, password_hash=password_hash, role=role, created_at=now)
    uow.session.add(user)
    uow.session.flush()
    return user.id


def by_email(uow: UnitOfWork, email: str) -> Staff | None:
    """The row of a user who may still log in; it holds the password's hash, so it stays inside the use case."""
    return uow.session.scalar(select(Staff).where(Staff.email == email, Staff.ended_at.is_(None)).with_for_update())


def by_id(uow: UnitOfWork, staff_id: str) -> StaffView | None:
    """A user who may still act."""
    user = uow.session.get(Staff, staff_id)
    return view_of(user) if user and user.ended_at is None else None


def has_totp(uow: UnitOfWork, staff_id: str) -> bool:
    """Whether the user logs in with a one-time code."""
    return uow.session.scalar(select(Staff.id).where(Staff.id == staff_id, Staff.totp_secret.is_not(None))) is not None


def row(uow: UnitOfWork, staff_id: str) -> Staff | None:
    """The row of a user, locked."""
    return uow.session.scalar(select(Staff).where(Staff.id == staff_id).with_for_update())


def lock_managers(uow: UnitOfWork) -> list[str]:
    """The managers who may still act, by id; locked, so that two of them do not change the same thing at once."""
    managing = select(Staff.id).where(Staff.role == "manager", Staff.ended_at.is_(None))
    return list(uow.session.scalars(managing.order_by(Staff.id).with_for_update()))


def view_of(user: Staff) -> StaffView:
    """What pages know of a user."""
    return StaffView(user.id, user.email, user.name, user.role, user.person_id, user.session_epoch)


def everybody(uow: UnitOfWork) -> list[StaffView]:
    """All users who may still act; there are few."""
    return [view_of(user) for user in uow.session.scalars(select(Staff).where(Staff.ended_at.is_(None)))]


@dataclass(frozen=True)
class StaffRow:
    """One line of the list of users. `last_login` as far as the audit knows; `ready`: has set a password."""

    view: StaffView
    totp: bool
    ready: bool
    last_login: datetime | None
    ended_at: datetime | None


def listed(uow: UnitOfWork) -> list[StaffRow]:
    """Every user, those whose access ended included; there are few."""
    return [_listed(*row) for row in uow.session.execute(_LISTED.order_by(Staff.name, Staff.email))]


def one(uow: UnitOfWork, staff_id: str) -> StaffRow | None:
    """One line of the list."""
    found = uow.session.execute(_LISTED.where(Staff.id == staff_id)).one_or_none()
    return _listed(*found) if found else None


_LOGGED_IN = (
    select(func.max(AuditEntry.at))
    .where(AuditEntry.subject_kind == "staff", AuditEntry.subject_id == Staff.id, AuditEntry.action == "staff.log_in")
    .scalar_subquery()
)
_LISTED = select(Staff, _LOGGED_IN)


def _listed(user: Staff, last_login: datetime | None) -> StaffRow:
    return StaffRow(view_of(user), user.totp_secret is not None, bool(user.password_hash), last_login, user.ended_at)


def any_by_email(uow: UnitOfWork, email: str) -> Staff | None:
    """The row behind an address, whether its access ended or not."""
    return uow.session.scalar(select(Staff).where(Staff.email == email))


def link_person(uow: UnitOfWork, staff_id: str, person_id: str | None) -> None:
    """The user and the LINE person are the same human."""
    uow.session.execute(update(Staff).where(Staff.id == staff_id).values(person_id=person_id))


def mails_of_clerks(uow: UnitOfWork) -> list[str]:
    """Addresses of everybody who decides the second stage."""
    deciding = select(Staff.email).where(Staff.ended_at.is_(None), Staff.role.in_(("clerk", "manager")))
    return list(uow.session.scalars(deciding.order_by(Staff.email)))


def count_attempts(uow: UnitOfWork, kind: str, key: str, since: datetime) -> int:
    """Failed attempts since a time. `key` is digested: the table holds no addresses."""
    recent = select(func.count()).where(Attempt.kind == kind, Attempt.key == uow.vault.digest(key), Attempt.at >= since)
    return uow.session.scalar(recent) or 0


def note_attempt(uow: UnitOfWork, kind: str, key: str, now: datetime) -> None:
    """Count one failed attempt."""
    uow.session.add(Attempt(kind=kind, key=uow.vault.digest(key), at=now))


def forget_attempts(uow: UnitOfWork, kind: str, key: str) -> None:
    """A success clears the count."""
    uow.session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.key == uow.vault.digest(key)))


def drop_old_attempts(uow: UnitOfWork, now: datetime) -> None:
    """Attempts older than a day count for nothing."""
    uow.session.execute(delete(Attempt).where(Attempt.at < now - timedelta(days=1)))
