"""What waits and for how long, on both databases; PostgreSQL answers from its indexes whatever is done already."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from models.notices import OldAccountTold
from models.tables.conversation import Conversation, InboxEvent, OutboxRow
from storage import levels, outbox
from storage.ack import Arrived, open_acknowledger
from storage.database import Database
from storage.inbox import ms
from storage.outbox import ReplyTo
from storage.secrets import Vault, new_key
from tests.support.databases import fresh
from tests.support.statements import counted

NOON = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
USER = "U" + "1" * 32
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def measured(database: Database, now: datetime) -> levels.Levels:
    with database.read() as uow:
        return levels.measure(uow, now)


def tell(database: Database, at: datetime) -> None:
    with database.unit() as uow:
        outbox.tell(uow, USER, OldAccountTold(cut_off=True), at)


def test_nothing_waits(database: Database):
    assert measured(database, NOON) == levels.Levels(0, 0, 0, 0, 0, 0, {"A": 0, "B": 0, "C": 0})


def test_events_that_somebody_waits_for(database: Database):
    kept = open_acknowledger(database.url)
    kept.store([Arrived("a" * 26, USER, ms(NOON), ms(NOON), b"{}"), Arrived("b" * 26, None, 1, 1, b"{}")])
    kept.store([Arrived("c" * 26, USER, ms(NOON), ms(NOON + MINUTE), b"{}")])
    kept.close()
    found = measured(database, NOON + 2 * MINUTE)
    assert (found.inbox_waiting, found.inbox_oldest) == (2, 120)


def test_an_answer_is_due_at_once_also_by_night_and_after_a_failed_try(database: Database):
    with database.unit() as uow:
        outbox.answer(uow, USER, [{"type": "text", "text": "x"}], ReplyTo("t", "token", 0), EVENING)
    with database.unit() as uow:
        outbox.wait(uow, [1], EVENING + 10 * MINUTE, "Retry")
    found = measured(database, EVENING + MINUTE)
    assert (found.outbox_waiting, found.outbox_oldest) == (1, 60)


def test_a_notice_of_the_night_is_not_late_before_it_is_due(database: Database):
    tell(database, EVENING)
    assert measured(database, EVENING + 60 * MINUTE).outbox_waiting == 0
    assert measured(database, MORNING + MINUTE).outbox_oldest == 60


def test_a_failed_try_in_the_morning_does_not_make_it_a_night_old(database: Database):
    tell(database, EVENING)
    with database.unit() as uow:
        outbox.wait(uow, [1], MORNING + 10 * MINUTE, "Retry")
    found = measured(database, MORNING + 3 * MINUTE)
    assert (found.outbox_waiting, found.outbox_oldest) == (1, 180)


def test_held_and_dead_messages_are_counted_apart(database: Database):
    for _ in range(3):
        tell(database, NOON)
    with database.unit() as uow:
        outbox.hold(uow, [1], "monthly limit")
        outbox.dead(uow, 2, "refused 400")
    found = measured(database, NOON + SECOND)
    assert (found.outbox_waiting, found.outbox_oldest, found.outbox_held, found.outbox_dead) == (1, 1, 1, 1)


def test_the_number_of_questions_is_fixed(database: Database):
    with counted(database) as statements:
        measured(database, NOON)
    assert len([each for each in statements if "SELECT" in each]) == 4


@pytest.fixture
def busy(tmp_path: Path) -> Database:
    """PostgreSQL with a hundred thousand done rows in inbox and outbox, and a few that wait."""
    database = Database(fresh("postgresql", tmp_path), Vault([new_key()]))
    events = [
        {"event_id": f"e{at}", "user_id": USER, "occurred_ms": at, "received_ms": at, "state": "done", "body": b"x"}
        for at in range(100_000)
    ]  # fmt: skip
    rows = [
        {"retry_key": "k", "recipient": USER, "channel": "line", "state": "sent", "not_before": NOON,
         "created_at": NOON, "body": "x" * 200}
        for _ in range(100_000)
    ]  # fmt: skip
    with database.unit() as uow:
        uow.session.execute(insert(Conversation), [{"user_id": USER}])
        uow.session.execute(insert(InboxEvent), events)
        uow.session.execute(insert(OutboxRow), rows)
        uow.session.execute(insert(InboxEvent), [{**events[0], "event_id": "new", "state": "pending"}])
        uow.session.execute(insert(OutboxRow), [{**rows[0], "state": "pending"}, {**rows[0], "state": "dead"}])
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE inbox"))
        connection.execute(text("VACUUM ANALYZE outbox"))
    return database


def test_what_is_done_is_not_read(busy: Database):
    plans: list[str] = []
    with busy.read() as uow:
        connection = uow.session.connection()

        def explain(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
            if "FROM inbox" in statement or "FROM outbox" in statement:
                with busy.engine.connect() as other:
                    plans.append("\n".join(row[0] for row in other.exec_driver_sql(f"EXPLAIN {statement}", parameters)))

        event.listen(connection, "before_cursor_execute", explain)
        began = time.perf_counter()
        levels.measure(uow, NOON)
        print(f"{(time.perf_counter() - began) * 1000:.1f} ms")
    busy.close()
    assert len(plans) == 3
    for plan in plans:
        assert "Seq Scan" not in plan, plan
