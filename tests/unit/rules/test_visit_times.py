"""When an act counts: the server's clock, the phone's, or neither; and which visits are today's."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.visit import FROM_THE_FUTURE, OFFLINE_AT_MOST, Clocked, clocked, is_today

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
M = timedelta(minutes=1)
TIMES = [
    (None, None, Clocked(NOW, False), "no phone"),
    (NOW - timedelta(seconds=40), None, Clocked(NOW, False), "on its way"),
    (NOW - 5 * M, None, Clocked(NOW - 5 * M, True), "kept"),
    (NOW - 24 * 60 * M, None, Clocked(NOW - 24 * 60 * M, True), "kept for a day"),
    (NOW - 24 * 60 * M - M, None, None, "older than a day"),
    (NOW + 3 * M, None, None, "from the future"),
    (NOW - 90 * M, timedelta(seconds=1), Clocked(NOW, False), "sent at once by a phone that is slow"),
    (NOW + 90 * M, timedelta(seconds=1), Clocked(NOW, False), "sent at once by a phone that is fast"),
    (NOW - 40 * M, 40 * M, Clocked(NOW - 40 * M, True), "kept, and the clocks agree"),
    (NOW - 39 * M, 40 * M, Clocked(NOW - 39 * M, True), "kept, a minute apart"),
    (NOW + 20 * M, 40 * M, Clocked(NOW - 40 * M, True), "kept by a phone that is an hour fast"),
    (NOW - 100 * M, 40 * M, Clocked(NOW - 40 * M, True), "kept by a phone that is an hour slow"),
    (NOW - 25 * 60 * M, 25 * 60 * M, None, "kept for more than a day"),
    (NOW, timedelta(days=10), None, "kept for ever"),
]


@pytest.mark.parametrize(("phone_at", "waited", "counts"), [row[:3] for row in TIMES], ids=[row[3] for row in TIMES])
def test_when_an_act_counts(phone_at: datetime | None, waited: timedelta | None, counts: Clocked | None):
    assert clocked(NOW, phone_at, waited=waited) == counts


@given(
    st.none() | st.timedeltas(timedelta(days=-9), timedelta(days=9)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
)
def test_no_act_counts_ahead_of_now_or_more_than_a_day_ago(ahead: timedelta | None, waited: timedelta | None):
    found = clocked(NOW, None if ahead is None else NOW + ahead, waited=waited)
    if found:
        assert NOW - OFFLINE_AT_MOST <= found.at <= NOW + FROM_THE_FUTURE
        assert found.offline or found.at == NOW


def jst(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+09:00")


@pytest.mark.parametrize(
    ("starts", "ends", "at", "today"),
    [
        ("2026-11-24T13:00", "2026-11-24T16:00", "2026-11-24T00:00", True),
        ("2026-11-24T13:00", "2026-11-24T16:00", "2026-11-24T23:59", True),
        ("2026-11-24T13:00", "2026-11-24T16:00", "2026-11-23T23:00", False),
        ("2026-11-24T09:00", "2026-11-24T10:00", "2026-11-23T21:00", True),
        ("2026-11-24T22:00", "2026-11-25T02:00", "2026-11-25T13:59", True),
        ("2026-11-24T22:00", "2026-11-25T02:00", "2026-11-25T14:01", False),
        ("2028-02-29T10:00", "2028-02-29T12:00", "2028-03-01T00:01", False),
        ("2028-02-29T13:00", "2028-02-29T15:00", "2028-03-01T00:01", True),
        ("2027-03-31T21:00", "2027-03-31T23:00", "2027-04-01T08:00", True),
        ("2026-12-31T22:00", "2027-01-01T01:00", "2027-01-01T12:00", True),
    ],
)
def test_which_visits_are_todays(starts: str, ends: str, at: str, today: bool):
    assert is_today(jst(starts), jst(ends), jst(at).astimezone(UTC)) is today
