"""The privacy text (個人情報の取扱い) and how a person stands to it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ConsentView:
    """A version. Without `text` it is the one the service came with, whose words are in the catalogue."""

    version: str
    text: str | None = None
    published_at: datetime | None = None
    agreed: int = 0


@dataclass(frozen=True)
class Standing:
    """Today's `version`, whether the person agreed to it (`given`), or to an earlier one alone (`earlier`)."""

    version: str
    given: bool
    earlier: bool
