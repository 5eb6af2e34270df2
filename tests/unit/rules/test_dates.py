"""Dates in both calendars, and the age of an expert."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.dates import (
    age_on,
    check_birth_date,
    judge_birth_date,
    judge_birth_form,
    read_date,
    show_date,
)
from models.rules.judgement import Accepted, Refused

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    "text",
    [
        "1980-04-01",
        "1980/4/1",
        "1980.04.01",
        "1980年4月1日",
        "１９８０年４月１日",
        "西暦1980年4月1日",
        "1980 4 1",
        "1980ー4ー1",
        "19800401",
        "昭和55年4月1日",
        "昭和 55年 4月 1日",
        "昭和五十五年四月一日",
        "㍼55年4月1日",
        "S55.4.1",
        "s55/4/1",
        "Ｓ５５．４．１",
        "S550401",
        "昭和55年4月1日生まれ（火）",
    ],
)
def test_spellings_of_one_day(text: str) -> None:
    assert read_date(text) == date(1980, 4, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("明治45年7月29日", date(1912, 7, 29)),
        ("明治45年7月30日", "birth_date.era"),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("大正15年12月25日", "birth_date.era"),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("昭和元年12月24日", "birth_date.era"),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("昭和64年1月8日", "birth_date.era"),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("平成元年1月7日", "birth_date.era"),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成31年5月1日", "birth_date.era"),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1年4月30日", "birth_date.era"),
        ("令和0年5月1日", "birth_date.era"),
        ("昭和55年2月30日", "birth_date.unreal"),
        ("2023/2/29", "birth_date.unreal"),
        ("0000/1/1", "birth_date.unreal"),
        ("80/4/1", "birth_date.format"),
        ("昭和55年", "birth_date.format"),
        ("きのう", "birth_date.format"),
        ("", "birth_date.format"),
        ("1" * 5000, "birth_date.format"),
        ("昭和十十年一月一日", "birth_date.format"),
    ],
)
def test_eras_and_faults(text: str, expected: date | str) -> None:
    found = read_date(text)
    assert (found.code if isinstance(found, Refused) else found) == expected


def test_years_without_a_clock() -> None:
    assert judge_birth_form("1899-12-31", {}) == Refused("birth_date.year")
    assert judge_birth_form("2101-01-01", {}) == Refused("birth_date.year")
    assert judge_birth_form("2100-01-01", {}) == Accepted("2100-01-01")


@pytest.mark.parametrize(
    ("born", "code"),
    [
        (date(2008, 11, 21), None),
        (date(2008, 11, 22), "birth_date.age"),
        (date(1926, 11, 21), None),
        (date(1925, 11, 22), None),
        (date(1925, 11, 21), "birth_date.age"),
        (TODAY, "birth_date.future"),
        (TODAY + timedelta(days=1), "birth_date.future"),
    ],
)
def test_age_limits(born: date, code: str | None) -> None:
    found = check_birth_date(born, TODAY)
    assert (found.code if found else None) == code


def test_judging_with_today() -> None:
    assert judge_birth_date("S55.4.1", TODAY) == Accepted("1980-04-01")
    assert judge_birth_date("2020-01-01", TODAY) == Refused("birth_date.age", {"youngest": "18", "oldest": "100"})
    assert judge_birth_date("x", TODAY) == Refused("birth_date.format")


def test_birthday_on_a_leap_day() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_back_from_what_is_shown(day: date) -> None:
    assert read_date(show_date(day.isoformat())) == day


def test_show_leaves_what_is_no_date() -> None:
    assert show_date("?") == "?"
