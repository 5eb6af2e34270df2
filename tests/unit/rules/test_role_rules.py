"""Roles and the menu they show; what has become of an invitation, and what is shown of its code."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.invitation import CodeState, code_state, judge_code, masked, spelt
from models.rules.judgement import Accepted, Refused
from models.rules.roles import Role, other_role, role_shown, roles_held

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)
BOTH = (Role.APPROVER, Role.EXPERT)


@pytest.mark.parametrize(
    ("approves", "expert", "held"),
    [
        (False, False, (Role.NEWCOMER,)),
        (True, False, (Role.APPROVER,)),
        (False, True, (Role.EXPERT,)),
        (True, True, BOTH),
    ],
)
def test_the_roles_somebody_holds(approves: bool, expert: bool, held: tuple[Role, ...]):
    assert roles_held(approves=approves, expert=expert) == held


@pytest.mark.parametrize(
    ("held", "chosen", "shown", "other"),
    [
        (BOTH, "", Role.APPROVER, Role.EXPERT),
        (BOTH, "approver", Role.APPROVER, Role.EXPERT),
        (BOTH, "expert", Role.EXPERT, Role.APPROVER),
        (BOTH, "newcomer", Role.APPROVER, Role.EXPERT),
        ((Role.EXPERT,), "approver", Role.EXPERT, None),
        ((Role.APPROVER,), "expert", Role.APPROVER, None),
        ((Role.NEWCOMER,), "expert", Role.NEWCOMER, None),
    ],
)
def test_a_choice_counts_while_it_is_held(held: tuple[Role, ...], chosen: str, shown: Role, other: Role | None):
    assert role_shown(held, chosen) is shown
    assert other_role(held, shown) is other


@pytest.mark.parametrize(
    ("used", "revoked", "until", "state"),
    [
        (None, None, AFTER, CodeState.OPEN),
        (None, None, NOW, CodeState.EXPIRED),
        (None, None, BEFORE, CodeState.EXPIRED),
        (None, BEFORE, AFTER, CodeState.REVOKED),
        (None, BEFORE, BEFORE, CodeState.REVOKED),
        (BEFORE, None, AFTER, CodeState.USED),
        (BEFORE, None, BEFORE, CodeState.USED),
        (BEFORE, BEFORE, AFTER, CodeState.USED),
    ],
)
def test_what_has_become_of_a_code(used: datetime | None, revoked: datetime | None, until: datetime, state: CodeState):
    assert code_state(used, revoked, until, NOW) is state


def test_what_is_shown_of_a_code():
    assert spelt("K7QX3M9T") == "K7QX-3M9T"
    assert masked("K7QX3M9T") == masked("K7QX-3M9T") == "K7••-••••"


@pytest.mark.parametrize("text", ["K7QX-3M9T", "k7qx 3m9t", "Ｋ７ＱＸー３Ｍ９Ｔ", "コード K7QX3M9T です"])
def test_a_code_as_an_answer(text: str):
    assert judge_code(text, {}) == Accepted("K7QX3M9T")


@pytest.mark.parametrize("text", ["", "K7QX", "メールが来ない", "💴" * 300])
def test_no_code_as_an_answer(text: str):
    assert judge_code(text, {}) == Refused("account.code_format")
