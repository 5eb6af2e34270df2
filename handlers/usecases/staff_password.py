"""Setting a password by a mailed link: good once, for a day, for the user and the sessions it was made for."""

from collections.abc import Callable
from datetime import datetime, timedelta

from models.notices import StaffLink
from models.rules.errors import NotPossible
from models.rules.permissions import SYSTEM, Actor
from models.rules.staff import plain_address
from models.tables.staff import Staff
from models.views.people import StaffView
from storage import audit, outbox, staff
from storage.database import UnitOfWork

LINK_FOR = timedelta(hours=24)
ASKED_AT_MOST, ASKED_WITHIN = 3, timedelta(hours=1)
LinkFor = Callable[[str, int], str]
"""Makes the link that sets a password, for a user's id and session epoch."""


def forgot(uow: UnitOfWork, email: str, link_for: LinkFor, now: datetime) -> None:
    """Send the link to whoever uses this address; nothing tells whether anybody does, or was asked for too often."""
    address = plain_address(email)
    if staff.count_attempts(uow, "forgot", address, now - ASKED_WITHIN) >= ASKED_AT_MOST:
        return
    staff.note_attempt(uow, "forgot", address, now)
    user = staff.by_email(uow, address)
    if user:
        send_link(uow, SYSTEM, user, link_for, now)


def send_link(uow: UnitOfWork, actor: Actor, user: Staff, link_for: LinkFor, now: datetime) -> None:
    """Mail the user the link; the words are a newcomer's until a password was set."""
    notice = StaffLink(link_for(user.id, user.session_epoch), new=not user.password_hash)
    outbox.tell(uow, user.email, notice, now, channel=outbox.MAIL)
    audit.record(uow, actor, "staff.password_link", ("staff", user.id), now)


def holder(uow: UnitOfWork, staff_id: str, epoch: int) -> StaffView | None:
    """Whose password a link sets; None once it was used, or the user's sessions or access ended."""
    user = staff.by_id(uow, staff_id)
    return user if user and user.epoch == epoch else None


def judge(typed: str, again: str, email: str) -> str:
    """The password as it is kept; NotPossible when the two differ, or it is the address itself."""
    if typed != again:
        raise NotPossible("staff.passwords_differ")
    if typed.strip().lower() == email.lower():
        raise NotPossible("staff.password_address")
    return typed


def set_password(uow: UnitOfWork, staff_id: str, epoch: int, password_hash: str, now: datetime) -> bool:
    """Set it and end every session, which spends the link; False when the link was spent meanwhile."""
    user = staff.row(uow, staff_id)
    if user is None or user.ended_at is not None or user.session_epoch != epoch:
        return False
    user.password_hash = password_hash
    user.session_epoch += 1
    staff.forget_attempts(uow, "password", user.email)
    audit.record(uow, staff.view_of(user).actor, "staff.password", ("staff", staff_id), now)
    return True
