"""Connections that lie idle, die, or pass through a pooler: nothing is prepared there, nothing dead is used."""

import time
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from storage import database as module
from storage.ack import Arrived, open_acknowledger
from storage.database import Database
from storage.secrets import Vault, new_key
from tests.support.postgres import plain_url

ANNA = "U" + "a" * 32


@pytest.fixture
def served(postgres: str) -> Iterator[Database]:
    with closing(Database(postgres, Vault([new_key()]))) as opened:
        yield opened


@pytest.mark.parametrize("prepare", [True, False])
def test_behind_a_pooler_nothing_is_prepared(postgres: str, prepare: bool):
    with closing(open_acknowledger(postgres, prepare=prepare)) as ack:
        for number in range(3):
            ack.store([Arrived(f"e{number}", ANNA, 1, 1, b"{}")])
        (line,) = ack._spare  # type: ignore[attr-defined]
        held = line.connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert held == (int(prepare),)


def others_end(url: str) -> None:
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.mark.parametrize("clock", ["monotonic", "time"])
def test_a_connection_that_died_in_its_sleep_is_not_used(
    served: Database, postgres: str, monkeypatch: pytest.MonkeyPatch, clock: str
):
    """A machine put to sleep may count the time by one of its clocks alone."""
    served.check()
    others_end(postgres)
    real = getattr(time, clock)
    monkeypatch.setattr(module.time, clock, lambda: real() + 300)
    served.check()
