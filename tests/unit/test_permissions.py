"""Who may do what: every kind of actor × every action × every state, refusals included."""

from dataclasses import replace
from itertools import product

import pytest

from models.rules.permissions import APPLICATION, GENERAL, SYSTEM, Actor, ApplicationSubject, can
from models.rules.registration import APPOINTING, STAGES, State

OURS, THEIRS = "org-ours", "org-theirs"
APPLICANT = "person-applicant"
REVIEWED = (
    "organisation_review secretariat_review returned terms_sent terms_agreed commissioned"
    " active renewal_due suspended ended rejected withdrawn"
)
ANY = f"draft {REVIEWED}"

ACTORS = {
    "applicant": Actor("person", person_id=APPLICANT),
    "applicant who approves here": Actor("person", person_id=APPLICANT, organisations=frozenset({OURS})),
    "approver": Actor("person", person_id="person-approver", organisations=frozenset({OURS})),
    "approver of both": Actor("person", person_id="person-both", organisations=frozenset({OURS, THEIRS})),
    "approver elsewhere": Actor("person", person_id="person-other", organisations=frozenset({THEIRS})),
    "stranger": Actor("person", person_id="person-stranger"),
    "nobody": Actor("person"),
    "reader": Actor("staff", staff_id="staff-1", staff_role="reader"),
    "clerk": Actor("staff", staff_id="staff-2", staff_role="clerk"),
    "manager": Actor("staff", staff_id="staff-3", staff_role="manager"),
    "clerk who is the applicant": Actor("staff", person_id=APPLICANT, staff_id="staff-4", staff_role="clerk"),
    "staff without a role": Actor("staff", staff_id="staff-5"),
    "staff of an unknown role": Actor("staff", staff_id="staff-6", staff_role="owner"),
    "system": SYSTEM,
}

OWN = {
    "application.read": ANY,
    "application.edit": "draft returned",
    "application.submit": "draft returned",
    "application.withdraw": "organisation_review secretariat_review returned",
    "terms.answer": "terms_sent",
    "letter.answer": "commissioned",
    "commission.answer": "active renewal_due",
    "profile.edit": "active renewal_due suspended",
    "change.request": "active renewal_due suspended",
}
APPROVES = {
    "application.read": REVIEWED,
    "papers.read": REVIEWED,
    "application.decide": "organisation_review",
}
READS = {"application.read": ANY, "papers.read": ANY}
DECIDES = {
    **READS,
    "application.decide": "secretariat_review",
    "letter.issue": "terms_agreed",
    "commission.suspend": "active renewal_due",
    "commission.lift": "suspended",
    "commission.end": "active renewal_due suspended",
    "change.decide": "active renewal_due suspended",
}
RUNS = {"commission.run": "active renewal_due suspended commissioned"}
RENEWS = {
    "commission.answer", "commission.suspend", "commission.end", "commission.run", "profile.edit", "change.request",
    "change.decide",
}  # fmt: skip
"""What may also be done while an active expert is appointed for another year."""

ALLOWED: dict[str, dict[str, str]] = {
    "applicant": OWN,
    "applicant who approves here": OWN,
    "approver": APPROVES,
    "approver of both": APPROVES,
    "approver elsewhere": {},
    "stranger": {},
    "nobody": {},
    "reader": READS,
    "clerk": DECIDES,
    "manager": DECIDES,
    "clerk who is the applicant": {},
    "staff without a role": {},
    "staff of an unknown role": {},
    "system": RUNS,
}
GENERAL_ALLOWED = {
    "invitation.issue": {"applicant who approves here", "approver", "approver of both", "approver elsewhere"},
    "invitation.revoke": {
        "applicant",
        "applicant who approves here",
        "approver",
        "approver of both",
        "approver elsewhere",
        "stranger",
        "clerk",
        "manager",
        "clerk who is the applicant",
    },
    "organisation.manage": {"clerk", "manager", "clerk who is the applicant", "system"},
    "dispatch.request": {"applicant who approves here", "approver", "approver of both", "approver elsewhere"},
    "experts.search": {
        "applicant who approves here",
        "approver",
        "approver of both",
        "approver elsewhere",
        "clerk",
        "manager",
        "clerk who is the applicant",
    },
    "fees.read": {
        "applicant",
        "applicant who approves here",
        "approver",
        "approver of both",
        "approver elsewhere",
        "stranger",
    },
    "move.ask": {"applicant", "stranger"},
    "move.decide": {"clerk", "manager", "clerk who is the applicant"},
    "approver_code.issue": {"clerk", "manager", "clerk who is the applicant", "system"},
    "queue.read": {"reader", "clerk", "manager", "clerk who is the applicant"},
    "staff.manage": {"manager", "system"},
    "audit.read": {"manager"},
    "status.read": {"clerk", "manager", "clerk who is the applicant"},
    "status.details": {"manager"},
    "given_up.settle": {"clerk", "manager", "clerk who is the applicant"},
    "settings.change": {"manager"},
    "desk.manage": {"manager"},
    "consent.publish": {"manager"},
    "letters.manage": {"clerk", "manager", "clerk who is the applicant"},
    "terms.publish": {"manager", "system"},
    "import.manage": {"clerk", "manager", "clerk who is the applicant"},
    "person.export": {"manager"},
    "person.erase": {"manager"},
    "retention.run": {"system"},
}
CELLS = list(product(ACTORS, APPLICATION))


