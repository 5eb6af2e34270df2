"""The checks before a dispatch: each problem by itself, refusals included, and what holds for any times at all."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.screens.booking import reason, remedy
from models.rules.booking import (
    EXCEPTABLE,
    EXPERTS_WISHES,
    FARTHEST,
    LONGEST,
    OF_EXPERT,
    OF_TIMES,
    Code,
    ExpertFacts,
    Facts,
    Problem,
    Time,
    can_be_looked_up,
    days_of,
    limit_of,
    minutes_of,
    overlap,
    problems,
    time_words,
    within,
)
from models.rules.calendar import JST
from models.rules.profile import HOLIDAY, Hours
from models.rules.settings import SETTINGS

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=JST)
EXPERT = ExpertFacts(
    person_id="e", in_force=True, last_day=date(2027, 3, 31), accepting=True, weekly_off=frozenset(), hours=Hours(),
    days_off=frozenset(), busy=(), organisations=frozenset(), employment="self",
)  # fmt: skip
FACTS = Facts("o", "r", EXPERT, {2026: 0}, 3)


def at(day: str, starts: str, ends: str, until: str = "") -> Time:
    return (
        datetime.fromisoformat(f"{day}T{starts}").replace(tzinfo=JST),
        datetime.fromisoformat(f"{until or day}T{ends}").replace(tzinfo=JST),
    )


GOOD = at("2026-12-01", "13:00", "16:00")


def codes(found: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in found]


def with_expert(**changes: object) -> Facts:
    return replace(FACTS, expert=replace(EXPERT, **changes))


def test_nothing_is_in_the_way_of_a_good_time():
    assert problems([GOOD], FACTS, NOW) == ()
    assert problems([GOOD], replace(FACTS, expert=None), NOW) == ()


@pytest.mark.parametrize(
    ("time", "code"),
    [
        (at("2026-11-18", "10:00", "12:00"), "past"),
        (at("2026-11-18", "09:59", "12:00"), "past"),
        (at("2026-12-01", "13:00", "13:00"), "order"),
        (at("2026-12-01", "13:00", "12:00"), "order"),
        (at("2026-12-01", "09:00", "21:01"), "too_long"),
        (at("2027-03-01", "13:00", "16:00"), "after_february"),
        (at("2027-03-31", "13:00", "16:00"), "after_february"),
        (at("2027-02-28", "20:00", "00:30", "2027-03-01"), "after_february"),
        (at("2028-01-10", "13:00", "16:00"), "too_far"),
        (at("9999-12-31", "23:00", "23:59"), "too_far"),
    ],
)
def test_a_time_that_is_none(time: Time, code: str):
    assert codes(problems([time], replace(FACTS, expert=None), NOW)) == [code]


@pytest.mark.parametrize(
    "time",
    [
        at("2026-11-18", "10:01", "12:00"),
        at("2026-12-01", "09:00", "21:00"),
        at("2027-02-28", "13:00", "16:00"),
        at("2027-02-28", "20:00", "00:00", "2027-03-01"),
        at("2027-04-01", "09:00", "12:00"),
    ],
)
def test_a_time_at_the_edge_is_one(time: Time):
    assert problems([time], replace(FACTS, expert=None), NOW) == ()


def test_the_last_day_of_february_in_a_leap_year():
    now = datetime(2027, 12, 1, 9, 0, tzinfo=JST)
    facts = replace(FACTS, expert=None)
    assert problems([at("2028-02-29", "13:00", "16:00")], facts, now) == ()
    (found,) = problems([at("2028-03-01", "13:00", "16:00")], facts, now)
    assert (found.code, found.data["last"]) == ("after_february", "2028年2月29日（火）")


def test_two_times_that_overlap_are_one_too_many():
    later = at("2026-12-01", "15:59", "18:00")
    (found,) = problems([GOOD, at("2026-12-02", "13:00", "16:00"), later], replace(FACTS, expert=None), NOW)
    assert (found.code, found.slot, found.data) == ("same_time", 3, {"first": "1", "second": "3"})
    touching = at("2026-12-01", "16:00", "17:00")
    assert problems([GOOD, touching], FACTS, NOW) == ()


@pytest.mark.parametrize(
    ("facts", "code", "exceptable"),
    [
        (with_expert(person_id="r"), "own_person", False),
        (with_expert(person_id="r", organisations=frozenset({"o"})), "own_person", False),
        (with_expert(organisations=frozenset({"x", "o"})), "own_organisation", False),
        (with_expert(in_force=False), "not_in_force", False),
        (with_expert(in_force=False, accepting=False), "not_in_force", False),
        (with_expert(accepting=False), "not_accepting", False),
        (with_expert(employment="public"), "employed_public", True),
        (with_expert(employment="support"), "employed_support", True),
        (with_expert(last_day=date(2026, 11, 30)), "commission_ends", True),
        (with_expert(days_off=frozenset({date(2026, 12, 1)})), "day_off", False),
        (with_expert(weekly_off=frozenset({1})), "weekly_off", False),
        (with_expert(hours=Hours(14 * 60, 17 * 60)), "hours", False),
        (with_expert(hours=Hours(9 * 60, 15 * 60 + 30)), "hours", False),
        (with_expert(busy=(at("2026-12-01", "15:00", "18:00"),)), "busy", False),
        (replace(FACTS, visits={2026: 3}), "visits_year", True),
    ],
)
def test_what_is_in_the_way(facts: Facts, code: str, exceptable: bool):
    (found,) = problems([GOOD], facts, NOW)
    assert (found.code, found.exceptable) == (code, exceptable)


@pytest.mark.parametrize(
    "facts",
    [
        with_expert(organisations=frozenset({"x"})),
        with_expert(employment="company"),
        with_expert(last_day=date(2026, 12, 1)),
        with_expert(last_day=None),
        with_expert(days_off=frozenset({date(2026, 12, 2)})),
        with_expert(weekly_off=frozenset({0, 2, HOLIDAY})),
        with_expert(hours=Hours(13 * 60, 16 * 60)),
        with_expert(busy=(at("2026-12-01", "09:00", "13:00"), at("2026-12-01", "16:00", "17:00"))),
        replace(FACTS, visits={2026: 2, 2027: 3}),
    ],
)
def test_what_only_looks_like_it(facts: Facts):
    assert problems([GOOD], facts, NOW) == ()


def test_public_holidays_are_off_for_those_who_say_so():
    labour_thanksgiving = at("2026-11-23", "13:00", "16:00")
    assert codes(problems([labour_thanksgiving], with_expert(weekly_off=frozenset({HOLIDAY})), NOW)) == ["weekly_off"]
    assert problems([labour_thanksgiving], FACTS, NOW) == ()


def test_a_time_across_midnight_looks_at_both_days():
    night = at("2026-12-01", "22:00", "01:00", "2026-12-02")
    clockless = {"hours": Hours(0, 24 * 60)}
    assert problems([night], with_expert(**clockless), NOW) == ()
    assert codes(problems([night], FACTS, NOW)) == ["hours"]
    assert codes(problems([night], with_expert(**clockless, weekly_off=frozenset({2})), NOW)) == ["weekly_off"]
    off = with_expert(**clockless, days_off=frozenset({date(2026, 12, 2)}))
    assert codes(problems([night], off, NOW)) == ["day_off"]
    until_midnight = at("2026-12-01", "22:00", "00:00", "2026-12-02")
    assert problems([until_midnight], with_expert(hours=Hours(600, 24 * 60), weekly_off=frozenset({2})), NOW) == ()


def test_each_year_has_its_own_visits():
    times = [GOOD, at("2027-04-02", "13:00", "16:00")]
    facts = replace(FACTS, expert=None, visits={2026: 1, 2027: 3})
    (found,) = problems(times, facts, NOW)
    assert found.data == {"year": "2027", "count": "3", "limit": "3"}


def test_it_topics_have_a_limit_of_their_own_once_it_is_set():
    usual = {key: setting.default for key, setting in SETTINGS.items()}
    assert limit_of("IT活用", usual) == 3
    assert limit_of("IT活用", {**usual, "visits_per_year_it": 5}) == 5
    assert limit_of("生産管理", {**usual, "visits_per_year_it": 5}) == 3


def test_problems_come_in_one_order_and_name_their_time():
    facts = with_expert(busy=(GOOD,), employment="support")
    found = problems([at("2026-12-02", "20:00", "21:00"), GOOD], replace(facts, visits={2026: 9}), NOW)
    assert [(one.code, one.slot) for one in found] == [
        ("employed_support", 0), ("hours", 1), ("busy", 2), ("visits_year", 0),
    ]  # fmt: skip


def test_every_problem_can_be_said_and_knows_a_way_out():
    night = at("2026-12-01", "22:00", "01:00", "2026-12-02")
    assert time_words(*night) == "12/1（火）22:00〜12/2（水）01:00"
    assert time_words(*GOOD) == "12/1（火）13:00〜16:00"
    held = with_expert(in_force=True, busy=(GOOD,), last_day=date(2026, 11, 30), employment="public")
    for problem in problems([GOOD, GOOD, night], replace(held, visits={2026: 3}), NOW):
        assert "{" not in reason(problem) + remedy(problem)
        assert reason(problem).endswith(("。", "）。"))
    assert set(Code) == OF_TIMES | OF_EXPERT | {Code.VISITS_YEAR}
    assert not EXCEPTABLE & EXPERTS_WISHES


MINUTE = timedelta(minutes=1)
moments = st.integers(-200_000, 900_000).map(lambda n: NOW + n * MINUTE)
lengths = st.integers(-600, 1_500).map(lambda n: n * MINUTE)
times_of = st.lists(st.tuples(moments, lengths).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=3)
experts = st.builds(
    ExpertFacts,
    person_id=st.just("e"),
    in_force=st.booleans(),
    last_day=st.none() | st.dates(date(2026, 11, 1), date(2028, 3, 31)),
    accepting=st.booleans(),
    weekly_off=st.frozensets(st.integers(0, 7), max_size=3),
    hours=st.tuples(st.integers(0, 23), st.integers(1, 24)).map(
        lambda pair: Hours(min(pair) * 60, max(pair[0] + 1, *pair) * 60)
    ),
    days_off=st.frozensets(st.dates(date(2026, 11, 18), date(2027, 2, 28)), max_size=5),
    busy=st.lists(
        st.tuples(moments, st.integers(30, 720)).map(lambda pair: (pair[0], pair[0] + pair[1] * MINUTE)), max_size=4
    ).map(tuple),
    organisations=st.frozensets(st.sampled_from("oxy")),
    employment=st.sampled_from(["self", "company", "support", "public", ""]),
)


@given(times_of, experts, st.integers(0, 5))
def test_any_times_and_facts_give_problems_that_can_be_said(times: list[Time], expert: ExpertFacts, visits: int):
    facts = Facts("o", "r", expert, {2026: visits, 2027: 0}, 3)
    found = problems(times, facts, NOW)
    for problem in found:
        assert 0 <= problem.slot <= len(times)
        assert reason(problem)
        assert remedy(problem)
    assert {one.code for one in found if one.exceptable} <= EXCEPTABLE
    assert problems(times, facts, NOW.astimezone(UTC)) == found
    in_utc = [(starts.astimezone(UTC), ends.astimezone(UTC)) for starts, ends in times]
    assert problems(in_utc, facts, NOW) == found


@given(times_of, experts)
def test_a_time_no_problem_names_lies_where_the_expert_can_come(times: list[Time], expert: ExpertFacts):
    found = problems(times, Facts("o", "r", expert, {}, 3), NOW)
    named = {problem.slot for problem in found}
    for slot, time in enumerate(times, start=1):
        if slot not in named:
            assert can_be_looked_up(time, NOW)
            assert not any(overlap(time, held) for held in expert.busy)
            assert within(time, expert.hours)
            assert not expert.days_off.intersection(days_of(time))
            assert all(day.month != 3 for day in days_of(time))


@given(times_of, experts)
def test_more_in_the_way_never_means_fewer_problems(times: list[Time], expert: ExpertFacts):
    free = replace(expert, busy=(), days_off=frozenset())
    before = set(codes(problems(times, Facts("o", "r", free, {}, 3), NOW)))
    after = set(codes(problems(times, Facts("o", "r", replace(free, busy=expert.busy), {}, 3), NOW)))
    assert before <= after <= before | {"busy"}


@given(moments, st.integers(1, 720))
def test_minutes_of_a_time_span_its_length(starts: datetime, minutes: int):
    first, last = minutes_of((starts, starts + minutes * MINUTE))
    assert 0 <= first < 24 * 60
    assert last - first == minutes
    assert minutes * MINUTE <= LONGEST < FARTHEST
