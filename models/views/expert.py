"""What screens and pages show of a commissioned expert."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class ExpertView:
    """What an expert says of being dispatched. `weekly_off`: 0 = Monday … 6 = Sunday, 7 = public holidays.

    `opens`, `closes`: minutes since midnight in Tokyo; `hidden`: keys of profile items that the search leaves out.
    """

    person_id: str
    application_id: str
    since: datetime
    accepting: bool
    weekly_off: tuple[int, ...]
    opens: int
    closes: int
    hidden: tuple[str, ...]
    version: int


@dataclass(frozen=True)
class ReasonView:
    """Why the secretariat suspended, lifted or ended a commission. `staff`: who did it, by name."""

    action: str
    reason: str
    staff: str
    at: datetime
