"""What `make run` opens with: made once through the same doors as real data, and found again at a second start."""

import threading
from collections.abc import Iterator

import pytest

from handlers import demo
from models.rules.registration import State
from storage import organisations, registration
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
            State.ORGANISATION_REVIEW: 1, State.SECRETARIAT_REVIEW: 1, State.ACTIVE: 1,
        }  # fmt: skip
    phones = list(alive.platform.users)[:4]
    words = [{action["label"] for action in alive.platform.actions_of(phone)} for phone in phones]
    assert not words[0], "the newcomer has not followed yet"
    assert {"専門家を招待", "承認待ち"} <= words[1] & words[2]
    assert {"チェックイン", "プロフィール"} <= words[3]
    letter_seen = [
        entry for entry in alive.platform.received(phones[3]) if "就任承諾を受け付けました" in str(entry.message)
    ]
    assert len(letter_seen) == 1
