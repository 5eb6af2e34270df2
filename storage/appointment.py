"""Terms, answers to them, and commission letters."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import func, select, update

from models.tables.appointment import CommissionLetter, Terms, TermsAnswer
from models.tables.base import new_id
from models.tables.registration import Application
from models.views.appointment import LetterView, TermsView
from storage.database import UnitOfWork


def publish(uow: UnitOfWork, version: str, text: str, staff_id: str | None, now: datetime) -> None:
    """A new version; its name is unique (Conflict)."""
    uow.session.add(Terms(version=version, text=text, published_at=now, published_by=staff_id))
    uow.session.flush()


def current_terms(uow: UnitOfWork) -> TermsView | None:
    """The newest version."""
    return _terms(uow.session.scalar(select(Terms).order_by(Terms.published_at.desc()).limit(1)))


def terms(uow: UnitOfWork, version: str) -> TermsView | None:
    """One version, old ones included."""
    return _terms(uow.session.get(Terms, version))


def all_terms(uow: UnitOfWork) -> list[TermsView]:
    """Every version, the newest first."""
    rows = uow.session.scalars(select(Terms).order_by(Terms.published_at.desc()))
    return [TermsView(row.version, row.text, row.published_at) for row in rows]


def _terms(row: Terms | None) -> TermsView | None:
    return TermsView(row.version, row.text, row.published_at) if row else None


def keep_answer(uow: UnitOfWork, application_id: str, version: str, answer: str, now: datetime) -> None:
    """Keep who answered what to which version."""
    uow.session.add(TermsAnswer(application_id=application_id, version=version, answer=answer, at=now))
    uow.session.flush()


def agreed_version(uow: UnitOfWork, application_id: str) -> str | None:
    """The version the person last agreed to."""
    newest = (
        select(TermsAnswer.version)
        .where(TermsAnswer.application_id == application_id, TermsAnswer.answer == "agree")
        .order_by(TermsAnswer.at.desc())
        .limit(1)
    )
    return uow.session.scalar(newest)


def add_letter(
    uow: UnitOfWork, application_id: str, number: str, fiscal_year: int, terms_version: str, period: tuple[date, date],
    issued_on: date, staff_id: str | None,
) -> str:  # fmt: skip
    """A letter's row with its number; the document follows. Returns its id."""
    letter = CommissionLetter(
        id=new_id(),
        number=number,
        application_id=application_id,
        fiscal_year=fiscal_year,
        terms_version=terms_version,
        starts=period[0],
        ends=period[1],
        issued_on=issued_on,
        issued_by=staff_id,
    )
    uow.session.add(letter)
    uow.session.flush()
    return letter.id


def letter_of(uow: UnitOfWork, application_id: str, fiscal_year: int | None = None) -> LetterView | None:
    """The application's letter of that year, or its newest."""
    query = _letters().where(CommissionLetter.application_id == application_id)
    if fiscal_year is not None:
        query = query.where(CommissionLetter.fiscal_year == fiscal_year)
    return _one(uow, query.order_by(CommissionLetter.fiscal_year.desc()).limit(1))


def stored_letter_of(uow: UnitOfWork, application_id: str) -> LetterView | None:
    """The application's newest letter whose document is stored: the one to show."""
    query = _letters().where(CommissionLetter.application_id == application_id, CommissionLetter.file_key.is_not(None))
    return _one(uow, query.order_by(CommissionLetter.fiscal_year.desc()).limit(1))


newest_accepted = (
    select(func.max(CommissionLetter.ends))
    .where(CommissionLetter.application_id == Application.id, CommissionLetter.accepted_at.is_not(None))
    .scalar_subquery()
)
"""`accepted_until` for each application of a query."""


def accepted_until(uow: UnitOfWork, application_id: str) -> date | None:
    """The last day of the newest letter that was accepted; None before the first acceptance."""
    return uow.session.scalar(
        select(func.max(CommissionLetter.ends)).where(
            CommissionLetter.application_id == application_id, CommissionLetter.accepted_at.is_not(None)
        )
    )


def letter(uow: UnitOfWork, letter_id: str) -> LetterView | None:
    """A letter by id."""
    return _one(uow, _letters().where(CommissionLetter.id == letter_id))


def letters_of(uow: UnitOfWork, application_ids: Iterable[str]) -> list[LetterView]:
    """Every letter of these applications, the newest first."""
    query = _letters().where(CommissionLetter.application_id.in_([*application_ids]))
    rows = uow.session.execute(query.order_by(CommissionLetter.fiscal_year.desc(), CommissionLetter.number.desc()))
    return [_letter(*row) for row in rows]


def unwritten_acceptances(uow: UnitOfWork, limit: int = 50) -> list[LetterView]:
    """Accepted letters whose acceptance is not stored as a document yet."""
    query = _letters().where(CommissionLetter.accepted_at.is_not(None), CommissionLetter.acceptance_key.is_(None))
    return [_letter(*row) for row in uow.session.execute(query.limit(limit))]


def _letters():
    joined = (Application, Application.id == CommissionLetter.application_id)
    return select(CommissionLetter, Application.person_id, Application.name, Application.prefecture).join(*joined)


def _one(uow: UnitOfWork, query) -> LetterView | None:
    row = uow.session.execute(query).one_or_none()
    return _letter(*row) if row else None


def _letter(row: CommissionLetter, person_id: str, name: str, prefecture: str) -> LetterView:
    return LetterView(
        id=row.id,
        number=row.number,
        application_id=row.application_id,
        person_id=person_id,
        name=name,
        prefecture=prefecture,
        fiscal_year=row.fiscal_year,
        terms_version=row.terms_version,
        starts=row.starts,
        ends=row.ends,
        issued_on=row.issued_on,
        file_key=row.file_key,
        accepted_at=row.accepted_at,
        acceptance_key=row.acceptance_key,
    )


def set_file(uow: UnitOfWork, letter_id: str, file_key: str) -> bool:
    """The document is stored; False when it was before (a reprint is the same file)."""
    changed = uow.session.execute(
        update(CommissionLetter)
        .where(CommissionLetter.id == letter_id, CommissionLetter.file_key.is_(None))
        .values(file_key=file_key)
        .returning(CommissionLetter.id)
    )
    return changed.one_or_none() is not None


def set_accepted(uow: UnitOfWork, letter_id: str, now: datetime) -> None:
    """就任を承諾した time; set once."""
    uow.session.execute(
        update(CommissionLetter)
        .where(CommissionLetter.id == letter_id, CommissionLetter.accepted_at.is_(None))
        .values(accepted_at=now)
    )


def set_acceptance_file(uow: UnitOfWork, letter_id: str, file_key: str) -> None:
    """The acceptance's document is stored."""
    uow.session.execute(
        update(CommissionLetter)
        .where(CommissionLetter.id == letter_id, CommissionLetter.acceptance_key.is_(None))
        .values(acceptance_key=file_key)
    )
