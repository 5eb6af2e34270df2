"""Engine and unit of work, the same on SQLite (WAL) and PostgreSQL.

The edge opens a unit (`with database.unit() as uow`) and thereby commits it; queries and use cases never do.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Row, Select, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from storage.ack import PATIENCE
from storage.secrets import Vault

BUSY_SECONDS = 10
IDLE_SECONDS = 1.0
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]


class Unavailable(Exception):
    """The database does not answer; trying again later is right."""


class Conflict(Exception):
    """A constraint refused what another transaction had already done; `name` is the constraint's."""


@dataclass(frozen=True)
class UnitOfWork:
    """One transaction, the vault that seals what it keeps, and whom it has something to tell."""

    session: Session
    vault: Vault
    told: set[str] = field(default_factory=set)


def streamed(uow: UnitOfWork, query: AnySelect, size: int = 1000) -> Iterator[Sequence[AnyRow]]:
    """The rows of one query, `size` at a time: the database keeps the rest until it is asked for."""
    return uow.session.execute(query.execution_options(yield_per=size)).partitions()


class Database:
    """A database by its URL; `unit` writes, `read` only looks."""

    def __init__(self, url: str, vault: Vault) -> None:
        """`url`: `sqlite:///path` or `postgresql+psycopg://…`."""
        self.url = url
        self.vault = vault
        self.engine = make_engine(url)

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """A transaction that commits when the block ends well and otherwise leaves nothing."""
        with self._session() as session, session.begin():
            yield UnitOfWork(session, self.vault)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A transaction for looking: takes no write lock and keeps nothing."""
        with self._session(read_only=True) as session:
            yield UnitOfWork(session, self.vault)

    @contextmanager
    def _session(self, *, read_only: bool = False) -> Iterator[Session]:
        engine = self.engine.execution_options(read_only=True) if read_only else self.engine
        try:
            with Session(engine, expire_on_commit=False) as session:
                yield session
        except IntegrityError as error:
            raise Conflict(str(error.orig)) from error
        except OperationalError as error:
            raise Unavailable(type(error.orig).__name__) from error
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable(type(error.orig).__name__) from error
            raise

    def check(self) -> None:
        """Unavailable unless the database answers."""
        with self.read() as uow:
            uow.session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine with our pragmas and transaction rules."""
    if not url.startswith("sqlite"):
        return _postgres_engine(url)
    path = sqlite_path(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )
    event.listen(engine, "connect", _sqlite_connect)
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _postgres_engine(url: str) -> Engine:
    engine = create_engine(url, hide_parameters=True, connect_args={"prepare_threshold": None, **PATIENCE})

    def used(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["used"] = (time.monotonic(), time.time())

    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        """Ask a connection that lay idle whether it still lives; `pool_pre_ping` would ask before every use."""
        if "used" not in record.info or _idle(*record.info["used"]) < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except Exception as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", ping)
    return engine


def _idle(by_monotonic: float, by_clock: float) -> float:
    """Seconds since then. Of a machine put to sleep meanwhile, as Lambda does, the clock alone knows."""
    return max(time.monotonic() - by_monotonic, time.time() - by_clock)


def sqlite_path(url: str) -> Path:
    """The file behind a `sqlite:///…` URL."""
    return Path(url.removeprefix("sqlite:///"))


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    prepare_sqlite(connection)


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """The pragmas every connection of ours works under."""
    _enter_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _enter_wal(connection: sqlite3.Connection) -> None:
    for _ in range(50):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(0.05)
        else:
            return


def _sqlite_begin(connection: Any) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
