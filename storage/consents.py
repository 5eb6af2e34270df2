"""Versions of the privacy text: the newest published one counts; before the first, the one the service came with."""

from datetime import datetime

from sqlalchemy import func, select

from models.tables.person import Consent, ConsentText
from models.views.consent import ConsentView, Standing
from storage.database import UnitOfWork

FIRST = "2026-11"
_NEWEST = (ConsentText.published_at.desc(), ConsentText.version.desc())


def current_version(uow: UnitOfWork) -> str:
    """The version that is shown and agreed to today."""
    return uow.session.scalar(select(ConsentText.version).order_by(*_NEWEST).limit(1)) or FIRST


def of_version(uow: UnitOfWork, version: str) -> ConsentView | None:
    """One version, old ones included; None for a name that no version has."""
    if version == FIRST:
        return ConsentView(FIRST)
    row = uow.session.get(ConsentText, version)
    return ConsentView(row.version, row.text, row.published_at) if row else None


def everything(uow: UnitOfWork) -> list[ConsentView]:
    """Every version, the newest first, with how many people agreed to each."""
    people = func.count(Consent.person_id.distinct()).label("people")
    counted = uow.session.execute(select(Consent.version, people).group_by(Consent.version))
    agreed = {row.version: row.people for row in counted}
    rows = uow.session.scalars(select(ConsentText).order_by(*_NEWEST))
    found = [ConsentView(row.version, row.text, row.published_at, agreed.get(row.version, 0)) for row in rows]
    return [*found, ConsentView(FIRST, agreed=agreed.get(FIRST, 0))]


def publish(uow: UnitOfWork, version: str, text: str, staff_id: str | None, now: datetime) -> None:
    """A new version, which counts from now on; its name is unique (Conflict)."""
    uow.session.add(ConsentText(version=version, text=text, published_at=now, published_by=staff_id))
    uow.session.flush()


def standing(uow: UnitOfWork, person_id: str) -> Standing:
    """How the person stands to today's version."""
    today = current_version(uow)
    given = set(uow.session.scalars(select(Consent.version).where(Consent.person_id == person_id)))
    return Standing(today, given=today in given, earlier=bool(given) and today not in given)
