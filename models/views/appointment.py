"""What screens, pages and documents show of terms and letters."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class TermsView:
    """A version of the terms."""

    version: str
    text: str
    published_at: datetime


@dataclass(frozen=True)
class LetterView:
    """A commission letter with all its document needs. `file_key` is None until the document is stored."""

    id: str
    number: str
    application_id: str
    person_id: str
    name: str
    prefecture: str
    fiscal_year: int
    terms_version: str
    starts: date
    ends: date
    issued_on: date
    file_key: str | None
    accepted_at: datetime | None
    acceptance_key: str | None
