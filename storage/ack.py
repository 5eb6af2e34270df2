"""Storing webhook events before they are acknowledged: one statement, one commit, no object mapper.

This is the hot path of `architecture.md` 2.1, so it speaks to the driver directly; the tables are those of
`models/tables/conversation.py`, and one test suite runs over both databases.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

COLUMNS = "event_id, user_id, occurred_ms, received_ms, body, state"
BYTEA, BIGINT, TEXT = 17, 20, 25
TYPES = (TEXT, TEXT, BIGINT, BIGINT, BYTEA, TEXT)
COMMAND_OK = 1
PREPARED_MOST = 4
PATIENCE: dict[str, Any] = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 10_000,
}  # fmt: skip
"""Seconds to connect, and how a server that is silently gone is noticed, also while an answer is waited for."""


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


def open_acknowledger(database_url: str, *, prepare: bool = True) -> Acknowledger:
    """The acknowledger for a database URL of `architecture.md` 3. `prepare`: see `PostgresAcknowledger`."""
    if database_url.startswith("sqlite"):
        return SqliteAcknowledger(database_url.removeprefix("sqlite:///"))
    return PostgresAcknowledger(database_url.replace("postgresql+psycopg://", "postgresql://", 1), prepare=prepare)


class Shape(NamedTuple):
    """How many events and people one call stores: its statement, and the name it is prepared under."""

    statement: bytes
    name: bytes
    types: Sequence[int]
    formats: Sequence[int]


@cache
def _shape(events: int, people: int) -> Shape:
    columns = len(TYPES)
    rows = ", ".join(_slots(columns, columns * at) for at in range(events))
    insert = f"INSERT INTO inbox ({COLUMNS}) VALUES {rows} ON CONFLICT (event_id) DO NOTHING"  # noqa: S608
    if people:
        users = ", ".join(_slots(1, columns * events + at) for at in range(people))
        insert = f"WITH stored AS ({insert}) INSERT INTO conversations (user_id) VALUES {users} ON CONFLICT DO NOTHING"  # noqa: S608
    types = TYPES * events + (TEXT,) * people
    name = f"ack_{sha256(insert.encode()).hexdigest()[:24]}"
    return Shape(insert.encode(), name.encode(), types, [int(each == BYTEA) for each in types])


def _slots(count: int, after: int) -> str:
    return "(" + ", ".join(f"${after + at}" for at in range(1, count + 1)) + ")"


class PostgresAcknowledger:
    """One autocommitting connection a call at work; a broken one is replaced once within the same call.

    It calls libpq itself, with a prepared statement: a third of the driver's time and half of the server's. Behind a
    pooler that hands every statement to another backend, the first refusal of the name ends preparing for good. Where
    one would keep a backend for whoever prepares (RDS Proxy), nothing is prepared from the start.
    """

    def __init__(self, url: str, *, prepare: bool = True) -> None:
        """`url`: a libpq connection string."""
        self._url = url
        self._spare: list[PostgresLine] = []
        self._prepare = prepare

    def store(self, events: Sequence[Arrived]) -> None:
        """See `Acknowledger.store`."""
        from psycopg import OperationalError

        # One order for everybody: requests with the same events in different orders would wait for each other.
        events = sorted(events, key=lambda event: (event.occurred_ms, event.event_id)) if len(events) > 1 else events
        people = sorted({event.user_id for event in events if event.user_id})
        shape = _shape(len(events), len(people))
        values = [_bytes(value) for event in events for value in event.row] + [user.encode() for user in people]
        for last_try in (False, True):
            try:
                self._run(shape, values, prepared=self._prepare and len(events) <= PREPARED_MOST)
            except OperationalError as error:
                self.close()
                if last_try:
                    raise StoreDown from error
            else:
                return

    def _run(self, shape: Shape, values: Sequence[bytes | None], *, prepared: bool) -> None:
        line = self._take()
        try:
            self._execute(line, shape, values, prepared=prepared)
        except BaseException:
            line.connection.close()
            raise
        self._spare.append(line)

    def _execute(self, line: "PostgresLine", shape: Shape, values: Sequence[bytes | None], *, prepared: bool) -> None:
        from psycopg import errors

        server = line.connection.pgconn
        if not prepared:
            _check(server.exec_params(shape.statement, values, shape.types, shape.formats))
            return
        try:
            if shape.name not in line.prepared:
                _check(server.prepare(shape.name, shape.statement, shape.types))
                line.prepared.add(shape.name)
            _check(server.exec_prepared(shape.name, values, shape.formats))  # pyright: ignore[reportArgumentType]
        except (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement):
            self._prepare = False
            self._execute(line, shape, values, prepared=False)

    def _take(self) -> "PostgresLine":
        import psycopg

        with suppress(IndexError):
            return self._spare.pop()
        return PostgresLine(psycopg.connect(self._url, autocommit=True, **PATIENCE), set())

    def close(self) -> None:
        """Close the connections nobody is using."""
        with suppress(IndexError):
            while True:
                self._spare.pop().connection.close()


class PostgresLine(NamedTuple):
    """A connection, and the names prepared on it."""

    connection: "Connection"
    prepared: set[bytes]


def _bytes(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def _check(result: "PGresult") -> None:
    """The driver's own exception for whatever the server refused; a lost connection has no code."""
    if result.status == COMMAND_OK:
        return
    from psycopg.errors import OperationalError, error_from_result
    from psycopg.pq import DiagnosticField

    if result.error_field(DiagnosticField.SQLSTATE) is None:
        raise OperationalError(result.error_message.decode(errors="replace"))
    raise error_from_result(result)


class SqliteAcknowledger:
    """A connection for each call at a time, one immediate transaction a call."""

    def __init__(self, path: str) -> None:
        """`path`: the database file."""
        self._path = path
        self._spare: list[sqlite3.Connection] = []

    def store(self, events: Sequence[Arrived]) -> None:
        """See `Acknowledger.store`."""
        people = sorted({event.user_id for event in events if event.user_id})
        try:
            connection = self._take()
        except sqlite3.DatabaseError as error:
            raise StoreDown from error
        try:
            self._write(connection, events, people)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.DatabaseError):
                raise StoreDown from error
            raise
        self._spare.append(connection)

    def _write(self, connection: sqlite3.Connection, events: Sequence[Arrived], people: Sequence[str]) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                f"INSERT OR IGNORE INTO inbox ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
                [event.row for event in events],
            )
            connection.executemany(
                "INSERT OR IGNORE INTO conversations (user_id) VALUES (?)", [(user,) for user in people]
            )

    def _take(self) -> sqlite3.Connection:
        with suppress(IndexError):
            return self._spare.pop()
        connection = sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connections nobody is using."""
        with suppress(IndexError):
            while True:
                self._spare.pop().close()
