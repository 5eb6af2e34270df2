"""The fee of a visit: the table of `domain.md` 5, what is refused, what always holds, and the working in words."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.screens.fee import period, rate, to_next, working
from bot.text import t
from models.rules.calendar import JST
from models.rules.errors import DomainError
from models.rules.fee import SCHEDULES, Fee, Schedule, fee, schedule_on

NOW = SCHEDULES[0]
START = datetime(2026, 11, 21, 10, 0, tzinfo=JST)
CAP = 31_680
FULL = "上限に達しているので、これより長くても謝金は変わりません。"


def after(minutes: int, non_payable: int = 0, schedule: Schedule = NOW) -> Fee:
    return fee(START, START + timedelta(minutes=minutes), non_payable, schedule)


# --- the table ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "minutes", "non_payable", "payable", "yen", "capped", "missing"),
    [
        (0, 29, 0, 0, 0, False, 1),
        (0, 30, 0, 30, 2_640, False, 30),
        (0, 59, 0, 30, 2_640, False, 1),
        (1, 0, 0, 60, 5_280, False, 30),
        (2, 40, 10, 150, 13_200, False, 30),
        (2, 39, 10, 120, 10_560, False, 1),
        (5, 59, 0, 330, 29_040, False, 1),
        (6, 0, 0, 360, CAP, False, 0),
        (9, 15, 0, 540, CAP, True, 0),
        (0, 0, 0, 0, 0, False, 30),
        (0, 20, 30, 0, 0, False, 40),
        (1, 0, 60, 0, 0, False, 30),
        (1, 0, 61, 0, 0, False, 31),
        (6, 29, 0, 360, CAP, False, 0),
        (6, 30, 0, 390, CAP, True, 0),
        (7, 0, 61, 330, 29_040, False, 1),
        (30, 0, 0, 1800, CAP, True, 0),
    ],
)
def test_the_table(hours: int, minutes: int, non_payable: int, payable: int, yen: int, capped: bool, missing: int):
    found = after(hours * 60 + minutes, non_payable)
    assert found == Fee(NOW, hours * 60 + minutes, non_payable, payable, payable // 30, yen, capped, missing)


def test_a_fee_is_a_record():
    with pytest.raises(FrozenInstanceError):
        after(60).yen = 0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        NOW.cap_yen = 0  # type: ignore[misc]


def test_the_schedule_is_that_of_the_paper():
    assert (NOW.yen_per_hour, NOW.unit_minutes, NOW.unit_yen, NOW.cap_yen, NOW.source) == (
        5_280, 30, 2_640, CAP, "seeds/004",
    )  # fmt: skip


# --- refusals -------------------------------------------------------------------------------------


def refused(start: datetime, end: datetime, non_payable: int = 0) -> tuple[str, str]:
    """The code and the sentence."""
    with pytest.raises(DomainError) as caught:
        fee(start, end, non_payable, NOW)
    return caught.value.code, t(caught.value.code, **caught.value.data)


def test_an_end_before_the_start_is_refused():
    code, words = refused(START, START - timedelta(minutes=1))
    assert code == "fee.end_before_start"
    assert words == (
        "終了（2026年11月21日（土）09:59）が開始（2026年11月21日（土）10:00）より前になっています。"
        "日付と時刻をお確かめください。"
    )


def test_negative_minutes_are_refused():
    code, words = refused(START, START + timedelta(hours=1), -1)
    assert code == "fee.negative"
    assert "いまは-1分でした" in words


@pytest.mark.parametrize("naive", ["start", "end", "both"])
def test_a_time_without_a_zone_is_refused(naive: str):
    start = START if naive == "end" else START.replace(tzinfo=None)
    end = START if naive == "start" else START.replace(tzinfo=None)
    assert refused(start, end)[0] == "fee.no_zone"


def test_a_day_before_the_first_schedule_is_refused():
    assert schedule_on(date(2021, 4, 1)) is NOW
    with pytest.raises(DomainError) as caught:
        schedule_on(date(2021, 3, 31))
    assert t(caught.value.code, **caught.value.data) == (
        "2021年3月31日（水）の謝金の単価は登録がありません。2021年4月1日（木）以降の日を入力してください。"
    )


@pytest.mark.parametrize(("yen", "unit", "cap"), [(5_281, 30, CAP), (0, 30, CAP), (5_280, 0, CAP), (5_280, 30, -1)])
def test_a_schedule_without_whole_yen_a_unit_cannot_be_made(yen: int, unit: int, cap: int):
    with pytest.raises(ValueError, match="whole yen"):
        Schedule(date(2027, 4, 1), yen, unit, cap, "test")


# --- what always holds ----------------------------------------------------------------------------

moments = st.datetimes(datetime(2021, 4, 2), datetime(2090, 1, 1), timezones=st.just(UTC))
lengths = st.integers(0, 3 * 24 * 60)
breaks = st.integers(0, 2 * 24 * 60)
seconds = st.integers(0, 59_999_999).map(lambda micro: timedelta(microseconds=micro))
zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
schedules = st.builds(
    lambda starts, half_hour, unit, cap: Schedule(starts, half_hour * 2, unit, cap, "test"),
    st.dates(date(2021, 4, 1), date(2090, 1, 1)),
    st.integers(1, 20_000),
    st.sampled_from([30, 60, 90]),
    st.integers(1, 500_000),
)


@given(lengths, breaks, schedules)
def test_never_negative_never_above_the_cap_and_whole_units_otherwise(length: int, off: int, schedule: Schedule):
    found = after(length, off, schedule)
    assert 0 <= found.yen <= schedule.cap_yen
    assert found.payable == found.units * schedule.unit_minutes
    assert found.payable <= found.left < found.payable + schedule.unit_minutes
    assert found.yen == (schedule.cap_yen if found.capped else found.units * schedule.unit_yen)
    assert type(found.yen) is int


@given(lengths, breaks, lengths, breaks, schedules)
def test_more_payable_time_never_pays_less(length: int, off: int, longer: int, less: int, schedule: Schedule):
    one, other = after(length, off, schedule), after(longer, less, schedule)
    if one.left <= other.left:
        assert one.payable <= other.payable
        assert one.yen <= other.yen


@given(lengths, breaks, schedules)
def test_the_missing_minutes_are_just_enough(length: int, off: int, schedule: Schedule):
    found = after(length, off, schedule)
    if found.missing:
        assert after(length + found.missing, off, schedule).yen > found.yen
        assert after(length + found.missing - 1, off, schedule).yen == found.yen
    else:
        assert found.yen == schedule.cap_yen == after(length + 100_000, off, schedule).yen


@given(moments, lengths, breaks, zones, zones)
def test_the_time_zone_does_not_count(moment: datetime, length: int, off: int, here: timezone, there: timezone):
    end = moment + timedelta(minutes=length)
    assert fee(moment.astimezone(here), end.astimezone(there), off, NOW) == fee(moment, end, off, NOW)


@given(moments, lengths, breaks, seconds, seconds)
def test_seconds_do_not_count(moment: datetime, length: int, off: int, early: timedelta, late: timedelta):
    start = moment.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=length)
    assert fee(start + early, end + late, off, NOW) == fee(start, end, off, NOW)


def test_seconds_alone_never_put_the_end_before_the_start():
    assert fee(START.replace(second=50), START.replace(second=10), 0, NOW).minutes == 0


class Springing(tzinfo):
    """A zone whose clocks jump from 2:00 to 3:00 on 8 March 2026."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        summer = moment is not None and moment.replace(tzinfo=None) >= datetime(2026, 3, 8, 3)
        return timedelta(hours=-4 if summer else -5)

    def dst(self, moment: datetime | None) -> timedelta:
        return self.utcoffset(moment) + timedelta(hours=5)

    def tzname(self, moment: datetime | None) -> str:
        return "springing"


