"""What lists of dispatches show, for experts, approvers and the secretariat alike."""

from dataclasses import dataclass
from datetime import date, datetime

from models.rules.dispatch import OPEN, Side, Status, Why
from models.rules.visit import Evidence, Grade


@dataclass(frozen=True)
class DispatchRow:
    """One line of a list. `day`: the fixed Japanese day, or that of the first wished time while none is fixed.

    Empty `expert`: nobody is asked yet. `grade`, `evidence` and `yen` are the visit's, as far as there is one.
    """

    id: str
    number: str
    version: int
    status: Status
    status_since: datetime
    received_at: datetime
    day: date
    starts: datetime | None
    ends: datetime | None
    why: Why | None
    title: str
    topic: str
    business: str
    organisation: str
    expert_id: str
    expert: str
    grade: Grade | None = None
    evidence: Evidence | None = None
    yen: int | None = None


MINE = {
    Side.EXPERT: (Status.REQUESTED, Status.CONFIRMED, Status.REPORT_DUE),
    Side.ORGANISATION: (Status.COUNTER_PROPOSED, Status.REPORTED),
}
"""The statuses in which something is wanted of a side, the most pressing first."""


def usual_order(status: Status | None) -> str:
    """How a list of one status is sorted: the next day first while they are open, else the latest."""
    return "day" if status in OPEN else "-day"
