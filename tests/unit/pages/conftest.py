"""A database of its own for each test, a browser that is logged in, and one that is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from handlers.pages import create_pages
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = factories.open_house(tmp_path)
    yield opened
    opened.database.close()


@pytest.fixture
def app(house: House) -> Flask:
    return create_pages(house.services, factories.SECRET_KEY)


@pytest.fixture
def visitor(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def clerk(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow)
    browser = Browser(app.test_client())
    assert browser.log_in().status_code == 302
    return browser


@pytest.fixture
def reader(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "reader@example.jp", "reader")
    browser = Browser(app.test_client())
    browser.log_in("reader@example.jp")
    return browser
