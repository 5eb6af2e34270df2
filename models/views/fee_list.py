"""What an expert earned: the latest visit, a month and a fiscal year, each with what it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from models.rules.calendar import fiscal_year
from models.views.visit import FeeView


@dataclass(frozen=True)
class Earned:
    """Some visits and what they come to. `yen` leaves out what the secretariat has rejected."""

    fees: tuple[FeeView, ...]

    @property
    def yen(self) -> int:
        """The sum."""
        return sum(view.fee.yen for view in self.fees if view.counts)

    @property
    def minutes(self) -> int:
        """The payable time."""
        return sum(view.fee.payable for view in self.fees if view.counts)

    @property
    def months(self) -> tuple[tuple[int, "Earned"], ...]:
        """By calendar month, April first."""
        held = sorted({(view.day.year, view.day.month) for view in self.fees})
        return tuple((month, self.of_month(year, month)) for year, month in held)

    def of_month(self, year: int, month: int) -> "Earned":
        """What lies in one month."""
        return Earned(tuple(view for view in self.fees if (view.day.year, view.day.month) == (year, month)))


@dataclass(frozen=True)
class FeeSummary:
    """謝金 as it stands `today`: the latest visit, this month, this fiscal year."""

    today: date
    newest: FeeView | None
    month: Earned
    year: Earned


def summary(today: date, fees: Sequence[FeeView], newest: FeeView | None) -> FeeSummary:
    """`fees`: all of today's fiscal year, the latest first; `newest`: the latest of all times."""
    year = Earned(tuple(fees))
    return FeeSummary(today, newest, year.of_month(today.year, today.month), year)


def year_days(year: int) -> tuple[date, date]:
    """The first and last day of a fiscal year."""
    return date(year, 4, 1), date(year + 1, 3, 31)


def this_year(today: date) -> tuple[date, date]:
    """Those of the fiscal year a day lies in."""
    return year_days(fiscal_year(today))
