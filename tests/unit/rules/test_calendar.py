"""Business days, fiscal years, quiet hours and dates in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rules.calendar import (
    JST,
    add_business_days,
    age_in_words,
    business_days_between,
    deadline_short,
    fiscal_year,
    format_date,
    format_datetime,
    is_business_day,
    quiet_until,
    to_jst,
)


@pytest.mark.parametrize(
    ("day", "open_"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), False),
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2027, 1, 1), False),
        (date(2029, 1, 3), False),
        (date(2029, 1, 4), True),
        (date(2026, 9, 22), False),
        (date(2026, 5, 6), False),
    ],
)
def test_business_days(day: date, open_: bool) -> None:
    assert is_business_day(day) is open_


def test_five_business_days_over_a_long_weekend() -> None:
    assert add_business_days(date(2026, 11, 20), 5) == date(2026, 11, 30)
    assert add_business_days(date(2026, 12, 28), 1) == date(2027, 1, 4)
    assert add_business_days(date(2026, 11, 21), 0) == date(2026, 11, 21)


@settings(max_examples=50, deadline=None)
@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 30))
def test_adding_and_counting_agree(start: date, count: int) -> None:
    assert business_days_between(start, add_business_days(start, count)) == count
    assert business_days_between(start, start - timedelta(days=count)) == 0


@pytest.mark.parametrize(
    ("day", "year"), [(date(2026, 3, 31), 2025), (date(2026, 4, 1), 2026), (date(2026, 12, 31), 2026)]
)
def test_fiscal_year(day: date, year: int) -> None:
    assert fiscal_year(day) == year


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=JST).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21, 7, 59), at(21, 8)),
        (at(21, 8), None),
        (at(21, 19, 59), None),
        (at(21, 20), at(22, 8)),
        (at(21, 23, 59), at(22, 8)),
        (at(21, 0), at(21, 8)),
    ],
)
def test_quiet_by_night(now: datetime, until: datetime | None) -> None:
    assert quiet_until(now) == until


def test_quiet_until_is_utc() -> None:
    until = quiet_until(at(21, 3))
    assert until is not None
    assert until.tzinfo is UTC


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (timedelta(days=3, hours=23), "3日"),
        (timedelta(hours=2, minutes=59), "2時間"),
        (timedelta(minutes=5), "5分"),
        (timedelta(seconds=59), "1分未満"),
        (timedelta(seconds=-5), "1分未満"),
        (timedelta(hours=24), "1日"),
    ],
)
def test_age_in_words(delta: timedelta, words: str) -> None:
    assert age_in_words(delta) == words


def test_dates_in_words() -> None:
    moment = datetime(2026, 11, 21, 1, 12, tzinfo=UTC)
    assert to_jst(moment).hour == 10
    assert format_date(date(2026, 11, 21)) == "2026年11月21日（土）"
    assert format_datetime(moment) == "11月21日（土）10:12"
    assert format_datetime(datetime(2026, 11, 21, 15, 0, tzinfo=UTC)) == "11月22日（日）00:00"
    assert deadline_short(date(2026, 11, 25)) == "11/25（水）"
