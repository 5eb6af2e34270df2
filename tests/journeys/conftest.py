"""What several files of journeys share."""

from collections.abc import Iterator

import pytest

from handlers.bootstrap import Service
from tests.support.databases import KINDS, fresh
from tests.support.ledger import Ledger
from tests.support.place import Place
from tests.support.s3 import Seaweed
from tests.support.story import Stage, Story
from tests.support.town import Town
from tests.support.world import Phone, World, open_world


@pytest.fixture(scope="session", params=KINDS)
def one_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A world for all tests of bad input, on SQLite and on PostgreSQL."""
    folder = tmp_path_factory.mktemp("town")
    with open_world(folder, fresh(request.param, folder)) as world:
        yield Town(world)


@pytest.fixture
def town(one_town: Town) -> Iterator[Town]:
    """The town; after each test every event must be done or ignored and every message sent."""
    yield one_town
    one_town.all_is_done()


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("delivery")
    with open_world(folder, fresh("sqlite", folder)) as world:
        yield world


@pytest.fixture
def calm_world(shared_world: World) -> Iterator[World]:
    """The shared world at ten in the morning of another day, without faults or limits."""
    shared_world.clock.now = shared_world.clock.now.replace(hour=1, minute=0)
    shared_world.clock.forward(days=1)
    yield shared_world
    shared_world.platform.faults.clear()
    shared_world.platform.monthly_quota = None
    Ledger(shared_world.service.database).change("UPDATE outbox SET state = 'sent' WHERE state <> 'sent'")


@pytest.fixture
def receiver(calm_world: World) -> Phone:
    found = calm_world.phone(f"受取人{len(calm_world.phones)}")
    found.follows()
    found.seen = found._last()
    return found


@pytest.fixture
def ledger(calm_world: World) -> Ledger:
    return Ledger(calm_world.service.database)


@pytest.fixture(scope="session", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("once")
    with open_world(folder, fresh(request.param, folder)) as world:
        other = Service(world.service.settings, world.clock)
        yield Place(world, world.approver("佐藤 恵"), other)
        other.close()


@pytest.fixture(scope="session", params=KINDS)
def one_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A world for whole dispatches: on SQLite and a folder, and on PostgreSQL and S3."""
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        more: dict[str, str] = {}
        if request.param == "postgresql":
            server: Seaweed = request.getfixturevalue("s3")
            for name, value in server.env.items():
                patch.setenv(name, value)
            more["FILE_STORE_URL"] = f"s3://{server.bucket}/{folder.name.replace('_', '-')}"
        with open_world(folder, fresh(request.param, folder), **more) as world:
            yield Stage(world)


@pytest.fixture
def story(one_stage: Stage) -> Story:
    """A business that nobody knows yet, on the morning of another working day."""
    return one_stage.story()
