"""Storing webhook events before they are acknowledged: one statement, one commit, no object mapper.

This is the hot path of `architecture.md` 2.1, so it speaks to the driver directly; the tables are those of
`models/tables/conversation.py`, and one test suite runs over both databases.
"""

import sqlite3
import threading
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, Protocol

COLUMNS = "event_id, user_id, occurred_ms, received_ms, body, state"


class Arrived(NamedTuple):
    """One event as it came in. `user_id` None: nobody to answer; it is kept and marked ignored."""

    event_id: str
    user_id: str | None
    occurred_ms: int
    received_ms: int
    body: bytes

    @property
    def row(self) -> tuple[object, ...]:
        """The inbox row's values."""
        return (*self, "pending" if self.user_id else "ignored")


class Acknowledger(Protocol):
    """Stores events durably and once."""

    def store(self, events: Sequence[Arrived]) -> None:
        """Insert each event unless its id is known; returns only when it is safely kept."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class StoreDown(Exception):
    """Nothing was stored: the database does not answer."""


def open_acknowledger(database_url: str) -> Acknowledger:
    """The acknowledger for a database URL of `architecture.md` 3."""
    if database_url.startswith("sqlite"):
        return SqliteAcknowledger(database_url.removeprefix("sqlite:///"))
    return PostgresAcknowledger(database_url.replace("postgresql+psycopg://", "postgresql://", 1))


@cache
def _postgres_statement(events: int, people: int) -> str:
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * events)
    insert = f"INSERT INTO inbox ({COLUMNS}) VALUES {rows} ON CONFLICT (event_id) DO NOTHING"  # noqa: S608
    if not people:
        return insert
    users = ", ".join(["(%s)"] * people)
    return f"WITH stored AS ({insert}) INSERT INTO conversations (user_id) VALUES {users} ON CONFLICT DO NOTHING"  # noqa: S608


class PostgresAcknowledger:
    """One autocommitting connection a thread; a broken one is replaced once within the same call."""

    def __init__(self, url: str) -> None:
        """`url`: a libpq connection string."""
        self._url = url
        self._local = threading.local()

    def store(self, events: Sequence[Arrived]) -> None:
        """See `Acknowledger.store`."""
        import psycopg

        people = sorted({event.user_id for event in events if event.user_id})
        statement = _postgres_statement(len(events), len(people))
        values = [value for event in events for value in event.row] + list(people)
        for last_try in (False, True):
            try:
                self._connection().execute(statement.encode(), values, prepare=False)
            except psycopg.OperationalError as error:
                self.close()
                if last_try:
                    raise StoreDown from error
            else:
                return

    def _connection(self):
        import psycopg

        connection = getattr(self._local, "connection", None)
        if connection is None or connection.closed:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


class SqliteAcknowledger:
    """One connection a thread, one immediate transaction a call."""

    def __init__(self, path: str) -> None:
        """`path`: the database file."""
        self._path = path
        self._local = threading.local()

    def store(self, events: Sequence[Arrived]) -> None:
        """See `Acknowledger.store`."""
        people = sorted({event.user_id for event in events if event.user_id})
        try:
            connection = self._connection()
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(
                    f"INSERT OR IGNORE INTO inbox ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                    [event.row for event in events],
                )
                connection.executemany(
                    "INSERT OR IGNORE INTO conversations (user_id) VALUES (?)", [(user,) for user in people]
                )
        except sqlite3.OperationalError as error:
            raise StoreDown from error

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            self._local.connection = connection
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None
