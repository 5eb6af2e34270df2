"""Moves to another LINE account: the codes given out for them, the secretariat's queue, and the hand-over itself.

A code for the telephone belongs to a newcomer of whom nobody knows yet who it is: until the secretariat enters it, its
row names the newcomer on both sides.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, update
from sqlalchemy.orm import aliased

from models.rules.moves import OPEN, SHOWN, MoveState
from models.tables.base import new_id
from models.tables.conversation import Conversation
from models.tables.organisation import Approver
from models.tables.person import AccountMove, Person
from models.tables.registration import Application
from models.tables.staff import Staff
from models.views.moves import MoveView
from storage.database import UnitOfWork

_new = aliased(Person)
ORDERS = {"asked": AccountMove.asked_at, "name": Person.name, "decided": AccountMove.decided_at}
"""What the list may be sorted by; a minus in front turns it round."""


def holds_anything(uow: UnitOfWork, person_id: str) -> bool:
    """Whether the person has, or ever had, an application or a place as an approver."""
    applied = exists().where(Application.person_id == person_id)
    approved = exists().where(Approver.person_id == person_id)
    return bool(uow.session.scalar(select(applied | approved)))


def by_mail(uow: UnitOfWork, mail: str) -> tuple[str, str] | None:
    """The one person who registered this address in whatever case, and the address as registered; None for two."""
    holds = exists().where(Application.person_id == Person.id) | exists().where(Approver.person_id == Person.id)
    rows = uow.session.execute(
        select(Person.id, Person.mail)
        .where(func.lower(Person.mail) == mail.lower(), Person.erased_at.is_(None), holds)
        .limit(2)
    ).all()
    return (rows[0].id, rows[0].mail or "") if len(rows) == 1 else None


def can_be_moved(uow: UnitOfWork, person_id: str) -> bool:
    """Whether there is somebody to move: known, not erased, with something to keep."""
    alive = select(Person.id).where(Person.id == person_id, Person.erased_at.is_(None))
    return uow.session.scalar(alive) is not None and holds_anything(uow, person_id)


def add(uow: UnitOfWork, person_id: str, new_person_id: str, code: str, until: datetime, now: datetime) -> str:
    """A code was given out; returns the move's id. `code` is the bare eight characters."""
    move = AccountMove(
        id=new_id(),
        person_id=person_id,
        new_person_id=new_person_id,
        state=MoveState.CODE_SENT,
        code_digest=uow.vault.digest(code),
        code_until=until,
        asked_at=now,
    )
    uow.session.add(move)
    uow.session.flush()
    return move.id


def take_back_open(uow: UnitOfWork, new_person_id: str, now: datetime) -> int:
    """Whatever this newcomer asked for before is worth nothing from now on; returns how many moves that were."""
    gone = uow.session.execute(
        update(AccountMove)
        .where(AccountMove.new_person_id == new_person_id, AccountMove.state.in_(OPEN))
        .values(state=MoveState.TAKEN_BACK, decided_at=now)
        .returning(AccountMove.id)
    )
    return len(gone.all())


def of_code(uow: UnitOfWork, code: str, now: datetime, new_person_id: str | None = None) -> tuple[str, str, str] | None:
    """The move of a code that still holds, locked: its id, the person and the newcomer.

    With `new_person_id`: the code that went to a registered address for this newcomer; without: one for the telephone.
    """
    asked = (
        and_(AccountMove.new_person_id == new_person_id, AccountMove.person_id != AccountMove.new_person_id)
        if new_person_id
        else AccountMove.person_id == AccountMove.new_person_id
    )
    row = uow.session.scalar(
        select(AccountMove)
        .where(asked, AccountMove.code_digest == uow.vault.digest(code))
        .where(AccountMove.state == MoveState.CODE_SENT, AccountMove.code_until > now)
        .with_for_update()
        .limit(1)
    )
    return (row.id, row.person_id, row.new_person_id) if row else None


def start_waiting(uow: UnitOfWork, move_id: str, now: datetime, person_id: str | None = None) -> None:
    """The code was brought back: the move waits for the secretariat, which named the person if `person_id` is given."""
    named = {"person_id": person_id, "code_digest": None} if person_id else {}
    uow.session.execute(
        update(AccountMove)
        .where(AccountMove.id == move_id)
        .values(state=MoveState.WAITING, asked_at=now, code_until=None, **named)
    )


def lock(uow: UnitOfWork, move_id: str) -> AccountMove | None:
    """The row, held until the transaction ends: two members of staff at once are served one after the other."""
    return uow.session.scalar(
        select(AccountMove).where(AccountMove.id == move_id).with_for_update().execution_options(populate_existing=True)
    )


def decide(uow: UnitOfWork, move_id: str, state: MoveState, staff_id: str | None, now: datetime) -> None:
    """A waiting move is over."""
    uow.session.execute(
        update(AccountMove).where(AccountMove.id == move_id).values(state=state, decided_at=now, staff_id=staff_id)
    )


