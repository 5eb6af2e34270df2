"""A dispatch request that is being written, and businesses that were asked for before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.rules.judgement import Value
from models.views.dispatch import ContactView


@dataclass(frozen=True)
class KnownBusiness:
    """A business that is on record. `contact`: the one the organisation named last, None for a first request."""

    id: str
    name: str
    corporate_number: str
    address: str
    contact: ContactView | None = None


@dataclass(frozen=True)
class DraftView:
    """A request as far as it was written. `expert`: the chosen one's name; `follows`: the predecessor's number.

    `nth`: which request in a row of successors this is, 1 for a first one.
    """

    id: str
    version: int
    person_id: str
    organisation_id: str
    organisation: str
    updated_at: datetime
    answers: Mapping[str, Value] = field(default_factory=dict)
    expert: str = ""
    predecessor_id: str = ""
    follows: str = ""
    nth: int = 1

    @property
    def empty(self) -> bool:
        """Whether nothing was said yet."""
        return not any(value for key, value in self.answers.items() if key not in PRESET)


PRESET = frozenset({"accompany"})
"""Answers that are there from the start."""
