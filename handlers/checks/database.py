"""The database: it answers, its schema is today's, its clock is right, and there is room on the disk."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine, warning
from storage import standing
from storage.database import Unavailable, sqlite_path

if TYPE_CHECKING:
    from handlers.bootstrap import Service

SKEW_WARNS, SKEW_HARMS = 2.0, 30.0
ROOM_WARNS, ROOM_HARMS = 2 * 1024**3, 300 * 1024**2


def look(service: "Service") -> Iterator[Finding]:
    """Nothing more is asked of a database that does not answer."""
    from storage import schema

    database = service.database
    started = time.perf_counter()
    try:
        database.check()
    except Unavailable as problem:
        yield error("database_down", private=str(problem))
        return
    yield fine("database_answers", ms=round((time.perf_counter() - started) * 1000))
    at = schema.revision(database.engine)
    if at == schema.head():
        yield fine("schema_equal", at or "")
    elif schema.is_known(at):
        yield error("schema_older", f"{at or '-'} → {schema.head()}")
    else:
        yield warning("schema_newer", f"{at} ← {schema.head()}")
    with database.read() as uow:
        version, behind = standing.server(uow)
    yield fine("database_version", version)
    if behind is not None:
        yield _skew(abs(behind))
    if service.settings.database_url.startswith("sqlite"):
        yield room(sqlite_path(service.settings.database_url).parent)


def _skew(seconds: float) -> Finding:
    if seconds >= SKEW_HARMS:
        return error("clock_apart", seconds=round(seconds))
    if seconds >= SKEW_WARNS:
        return warning("clock_apart", seconds=round(seconds, 1))
    return fine("clock_same")


def room(folder: Path) -> Finding:
    """How much can still be written beside a file of ours."""
    free = shutil.disk_usage(folder).free
    gigabytes = f"{free / 1024**3:.1f}"
    if free < ROOM_HARMS:
        return error("disk_full", str(folder), gigabytes=gigabytes)
    if free < ROOM_WARNS:
        return warning("disk_full", str(folder), gigabytes=gigabytes)
    return fine("disk_room", str(folder), gigabytes=gigabytes)
