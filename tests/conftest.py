"""Fixtures that every kind of test may use."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.watch import logs
from storage import schema
from storage.database import make_engine
from tests.support import quick
from tests.support.postgres import end, fresh_database, postgres_url
from tests.support.s3 import Seaweed, seaweed
from tests.support.world import World, open_world

logs.set_up(logging.ERROR)
quick.begin()


def pytest_sessionfinish() -> None:
    """What the exit of a process would do, but a worker of xdist is not waited for there."""
    end()


@pytest.fixture(scope="session")
def template() -> str:
    """The name of a migrated PostgreSQL database to copy from."""
    url = fresh_database(postgres_url())
    engine = make_engine(url)
    schema.upgrade(engine)
    engine.dispose()
    return url.rsplit("/", 1)[-1].split("?")[0]


@pytest.fixture
def postgres(template: str) -> str:
    """The address of an empty, migrated PostgreSQL database."""
    return fresh_database(postgres_url(), template)


@pytest.fixture(scope="session")
def s3() -> Iterator[Seaweed]:
    """A real S3 server."""
    with seaweed() as server:
        yield server


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The whole service with the stand-in for LINE: on SQLite and a folder, or (`full`) on PostgreSQL and S3."""
    if getattr(request, "param", "") != "full":
        with open_world(tmp_path) as opened:
            yield opened
        return
    server: Seaweed = request.getfixturevalue("s3")
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    store = f"s3://{server.bucket}/{tmp_path.name.replace('_', '-')}"
    with open_world(tmp_path, request.getfixturevalue("postgres"), FILE_STORE_URL=store) as opened:
        yield opened
