"""Commissions that the calendar has something to ask of: ids, those of one inviter side by side."""

from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from models.rules.registration import APPOINTING, COMMISSION, State
from models.tables.appointment import CommissionLetter
from models.tables.person import Person
from models.tables.registration import Application
from storage.appointment import newest_accepted
from storage.database import UnitOfWork


def to_ask(uow: UnitOfWork, ends: date, limit: int) -> list[str]:
    """Active ones whose newest accepted letter ends by `ends`."""
    return _ids(uow, limit, Application.state == State.ACTIVE, newest_accepted <= ends)


def to_remind(uow: UnitOfWork, ends: date, asked_before: datetime, limit: int) -> list[str]:
    """Those asked before a moment who have neither answered nor been reminded."""
    waiting = (Application.state == State.RENEWAL_DUE, Application.reminded_at.is_(None))
    return _ids(uow, limit, *waiting, Application.state_since < asked_before, newest_accepted <= ends)


def over(uow: UnitOfWork, today: date, limit: int) -> list[str]:
    """Those whose newest accepted letter ended before today."""
    return _ids(uow, limit, Application.state.in_(COMMISSION), newest_accepted < today)


def unaccepted_over(uow: UnitOfWork, today: date, limit: int) -> list[str]:
    """Applications whose newest letter ended before today and waits for its acceptance."""
    newest = select(func.max(CommissionLetter.ends)).where(CommissionLetter.application_id == Application.id)
    return _ids(uow, limit, Application.state == State.COMMISSIONED, newest.scalar_subquery() < today)


def over_while_renewing(uow: UnitOfWork, today: date, menu: str, limit: int) -> list[str]:
    """Those who are appointed again, whose last letter has ended, and who still have this rich menu."""
    shown = select(Person.id).where(
        Person.id == Application.person_id,
        Person.menu == menu,
        Person.blocked_at.is_(None),
        Person.user_id.is_not(None),
    )
    return _ids(uow, limit, Application.state.in_(APPOINTING), newest_accepted < today, shown.exists())


def _ids(uow: UnitOfWork, limit: int, *conditions: ColumnElement[bool]) -> list[str]:
    found = select(Application.id).where(*conditions).order_by(Application.inviter_id, Application.id)
    return list(uow.session.scalars(found.limit(limit)))
