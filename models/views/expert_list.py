"""What the secretariat's list of experts and the page of one expert show."""

from dataclasses import dataclass
from datetime import date, datetime

from models.rules.registration import State


@dataclass(frozen=True)
class ExpertRow:
    """One line of the list: the person, the application the commission rests on, and its newest letter."""

    person_id: str
    application_id: str
    number: str
    name: str
    prefecture: str
    organisation: str
    state: State
    accepting: bool
    since: datetime
    specialities: tuple[str, ...] = ()
    letter: str = ""
    ends: date | None = None


@dataclass(frozen=True)
class PastApplication:
    """One application of a person, whatever became of it."""

    id: str
    number: str
    organisation: str
    state: State
    since: datetime
    created_at: datetime


@dataclass(frozen=True)
class TermsGiven:
    """An answer to a version of the terms."""

    version: str
    answer: str
    at: datetime