def subject(state: State, **deciders: str) -> ApplicationSubject:
    return ApplicationSubject(APPLICANT, OURS, state, {key: frozenset({who}) for key, who in deciders.items()})


def test_the_table_names_every_actor_action_and_state():
    assert set(ALLOWED) == set(ACTORS)
    assert {action for cells in ALLOWED.values() for action in cells} == set(APPLICATION)
    assert {state for cells in ALLOWED.values() for words in cells.values() for state in words.split()} == set(State)
    assert set(GENERAL_ALLOWED) == set(GENERAL)


def states(who: str, action: str, *, renewing: bool) -> set[State]:
    """Where this actor may do this, state by state."""
    return {state for state in State if can(ACTORS[who], action, replace(subject(state), renewing=renewing))}


@pytest.mark.parametrize(("who", "action"), CELLS, ids=str)
def test_an_application(who: str, action: str):
    assert states(who, action, renewing=False) == set(ALLOWED[who].get(action, "").split())


@pytest.mark.parametrize(("who", "action"), CELLS, ids=str)
def test_an_application_of_somebody_who_is_appointed_again(who: str, action: str):
    words = set(ALLOWED[who].get(action, "").split())
    again = APPOINTING if action in RENEWS and words else frozenset[State]()
    assert states(who, action, renewing=True) == words | again


@pytest.mark.parametrize(("who", "action"), list(product(ACTORS, GENERAL)), ids=str)
def test_what_needs_no_application(who: str, action: str):
    assert can(ACTORS[who], action) is (who in GENERAL_ALLOWED[action])


def test_an_action_nobody_defined_is_an_error_not_a_no():
    with pytest.raises(KeyError):
        can(SYSTEM, "application.delete")
    with pytest.raises(KeyError):
        can(SYSTEM, "application.delete", subject(State.DRAFT))


# --- nobody decides both stages -------------------------------------------------------------------

FIRST, SECOND = (stage.state for stage in STAGES)
BOTH_HATS = Actor("staff", person_id="person-approver", staff_id="staff-7", staff_role="clerk")


def test_a_clerk_who_decided_the_first_stage_as_an_approver_does_not_decide_the_second():
    decided = subject(SECOND, organisation="person-approver")
    assert not can(BOTH_HATS, "application.decide", decided)
    assert can(BOTH_HATS, "application.read", decided)


def test_an_approver_who_decided_the_second_stage_as_a_clerk_does_not_decide_the_first():
    """After a return by the secretariat the application passes both stages again."""
    assert not can(ACTORS["approver"], "application.decide", subject(FIRST, secretariat="person-approver"))


def test_one_may_decide_ones_own_stage_again_after_a_return():
    assert can(ACTORS["approver"], "application.decide", subject(FIRST, organisation="person-approver"))
    assert can(BOTH_HATS, "application.decide", subject(SECOND, secretariat="person-approver"))


def test_a_clerk_linked_to_nobody_is_not_held_for_somebody_else():
    assert can(ACTORS["clerk"], "application.decide", subject(SECOND, organisation="person-approver"))


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("who", [name for name, actor in ACTORS.items() if actor.person_id == APPLICANT])
def test_nobody_decides_or_reviews_their_own(who: str, state: State):
    assert not can(ACTORS[who], "application.decide", subject(state))
    assert not can(ACTORS[who], "papers.read", subject(state))


def test_a_draft_is_invisible_to_approvers():
    assert not can(ACTORS["approver"], "application.read", subject(State.DRAFT))
