"""What `make run` opens with: made once through the same doors as real data, and found again at a second start."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from handlers import demo
from handlers.usecases.visit import record
from models.rules.calendar import to_jst
from models.rules.dispatch import Status, Why
from models.rules.registration import State
from models.rules.visit import Evidence, Grade
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView
from models.views.visit import VisitView
from storage import dispatch, organisations, people, registration, visits
from tests.support.world import World


@pytest.fixture
def alive(world: World) -> Iterator[World]:
    """A world whose worker runs by itself, as in a local run."""
    world.auto = False
    stop = threading.Event()
    work = threading.Thread(target=world.service.worker.run, args=(world.service.bell, stop, 0.2))
    work.start()
    yield world
    stop.set()
    work.join()


def test_the_demo_opens_with_everybody_in_place_and_a_second_start_adds_nothing(alive: World):
    for _ in range(2):
        demo.prepare(alive.service, alive.platform)
        with alive.service.database.read() as uow:
            found = {state: len(registration.in_state(uow, state)) for state in State}
            assert organisations.count(uow) == 2
        assert {state: count for state, count in found.items() if count} == {
            State.ORGANISATION_REVIEW: 1, State.SECRETARIAT_REVIEW: 1, State.ACTIVE: 3,
        }  # fmt: skip
        assert Counter(view.status for view, _ in dispatches(alive)) == {
            Status.REQUESTED: 1, Status.COUNTER_PROPOSED: 1, Status.NEEDS_COORDINATION: 1,
            Status.CONFIRMED: 1, Status.REPORT_DUE: 2,
        }  # fmt: skip
    phones = list(alive.platform.users)[:4]
    words = [{action["label"] for action in alive.platform.actions_of(phone)} for phone in phones]
    assert not words[0], "the newcomer has not followed yet"
    assert {"専門家を招待", "承認待ち"} <= words[1] & words[2]
    assert {"チェックイン", "プロフィール"} <= words[3]
    assert "みほんベーカリー" in str(alive.platform.received(phones[3])[-1].message), (
        "the request that waits comes last"
    )


NIGHT = datetime(2026, 11, 28, 14, 50, tzinfo=UTC)
"""A Saturday, ten to midnight in Tokyo."""


@pytest.mark.parametrize("first_opened", [None, NIGHT], ids=["tuesday-morning", "saturday-night"])
def test_each_station_of_a_dispatch_is_there_to_be_walked(alive: World, first_opened: datetime | None):
    alive.clock.now = first_opened or alive.clock.now
    demo.prepare(alive.service, alive.platform)
    found = {view.status: (view, visit) for view, visit in dispatches(alive) if view.status is not Status.REPORT_DUE}
    waiting, today = found[Status.REQUESTED][0], found[Status.CONFIRMED][0]
    assert len(waiting.wished) == 3
    assert found[Status.COUNTER_PROPOSED][0].proposed
    assert found[Status.NEEDS_COORDINATION][0].why is Why.NO_EXPERT
    assert today.starts
    assert to_jst(today.starts).date() == to_jst(alive.clock.now).date()
    with alive.service.database.read() as uow:
        expert = people.by_user_id(uow, list(alive.platform.users)[3])
        assert expert
        assert [shown.dispatch.id for shown in record.today_for(uow, expert.actor, alive.clock.now)] == [today.id]
    held = [visit for view, visit in dispatches(alive) if view.status is Status.REPORT_DUE and visit]
    assert {(visit.grade, visit.evidence) for visit in held} == {
        (Grade.A, Evidence.CLEAR), (Grade.C, Evidence.WAITING),
    }  # fmt: skip
    assert all(visit.yen for visit in held)


def dispatches(world: World) -> list[tuple[DispatchView, VisitView | None]]:
    """Every dispatch of the demo with its visit."""
    with world.service.database.read() as uow:
        rows = uow.session.scalars(select(Dispatch)).all()
        return [(dispatch.view_of(uow, row), visits.view(uow, row.id, row.expert_id or "")) for row in rows]
