"""Going on with another LINE account: the person proves who it is, the secretariat decides, everything moves.

Whoever asks is told the same whether or not an address is known, and guesses are counted.
"""

import secrets
from datetime import datetime, timedelta

from handlers.usecases import roles, tell
from models.notices import AccountCode, AccountMoved, AccountMoveRefused, OldAccountTold
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale, TooManyAttempts
from models.rules.invitation import code_in, new_code
from models.rules.moves import REASONS, MoveState
from models.rules.permissions import Actor, can
from models.rules.roles import Role
from models.tables.person import AccountMove, Person
from models.views.moves import MoveView
from models.views.people import PersonView
from storage import audit, moves, outbox, staff
from storage.database import UnitOfWork

CODE_MINUTES = 30
ASKS, ASKS_WITHIN = 5, timedelta(hours=1)
MAILS, MAILS_WITHIN = 5, timedelta(hours=24)
TRIES, TRIES_WITHIN = 5, timedelta(minutes=15)


def may_ask(uow: UnitOfWork, person: PersonView) -> bool:
    """Whether this account may take somebody's place: it holds nothing of its own, now or before."""
    return can(person.actor, "move.ask") and not moves.holds_anything(uow, person.id)


def send_code(uow: UnitOfWork, person: PersonView, mail: str, now: datetime) -> None:
    """A code goes to the address if exactly one person registered with it; nothing says whether it did."""
    _count_ask(uow, person, now)
    found = moves.by_mail(uow, mail)
    key = mail.lower()
    if found is None or staff.count_attempts(uow, "move-mail", key, now - MAILS_WITHIN) >= MAILS:
        return
    person_id, address = found
    staff.note_attempt(uow, "move-mail", key, now)
    code = new_code(secrets.choice)
    move = moves.add(uow, person_id, person.id, code.replace("-", ""), _until(now), now)
    outbox.tell(uow, address, AccountCode(code, CODE_MINUTES), now, channel=outbox.MAIL)
    audit.record(uow, person.actor, "move.ask", ("person", person_id), now, detail=move)


def code_for_call(uow: UnitOfWork, person: PersonView, now: datetime) -> str:
    """A code `XXXX-XXXX` that the newcomer reads to the secretariat on the telephone."""
    _count_ask(uow, person, now)
    code = new_code(secrets.choice)
    move = moves.add(uow, person.id, person.id, code.replace("-", ""), _until(now), now)
    audit.record(uow, person.actor, "move.ask_by_phone", ("person", person.id), now, detail=move)
    return code


def _until(now: datetime) -> datetime:
    return now + timedelta(minutes=CODE_MINUTES)


def _count_ask(uow: UnitOfWork, person: PersonView, now: datetime) -> None:
    """Each ask is counted, and ends the one before."""
    if not may_ask(uow, person):
        raise NotPossible("account.not_here")
    if staff.count_attempts(uow, "move-ask", person.id, now - ASKS_WITHIN) >= ASKS:
        raise TooManyAttempts("account.too_many")
    staff.note_attempt(uow, "move-ask", person.id, now)
    moves.take_back_open(uow, person.id, now)


def give_code(uow: UnitOfWork, person: PersonView, text: str, now: datetime) -> None:
    """The code of the mail: the move waits for the secretariat from now on.

    A wrong code is counted, so the caller commits also when this raises a DomainError.
    """
    if not may_ask(uow, person):
        raise NotPossible("account.not_here")
    if staff.count_attempts(uow, "move-code", person.id, now - TRIES_WITHIN) >= TRIES:
        raise TooManyAttempts("account.too_many_codes")
    code = code_in(text)
    found = moves.of_code(uow, code, now, person.id) if code else None
    if found is None:
        staff.note_attempt(uow, "move-code", person.id, now)
        raise NotPossible("account.code_wrong", minutes=str(CODE_MINUTES))
    move_id, person_id, _ = found
    moves.start_waiting(uow, move_id, now)
    tell.person(uow, person_id, OldAccountTold(cut_off=False), now)
    audit.record(uow, person.actor, "move.prove", ("person", person_id), now, detail=move_id)


def take_back(uow: UnitOfWork, person: PersonView, now: datetime) -> bool:
    """The newcomer wants it no longer; False when nothing waited."""
    if not can(person.actor, "move.ask"):
        raise NotAllowed
    gone = moves.take_back_open(uow, person.id, now)
    if gone:
        audit.record(uow, person.actor, "move.take_back", ("person", person.id), now)
    return bool(gone)


def begin(uow: UnitOfWork, actor: Actor, person_id: str, text: str, now: datetime) -> str:
    """The secretariat heard the newcomer's code on the telephone and knows the person; returns the move's id."""
    if not can(actor, "move.decide"):
        raise NotAllowed
    if not moves.can_be_moved(uow, person_id):
        raise NotPossible("move.nobody")
    code = code_in(text)
    found = moves.of_code(uow, code, now) if code else None
    if found is None:
        raise NotPossible("move.unknown_code", minutes=str(CODE_MINUTES))
    move_id, _, new_person_id = found
    _not_own(actor, person_id, new_person_id)
    if new_person_id == person_id or moves.holds_anything(uow, new_person_id):
        raise NotPossible("move.same" if new_person_id == person_id else "move.holds")
    moves.start_waiting(uow, move_id, now, person_id)
    tell.person(uow, person_id, OldAccountTold(cut_off=False), now)
    audit.record(uow, actor, "move.begin", ("person", person_id), now, detail=move_id)
    return move_id


