"""Check-in on both databases: the same act sent twice at once, two acts at once, and an undo beside a record."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from handlers.usecases.visit import record as usecase
from models.rules.dispatch import Status
from models.rules.errors import NotPossible
from models.rules.visit import End, Source
from models.views.visit import ActView, VisitView
from storage import people, visits
from storage.database import UnitOfWork
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.statements import counted
from tests.support.together import together


class Scene:
    """An expert with a visit in an hour."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        self.expert = dispatches.expert(house, organisation, approver)
        slot = dispatches.slot(house.clock(), 0, 11)
        self.id = dispatches.request(
            house, organisation, approver, self.expert, status=Status.CONFIRMED, times=(slot,)
        ).id

    def together(self, *acts: Callable[[UnitOfWork], VisitView]) -> list[Any]:
        return together(self.house.database, *acts)

    def comes(self, nonce: str) -> Callable[[UnitOfWork], VisitView]:
        now = self.house.clock()
        return lambda uow: usecase.record(
            uow, self.expert.actor, self.id, End.IN, Source.GPS, now, point=dispatches.OFFICE, accuracy=9,
            phone_at=now, waited=timedelta(0), nonce=nonce,
        )  # fmt: skip

    def undoes(self, seq: int) -> Callable[[UnitOfWork], VisitView]:
        return lambda uow: usecase.undo(uow, self.expert.actor, self.id, self.house.clock(), seq=seq)

    def acts(self) -> list[ActView]:
        with self.house.database.read() as uow:
            return list(visits.acts(uow, self.id))


@pytest.fixture
def scene(house: House) -> Scene:
    return Scene(house)


def test_the_same_act_sent_many_times_at_once_counts_once(scene: Scene):
    found = scene.together(*(scene.comes("one-act-of-a-phone") for _ in range(5)))
    assert [type(one) for one in found] == [VisitView] * 5
    assert len({one.came.seq for one in found}) == 1
    assert len(scene.acts()) == 1


def test_two_acts_at_once_are_one_check_in_and_the_other_is_told(scene: Scene):
    found = scene.together(scene.comes("from-the-phone"), scene.comes("from-another-page"))
    refused = [one for one in found if isinstance(one, NotPossible)]
    assert [one.code for one in refused] == ["visit.already_in"]
    assert len(scene.acts()) == 1


def test_two_undos_at_once_take_back_one(scene: Scene):
    scene.together(scene.comes("from-the-phone"))
    seq = scene.acts()[0].seq
    found = scene.together(scene.undoes(seq), scene.undoes(seq))
    assert sorted(type(one).__name__ for one in found) == ["NotPossible", "VisitView"]
    assert [act.source for act in scene.acts()] == [Source.GPS, Source.UNDONE]


def test_the_undone_act_sent_again_by_its_phone_stays_undone(scene: Scene):
    scene.together(scene.comes("from-the-phone"))
    scene.together(scene.undoes(scene.acts()[0].seq))
    (found,) = scene.together(scene.comes("from-the-phone"))
    assert found.came is None
    assert len(scene.acts()) == 2


def test_an_open_visit_elsewhere_is_allowed_and_said(scene: Scene):
    scene.together(scene.comes("here"))
    with scene.house.database.unit() as uow:
        before = usecase.own(uow, scene.expert.actor, scene.id, scene.house.clock())
    assert before.other is None
    with scene.house.database.read() as uow:
        organisation, requester = before.dispatch.organisation_id, before.dispatch.requester_id
        asked = people.by_id(uow, requester)
    assert asked
    slot = dispatches.slot(scene.house.clock(), 0, 15)
    next_one = dispatches.request(
        scene.house, organisation, asked, scene.expert, status=Status.CONFIRMED, times=(slot,)
    )
    with scene.house.database.read() as uow:
        shown = usecase.today_for(uow, scene.expert.actor, scene.house.clock())
    assert [one.dispatch.id for one in shown] == [scene.id, next_one.id]
    assert [one.other.id if one.other else None for one in shown] == [None, scene.id]


def test_a_day_of_many_visits_is_read_in_as_many_statements_as_one(scene: Scene):
    scene.together(scene.comes("here"))
    now, found = scene.house.clock(), list[int]()
    with scene.house.database.read() as uow:
        first = usecase.own(uow, scene.expert.actor, scene.id, now).dispatch
        asked = people.by_id(uow, first.requester_id)
    assert asked
    for visits_today in (1, 6):
        with scene.house.database.read() as uow, counted(scene.house.database) as run:
            assert len(usecase.today_for(uow, scene.expert.actor, now)) == visits_today
        found.append(len(run))
        for hour in range(12, 17):
            times = (dispatches.slot(now, 0, hour, 60),)
            dispatches.request(
                scene.house, first.organisation_id, asked, scene.expert, status=Status.CONFIRMED, times=times
            )
    assert found == [5, 5], "the visits, their rows, their acts, what is still open, the settings"
