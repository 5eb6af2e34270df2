"""What is asked when a visit ends: minutes, declared times, what a certification covers, and who looks next."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.calendar import JST
from models.rules.check_out import (
    MINUTES,
    MINUTES_MOST,
    NAME,
    REASON,
    WRONG,
    began_field,
    ended_field,
    judge_minutes,
    minutes_of,
    read_time,
    show_minutes,
)
from models.rules.judgement import Accepted, Refused
from models.rules.reckoning import Judged, Span, evidence_after
from models.rules.visit import Evidence, Grade, Reason

DAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=JST)
NOW = datetime(2026, 11, 24, 18, 0, tzinfo=JST).astimezone(UTC)
ANSWERS = {"planned": "2026-11-24T13:00+09:00", "came": "2026-11-24T13:02+09:00"}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("なし", 0), ("特になし", 0), ("0", 0), ("15", 15), ("15分", 15), ("１５ 分", 15), ("1時間", 60),
        ("1時間30分", 90), ("1:15", 75), ("720", 720),
    ],
)  # fmt: skip
def test_minutes_as_people_write_them(text: str, minutes: int) -> None:
    assert judge_minutes(text, {}) == Accepted(str(minutes))


@pytest.mark.parametrize("text", ["", " ", "たくさん", "-5", "721", "1.5", "9999999999", "分", "時間", "15分くらい"])
def test_other_minutes_are_refused_with_what_fits(text: str) -> None:
    verdict = judge_minutes(text, {})
    assert isinstance(verdict, Refused)
    assert (verdict.code, verdict.data) == ("check_out.minutes", {"most": str(MINUTES_MOST)})


def test_a_number_is_asked_for_when_no_button_fits() -> None:
    assert MINUTES.judge("ほか", {}) == Accepted("other")
    assert minutes_of({"minutes": "other", "minutes_other": "45"}) == 45
    assert minutes_of({"minutes": "15"}) == 15
    assert [show_minutes(value) for value in ("0", "15", "other")] == ["なし", "15分", "ほか"]


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("16:40", "2026-11-24T16:40"), ("16時40分", "2026-11-24T16:40"), ("１６：４０", "2026-11-24T16:40"),
        ("16時", "2026-11-24T16:00"), ("午後4時半", "2026-11-24T16:30"), ("午前0時10分", "2026-11-25T00:10"),
        ("午後12時15分", "2026-11-24T12:15"), ("0:30", "2026-11-25T00:30"), ("翌0:30", "2026-11-25T00:30"),
        ("翌日 1時", "2026-11-25T01:00"), ("11/24 16:40", "2026-11-24T16:40"), ("11月24日 16:40", "2026-11-24T16:40"),
        ("11/24（火）16:40", "2026-11-24T16:40"), ("2026/11/24 16:40", "2026-11-24T16:40"),
        ("2026-11-24T16:40", "2026-11-24T16:40"), ("2026-11-24T16:40+09:00", "2026-11-24T16:40"),
        ("1/5 9:00", "2027-01-05T09:00"),
    ],
)  # fmt: skip
def test_times_as_people_write_them(text: str, at: str) -> None:
    found = read_time(text, DAY, NOON, DAY)
    assert found == datetime.fromisoformat(at).replace(tzinfo=JST)


@pytest.mark.parametrize(
    "text",
    [
        "", "夕方", "25:00", "16:60", "24:00", "13/45 10:00", "2/30 10:00", "午後13時", "16:40:00", "1" * 50, "::",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:00-12:00",
    ],
)  # fmt: skip
def test_other_times_are_not_read(text: str) -> None:
    assert read_time(text, DAY, NOON, DAY) is None


@given(st.text(max_size=60))
def test_no_text_breaks_a_field(text: str) -> None:
    for field in (MINUTES, NAME, REASON, WRONG, began_field(NOW), ended_field(NOW)):
        verdict = field.judge(text, ANSWERS)
        if isinstance(verdict, Accepted):
            assert field.judge(str(verdict.value), ANSWERS) == verdict
            assert field.show(verdict.value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("18:01", "ahead"),
        ("13:01", "ahead"),
        ("11/23 16:00", "order"),
        ("2026-11-20T10:00", "order"),
        ("なんとなく", "unread"),
    ],
)
def test_an_end_that_cannot_be(text: str, code: str) -> None:
    verdict = ended_field(NOW).judge(text, ANSWERS)
    assert isinstance(verdict, Refused)
    assert verdict.code == f"declare.{code}"


def test_a_beginning_far_from_the_plan_is_refused() -> None:
    verdict = began_field(NOW).judge("11/22 13:00", {"planned": ANSWERS["planned"]})
    assert isinstance(verdict, Refused)
    assert verdict.code == "declare.far"


def span(came: int, went: int, off: int = 0, seconds: int = 0) -> Span:
    start = NOON + timedelta(seconds=seconds)
    return Span(start + timedelta(minutes=came), start + timedelta(minutes=went), off)


@pytest.mark.parametrize(
    ("other", "covered"),
    [
        (span(0, 180, 10), True), (span(0, 180, 10, 40), True), (span(5, 170, 10), True), (span(0, 180, 15), True),
        (span(-1, 180, 10), False), (span(0, 181, 10), False), (span(0, 180, 9), False),
    ],
)  # fmt: skip
def test_a_certification_covers_what_lies_inside_it(other: Span, covered: bool) -> None:
    assert span(0, 180, 10).covers(other) is covered


A = Judged(span(0, 180), Grade.A, ())
B = Judged(span(0, 180), Grade.B, (Reason.NOT_CERTIFIED,))
FARTHER = Judged(span(0, 180), Grade.B, (Reason.NOT_CERTIFIED, Reason.FAR))
LONGER = Judged(span(0, 190), Grade.B, (Reason.NOT_CERTIFIED,))


@pytest.mark.parametrize(
    ("before", "was", "now", "after"),
    [
        (Evidence.OPEN, None, None, Evidence.OPEN),
        (Evidence.WAITING, B, None, Evidence.OPEN),
        (Evidence.ACCEPTED, B, None, Evidence.OPEN),
        (Evidence.OPEN, None, A, Evidence.CLEAR),
        (Evidence.OPEN, None, B, Evidence.WAITING),
        (Evidence.WAITING, B, A, Evidence.CLEAR),
        (Evidence.CLEAR, A, LONGER, Evidence.WAITING),
        (Evidence.ASKED, B, FARTHER, Evidence.ASKED),
        (Evidence.ASKED, B, LONGER, Evidence.WAITING),
        (Evidence.ASKED, B, A, Evidence.CLEAR),
        (Evidence.ACCEPTED, B, A, Evidence.ACCEPTED),
        (Evidence.ACCEPTED, B, FARTHER, Evidence.ACCEPTED),
        (Evidence.ACCEPTED, B, LONGER, Evidence.WAITING),
        (Evidence.REJECTED, B, B, Evidence.REJECTED),
        (Evidence.REJECTED, B, A, Evidence.WAITING),
        (Evidence.REJECTED, B, LONGER, Evidence.WAITING),
    ],
)
def test_who_looks_next(before: Evidence, was: Judged | None, now: Judged | None, after: Evidence) -> None:
    assert evidence_after(before, was, now) is after
