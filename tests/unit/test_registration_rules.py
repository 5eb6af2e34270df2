"""The registration's lifecycle as a table, and what an application must hold."""

from itertools import product

import pytest

from models.rules.errors import NotPossible
from models.rules.fields import ACCOUNT, BASIC
from models.rules.registration import (
    ANSWERS,
    APPOINTING,
    COMMISSION,
    EDITABLE,
    ENDED,
    IN_REVIEW,
    PAPERS,
    STAGES,
    TRANSITIONS,
    Action,
    Decider,
    Item,
    State,
    editable_items,
    invalid_fields,
    items_of,
    missing_items,
    move,
    needs_career,
    required_papers,
    stage_of,
)
from tests.support.chat import GOOD

RENEWING = {"suspend": "suspended", "leave": "ended", "end": "ended"}
NEXT: dict[str, dict[str, str]] = {
    "draft": {"submit": "organisation_review"},
    "organisation_review": {
        "approve": "secretariat_review", "return": "returned", "reject": "rejected", "withdraw": "draft",
    },
    "secretariat_review": {"approve": "terms_sent", "return": "returned", "reject": "rejected", "withdraw": "draft"},
    "returned": {"submit": "organisation_review", "withdraw": "draft"},
    "terms_sent": {"agree": "terms_agreed", "decline": "withdrawn", **RENEWING},
    "terms_agreed": {"issue": "commissioned", **RENEWING},
    "commissioned": {"accept": "active", "decline": "withdrawn", "lapse": "terms_agreed", **RENEWING},
    "active": {"fall_due": "renewal_due", "lapse": "ended", **RENEWING},
    "renewal_due": {"continue": "terms_sent", "lapse": "ended", **RENEWING},
    "suspended": {"lift": "active", "end": "ended", "lapse": "ended"},
    "ended": {},
    "rejected": {},
    "withdrawn": {},
}  # fmt: skip
ANSWERED = {**GOOD["basic"], **GOOD["account"], **GOOD["detail"]}
ALL_PAPERS = {"face": 1, "identity": 1, "certificate": 1, "bankbook": 1}


def answers(**changes):
    return {**ANSWERED, **changes}


def without(*keys):
    return {key: value for key, value in ANSWERED.items() if key not in keys}


@pytest.mark.parametrize(("state", "action"), list(product(State, Action)), ids=str)
def test_each_state_and_action(state: State, action: Action):
    target = NEXT[state].get(action)
    if target is None:
        with pytest.raises(NotPossible) as refused:
            move(state, action)
        assert refused.value.data == {"state": state, "action": action}
    else:
        assert move(state, action) is State(target)


def test_every_state_but_the_last_can_be_left_and_each_can_be_reached():
    assert {state for state, _ in TRANSITIONS} == set(State) - ENDED
    assert {State.DRAFT, *TRANSITIONS.values()} == set(State)


def test_no_state_is_of_two_kinds():
    kinds = (EDITABLE, IN_REVIEW, APPOINTING, COMMISSION, ENDED)
    assert sum(len(kind) for kind in kinds) == len(set(State))
    assert frozenset[State]().union(*kinds) == set(State)
    assert {stage.state for stage in STAGES} == IN_REVIEW


@pytest.mark.parametrize("state", list(State))
def test_a_stage_waits_only_in_its_state(state: State):
    if state in IN_REVIEW:
        assert stage_of(state).state is state
    else:
        with pytest.raises(NotPossible):
            stage_of(state)


def test_the_first_stage_is_the_organisations_and_the_second_the_secretariats():
    assert [(stage.key, stage.decider) for stage in STAGES] == [
        ("organisation", Decider.APPROVER),
        ("secretariat", Decider.STAFF),
    ]
    for stage, answer in product(STAGES, ANSWERS):
        assert (stage.state, answer) in TRANSITIONS


# --- 実務経歴 in the certificate's place (seeds/004) --------------------------------------------------

CAREER = [
    ("1", ["中小企業診断士"], False),
    ("1", ["なし"], False),
    ("2", ["なし"], True),
    ("3", ["なし"], True),
    ("4", ["なし"], True),
    ("2", ["税理士"], False),
    ("3", ["気象予報士"], False),
    ("4", ["なし", "税理士"], False),
]


