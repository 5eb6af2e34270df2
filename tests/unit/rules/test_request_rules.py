"""A request's questions: slots as they are typed and picked, places, lengths, numbers, and what is missing."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.judgement import Accepted, Refused
from models.rules.place import Point
from models.rules.request import (
    fields,
    fields_for,
    judge_corporate_number,
    judge_length,
    judge_place,
    judge_point,
    judge_slot,
    latest_day,
    length_of,
    missing,
    show_length,
    show_slot,
    slot_times,
    split_place,
    times_of,
    with_length,
)

TODAY = date(2026, 11, 24)
FULL = {
    "business": "株式会社みほん製作所",
    "business_address": "東京都千代田区丸の内1-9-1",
    "contact_name": "田中 一郎",
    "contact_phone": "03-1234-5678",
    "title": "原価管理の見直し",
    "topic": "生産管理",
    "wishes": "原価を下げたい",
    "place": "東京都千代田区丸の内1-9-1",
    "slot_1": "2026-12-01T13:00-16:00",
    "accompany": "yes",
    "expert": "any",
}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2026-12-01T13:00", "2026-12-01T13:00-16:00"),
        ("2026-12-01T13:00-15:30", "2026-12-01T13:00-15:30"),
        ("12月1日 13:00〜16:00", "2026-12-01T13:00-16:00"),
        ("12/1 13時から16時半まで", "2026-12-01T13:00-16:30"),
        ("１２月１日（火）午後１時〜午後４時", "2026-12-01T13:00-16:00"),
        ("12月1日13時半", "2026-12-01T13:30-16:30"),
        ("2026年12月1日 9:00-10:00", "2026-12-01T09:00-10:00"),
        ("2026/12/01 09:00 〜 10:00", "2026-12-01T09:00-10:00"),
        ("1/10 9:00-10:00", "2027-01-10T09:00-10:00"),
        ("11/24 9:00-10:00", "2026-11-24T09:00-10:00"),
        ("2028-02-29T10:00", "2028-02-29T10:00-13:00"),
    ],
)
def test_a_slot_is_read_as_it_is_picked_or_typed(typed: str, kept: str):
    assert judge_slot(typed, {"length": "180"}, TODAY) == Accepted(kept)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "slot"), ("あした", "slot"), ("12/1", "slot"), ("13:00〜16:00", "slot"), ("x" * 500, "slot"),
        ("2/30 10:00-11:00", "slot_unreal"), ("2027-02-29T10:00", "slot_unreal"), ("12/1 25:00-26:00", "slot_unreal"),
        ("12/1 16:00-13:00", "slot_order"), ("12/1 13:00-13:00", "slot_order"), ("12/1 13:00-12:99", "slot_order"),
        ("11/23 10:00-11:00", "slot_past"), ("10/1 10:00-11:00", "slot_past"), ("2020-01-01T10:00", "slot_past"),
        ("9999-12-31T23:30", "slot_unreal"), ("9999/12/31 10:00-24:00", "slot_unreal"),
        ("12/1 23:30", "slot_midnight"), ("12/1 23:00-24:00", "slot_midnight"), ("12/1 22:00-0:30", "slot_midnight"),
    ],
)  # fmt: skip
def test_what_is_no_slot_says_why(typed: str, code: str):
    assert judge_slot(typed, {}, TODAY) == Refused(f"request.{code}")


@given(st.datetimes(datetime(2026, 11, 24), datetime(2030, 1, 1)), st.integers(1, 720))
def test_a_kept_slot_is_accepted_again_and_gives_its_times(moment: datetime, minutes: int):
    judged = judge_slot(f"{moment:%Y-%m-%dT%H:%M}", {"length": str(minutes)}, TODAY)
    if judged == Refused("request.slot_midnight"):
        return
    assert isinstance(judged, Accepted)
    assert judge_slot(str(judged.value), {}, TODAY) == judged
    starts, ends = slot_times(judged.value)
    assert (ends - starts).total_seconds() == minutes * 60
    assert starts.utcoffset()
    assert str(moment.day) in show_slot(judged.value)


@given(st.text(max_size=80))
def test_no_text_breaks_a_question(text: str):
    for field in fields(TODAY):
        assert field.judge(text, {})
    assert show_slot(text) == text or "日" in show_slot(text)
    times_of({"slot_1": text})
    split_place(text)


def test_times_are_japanese_and_shown_with_their_weekday():
    starts, ends = slot_times("2026-12-01T09:00-16:30")
    assert starts.astimezone(UTC) == datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    assert ends.astimezone(UTC) == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
    assert show_slot("2026-12-01T09:00-16:30") == "12月1日（火）9:00〜16:30"
    with pytest.raises(ValueError, match="no slot"):
        slot_times("2026-12-01T09:00")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("2時間", "120"), ("90分", "90"), ("1時間半", "90"), ("１時間30分", "90"), ("180", "180"), ("12時間", "720")],
)
def test_a_length_is_minutes(typed: str, kept: str):
    assert judge_length(typed, {}) == Accepted(kept)


@pytest.mark.parametrize("typed", ["", "0分", "29分", "13時間", "5日", "長め", "x" * 40])
def test_what_is_no_length_is_refused(typed: str):
    assert judge_length(typed, {}) == Refused("request.length")


def test_another_length_moves_the_ends_but_not_past_the_day():
    answers = {"slot_1": "2026-12-01T13:00-15:00", "slot_2": "2026-12-02T22:00-23:00", "slot_3": ""}
    assert with_length(answers, "240") == {"slot_1": "2026-12-01T13:00-17:00", "slot_2": "2026-12-02T22:00-23:59"}
    assert length_of(answers) == "120"
    assert length_of({}) == ""
    assert (show_length("150"), show_length("60"), show_length("30")) == ("2時間30分", "1時間", "30分")


def test_a_place_is_an_address_or_a_position_in_japan():
    assert judge_place("東京都千代田区丸の内1-9-1", {}) == Accepted("東京都千代田区丸の内1-9-1")
    assert judge_place("35.681236,139.767125 東京駅", {}) == Accepted("35.681236,139.767125 東京駅")
    assert judge_place("35.6,139.7", {}) == Accepted("35.600000,139.700000")
    assert judge_place("0,0 海の上", {}) == Refused("request.abroad")
    assert judge_place("東京", {}) == Refused("request.place")
    assert isinstance(judge_place("あ" * 241, {}), Refused)
    assert split_place("95,200 どこか") == (None, "95,200 どこか")
    assert split_place("35.6,139.7 東京駅") == (Point(35.6, 139.7), "東京駅")


@pytest.mark.parametrize("text", ["", "x", "1,2,3", "nan,nan", "0,0", "91,0", "inf,1"])
def test_a_pin_lies_in_japan(text: str):
    assert judge_point(text, {}) == Refused("request.abroad")


def test_a_corporate_number_has_thirteen_digits_that_check():
    assert judge_corporate_number("７０００-０１２０-５０００２", {}) == Accepted("7000012050002")
    assert judge_corporate_number("7000012050003", {}) == Refused("corporate_number.check")
    assert judge_corporate_number("700001205000", {}) == Refused("corporate_number.digits", {"digits": "12"})
    assert judge_corporate_number("みほん", {}) == Refused("corporate_number.format")


def test_what_is_missing_is_named_in_the_pages_order():
    assert missing(FULL, TODAY) == ()
    assert missing({**FULL, "title": "", "slot_1": "2026-11-23T10:00-11:00"}, TODAY) == ("title", "slot_1")
    assert missing({**FULL, "slot_2": "あした"}, TODAY) == ("slot_2",)
    assert missing({**FULL, "slot_2": "", "contact_mail": ""}, TODAY) == ()
    assert missing({**FULL, "topic": "その他"}, TODAY) == ("topic_other",)
    assert missing({**FULL, "topic": "その他", "topic_other": "補助金"}, TODAY) == ()
    assert missing({}, TODAY)[0] == "business"
    assert {field.key for field in fields_for({}, TODAY)} == {field.key for field in fields(TODAY)}


def test_the_picker_ends_with_the_next_fiscal_year():
    assert latest_day(TODAY) == date(2028, 3, 31)
    assert latest_day(date(2027, 3, 31)) == date(2028, 3, 31)
    assert latest_day(date(2027, 4, 1)) == date(2029, 3, 31)
