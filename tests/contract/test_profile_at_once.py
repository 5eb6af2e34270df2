"""The profile on both databases: several devices, and several people of the secretariat, at the same moment."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from handlers.usecases import commission, profile_change
from handlers.usecases import profile as usecase
from models.rules.errors import DomainError, Stale
from models.rules.permissions import Actor
from models.rules.registration import Item
from models.views.people import PersonView
from storage import audit, papers, profile, registration_views
from storage.database import UnitOfWork
from tests.support import factories
from tests.support.factories import House
from tests.support.together import together

TODAY = date(2026, 11, 18)
ACCOUNT = {
    "bank": "0001",
    "branch": "001",
    "account_type": "1",
    "account_number": "7654321",
    "account_holder": "ヤマダ タロウ",
}


class Town:
    """An active expert, and two clerks."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        self.made, self.expert = factories.commissioned(house, organisation, approver)
        factories.accept(house, self.expert, self.made)
        with house.database.unit() as uow:
            self.clerks = [factories.staff_user(uow, f"{name}@example.jp").actor for name in ("one", "two")]

    @property
    def actor(self) -> Actor:
        person: PersonView = self.expert
        return person.actor

    def does(self, act: Callable[[UnitOfWork], Any]) -> Any:
        with self.house.database.unit() as uow:
            return act(uow)

    def together(self, *acts: Callable[[UnitOfWork], Any]) -> list[Any]:
        return together(self.house.database, *acts)

    def photo(self, text: str = "new") -> None:
        shot = factories.photo(self.house, text)
        self.does(lambda uow: profile_change.add_photos(uow, self.actor, "account", [shot], self.house.clock()))

    def asks(self, **typed: str) -> Callable[[UnitOfWork], Any]:
        return lambda uow: profile_change.ask(uow, self.actor, "account", {**ACCOUNT, **typed}, self.house.clock())

    def view(self):
        with self.house.database.read() as uow:
            found = registration_views.load(uow, self.made)
        assert found
        return found


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def test_days_marked_on_many_devices_at_once_are_all_kept(town: Town) -> None:
    now = town.house.clock()
    days = [TODAY + timedelta(days=ahead) for ahead in range(1, 7)]
    town.together(*(lambda uow, day=day: usecase.save_days_off(uow, town.actor, [], [day], now) for day in days))
    assert town.does(lambda uow: profile.days_off(uow, town.expert.id, TODAY)) == set(days)


def test_of_two_different_saves_of_a_section_one_is_told(town: Town) -> None:
    now = town.house.clock()
    seen = town.does(lambda uow: usecase.own(uow, town.actor, town.expert.id, now)).mark("contact")
    found = town.together(
        *(
            lambda uow, mail=mail: usecase.save_answers(
                uow, town.actor, "contact", seen, {"phone": "03-1234-5678", "mail": mail}, now
            )
            for mail in ("a@example.jp", "b@example.jp")
        )
    )
    assert [type(each) for each in found if each] == [Stale]


def test_two_taps_on_send_are_one_change(town: Town) -> None:
    town.photo()
    first, second = town.together(town.asks(), town.asks())
    assert first.id == second.id
    assert town.does(profile.waiting)[0] == 1


def test_of_two_different_changes_one_waits(town: Town) -> None:
    town.photo()
    found = town.together(town.asks(), town.asks(account_number="1111111"))
    assert sorted(isinstance(each, Stale) for each in found) == [False, True]
    assert town.does(profile.waiting)[0] == 1


def test_of_two_decisions_at_once_one_counts(town: Town) -> None:
    town.photo()
    change = town.does(town.asks())
    version, now = town.view().version, town.house.clock()
    one, two = town.clerks
    found = town.together(
        lambda uow: profile_change.approve(uow, one, change.id, version, now),
        lambda uow: profile_change.send_back(uow, two, change.id, version, "読めません", now),
    )
    assert sorted(isinstance(each, Stale) for each in found) == [False, True]
    (decided,) = (each for each in found if not isinstance(each, Stale))
    number = "7654321" if decided.state == "approved" else "1234567"
    assert town.view().answers["account_number"] == number
    actions = [row.action for row in town.does(lambda uow: audit.of_subject(uow, "application", town.made))]
    assert sum(action in ("change.approve", "change.return") for action in actions) == 1
    assert not town.view().papers_of("new_bankbook")
    assert len(town.view().papers_of(Item.BANKBOOK)) == 1


def test_lists_are_searched_sorted_counted_and_paged(town: Town) -> None:
    town.photo()
    change = town.does(town.asks())
    clerk, own = town.clerks[0], Actor("staff", person_id=town.expert.id, staff_id="x" * 32, staff_role="clerk")
    with town.house.database.read() as uow:
        for order in ("age", "-age", "name", "-name"):
            assert [row.id for row in profile.listed(uow, clerk, ("waiting",), order=order)] == [change.id]
        assert profile.count(uow, clerk, ("waiting",), words="ヤマダ") == 1
        assert profile.count(uow, clerk, ("waiting",), words="100%") == 0
        assert profile.listed(uow, clerk, ("waiting",), offset=1) == []
        assert profile.count(uow, clerk, ("approved", "returned", "taken_back")) == 0
        assert profile.count(uow, own, ("waiting",)) == 0


def test_photos_without_a_change_go_after_a_while_and_only_those(town: Town) -> None:
    town.photo()
    later = town.house.clock() + timedelta(days=2)
    town.does(lambda uow: profile.drop_forgotten(uow, later - timedelta(days=3), later))
    assert town.view().papers_of("new_bankbook")
    town.does(lambda uow: profile.drop_forgotten(uow, later, later))
    assert not town.view().papers_of("new_bankbook")
    town.photo()
    town.does(town.asks())
    town.does(lambda uow: profile.drop_forgotten(uow, later, later))
    assert town.view().papers_of("new_bankbook")
    with town.house.database.read() as uow:
        assert len(papers.doomed_files(uow, later)) == 0, "the file came back with the second photo"


def test_whoever_leaves_takes_a_waiting_change_off_the_desk(town: Town) -> None:
    town.photo()
    change = town.does(town.asks())
    version, now = town.view().version, town.house.clock()
    town.does(lambda uow: commission.leave(uow, town.actor, town.made, version, now))
    with town.house.database.read() as uow:
        assert profile.waiting(uow) == (0, None)
        found = profile.change(uow, change.id)
        assert found
        assert found.state == profile.TAKEN_BACK
    assert not town.view().papers_of("new_bankbook")
    assert town.view().answers["account_number"] == "1234567"
    with pytest.raises(DomainError):
        town.does(lambda uow: profile_change.approve(uow, town.clerks[0], change.id, town.view().version, now))
