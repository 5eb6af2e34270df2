"""What contract tests run on: each kind of database, and a service with an approver and a manager on top of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.rules.permissions import Actor
from models.views.people import PersonView
from storage.database import Database
from storage.secrets import Vault, new_key
from tests.support import factories
from tests.support.databases import KINDS, fresh
from tests.support.factories import House


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    opened = Database(fresh(request.param, tmp_path), Vault([new_key()]))
    yield opened
    opened.close()


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return factories.house_on(database, tmp_path)


@pytest.fixture
def approver(house: House) -> PersonView:
    with house.database.unit() as uow:
        return factories.approver(uow, factories.organisation(uow))


@pytest.fixture
def manager(house: House) -> Actor:
    with house.database.unit() as uow:
        return factories.staff_user(uow, "manager@example.jp", "manager").actor
