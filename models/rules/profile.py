"""What a commissioned expert says of being dispatched: hours, weekly days off, single days off (`domain.md` 3).

Times are minutes since midnight and days are dates, both Asia/Tokyo. Weekdays are 0 = Monday … 6 = Sunday, and
7 = public holidays. Name and account change through a review; what belongs to such a change is `CHANGES`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

import jpholiday

from models.rules.fields import ACCOUNT, FIELD_BY_KEY, Accepted, Field, Value, as_text
from models.rules.registration import Item

HOLIDAY = 7
WEEKDAYS = ("月", "火", "水", "木", "金", "土", "日", "祝日")
MONTHS_AHEAD = 3
HIDEABLE = ("affiliation", "qualifications", "career_history", "support_record", "strengths")
"""Profile items that the search may leave out; name, fields and region always show."""
TIMES = (FIELD_BY_KEY["hours"], FIELD_BY_KEY["weekly_off"])
"""The fields of 詳細申請 that the profile goes on from."""


@dataclass(frozen=True)
class Hours:
    """From and to on one day, `opens` before `closes`."""

    opens: int = 9 * 60
    closes: int = 17 * 60


@dataclass(frozen=True)
class Day:
    """A square of the calendar. `weekly`: it is off every week, or as a public holiday (`holiday` names it)."""

    date: date
    past: bool
    weekly: bool
    holiday: str


@dataclass(frozen=True)
class Month:
    """A month in weeks from Sunday to Saturday, without those gone by; squares outside the month are None."""

    year: int
    month: int
    weeks: tuple[tuple[Day | None, ...], ...]


@dataclass(frozen=True)
class Change:
    """What changes through a review: its fields, the paper that proves it, and the kind of its new photos."""

    item: Item
    fields: tuple[Field, ...]
    paper: Item
    kind: str


CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "basic": Change(Item.BASIC, (FIELD_BY_KEY["name"], FIELD_BY_KEY["kana"]), Item.IDENTITY, "new_identity"),
        "account": Change(Item.ACCOUNT, ACCOUNT, Item.BANKBOOK, "new_bankbook"),
    }
)


def clock(minutes: int) -> str:
    """540 as 9:00."""
    return f"{minutes // 60}:{minutes % 60:02d}"


def hours_of(answer: Value) -> Hours:
    """What 09:00-17:00 means (派遣対応可能時間); the usual hours for whatever is no such answer."""
    if not isinstance(FIELD_BY_KEY["hours"].judge(as_text(answer), {}), Accepted):
        return Hours()
    opens, closes = (time.split(":") for time in as_text(answer).split("-"))
    return Hours(int(opens[0]) * 60 + int(opens[1]), int(closes[0]) * 60 + int(closes[1]))


def weekly_off_of(answer: Value) -> frozenset[int]:
    """The weekdays that an answer to 定休日 names."""
    return frozenset(WEEKDAYS.index(word) for word in answer if word in WEEKDAYS)


def times_as_answers(hours: Hours, weekly_off: Collection[int]) -> dict[str, Value]:
    """Hours and weekly days off as the fields of 詳細申請 hold them."""
    opens, closes = (f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (hours.opens, hours.closes))
    return {"hours": f"{opens}-{closes}", "weekly_off": [WEEKDAYS[day] for day in sorted(weekly_off)]}


def weekly_off_words(days: Collection[int]) -> str:
    """土・日・祝日, or なし."""
    return "・".join(WEEKDAYS[day] for day in sorted(days)) or "なし"


def is_weekly_off(day: date, weekly_off: Collection[int]) -> bool:
    """Whether a day is off by its weekday, or as a public holiday."""
    return day.weekday() in weekly_off or (HOLIDAY in weekly_off and jpholiday.is_holiday(day))


def last_day(today: date) -> date:
    """The last day that can be marked: the end of the third month after this one."""
    months = today.year * 12 + today.month + MONTHS_AHEAD
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def markable(texts: Iterable[str], today: date) -> frozenset[date]:
    """The days these ISO dates name, as far as they can be marked today."""
    return frozenset(day for day in map(_day, texts) if day and today <= day <= last_day(today))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def merged(held: frozenset[date], was: frozenset[date], wanted: frozenset[date]) -> frozenset[date]:
    """The days off after somebody who saw `was` made it `wanted` while `held` is kept: no other change is undone."""
    return (held - (was - wanted)) | (wanted - was)


def months(today: date, weekly_off: Collection[int]) -> tuple[Month, ...]:
    """The calendar: this month and the next three."""
    first = today.replace(day=1)
    found: list[Month] = []
    while first <= last_day(today):
        following = (first + timedelta(days=31)).replace(day=1)
        found.append(Month(first.year, first.month, _weeks(first, following, today, weekly_off)))
        first = following
    return tuple(found)


def _weeks(
    first: date, following: date, today: date, weekly_off: Collection[int]
) -> tuple[tuple[Day | None, ...], ...]:
    """`first` up to, but not including, `following`."""
    squares: list[Day | None] = [None] * ((first.weekday() + 1) % 7)
    for offset in range((following - first).days):
        day = first + timedelta(days=offset)
        holiday = jpholiday.is_holiday_name(day) or ""
        squares.append(Day(day, day < today, is_weekly_off(day, weekly_off), holiday))
    squares += [None] * (-len(squares) % 7)
    weeks = (tuple(squares[at : at + 7]) for at in range(0, len(squares), 7))
    return tuple(week for week in weeks if any(day and not day.past for day in week))