def test_an_hour_that_the_clocks_skip_is_not_paid():
    zone = Springing()
    found = fee(datetime(2026, 3, 8, 1, 30, tzinfo=zone), datetime(2026, 3, 8, 3, 30, tzinfo=zone), 0, NOW)
    assert found.minutes == 60


@given(st.lists(schedules, min_size=1, unique_by=lambda one: one.starts), schedules, st.dates(date(2021, 4, 1)))
def test_a_new_schedule_changes_no_older_fee(known: list[Schedule], new: Schedule, day: date):
    old = (NOW, *(one for one in known if one.starts != NOW.starts))
    if new.starts in {one.starts for one in old}:
        return
    expected = new if new.starts <= day and schedule_on(day, old).starts < new.starts else schedule_on(day, old)
    assert schedule_on(day, (*old, new)) is expected
    assert schedule_on(day, (new, *reversed(old))) is expected
    if day < new.starts:
        assert after(150, 0, schedule_on(day, (*old, new))) == after(150, 0, schedule_on(day, old))


def test_a_rate_changes_at_the_turn_of_the_day():
    dearer = Schedule(date(2027, 4, 1), 6_000, 30, 36_000, "test")
    both = (NOW, dearer)
    assert after(60, 0, schedule_on(date(2027, 3, 31), both)).yen == 5_280
    assert after(60, 0, schedule_on(date(2027, 4, 1), both)).yen == 6_000


# --- in words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "non_payable", "words", "following"),
    [
        (160, 10, "2時間40分 − 対象外10分 = 2時間30分 → 13,200円", "次の単位（30分）まで、あと30分です。"),
        (
            159, 10,
            "2時間39分 − 対象外10分 = 2時間29分 → 2時間（30分未満は切り捨て） → 10,560円",
            "次の単位（30分）まで、あと1分です。",
        ),
        (60, 0, "1時間 → 5,280円", "次の単位（30分）まで、あと30分です。"),
        (29, 0, "29分 → 0分（30分未満は切り捨て） → 0円", "次の単位（30分）まで、あと1分です。"),
        (0, 0, "0分 → 0円", "次の単位（30分）まで、あと30分です。"),
        (150, 90, "2時間30分 − 対象外1時間30分 = 1時間 → 5,280円", "次の単位（30分）まで、あと30分です。"),
        (60, 60, "1時間 − 対象外1時間 = 0分 → 0円", "次の単位（30分）まで、あと30分です。"),
        (
            20, 90,
            "20分 − 対象外1時間30分 → 対象外のほうが長いため0分 → 0円",
            "次の単位（30分）まで、あと1時間40分です。",
        ),
        (360, 0, "6時間 → 31,680円", FULL),
        (555, 0, "9時間15分 → 9時間（30分未満は切り捨て） → 上限の31,680円", FULL),
        (555, 15, "9時間15分 − 対象外15分 = 9時間 → 上限の31,680円", FULL),
    ],
)  # fmt: skip
def test_the_working_in_words(minutes: int, non_payable: int, words: str, following: str):
    found = after(minutes, non_payable)
    assert working(found) == words
    assert to_next(found) == following


def test_the_period_and_the_rate_in_words():
    assert period(START.astimezone(UTC), START + timedelta(hours=15)) == (
        "2026年11月21日（土）10:00 〜 2026年11月22日（日）01:00"
    )
    assert rate(NOW) == ("2021年4月1日（木）からの謝金：1時間5,280円（税込み）、30分単位、1回の派遣の上限31,680円")
