"""The whole database into one file and back: `pg_dump` and `pg_restore`, or SQLite's own online copy.

Both take the state of one moment while the service goes on. The counts of the rows are those of the same moment.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, func, inspect, make_url, select, table, text
from sqlalchemy.exc import DBAPIError

from storage.database import BUSY_SECONDS, sqlite_path
from storage.files import PIECE

POSTGRES, SQLITE = "postgresql", "sqlite"


class DumpFailed(Exception):
    """The database could not be dumped or loaded; the text says why and what to do."""


@dataclass(frozen=True)
class Dumped:
    """What was dumped: rows of each table; for PostgreSQL, the major versions of the server and of `pg_dump`."""

    kind: str
    revision: str
    rows: Mapping[str, int]
    server: int = 0
    tool: int = 0


def dump(engine: Engine, path: Path) -> Dumped:
    """Write the database of `engine` to `path`."""
    with _errors():
        return _dump_sqlite(engine, path) if engine.dialect.name == SQLITE else _dump_postgres(engine, path)


def load(engine: Engine, path: Path, dumped: Dumped) -> None:
    """Make the empty database of `engine` what was dumped; it is all there afterwards, or nothing is."""
    if dumped.kind == SQLITE:
        with _errors(), closing(_copy_of(path)) as source, closing(sqlite3.connect(_place(engine))) as target:
            source.backup(target)
        return
    tool, _ = _tool("pg_restore", dumped.tool)
    orders = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    with _running([tool, *orders, "--dbname", _address(engine), str(path)], _secrets(engine)):
        pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def refuse(engine: Engine, dumped: Dumped) -> None:
    """DumpFailed when the database is of another kind, holds anything, or is older than what was dumped."""
    if engine.dialect.name != dumped.kind:
        raise DumpFailed(f"the backup is of {dumped.kind}, and DATABASE_URL names {engine.dialect.name}.")
    if dumped.kind == SQLITE and not Path(_place(engine)).exists():
        return
    if dumped.kind == POSTGRES:
        _tool("pg_restore", dumped.tool)
    with _errors(), engine.connect() as connection:
        server = _server(connection) if dumped.kind == POSTGRES else 0
        if server < dumped.server:
            raise DumpFailed(f"the backup is of PostgreSQL {dumped.server}, and this server is {server}: use a newer.")
        found = count(connection)
    if found:
        full = sorted(((rows, name) for name, rows in found.items() if rows), reverse=True)
        most = ", ".join(f"{name} ({rows} rows)" for rows, name in full[:4]) or "all without rows"
        raise DumpFailed(f"the database is not empty; it holds {len(found)} tables, {most}. Name an empty one.")


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        kind = error.orig if isinstance(error, DBAPIError) else error
        raise DumpFailed(f"the database: {type(kind).__name__}: {str(kind).splitlines()[0]}") from error


def count(connection: Connection) -> dict[str, int]:
    """The rows of each table."""
    names = sorted(inspect(connection).get_table_names())
    return {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}


def _dump_sqlite(engine: Engine, path: Path) -> Dumped:
    place = f"file:{quote(_place(engine))}?mode=ro"
    with (
        closing(sqlite3.connect(place, uri=True, timeout=BUSY_SECONDS)) as source,
        closing(sqlite3.connect(path)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    copy = create_engine(f"sqlite:///{path}")
    try:
        with copy.connect() as connection:
            rows = count(connection)
            return Dumped(SQLITE, _revision(connection, rows), rows)
    finally:
        copy.dispose()


def _dump_postgres(engine: Engine, path: Path) -> Dumped:
    """The counts and the dump look at one exported snapshot."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        server = _server(connection)
        tool, version = _tool("pg_dump", server)
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        orders = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        with _running([tool, *orders, "--dbname", _address(engine)], _secrets(engine)) as output, path.open("wb") as to:
            shutil.copyfileobj(output, to, PIECE)
        rows = count(connection)
        return Dumped(POSTGRES, _revision(connection, rows), rows, server, version)


def _revision(connection: Connection, rows: Mapping[str, int]) -> str:
    found = connection.scalar(text("SELECT version_num FROM alembic_version")) if "alembic_version" in rows else None
    if not found:
        raise DumpFailed("the database holds nothing of ours; is DATABASE_URL right?")
    return str(found)


def _place(engine: Engine) -> str:
    return str(sqlite_path(str(engine.url)))


def _copy_of(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


def _server(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10000


def _tool(name: str, least: int) -> tuple[str, int]:
    """Where the program is, and its major version; DumpFailed when there is none that is new enough."""
    found = shutil.which(name)
    if found is None:
        raise DumpFailed(f"{name} was not found on PATH. Install it: apt-get install postgresql-client")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    number = re.search(r"\b(\d+)[.\d]*", said.stdout)
    version = int(number[1]) if number else 0
    if version < least:
        raise DumpFailed(
            f"{name} on PATH is of PostgreSQL {version}, and at least {least} is needed."
            f" Install that, and put its folder first: PATH=/usr/lib/postgresql/{least}/bin:$PATH"
        )
    return found, version


def _address(engine: Engine) -> str:
    """The address for a command line, which others may read: the password goes by the environment."""
    url = make_url(engine.url).set(drivername="postgresql", password=None).difference_update_query(["password"])
    return url.render_as_string(hide_password=False)


def _secrets(engine: Engine) -> dict[str, str]:
    password = engine.url.password or engine.url.query.get("password")
    return {**os.environ, "PGPASSWORD": str(password)} if password else dict(os.environ)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[IO[bytes]]:
    """A program's output as it comes; DumpFailed with its own words when it did not end well."""
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=words)  # noqa: S603
        assert process.stdout
        try:
            with process.stdout:
                yield process.stdout
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.returncode:
            words.seek(0)
            raise DumpFailed(_first_error(words.read().decode(errors="replace")))


def _first_error(said: str) -> str:
    """The line that names the error: those after it may quote rows."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "error:" in line), lines[0])[:400]
