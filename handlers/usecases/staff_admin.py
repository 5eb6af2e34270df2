"""A manager keeps the secretariat's users: adds and ends them, changes roles, ends sessions, resets one-time codes."""

from datetime import datetime

from handlers.usecases import staff_password
from handlers.usecases.staff_password import LinkFor
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.judgement import Accepted, Unclear
from models.rules.normalise import tidy
from models.rules.permissions import Actor, can
from models.rules.person import judge_mail
from models.rules.staff import ROLES, why_kept
from models.tables.staff import Staff
from storage import audit, staff
from storage.database import UnitOfWork

NAME_MAX = 120


def add(uow: UnitOfWork, actor: Actor, typed: dict[str, str], link_for: LinkFor, now: datetime) -> str:
    """A new user (`typed`: email, name, role), who gets a link to set the password; returns the id."""
    _managers(uow, actor)
    email, name, role = judged(typed)
    known = staff.any_by_email(uow, email)
    if known:
        raise NotPossible("staff.ended_before" if known.ended_at else "staff.exists", email=email)
    user = staff.create(uow, email, name, "", role, now)
    audit.record(uow, actor, "staff.create", ("staff", user), now, detail=role)
    staff_password.send_link(uow, actor, _row(uow, user), link_for, now)
    return user


def judged(typed: dict[str, str]) -> tuple[str, str, str]:
    """A new user's address, name and role (`typed`: email, name, role); NotPossible names what is wrong with them."""
    mail, name, role = judge_mail(typed.get("email", ""), {}), tidy(typed.get("name", "")), typed.get("role", "")
    if isinstance(mail, Unclear):
        raise NotPossible("desk.mail_mistyped", meant=mail.choices[0].value)
    if not isinstance(mail, Accepted):
        raise NotPossible(mail.code, **mail.data)
    if not name or len(name) > NAME_MAX:
        raise NotPossible("staff.name", most=str(NAME_MAX))
    if role not in ROLES:
        raise NotPossible("staff.role")
    return str(mail.value).lower(), name, role


def change_role(uow: UnitOfWork, actor: Actor, staff_id: str, role: str, now: datetime) -> None:
    """Give another role; never one's own, and never take it from the last manager."""
    managers, user = _managers(uow, actor), _active(uow, staff_id)
    if role not in ROLES:
        raise NotPossible("staff.role")
    if role == user.role:
        return
    _may_lose(staff_id, actor, managers)
    before, user.role = user.role, role
    audit.record(uow, actor, "staff.role", ("staff", staff_id), now, moved=(before, role))


def end(uow: UnitOfWork, actor: Actor, staff_id: str, now: datetime) -> None:
    """The user gets in no more, and every session ends at once; what they did stays theirs in the audit."""
    managers, user = _managers(uow, actor), _active(uow, staff_id)
    _may_lose(staff_id, actor, managers)
    user.ended_at = now
    user.session_epoch += 1
    audit.record(uow, actor, "staff.end", ("staff", staff_id), now)


def restore(uow: UnitOfWork, actor: Actor, staff_id: str, link_for: LinkFor, now: datetime) -> None:
    """Let somebody back in whose access ended: with a new password, and without the one-time code of before."""
    _managers(uow, actor)
    user = _row(uow, staff_id)
    if user.ended_at is None:
        raise NotPossible("staff.not_ended")
    user.ended_at, user.password_hash, user.totp_secret = None, "", None
    user.session_epoch += 1
    audit.record(uow, actor, "staff.restore", ("staff", staff_id), now, detail=user.role)
    staff_password.send_link(uow, actor, user, link_for, now)


def end_sessions(uow: UnitOfWork, actor: Actor, staff_id: str, now: datetime) -> None:
    """Somebody else is logged out of every browser."""
    user = _another(uow, actor, staff_id)
    user.session_epoch += 1
    audit.record(uow, actor, "staff.log_out_everywhere", ("staff", staff_id), now)


def reset_code(uow: UnitOfWork, actor: Actor, staff_id: str, now: datetime) -> None:
    """The phone with the one-time code is gone: the password alone lets the user in until a new one is set up."""
    user = _another(uow, actor, staff_id)
    if user.totp_secret is None:
        raise NotPossible("staff.no_code")
    user.totp_secret = None
    user.session_epoch += 1
    audit.record(uow, actor, "staff.totp_reset", ("staff", staff_id), now)


def send_link(uow: UnitOfWork, actor: Actor, staff_id: str, link_for: LinkFor, now: datetime) -> None:
    """Send the link that sets the password once more."""
    user = _another(uow, actor, staff_id)
    staff_password.send_link(uow, actor, user, link_for, now)


def _managers(uow: UnitOfWork, actor: Actor) -> list[str]:
    """All managers, locked; NotAllowed for an actor who is none any more by now."""
    managers = staff.lock_managers(uow)
    if not can(actor, "staff.manage") or actor.staff_id not in managers:
        raise NotAllowed
    return managers


def _may_lose(staff_id: str, actor: Actor, managers: list[str]) -> None:
    reason = why_kept(staff_id, actor.staff_id, managers)
    if reason:
        raise NotPossible(reason)


def _another(uow: UnitOfWork, actor: Actor, staff_id: str) -> Staff:
    """Somebody else who still gets in: for oneself there are one's own settings."""
    _managers(uow, actor)
    if staff_id == actor.staff_id:
        raise NotPossible("staff.own")
    return _active(uow, staff_id)


def _active(uow: UnitOfWork, staff_id: str) -> Staff:
    user = _row(uow, staff_id)
    if user.ended_at is not None:
        raise NotPossible("staff.ended")
    return user


def _row(uow: UnitOfWork, staff_id: str) -> Staff:
    user = staff.row(uow, staff_id)
    if user is None:
        raise NotFound
    return user
