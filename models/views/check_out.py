"""A check-out as receipts show it."""

from dataclasses import dataclass
from datetime import date

from models.rules.fee import Fee
from models.views.dispatch import DispatchView
from models.views.visit import VisitView


@dataclass(frozen=True)
class CheckedOut:
    """What was recorded and what it is worth so far. `report_by`: the report's last day; `mailed`: the business was
    asked by mail to confirm; `certified`: it already did.
    """

    dispatch: DispatchView
    visit: VisitView
    fee: Fee
    report_by: date
    certified: bool
    mailed: bool


@dataclass(frozen=True)
class Leaving:
    """A visit of which the end is still missing, before it is recorded. `certified`: nothing is left to sign.

    `late`: the planned end is so long over that it may have been forgotten. `recordable`: the end can still be recorded
    as it happens; afterwards it can only be declared.
    """

    dispatch: DispatchView
    visit: VisitView | None
    certified: bool
    late: bool = False
    recordable: bool = True

    @property
    def under_way(self) -> bool:
        """Checked in, and not out yet."""
        return self.visit is not None and self.visit.is_open