@pytest.mark.parametrize(("requirement", "qualifications", "career"), CAREER)
def test_requirements_two_to_four_without_a_qualification_need_the_career(requirement, qualifications, career):
    given = answers(requirement=requirement, qualifications=qualifications)
    third = Item.CAREER if career else Item.CERTIFICATE
    assert needs_career(given) is career
    assert required_papers(given) == (Item.FACE, Item.IDENTITY, third, Item.BANKBOOK)
    assert items_of(given) == (Item.BASIC, Item.FACE, Item.IDENTITY, third, Item.BANKBOOK, Item.ACCOUNT, Item.DETAIL)


def test_before_anything_is_answered_the_certificate_is_expected():
    assert required_papers({}) == (Item.FACE, Item.IDENTITY, Item.CERTIFICATE, Item.BANKBOOK)


# --- what is missing ------------------------------------------------------------------------------


def test_nothing_is_missing_from_a_whole_application():
    assert missing_items(ANSWERED, ALL_PAPERS) == ()


def test_everything_is_missing_from_an_empty_one_in_the_cards_order():
    assert missing_items({}, {}) == items_of({})


@pytest.mark.parametrize("key", [field.key for field in BASIC])
def test_each_answer_of_the_basics_is_needed(key: str):
    assert Item.BASIC in missing_items(without(key), ALL_PAPERS)


@pytest.mark.parametrize("key", [field.key for field in ACCOUNT])
def test_each_answer_of_the_account_is_needed(key: str):
    assert missing_items(without(key), ALL_PAPERS) == (Item.ACCOUNT,)


@pytest.mark.parametrize("paper", sorted(ALL_PAPERS))
def test_each_paper_is_needed(paper: str):
    assert missing_items(ANSWERED, {**ALL_PAPERS, paper: 0}) == (Item(paper),)


def test_a_certificate_does_not_stand_in_for_the_career():
    given = answers(requirement="2", qualifications=["なし"])
    assert missing_items(given, ALL_PAPERS) == (Item.CAREER,)
    assert missing_items(given, {**ALL_PAPERS, "certificate": 0, "career": 2}) == ()


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"mail": "taro"}, Item.BASIC),
        ({"qualifications": ["なし"]}, Item.BASIC),
        ({"qualifications": []}, Item.BASIC),
        ({"branch": "999"}, Item.ACCOUNT),
        ({"bank": "0000"}, Item.ACCOUNT),
        ({"account_number": "123"}, Item.ACCOUNT),
    ],
)
def test_an_answer_that_would_not_be_accepted_today_is_missing(changes, missing):
    assert missing_items(answers(**changes), ALL_PAPERS) == (missing,)


def test_an_unclear_answer_does_not_hold():
    assert invalid_fields(BASIC, answers(name="山田太郎")) == ("name",)


# --- what may be changed --------------------------------------------------------------------------


def test_a_draft_may_be_changed_throughout():
    assert editable_items(State.DRAFT, (), ANSWERED, ()) == items_of(ANSWERED)


def test_a_returned_application_reopens_only_the_named_items():
    seen = items_of(ANSWERED)
    assert editable_items(State.RETURNED, ("identity", "account"), ANSWERED, seen) == (Item.IDENTITY, Item.ACCOUNT)


def test_a_paper_that_a_mended_answer_newly_asks_for_is_open_too():
    seen = items_of(ANSWERED)
    mended = answers(requirement="2", qualifications=["なし"])
    assert editable_items(State.RETURNED, ("basic",), mended, seen) == (Item.BASIC, Item.CAREER)


def test_an_item_the_application_no_longer_has_is_not_offered():
    mended = answers(requirement="2", qualifications=["なし"])
    open_items = editable_items(State.RETURNED, ("basic", "certificate"), mended, items_of(ANSWERED))
    assert Item.CERTIFICATE not in open_items


@pytest.mark.parametrize("state", sorted(set(State) - EDITABLE))
def test_nothing_may_be_changed_in_any_other_state(state: State):
    assert editable_items(state, ("identity",), ANSWERED, ()) == ()


def test_every_paper_takes_at_least_one_photo_big_enough_to_read():
    for item, rule in PAPERS.items():
        assert rule.most >= 1
        assert rule.min_side >= (300 if item is Item.FACE else 600)
