"""Answers to a dispatch at the same moment, on both databases: exactly one wins, and the other is told who did."""

from collections.abc import Callable, Sequence
from datetime import datetime

import pytest

from handlers.usecases.dispatch import answer, cancel
from models.rules.dispatch import Action, Side, Status
from models.rules.errors import DomainError, NotPossible, Stale
from models.rules.permissions import Actor
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import audit, dispatch
from storage.database import UnitOfWork
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.together import together

Act = Callable[[UnitOfWork], DispatchView]
MANY = 4
"""How often a race is run."""


class Town:
    """An expert, and two approvers of one organisation."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
            self.colleague = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver)

    def request(
        self, status: Status = Status.REQUESTED, times: Sequence[tuple[datetime, datetime]] = (), number: str = ""
    ) -> DispatchView:
        return dispatches.request(
            self.house, self.organisation, self.approver, self.expert, status=status, times=tuple(times),
            corporate_number=number, business=f"事業者{number}",
        )  # fmt: skip

    def proposed(self) -> DispatchView:
        made, now = self.request(), self.house.clock()
        times = [dispatches.slot(now, 10), dispatches.slot(now, 11)]
        with self.house.database.unit() as uow:
            return answer.propose(uow, self.expert.actor, made.id, made.version, times, "", now)

    def together(self, *acts: Act) -> list[DispatchView | DomainError]:
        return together(self.house.database, *acts)

    def status(self, dispatch_id: str) -> Status:
        with self.house.database.read() as uow:
            found = dispatch.view(uow, dispatch_id)
        assert found
        return found.status

    def moves(self, dispatch_id: str) -> list[str]:
        with self.house.database.read() as uow:
            return [row.action for row in audit.of_subject(uow, "dispatch", dispatch_id) if row.from_state]


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def takes(town: Town, made: DispatchView, which: int = 0) -> Act:
    slot, now = made.wished[which], town.house.clock()
    return lambda uow: answer.take_slot(uow, town.expert.actor, made.id, made.version, slot.id, now)


def accepts(town: Town, made: DispatchView, who: PersonView, which: int) -> Act:
    slot, now = made.proposed[which], town.house.clock()
    return lambda uow: answer.accept(uow, who.actor, made.id, made.version, slot.id, now)


def withdraws(town: Town, made: DispatchView, who: PersonView) -> Act:
    now = town.house.clock()
    return lambda uow: cancel.withdraw(uow, who.actor, made.id, made.version, "other", "取り下げます", now)


def one_won(found: list[DispatchView | DomainError]) -> tuple[DispatchView, Stale]:
    views = [each for each in found if isinstance(each, DispatchView)]
    stale = [each for each in found if isinstance(each, Stale)]
    assert (len(views), len(stale)) == (1, len(found) - 1), found
    return views[0], stale[0]


def test_of_two_answers_on_two_phones_one_counts(town: Town):
    for _ in range(MANY):
        made, now = town.request(), town.house.clock()
        declines: Act = lambda uow, made=made, now=now: answer.decline(  # noqa: E731
            uow, town.expert.actor, made.id, made.version, "distance", "", "", now
        )
        won, lost = one_won(town.together(takes(town, made), declines))
        assert lost.code == "dispatch.decided_own"
        assert town.moves(made.id) == [f"dispatch.{'take_slot' if won.status is Status.CONFIRMED else 'decline'}"]
        if won.status is Status.CONFIRMED:
            with town.house.database.unit() as uow:
                cancel.cancel(uow, town.expert.actor, made.id, won.version, "other", "ためし", now)


def test_of_two_approvers_one_counts_and_the_other_is_told_which(town: Town):
    made = town.proposed()
    won, lost = one_won(
        town.together(accepts(town, made, town.approver, 0), accepts(town, made, town.colleague, 1))
    )  # fmt: skip
    assert lost.code == "dispatch.decided"
    assert lost.data["of"] == won.organisation
    assert town.moves(made.id) == ["dispatch.propose", "dispatch.accept"]


def test_an_expert_takes_a_time_while_the_organisation_withdraws(town: Town):
    seen = set[Status]()
    for _ in range(MANY):
        made, now = town.request(), town.house.clock()
        won, lost = one_won(town.together(takes(town, made), withdraws(town, made, town.colleague)))
        seen.add(won.status)
        expected = "dispatch.decided_expert" if won.status is Status.CONFIRMED else "dispatch.decided"
        assert lost.code == expected
        assert town.status(made.id) is won.status
        if won.status is Status.CONFIRMED:
            with town.house.database.unit() as uow:
                cancel.cancel(uow, town.approver.actor, made.id, won.version, "other", "ためし", now)
    assert seen <= {Status.CONFIRMED, Status.CANCELLED}


def test_an_expert_takes_two_requests_for_the_same_hours_at_once(town: Town):
    now = town.house.clock()
    hours = (dispatches.slot(now, 12),)
    for first, second in (("7000012050002", "1180301018771"), ("", "")):
        one, other = town.request(times=hours, number=first), town.request(times=hours, number=second)
        found = town.together(takes(town, one), takes(town, other))
        refused = [each for each in found if isinstance(each, NotPossible)]
        assert [each.code for each in refused] == ["booking.busy"]
        assert sorted([town.status(one.id), town.status(other.id)]) == [Status.CONFIRMED, Status.REQUESTED]
        hours = (dispatches.slot(now, 14),)


def test_an_expert_takes_a_time_and_an_organisation_accepts_one_of_another_dispatch(town: Town):
    counter = town.proposed()
    time = (counter.proposed[0].starts, counter.proposed[0].ends)
    made = town.request(times=(time,), number="1180301018771")
    found = town.together(takes(town, made), accepts(town, counter, town.approver, 0))
    refused = [each for each in found if isinstance(each, NotPossible)]
    assert [each.code for each in refused] == ["booking.busy"]


def test_both_sides_cancel_at_once_and_everybody_is_told_once(town: Town):
    made, now = town.request(Status.CONFIRMED), town.house.clock()
    acts: list[Act] = [
        lambda uow, who=who: cancel.cancel(uow, who, made.id, made.version, "weather", "台風のため", now)
        for who in (town.expert.actor, town.approver.actor, town.colleague.actor)
    ]
    one_won(town.together(*acts))
    assert town.moves(made.id) == ["dispatch.cancel"]


def test_a_late_answer_names_the_secretariat_as_such(town: Town):
    made, now = town.request(), town.house.clock()
    with town.house.database.unit() as uow:
        row = dispatch.lock(uow, made.id)
        assert row
        clerk = factories.staff_user(uow).actor
        dispatch.set_status(uow, row, Status.NEEDS_COORDINATION, now)
        audit.record(uow, clerk, f"dispatch.{Action.REOPEN}", ("dispatch", made.id), now, moved=("requested", "needs"))
    with pytest.raises(Stale) as refused, town.house.database.unit() as uow:
        takes(town, made)(uow)
    assert refused.value.code == "dispatch.decided_secretariat"
    assert Side.SECRETARIAT not in str(refused.value.data)


def test_being_late_is_told_once_however_often_it_is_tapped(town: Town):
    now = town.house.clock()
    made = town.request(Status.CONFIRMED, times=(dispatches.slot(now, 0, 15, 60),))
    told = []

    def late(uow: UnitOfWork) -> DispatchView:
        view, first = cancel.late(uow, Actor("person", town.expert.id), made.id, 15, now)
        told.append(first)
        return view

    town.together(late, late, late)
    assert sorted(told) == [False, False, True]
