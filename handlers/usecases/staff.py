"""The secretariat's users: create one, log in (password and optional one-time code)."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from models.rules.errors import NotAllowed, NotPossible, TooManyAttempts
from models.rules.invitation import code_in, new_code
from models.rules.permissions import Actor, can
from models.rules.staff import ROLES, plain_address
from models.tables.staff import Staff
from models.views.people import PersonView, StaffView
from storage import audit, moves, staff
from storage.database import UnitOfWork

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TRIES, TRIES_WITHIN = 5, timedelta(minutes=15)
LINE_CODE_SECONDS = 600
PASSWORD_MIN = 12


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to check against when there is no such user, so that both cases take the same time."""
    return _hasher().hash("nobody")


def hash_password(password: str) -> str:
    """The argon2id hash; NotPossible when the password is too short. Slow by design: call it outside a transaction."""
    if len(password) < PASSWORD_MIN:
        raise NotPossible("staff.password_short", least=str(PASSWORD_MIN))
    return _hasher().hash(password)


def create(uow: UnitOfWork, actor: Actor, email: str, name: str, password_hash: str, role: str, now: datetime) -> str:
    """A new user; returns the id."""
    if not can(actor, "staff.manage") or role not in ROLES:
        raise NotAllowed
    user = staff.create(uow, email.strip().lower(), name, password_hash, role, now)
    audit.record(uow, actor, "staff.create", ("staff", user), now, detail=role)
    return user


@dataclass(frozen=True)
class Claim:
    """Somebody says to be this user; a try is already counted against the address."""

    address: str
    password_hash: str | None


def claim_log_in(uow: UnitOfWork, email: str, now: datetime) -> Claim:
    """First step of logging in: counts the try before anything slow is done, so that parallel tries count too.

    TooManyAttempts once five failed within a quarter of an hour. Then `password_holds`, then `log_in`.
    """
    address = plain_address(email)
    if staff.count_attempts(uow, "password", address, now - TRIES_WITHIN) >= TRIES:
        raise TooManyAttempts("staff.too_many")
    staff.note_attempt(uow, "password", address, now)
    user = staff.by_email(uow, address)
    return Claim(address, user.password_hash if user else None)


def password_holds(claim: Claim, password: str) -> bool:
    """Second step: slow by design, so it stands outside any transaction. Never for one who has set no password yet."""
    from argon2.exceptions import VerificationError

    try:
        return _hasher().verify(claim.password_hash or _nobody(), password) and bool(claim.password_hash)
    except VerificationError:
        return False


def log_in(uow: UnitOfWork, claim: Claim, code: str, now: datetime) -> StaffView | None:
    """Last step, after the password held: the user, or None when the one-time code is missing or wrong."""
    user = staff.by_email(uow, claim.address)
    if user is None or user.password_hash != claim.password_hash:
        return None
    if not _second_factor(uow, user.id, code, now):
        return None
    staff.forget_attempts(uow, "password", claim.address)
    audit.record(uow, staff.view_of(user).actor, "staff.log_in", ("staff", user.id), now)
    return staff.view_of(user)


def prove(uow: UnitOfWork, actor: Actor, claim: Claim, now: datetime) -> bool:
    """Whoever is logged in gave the password once more and it held: False when it was changed meanwhile."""
    user = staff.by_email(uow, claim.address)
    if user is None or user.id != actor.staff_id or user.password_hash != claim.password_hash:
        return False
    staff.forget_attempts(uow, "password", claim.address)
    audit.record(uow, actor, "staff.prove", ("staff", user.id), now)
    return True


def _second_factor(uow: UnitOfWork, staff_id: str, code: str, now: datetime) -> bool:
    """A six-digit time code when the user has set one up; each code is good once."""
    user = staff.row(uow, staff_id)
    if user is None or user.totp_secret is None:
        return user is not None
    from pyotp.totp import TOTP
    from pyotp.utils import strings_equal

    totp = TOTP(uow.vault.open(user.totp_secret).decode())
    step = int(now.timestamp()) // 30
    for candidate in (step, step - 1):
        right = strings_equal(totp.at(candidate * 30), _digits(code))
        if right and candidate > user.totp_last_step:
            user.totp_last_step = candidate
            return True
    return False


