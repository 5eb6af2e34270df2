"""`storage.ack` on SQLite and on PostgreSQL: durably, once, whatever else goes on."""

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url, text

from storage.ack import Acknowledger, Arrived, StoreDown, open_acknowledger
from storage.database import make_engine
from tests.support.databases import KINDS, fresh
from tests.support.postgres import plain_url, postgres_url

ANNA, BEN = "U" + "a" * 32, "U" + "b" * 32
NOW = 1_800_000_000_000


def event(event_id: str, user_id: str | None = ANNA, *, at: int = NOW, body: bytes = b'{"type":"message"}') -> Arrived:
    return Arrived(event_id, user_id, at, NOW, body)


class Kept:
    """One database and what it holds."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = make_engine(url)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def ids(self) -> list[object]:
        return [row[0] for row in self.rows("SELECT event_id FROM inbox ORDER BY seq")]

    def people(self) -> list[object]:
        return [row[0] for row in self.rows("SELECT user_id FROM conversations ORDER BY user_id")]


@pytest.fixture(params=KINDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    found = Kept(fresh(request.param, tmp_path))
    yield found
    found.engine.dispose()


@pytest.fixture
def ack(kept: Kept) -> Iterator[Acknowledger]:
    opened = open_acknowledger(kept.url)
    yield opened
    opened.close()


def test_an_event_is_kept_as_it_came(kept: Kept, ack: Acknowledger):
    ack.store([event("e1", at=NOW - 5, body=b'{"a":1}')])
    (row,) = kept.rows("SELECT event_id, user_id, occurred_ms, received_ms, body, state, attempts FROM inbox")
    assert row[:4] == ("e1", ANNA, NOW - 5, NOW)
    assert bytes(row[4]) == b'{"a":1}'  # type: ignore[call-overload]
    assert row[5:] == ("pending", 0)
    assert kept.people() == [ANNA]


def test_the_same_id_is_kept_once_and_the_first_body_stays(kept: Kept, ack: Acknowledger):
    ack.store([event("e1", body=b"first")])
    ack.store([event("e1", body=b"second"), event("e2")])
    assert kept.ids() == ["e1", "e2"]
    assert bytes(kept.rows("SELECT body FROM inbox")[0][0]) == b"first"  # type: ignore[call-overload]


def test_a_duplicate_within_one_batch_is_kept_once(kept: Kept, ack: Acknowledger):
    ack.store([event("e1", body=b"first"), event("e1", body=b"second"), event("e2", BEN), event("e1")])
    assert sorted(map(str, kept.ids())) == ["e1", "e2"]
    assert kept.people() == [ANNA, BEN]


def test_a_duplicate_does_not_reopen_what_is_done(kept: Kept, ack: Acknowledger):
    ack.store([event("e1")])
    with kept.engine.begin() as connection:
        connection.execute(text("UPDATE inbox SET state = 'done', body = NULL"))
    ack.store([event("e1")])
    assert kept.rows("SELECT state, body FROM inbox") == [("done", None)]


def test_an_existing_talk_keeps_its_session_and_its_lease(kept: Kept, ack: Acknowledger):
    ack.store([event("e1")])
    with kept.engine.begin() as connection:
        connection.execute(text("UPDATE conversations SET lease_until_ms = 7, fence = 3, last_event_ms = 9"))
    ack.store([event("e2")])
    assert kept.rows("SELECT lease_until_ms, fence, last_event_ms FROM conversations") == [(7, 3, 9)]


def test_an_event_nobody_is_behind_is_kept_and_marked(kept: Kept, ack: Acknowledger):
    ack.store([event("e1", None), event("e2", None)])
    assert kept.rows("SELECT state, user_id FROM inbox") == [("ignored", None), ("ignored", None)]
    assert kept.people() == []


def test_bytes_are_kept_whatever_they_are(kept: Kept, ack: Acknowledger):
    bodies = [b"", b"\x00", bytes(range(256)), "\u0000漢字😀".encode(), b'"\\u0000\\ud800"']
    ack.store([event(f"e{at}", at=NOW + at, body=body) for at, body in enumerate(bodies)])
    found = [bytes(row[0]) for row in kept.rows("SELECT body FROM inbox ORDER BY occurred_ms")]  # type: ignore[call-overload]
    assert found == bodies


def test_a_body_of_a_megabyte(kept: Kept, ack: Acknowledger):
    body = b"\x00\xff" * 524_288
    ack.store([event("big", body=body), event("small")])
    found = kept.rows("SELECT length(body) FROM inbox ORDER BY event_id")
    assert found == [(1_048_576,), (18,)]


def test_a_thousand_events_of_a_hundred_people_at_once(kept: Kept, ack: Acknowledger):
    ack.store([event(f"e{at:04}", f"U{at % 100:032x}", at=NOW + at) for at in range(1000)])
    assert len(kept.ids()) == 1000
    assert len(kept.people()) == 100


def test_events_of_a_batch_keep_their_order(kept: Kept, ack: Acknowledger):
    names = [f"e{at:03}" for at in range(100)]
    ack.store([event(name, at=NOW + at) for at, name in enumerate(names)])
    assert kept.ids() == names


def test_times_at_the_ends_of_what_is_possible(kept: Kept, ack: Acknowledger):
    ack.store([event("e1", at=1), event("e2", at=2**62)])
    assert kept.rows("SELECT occurred_ms FROM inbox ORDER BY occurred_ms") == [(1,), (2**62,)]


def test_eight_threads_with_overlapping_batches(kept: Kept, ack: Acknowledger):
    """Each sends the same events in an order of its own, as redeliveries and doubled requests do."""
    failed = _at_once(ack, lambda number: [_shuffled(round_, number) for round_ in range(5)])
    assert not failed
    assert sorted(map(str, kept.ids())) == [f"r{round_}-{at:03}" for round_ in range(5) for at in range(150)]
    assert len(kept.people()) == 50


def _shuffled(round_: int, seed: int) -> list[Arrived]:
    order = random.Random(f"{round_} {seed}").sample(range(150), 150)
    return [event(f"r{round_}-{at:03}", f"U{at % 50:032x}", at=NOW + at % 10) for at in order]


def test_eight_threads_with_the_same_event(kept: Kept, ack: Acknowledger):
    failed = _at_once(ack, lambda _number: [[event(f"e{at}")] for at in range(15)])
    assert not failed
    assert len(kept.ids()) == 15


def _at_once(ack: Acknowledger, batches, threads: int = 8) -> list[BaseException]:
    gate, failed = threading.Barrier(threads), []

    def run(number: int) -> None:
        try:
            for batch in batches(number):
                gate.wait(60)
                ack.store(batch)
        except BaseException as error:
            failed.append(error)
        finally:
            ack.close()

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(60)
    return failed


def test_a_thread_may_go_on_after_close(kept: Kept, ack: Acknowledger):
    ack.store([event("e1")])
    ack.close()
    ack.close()
    ack.store([event("e2")])
    assert len(kept.ids()) == 2


def test_what_was_acknowledged_is_there_for_a_new_process(kept: Kept, ack: Acknowledger):
    ack.store([event("e1")])
    ack.close()
    other = open_acknowledger(kept.url)
    other.store([event("e1"), event("e2")])
    other.close()
    assert kept.ids() == ["e1", "e2"]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Kept]:
    found = Kept(fresh("postgresql", tmp_path))
    yield found
    found.engine.dispose()


def test_the_server_dropped_the_connection(served: Kept):
    ack = open_acknowledger(served.url)
    ack.store([event("e1")])
    for name in ("e2", "e3"):
        with psycopg.connect(plain_url(postgres_url()), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (make_url(served.url).database,),
            )
        ack.store([event(name)])
    ack.close()
    served.engine.dispose()
    assert served.ids() == ["e1", "e2", "e3"]


def test_the_database_is_gone_and_comes_back(served: Kept):
    ack = open_acknowledger(served.url)
    ack.store([event("e1")])
    name, gone = make_url(served.url).database or "", "gone_away"
    with psycopg.connect(plain_url(postgres_url()), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(gone)))
        with pytest.raises(StoreDown):
            ack.store([event("e2")])
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(gone), sql.Identifier(name)))
    ack.store([event("e3")])
    ack.close()
    served.engine.dispose()
    assert served.ids() == ["e1", "e3"]


def test_no_server_at_all(tmp_path: Path):
    ack = open_acknowledger(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    with pytest.raises(StoreDown):
        ack.store([event("e1")])
    ack.close()


def test_an_sqlite_file_that_cannot_be_opened(tmp_path: Path):
    ack = open_acknowledger(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(StoreDown):
        ack.store([event("e1")])
    ack.close()


def test_a_file_that_is_no_database(tmp_path: Path):
    path = tmp_path / "world.db"
    path.write_bytes(b"no database at all, but long enough to be looked at" * 20)
    ack = open_acknowledger(f"sqlite:///{path}")
    with pytest.raises(StoreDown):
        ack.store([event("e1")])
    ack.close()


def test_a_database_without_our_tables(tmp_path: Path):
    ack = open_acknowledger(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreDown):
        ack.store([event("e1")])
    ack.close()
