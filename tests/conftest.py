"""Fixtures that every kind of test may use."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers import logs
from tests.support.world import World, open_world

logs.set_up(logging.ERROR)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """The whole service on SQLite, with the stand-in for LINE."""
    with open_world(tmp_path) as opened:
        yield opened
