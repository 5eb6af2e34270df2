"""Hours, weekly days off, the calendar and the merging of days off: the whole rule as tables and properties."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.fields import FIELD_BY_KEY
from models.rules.profile import (
    CHANGES,
    HIDEABLE,
    HOLIDAY,
    TIMES,
    Hours,
    clock,
    hours_of,
    is_weekly_off,
    last_day,
    markable,
    merged,
    months,
    times_as_answers,
    weekly_off_of,
    weekly_off_words,
)
from models.rules.registration import PAPERS, invalid_fields

TODAY = date(2026, 11, 24)
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
SOME = st.frozensets(st.dates(date(2026, 11, 20), date(2026, 12, 10)), max_size=12)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("09:00-17:00", Hours(540, 1020)),
        ("10:30-24:00", Hours(630, 1440)),
        ("17:00-09:00", Hours()),
        ("09:15-17:10", Hours()),
        ("", Hours()),
        ("junk", Hours()),
        ("1-2-3", Hours()),
        ("x" * 9999, Hours()),
    ],
)
def test_hours_start_from_the_full_application(answer: str, expected: Hours):
    assert hours_of(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (["土", "日", "祝日"], {5, 6, HOLIDAY}),
        (["祝日"], {HOLIDAY}),
        ([], set()),
        ("", set()),
        (["なし", "x"], set()),
    ],
)
def test_weekly_days_off_start_from_the_full_application(answer: list[str] | str, expected: set[int]):
    assert weekly_off_of(answer) == expected


@given(st.integers(0, 47), st.integers(1, 48), st.frozensets(st.integers(0, 7)))
def test_what_is_kept_goes_into_the_form_and_comes_back_the_same(first: int, last: int, off: frozenset[int]):
    hours = Hours(first * 30, last * 30)
    answers = times_as_answers(hours, off)
    assert weekly_off_of(answers["weekly_off"]) == off
    if first < last:
        assert hours_of(answers["hours"]) == hours
        assert (invalid_fields(TIMES, answers) == ()) is not (off >= frozenset(range(7)))


def test_weekly_days_off_in_words():
    assert weekly_off_words({HOLIDAY, 6, 5}) == "土・日・祝日"
    assert weekly_off_words(()) == "なし"
    assert (clock(540), clock(1050), clock(1440)) == ("9:00", "17:30", "24:00")


@pytest.mark.parametrize(
    ("day", "weekly_off", "off"),
    [
        (date(2026, 11, 23), {HOLIDAY}, True),
        (date(2026, 11, 23), {0}, True),
        (date(2026, 11, 23), {1, 6}, False),
        (date(2026, 11, 22), {HOLIDAY}, False),
        (date(2026, 11, 22), {6}, True),
        (date(2027, 3, 22), {HOLIDAY}, True),
    ],
)
def test_a_day_is_off_by_its_weekday_or_as_a_holiday(day: date, weekly_off: set[int], off: bool):
    assert is_weekly_off(day, weekly_off) is off


@pytest.mark.parametrize(
    ("today", "last"),
    [
        (date(2026, 11, 24), date(2027, 2, 28)),
        (date(2026, 11, 30), date(2027, 2, 28)),
        (date(2027, 11, 1), date(2028, 2, 29)),
        (date(2026, 9, 30), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2027, 3, 31)),
    ],
)
def test_the_calendar_ends_with_the_third_month_after_this_one(today: date, last: date):
    assert last_day(today) == last
    assert len(months(today, ())) == 4


@given(DAYS, st.frozensets(st.integers(0, 7)))
def test_the_calendar_shows_each_day_of_four_months_from_this_week_on_in_weeks_from_sunday(
    today: date, off: frozenset[int]
):
    shown = months(today, off)
    days = [day for month in shown for week in month.weeks for day in week if day]
    first = max(today.replace(day=1), today - timedelta(days=today.isoweekday() % 7))
    assert [day.date for day in days] == [first + timedelta(days=n) for n in range((last_day(today) - first).days + 1)]
    assert all(len(week) == 7 for month in shown for week in month.weeks)
    for month in shown:
        for week in month.weeks:
            for at, day in enumerate(week):
                assert day is None or (day.date.isoweekday() % 7, day.date.month) == (at, month.month)
    assert [day.past for day in days] == [day.date < today for day in days]
    assert all(day.weekly is is_weekly_off(day.date, off) for day in days)


def test_only_days_from_today_to_the_end_of_the_calendar_can_be_marked():
    good = ["2026-11-24", "2027-02-28"]
    bad = ["2026-11-23", "2027-03-01", "2026-13-01", "20261201", "", "x" * 500, "２０２６-12-01"]
    assert markable([*good, *bad], TODAY) == {date(2026, 11, 24), date(2027, 2, 28)}


# --- two devices ----------------------------------------------------------------------------------


def test_what_another_device_marked_is_not_undone():
    first, second, third = (date(2026, 12, day) for day in (1, 2, 3))
    was = frozenset({first})
    other = merged(was, was, frozenset({first, second}))
    assert merged(other, was, frozenset({third})) == {second, third}


@given(SOME, SOME, SOME)
def test_merging_changes_what_was_tapped_and_nothing_else(held: frozenset, was: frozenset, wanted: frozenset):
    after = merged(held, was, wanted)
    tapped = was ^ wanted
    assert after & tapped == wanted & tapped
    assert after - tapped == held - tapped
    assert merged(after, was, wanted) == after, "a second tap changes nothing"


@given(SOME, SOME)
def test_a_single_device_gets_what_it_shows(was: frozenset, wanted: frozenset):
    assert merged(was, was, wanted) == wanted


def test_what_the_search_may_leave_out_are_fields():
    assert set(HIDEABLE) <= set(FIELD_BY_KEY)


def test_what_changes_through_a_review_has_a_paper_and_a_kind_that_fits_its_column():
    for change in CHANGES.values():
        assert change.paper in PAPERS
        assert len(change.kind) <= 12
        assert change.kind not in PAPERS