def turn_totp_on(uow: UnitOfWork, actor: Actor, staff_id: str, secret: str, code: str, now: datetime) -> None:
    """Ask for a one-time code from now on; `code` proves that the user's app holds `secret`."""
    from pyotp.totp import TOTP

    user = _own(uow, actor, staff_id)
    if not TOTP(secret).verify(_digits(code), for_time=now, valid_window=1):
        raise NotPossible("staff.code_wrong")
    user.totp_secret = uow.vault.seal(secret.encode())
    user.totp_last_step = int(now.timestamp()) // 30
    audit.record(uow, actor, "staff.totp_on", ("staff", staff_id), now)


def turn_totp_off(uow: UnitOfWork, actor: Actor, staff_id: str, code: str, now: datetime) -> None:
    """Stop asking for a one-time code; takes a last one. Wrong ones count, so the caller commits in any case."""
    user = _own(uow, actor, staff_id)
    if staff.count_attempts(uow, "code", staff_id, now - TRIES_WITHIN) >= TRIES:
        raise TooManyAttempts("staff.too_many_codes")
    if not _second_factor(uow, staff_id, code, now):
        staff.note_attempt(uow, "code", staff_id, now)
        raise NotPossible("staff.code_wrong")
    staff.forget_attempts(uow, "code", staff_id)
    user.totp_secret = None
    audit.record(uow, actor, "staff.totp_off", ("staff", staff_id), now)


def log_out_everywhere(uow: UnitOfWork, actor: Actor, staff_id: str, now: datetime) -> None:
    """Every session of this user ends."""
    user = _own(uow, actor, staff_id)
    user.session_epoch += 1
    audit.record(uow, actor, "staff.log_out_everywhere", ("staff", staff_id), now)


def _own(uow: UnitOfWork, actor: Actor, staff_id: str) -> Staff:
    user = staff.row(uow, staff_id)
    if user is None or actor.staff_id != staff_id:
        raise NotAllowed
    return user


def _digits(code: str) -> str:
    """A typed code in plain digits: full-width ones and spaces are as good."""
    return "".join(unicodedata.normalize("NFKC", code).split())


def line_code(uow: UnitOfWork, staff_id: str, now: datetime) -> str:
    """The code `XXXX-XXXX` that shows which LINE account is the same human; good for ten to twenty minutes."""
    return _line_code(uow, staff_id, int(now.timestamp()) // LINE_CODE_SECONDS)


def _line_code(uow: UnitOfWork, staff_id: str, window: int) -> str:
    number = int(uow.vault.digest(f"line-code:{staff_id}:{window}"), 16)

    def pick(letters: Sequence[str]) -> str:
        nonlocal number
        number, at = divmod(number, len(letters))
        return letters[at]

    return new_code(pick)


def link_line(uow: UnitOfWork, person: PersonView, text: str, now: datetime) -> str:
    """事務局コード …, sent on LINE: the staff user and the person are the same human from now on; returns the name.

    Permissions compare humans: who decided as an approver does not decide for the secretariat too. A wrong code is
    counted, so the caller commits also when this raises.
    """
    if staff.count_attempts(uow, "staff-code", person.id, now - TRIES_WITHIN) >= TRIES:
        raise TooManyAttempts("staff.line_too_many")
    window, given = int(now.timestamp()) // LINE_CODE_SECONDS, code_in(text)
    for user in staff.everybody(uow):
        codes = {_line_code(uow, user.id, each).replace("-", "") for each in (window, window - 1)}
        if given in codes:
            return _link(uow, user, person, now)
    staff.note_attempt(uow, "staff-code", person.id, now)
    raise NotPossible("staff.line_wrong")


def _link(uow: UnitOfWork, user: StaffView, person: PersonView, now: datetime) -> str:
    """One account is one human for good: also of somebody who left, whose approvals still count as theirs."""
    if moves.staff_of(uow, person.id) not in (None, user.id):
        raise NotPossible("staff.line_taken")
    staff.link_person(uow, user.id, person.id)
    audit.record(uow, user.actor, "staff.link_line", ("staff", user.id), now, detail=person.id)
    return user.name