def rivals(uow: UnitOfWork, move_id: str, person_id: str) -> list[AccountMove]:
    """Other open moves of the same person."""
    others = select(AccountMove).where(
        AccountMove.person_id == person_id, AccountMove.id != move_id, AccountMove.state.in_(OPEN)
    )
    return list(uow.session.scalars(others.execution_options(populate_existing=True)))


def lock_people(uow: UnitOfWork, person_id: str, new_person_id: str) -> tuple[Person, Person] | None:
    """Both rows, held until the transaction ends: nobody joins with either account meanwhile."""
    rows = uow.session.scalars(
        select(Person)
        .where(Person.id.in_([person_id, new_person_id]))
        .order_by(Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    return (found[person_id], found[new_person_id]) if len(found) == 2 else None


def hand_over(uow: UnitOfWork, old: Person, new: Person) -> None:
    """The person goes on with the newcomer's account; a turn of either account that runs just now leaves nothing.

    Both talks lose what was half typed. What their accounts are told afterwards is the caller's.
    """
    accounts = [account for account in (old.user_id, new.user_id) if account]
    account, menu, blocked_at = new.user_id, new.menu, new.blocked_at
    new.user_id, new.menu, new.blocked_at = None, None, None
    uow.session.flush()
    old.user_id, old.menu, old.blocked_at = account, menu, blocked_at
    uow.session.flush()
    uow.session.execute(
        update(Conversation)
        .where(Conversation.user_id.in_(accounts))
        .values(session=None, lease_owner=None, lease_until_ms=0, fence=Conversation.fence + 1)
    )


def staff_of(uow: UnitOfWork, person_id: str) -> str | None:
    """The staff user who is the same human, also one who may no longer log in."""
    return uow.session.scalar(select(Staff.id).where(Staff.person_id == person_id))


def moved_at(uow: UnitOfWork, person_id: str) -> datetime | None:
    """When the person last went over to another account: links made before it belong to the old one."""
    return uow.session.scalar(
        select(func.max(AccountMove.decided_at)).where(
            AccountMove.person_id == person_id, AccountMove.state == MoveState.APPROVED
        )
    )


def waiting_for(uow: UnitOfWork, new_person_id: str) -> datetime | None:
    """Since when this newcomer's move waits for the secretariat."""
    return uow.session.scalar(
        select(AccountMove.asked_at).where(
            AccountMove.new_person_id == new_person_id, AccountMove.state == MoveState.WAITING
        )
    )


def waiting(uow: UnitOfWork) -> tuple[int, datetime | None]:
    """How many moves wait for the secretariat, and since when the oldest does."""
    row = uow.session.execute(
        select(func.count(), func.min(AccountMove.asked_at)).where(AccountMove.state == MoveState.WAITING)
    ).one()
    return row[0], row[1]


def load(uow: UnitOfWork, move_id: str) -> MoveView | None:
    """One move that the secretariat may see."""
    row = uow.session.execute(_views().where(AccountMove.id == move_id, AccountMove.state.in_(SHOWN))).one_or_none()
    return _view(*row) if row else None


def listed(
    uow: UnitOfWork, state: str, words: str, order: str = "asked", limit: int = 50, offset: int = 0
) -> list[MoveView]:
    """Moves in a state (empty: all that the secretariat may see); `words`: part of the name."""
    column = ORDERS[order.removeprefix("-")]
    by = (column.desc(), AccountMove.id.desc()) if order.startswith("-") else (column, AccountMove.id)
    rows = uow.session.execute(_views().where(*_wanted(state, words)).order_by(*by).limit(limit).offset(offset))
    return [_view(*row) for row in rows]


def count(uow: UnitOfWork, state: str, words: str) -> int:
    """How many `listed` would give in all."""
    found = select(func.count()).select_from(AccountMove).join(Person, Person.id == AccountMove.person_id)
    return uow.session.scalar(found.where(*_wanted(state, words))) or 0


def _wanted(state: str, words: str) -> list[ColumnElement[bool]]:
    states = AccountMove.state == state if state else AccountMove.state.in_(SHOWN)
    real = AccountMove.person_id != AccountMove.new_person_id
    named = [Person.name.icontains(words, autoescape=True)] if words else []
    return [states, real, *named]


def _views() -> Select[AccountMove, Person, Person, str]:
    return (
        select(AccountMove, Person, _new, Staff.name)
        .join(Person, Person.id == AccountMove.person_id)
        .join(_new, _new.id == AccountMove.new_person_id)
        .outerjoin(Staff, Staff.id == AccountMove.staff_id)
        .where(AccountMove.person_id != AccountMove.new_person_id)
        .execution_options(populate_existing=True)
    )


def _view(move: AccountMove, person: Person, newcomer: Person, staff: str | None) -> MoveView:
    return MoveView(
        id=move.id,
        state=MoveState(move.state),
        person_id=person.id,
        name=person.name or "",
        has_account=person.user_id is not None,
        new_person_id=newcomer.id,
        by_mail=move.code_digest is not None,
        asked_at=move.asked_at,
        decided_at=move.decided_at,
        decided_by=staff or "",
        since=newcomer.created_at,
        reachable=newcomer.user_id is not None and newcomer.blocked_at is None,
    )