def _not_own(actor: Actor, person_id: str, new_person_id: str) -> None:
    if actor.person_id in (person_id, new_person_id):
        raise NotAllowed("move.own")


def read(uow: UnitOfWork, actor: Actor, move_id: str) -> MoveView:
    """One move, for the secretariat."""
    view = moves.load(uow, move_id)
    if view is None or not can(actor, "queue.read"):
        raise NotFound
    return view


def _waiting(uow: UnitOfWork, actor: Actor, move_id: str) -> tuple[AccountMove, Person, Person]:
    """The move with the person and the newcomer, locked for a decision; Stale when somebody was faster.

    People come first, so that two who decide about the same person wait for each other and never in a circle.
    """
    if not can(actor, "move.decide"):
        raise NotAllowed
    seen = moves.load(uow, move_id)
    locked = moves.lock_people(uow, seen.person_id, seen.new_person_id) if seen else None
    row = moves.lock(uow, move_id)
    if row is None or locked is None:
        raise NotFound
    if row.state != MoveState.WAITING:
        raise Stale("move.decided")
    _not_own(actor, row.person_id, row.new_person_id)
    return row, *locked


def approve(uow: UnitOfWork, actor: Actor, move_id: str, now: datetime) -> str:
    """Everything of the person goes on with the new account, and the old one is a stranger's; returns the name."""
    move, old, new = _waiting(uow, actor, move_id)
    _can_take_over(uow, old, new)
    account_before = old.user_id
    moves.hand_over(uow, old, new)
    _move_staff(uow, old.id, new.id)
    _refuse_rivals(uow, actor, move, now)
    moves.decide(uow, move.id, MoveState.APPROVED, actor.staff_id, now)
    audit.record(uow, actor, "move.approve", ("person", old.id), now, detail=f"{move.id} {new.id}")
    _tell_both(uow, old, account_before, now)
    return old.name or ""


def _can_take_over(uow: UnitOfWork, old: Person, new: Person) -> None:
    if moves.holds_anything(uow, new.id):
        raise NotPossible("move.holds")
    if new.user_id is None:
        raise NotPossible("move.no_account")
    if old.erased_at is not None:
        raise NotPossible("move.nobody")
    if moves.staff_of(uow, new.id) and moves.staff_of(uow, old.id):
        raise NotPossible("move.two_staff")


def _move_staff(uow: UnitOfWork, person_id: str, new_person_id: str) -> None:
    """A member of staff who has linked the new account already is the same human as the person."""
    linked = moves.staff_of(uow, new_person_id)
    if linked:
        staff.link_person(uow, linked, person_id)


def _tell_both(uow: UnitOfWork, person: Person, account_before: str | None, now: datetime) -> None:
    """The old account hears once that it is cut off and sees a newcomer's menu; the new one the right menu."""
    if account_before:
        outbox.readdress(uow, account_before, person.user_id or "")
        outbox.tell(uow, account_before, OldAccountTold(cut_off=True), now)
        outbox.link_menu(uow, account_before, Role.NEWCOMER.menu, now)
    outbox.tell(uow, person.user_id or "", AccountMoved(person.name or ""), now)
    roles.show_menu_of(uow, person.id, now)


def _refuse_rivals(uow: UnitOfWork, actor: Actor, move: AccountMove, now: datetime) -> None:
    """Nobody else who asked for the same person's place gets it. Who proved nothing hears nothing either."""
    for rival in moves.rivals(uow, move.id, move.person_id):
        if rival.state == MoveState.CODE_SENT:
            moves.decide(uow, rival.id, MoveState.TAKEN_BACK, None, now)
            continue
        moves.decide(uow, rival.id, MoveState.REFUSED, actor.staff_id, now)
        audit.record(uow, actor, "move.refuse", ("person", move.person_id), now, detail=f"{rival.id} not_same")
        tell.person(uow, rival.new_person_id, AccountMoveRefused("not_same"), now)


def refuse(uow: UnitOfWork, actor: Actor, move_id: str, why: str, now: datetime) -> str:
    """It stays as it is, and who asked is told why (one of REASONS); returns the name."""
    move, old, _ = _waiting(uow, actor, move_id)
    if why not in REASONS:
        raise NotPossible("move.reason")
    moves.decide(uow, move.id, MoveState.REFUSED, actor.staff_id, now)
    audit.record(uow, actor, "move.refuse", ("person", move.person_id), now, detail=f"{move.id} {why}")
    tell.person(uow, move.new_person_id, AccountMoveRefused(why), now)
    return old.name or ""
