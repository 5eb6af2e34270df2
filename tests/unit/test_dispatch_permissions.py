"""Who may do what to a dispatch: every status, action and role, against a table written out by hand from `domain.md` 3.

The table is not made from `models.rules.dispatch`; whoever changes one of them has to look at the other.
"""

import pytest

from models.rules.dispatch import Action, Status
from models.rules.permissions import BUSINESS, DISPATCH, SYSTEM, Actor, DispatchSubject, can

ORGANISATION, EXPERT, REQUESTER = "org", "expert", "requester"
CAST: dict[str, Actor] = {
    "expert": Actor("person", person_id=EXPERT),
    "approver": Actor("person", person_id=REQUESTER, organisations=frozenset({ORGANISATION})),
    "colleague": Actor("person", person_id="colleague", organisations=frozenset({ORGANISATION, "third"})),
    "clerk": Actor("staff", staff_id="clerk", staff_role="clerk"),
    "manager": Actor("staff", staff_id="manager", staff_role="manager"),
    "system": SYSTEM,
    "business": BUSINESS,
    "reader": Actor("staff", staff_id="reader", staff_role="reader"),
    "expert at the desk": Actor("staff", person_id=EXPERT, staff_id="both", staff_role="manager"),
    "other expert": Actor("person", person_id="other"),
    "other approver": Actor("person", person_id="foreign", organisations=frozenset({"other org"})),
    "newcomer": Actor("person"),
}
E, ORG, S, SYS = {"expert"}, {"approver", "colleague"}, {"clerk", "manager"}, {"system"}
STEPS: dict[str, dict[str, set[str]]] = {
    "requested": {"take_slot": E, "propose": E, "decline": E, "withdraw": ORG, "reopen": S},
    "counter_proposed": {"accept": ORG, "none_fits": ORG, "withdraw": ORG, "reopen": S},
    "needs_coordination": {"set_time": S, "reassign": S, "end": S, "withdraw": ORG},
    "confirmed": {"cancel": E | ORG | S, "reopen": S, "check_out": E, "end_passed": SYS},
    "report_due": {"send_report": E, "not_held": S},
    "reported": {"return_report": ORG | S, "complete": SYS},
    "completed": {},
    "declined": {},
    "cancelled": {},
}
"""From where who does what; nothing else is possible."""
EVERYBODY = E | ORG | S | {"reader"}
AROUND: dict[str, tuple[set[str], set[str]]] = {
    "dispatch.read": (set(STEPS), EVERYBODY),
    "dispatch.except": ({"needs_coordination"}, S),
    "dispatch.remind": ({"requested", "counter_proposed", "confirmed", "report_due"}, SYS),
    "dispatch.late": ({"confirmed"}, E),
    "visit.record": ({"confirmed", "report_due"}, E),
    "visit.undo": ({"confirmed", "report_due"}, E | S),
    "visit.certify": ({"confirmed", "report_due", "reported", "completed"}, E | {"business"}),
    "visit.judge": ({"confirmed", "report_due", "reported", "completed"}, S),
    "visit.correct": ({"confirmed", "report_due", "reported", "completed"}, S),
    "visit.answer": (set(STEPS), E),
    "evidence.read": (set(STEPS), S | {"reader"}),
}
"""What is not a step: in which statuses, by whom."""


def subject(status: str) -> DispatchSubject:
    return DispatchSubject(ORGANISATION, EXPERT, Status(status), REQUESTER)


def allowed(action: str, status: str) -> set[str]:
    return {who for who, actor in CAST.items() if can(actor, action, subject(status))}


@pytest.mark.parametrize("action", [action.value for action in Action])
@pytest.mark.parametrize("status", STEPS)
def test_a_step_is_taken_by_whom_the_table_names_and_by_nobody_else(status: str, action: str):
    assert allowed(f"dispatch.{action}", status) == STEPS[status].get(action, set())


@pytest.mark.parametrize("action", AROUND)
@pytest.mark.parametrize("status", STEPS)
def test_what_is_no_step_is_done_in_these_statuses_by_these(status: str, action: str):
    statuses, those = AROUND[action]
    assert allowed(action, status) == (those if status in statuses else set())


def test_the_tables_leave_nothing_out():
    assert set(STEPS) == set(Status)
    assert {action for row in STEPS.values() for action in row} == set(Action)
    assert set(DISPATCH) == {*AROUND, *(f"dispatch.{action}" for action in Action)}


@pytest.mark.parametrize("status", STEPS)
def test_nobody_is_the_expert_of_a_dispatch_without_one(status: str):
    nobody = DispatchSubject(ORGANISATION, None, Status(status), REQUESTER)
    for who in ("expert", "other expert", "newcomer", "business"):
        assert not [action for action in Action if can(CAST[who], f"dispatch.{action}", nobody)]
        assert not can(CAST[who], "dispatch.read", nobody)


def test_who_asked_for_a_dispatch_grants_no_exception_to_it():
    clerk = Actor("staff", person_id=REQUESTER, staff_id="clerk", staff_role="clerk")
    assert not can(clerk, "dispatch.except", subject("needs_coordination"))
    assert can(clerk, "dispatch.set_time", subject("needs_coordination"))


@pytest.mark.parametrize("status", STEPS)
def test_an_approver_who_is_the_expert_acts_as_the_expert_alone(status: str):
    both = Actor("person", person_id=EXPERT, organisations=frozenset({ORGANISATION}))
    for action in Action:
        assert can(both, f"dispatch.{action}", subject(status)) is (
            "expert" in STEPS[status].get(action.value, set())
        )  # fmt: skip
