"""A commission by the calendar: the period of the next letter, whether one is in force, when somebody is asked."""

from datetime import date, timedelta
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models.rules.commission import NEVER, Due, Force, Standing, due, period_after, standing, year_end
from models.rules.registration import APPOINTING, COMMISSION, State

DAYS = some.dates(date(2020, 1, 1), date(2060, 12, 31))

PERIODS = [
    (None, "2026-11-24", "2026-11-24", "2027-03-31"),
    (None, "2027-03-31", "2027-03-31", "2027-03-31"),
    (None, "2027-04-01", "2027-04-01", "2028-03-31"),
    (None, "2028-02-29", "2028-02-29", "2028-03-31"),
    (None, "2027-12-31", "2027-12-31", "2028-03-31"),
    (None, "2028-01-01", "2028-01-01", "2028-03-31"),
    ("2027-03-31", "2027-01-30", "2027-04-01", "2028-03-31"),
    ("2027-03-31", "2027-03-31", "2027-04-01", "2028-03-31"),
    ("2027-03-31", "2027-04-01", "2027-04-01", "2028-03-31"),
    ("2027-03-31", "2027-05-10", "2027-05-10", "2028-03-31"),
    ("2028-03-31", "2028-02-29", "2028-04-01", "2029-03-31"),
    ("2025-03-31", "2027-02-01", "2027-02-01", "2027-03-31"),
]


@pytest.mark.parametrize(("last", "today", "starts", "ends"), PERIODS)
def test_the_period_of_the_next_letter(last: str | None, today: str, starts: str, ends: str):
    found = period_after(date.fromisoformat(last) if last else None, date.fromisoformat(today))
    assert found == (date.fromisoformat(starts), date.fromisoformat(ends))


@given(DAYS, DAYS)
def test_a_period_lies_in_one_fiscal_year_and_never_in_the_one_before(day: date, today: date):
    last = year_end(day)
    starts, ends = period_after(last, today)
    assert today <= starts <= ends == year_end(starts)
    assert starts > last


# --- in force -------------------------------------------------------------------------------------

SERVES = APPOINTING | {State.ACTIVE, State.RENEWAL_DUE}
END = date(2027, 3, 31)
LEFT = date(2026, 12, 24)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize(("today", "over"), [(END - timedelta(1), False), (END, False), (END + timedelta(1), True)])
def test_in_force_until_the_last_day_of_the_letter(state: State, today: date, over: bool):
    found = standing(state, LEFT, END, today)
    if state in SERVES | {State.SUSPENDED} and not over:
        force = Force.SUSPENDED if state is State.SUSPENDED else Force.IN_FORCE
        assert found == Standing(force, END)
    else:
        assert found.force is Force.OVER
    assert found.has_expert_menu is (state in SERVES | {State.SUSPENDED} and not over)


def test_what_ended_before_its_letter_ended_on_the_day_it_moved():
    assert standing(State.ENDED, LEFT, END, LEFT).last_day == LEFT
    assert standing(State.ENDED, END + timedelta(3), END, END + timedelta(5)).last_day == END
    assert standing(State.ACTIVE, LEFT, END, END + timedelta(3)).last_day == END
    assert standing(State.ENDED, LEFT, None, END).last_day == LEFT


def test_who_was_never_commissioned_has_nothing():
    assert not NEVER.has_expert_menu
    assert NEVER.last_day is None


# --- what is due ----------------------------------------------------------------------------------

ASK, REMIND = date(2027, 1, 30), date(2027, 3, 1)
DUE = [
    ("active", "2026-12-01", "2027-01-29", None),
    ("active", "2026-12-01", "2027-01-30", Due.ASK),
    ("active", "2026-12-01", "2027-03-31", Due.ASK),
    ("active", "2026-12-01", "2027-04-01", Due.LAPSE),
    ("renewal_due", "2027-01-30", "2027-02-28", None),
    ("renewal_due", "2027-01-30", "2027-03-01", Due.REMIND),
    ("renewal_due", "2027-02-28", "2027-03-01", Due.REMIND),
    ("renewal_due", "2027-03-01", "2027-03-01", None),
    ("renewal_due", "2027-03-01", "2027-03-31", None),
    ("renewal_due", "2027-01-30", "2027-03-31", Due.REMIND),
    ("renewal_due", "2027-01-30", "2027-04-01", Due.LAPSE),
    ("suspended", "2026-12-01", "2027-01-30", None),
    ("suspended", "2026-12-01", "2027-03-31", None),
    ("suspended", "2026-12-01", "2027-04-01", Due.LAPSE),
]


def what(state: State, since: date, today: date, *, reminded: bool = False) -> Due | None:
    return due(state, since, END, today, ask_days=60, remind_days=30, reminded=reminded)


@pytest.mark.parametrize(("state", "since", "today", "expected"), DUE)
def test_what_is_due(state: str, since: str, today: str, expected: Due | None):
    assert what(State(state), date.fromisoformat(since), date.fromisoformat(today)) is expected


def test_nobody_is_reminded_twice():
    assert what(State.RENEWAL_DUE, ASK, REMIND, reminded=True) is None
    assert what(State.RENEWAL_DUE, ASK, END, reminded=True) is None


@pytest.mark.parametrize(
    ("state", "today"), list(product(sorted(set(State) - COMMISSION), (ASK, REMIND, END, date.max)))
)
def test_nothing_is_due_of_what_is_no_commission(state: State, today: date):
    assert what(state, ASK, today) is None


def test_the_question_comes_sixty_days_before_the_end_also_in_a_leap_year():
    ends = date(2028, 3, 31)
    asked = [
        day
        for day in (ends - timedelta(days=back) for back in range(70))
        if due(State.ACTIVE, LEFT, ends, day, ask_days=60, remind_days=30) is Due.ASK
    ]
    assert min(asked) == date(2028, 1, 31)
    assert all(later - earlier == timedelta(1) for earlier, later in pairwise(sorted(asked)))


def test_days_of_the_settings_count():
    assert due(State.ACTIVE, LEFT, END, date(2027, 1, 1), ask_days=89, remind_days=30) is Due.ASK
    assert due(State.RENEWAL_DUE, LEFT, END, date(2027, 3, 21), ask_days=60, remind_days=10) is Due.REMIND
    assert due(State.RENEWAL_DUE, LEFT, END, date(2027, 3, 20), ask_days=60, remind_days=10) is None
