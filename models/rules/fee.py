"""The fee of one visit (`domain.md` 5, seeds/004): half hours face to face, a cap, and the working that leads to it.

A visit is paid by the schedule of the Japanese day it begins on (an assumption). Whoever stores a fee stores its inputs
and its schedule too, so that a new rate changes no old fee.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from models.rules.calendar import format_date, format_full
from models.rules.errors import NotPossible

HOUR = 60


@dataclass(frozen=True)
class Schedule:
    """What is paid from a Japanese day on: yen (tax included) an hour, in whole units, at most `cap_yen` a dispatch."""

    starts: date
    yen_per_hour: int
    unit_minutes: int
    cap_yen: int
    source: str

    def __post_init__(self) -> None:
        """ValueError unless all is positive and a unit is worth whole yen."""
        if min(self.yen_per_hour, self.unit_minutes, self.cap_yen) <= 0 or self.yen_per_hour * self.unit_minutes % HOUR:
            raise ValueError(f"a unit of this fee schedule is not worth whole yen: {self}")

    @property
    def unit_yen(self) -> int:
        """What one unit is worth."""
        return self.yen_per_hour * self.unit_minutes // HOUR


SCHEDULES = (Schedule(date(2021, 4, 1), 5_280, 30, 31_680, "seeds/004"),)
"""Oldest first. 004 gives the rate for 令和3年度 and no day; that it holds from the year's first is an assumption."""


def schedule_on(day: date, schedules: tuple[Schedule, ...] = SCHEDULES) -> Schedule:
    """The schedule in force on a Japanese day; NotPossible before the first one."""
    begun = [schedule for schedule in schedules if schedule.starts <= day]
    if not begun:
        first = min(schedule.starts for schedule in schedules)
        raise NotPossible("fee.no_schedule", day=format_date(day), first=format_date(first))
    return max(begun, key=lambda schedule: schedule.starts)


@dataclass(frozen=True)
class Fee:
    """A fee and how it came about; all times in whole minutes.

    `minutes`: from check-in to check-out. `payable`: what is left without `non_payable`, cut to whole units.
    `capped`: the units were worth more than the cap. `missing`: minutes to the next unit; 0 when none adds anything.
    """

    schedule: Schedule
    minutes: int
    non_payable: int
    payable: int
    units: int
    yen: int
    capped: bool
    missing: int

    @property
    def left(self) -> int:
        """The minutes that were not taken off, before they are cut to units."""
        return max(0, self.minutes - self.non_payable)


def whole_minute(moment: datetime) -> datetime:
    """An aware time without its seconds, in UTC; NotPossible when it has no time zone."""
    if moment.utcoffset() is None:
        raise NotPossible("fee.no_zone")
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def fee(start: datetime, end: datetime, non_payable: int, schedule: Schedule) -> Fee:
    """The fee of a visit from `start` to `end` (aware) without `non_payable` minutes.

    NotPossible: the end lies before the start, the minutes are negative, or a time has no zone.
    """
    began, ended = whole_minute(start), whole_minute(end)
    if ended < began:
        raise NotPossible("fee.end_before_start", start=format_full(began), end=format_full(ended))
    if non_payable < 0:
        raise NotPossible("fee.negative", minutes=str(non_payable))
    minutes = (ended - began) // timedelta(minutes=1)
    unit, cap = schedule.unit_minutes, schedule.cap_yen
    units = max(0, minutes - non_payable) // unit
    worth = units * schedule.unit_yen
    missing = 0 if worth >= cap else (units + 1) * unit - (minutes - non_payable)
    return Fee(schedule, minutes, non_payable, units * unit, units, min(worth, cap), worth > cap, missing)
