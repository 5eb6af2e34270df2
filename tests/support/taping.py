"""Recording a tape of the code at hand (`make tape`, some minutes): tests run on PostgreSQL while everybody listens.

Of what they did, those reels are kept that hold statements no other kept reel holds.
"""

import os
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from psycopg import Binary
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from models.tables.base import Base
from storage import ack, schema
from storage.database import Database
from storage.secrets import Vault, new_key
from tests.support import databases, factories, tape, world
from tests.support.tape import ACK, Step

JOURNEYS = (
    "tests/journeys/test_full_application.py", "tests/journeys/test_both_stages.py", "tests/journeys/test_roles.py",
    "tests/journeys/test_appointment.py", "tests/journeys/test_photos.py", "tests/journeys/test_profile.py",
    "tests/journeys/test_dispatch_whole.py", "tests/journeys/test_dispatch_ends.py", "tests/journeys/test_jobs.py",
    "tests/journeys/test_dispatch_answers.py", "tests/journeys/test_dispatch_lists.py", "tests/journeys/test_import.py",
    "tests/journeys/test_account_move.py", "tests/journeys/test_house_keeping.py", "tests/journeys/test_renewal.py",
    "tests/journeys/test_visit_questions.py", "tests/journeys/test_expert_search.py",
    "tests/unit/pages/test_permission_matrix.py", "tests/unit/pages/test_pages_lists.py",
    "tests/unit/pages/test_pages_staff.py", "tests/contract/test_retention.py", "tests/contract/test_erasure.py",
    "tests/contract/test_erasure_of_visits.py", "tests/contract/test_upload_forms.py", "tests/contract/test_uploads.py",
)  # fmt: skip
"""From the registration to the fee, the desk's lists and buttons, reminders, retention and erasure."""
MOST_BYTES = 600_000
MOST_STEPS = 50_000
SEALED = b"gAAAA"
OF_THE_SCHEMA = ("alembic_version", "pg_catalog.", "pg_advisory_xact_lock(8119)")


def on_postgres() -> None:
    """Call this before pytest reads any test: those take the functions by name."""
    fresh, open_world = databases.fresh, world.open_world
    fresh("postgresql", Path())  # Makes the schema, which is not to be on the tape.

    def always(kind: str, folder: Path) -> str:
        return fresh("postgresql", folder)

    @contextmanager
    def opened(var: Path, database_url: str = "", **environment: str) -> Iterator[world.World]:
        with open_world(var, database_url or always("", var), **environment) as made:
            yield made

    def house(folder: Path, template: Path | None = None) -> Any:
        folder.mkdir(parents=True, exist_ok=True)
        return factories.house_on(Database(always("", folder), Vault([new_key()])), folder)

    databases.fresh, world.open_world, factories.open_house = always, opened, house


@dataclass
class Recorder:
    """Listens to every engine and to the acknowledger while it is on."""

    steps: list[Step] = field(default_factory=list)
    _lines: dict[int, int] = field(default_factory=dict)
    _reels: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def on(self) -> Iterator[None]:
        """Record what is done inside the block."""
        listeners = (
            ("after_cursor_execute", self._executed), ("handle_error", self._refused),
            ("commit", lambda connection: self._ended(connection, "commit")),
            ("rollback", lambda connection: self._ended(connection, "rollback")),
        )  # fmt: skip
        for name, listener in listeners:
            event.listen(Engine, name, listener)
        run = ack.PostgresAcknowledger._run
        ack.PostgresAcknowledger._run = self._acknowledged(run)
        try:
            yield
        finally:
            ack.PostgresAcknowledger._run = run
            for name, listener in listeners:
                event.remove(Engine, name, listener)

    def _keep(self, database: str, line: int, statement: str, values: Any, *rest: Any) -> None:
        if any(mark in statement for mark in OF_THE_SCHEMA):
            return
        with self._lock:
            test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
            reel = self._reels.setdefault(database, f"{len(self._reels)} {test}")
            number = line if line == ACK else self._lines.setdefault(line, len(self._lines))
            self.steps.append(Step(reel, number, statement, _unsealed(values), *rest, by=test))

    def _executed(
        self, connection: Connection, cursor: Any, statement: str, values: Any, _context: object, many: bool
    ) -> None:
        self._keep_of(connection, statement, values, -1 if many else cursor.rowcount)

    def _refused(self, context: ExceptionContext) -> None:
        code = getattr(context.original_exception, "sqlstate", None)
        if context.connection is not None and context.statement and code:
            self._keep_of(context.connection, context.statement, context.parameters, -1, code)

    def _ended(self, connection: Connection, how: str) -> None:
        self._keep_of(connection, how, None)

    def _keep_of(self, connection: Connection, statement: str, *rest: Any) -> None:
        if connection.dialect.name == "postgresql":
            line = id(connection.connection.dbapi_connection)
            self._keep(str(connection.engine.url.database), line, statement, *rest)

    def _acknowledged(self, run: Any) -> Any:
        def wrapped(acknowledger: Any, shape: ack.Shape, values: Any, *, prepared: bool) -> None:
            run(acknowledger, shape, values, prepared=prepared)
            database = conninfo_to_dict(acknowledger._url)["dbname"]
            given = [list(values), list(shape.types), list(shape.formats)]
            self._keep(str(database), ACK, shape.statement.decode(), given)

        return wrapped


def _unsealed(value: Any) -> Any:
    """The same without the noise of what is sealed."""
    if isinstance(value, dict):
        return {name: _unsealed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_unsealed(each) for each in value]
    plain = bytes(value.obj) if isinstance(value, Binary) else value
    return SEALED.ljust(len(plain), b"=") if isinstance(plain, bytes) and plain.startswith(SEALED) else plain


def shortened(steps: Iterable[Step]) -> list[Step]:
    """The reels that show most that is new for their length, until everything is shown or MOST_STEPS is reached."""
    lengths, forms = dict[str, int](), dict[str, set[tuple[str, str]]]()
    for step in steps:
        lengths[step.reel] = lengths.get(step.reel, 0) + 1
        forms.setdefault(step.reel, set()).add((_form(step.statement), step.refused))
    missing, kept = set[tuple[str, str]]().union(*forms.values()), set[str]()
    print(f"{len(missing)} kinds of statements", end=", ")
    while missing and forms:
        best = max(forms, key=lambda reel: len(forms[reel] & missing) / (lengths[reel] + 200))
        new = forms.pop(best) & missing
        if sum(lengths[reel] for reel in kept) + lengths[best] <= MOST_STEPS and new:
            kept.add(best)
            missing -= new
    print(f"{len(missing)} of them left out")
    return [step for step in steps if step.reel in kept]


def _form(statement: str) -> str:
    """A statement without the numbers of its parameters, and a list without its length."""
    plain = re.sub(r"\d+", "", statement)
    return re.sub(r"(%\([^)]*\)s(::\w+)?)(, %\([^)]*\)s(::\w+)?)+", "", plain)


def untouched(steps: Iterable[Step]) -> list[str]:
    """The tables of today that no statement names."""
    said = "\n".join({step.statement for step in steps})
    return [name for name in Base.metadata.tables if name not in said]


def record() -> int:
    """Keep a tape of the code at hand under its revision; what is missing on it is said and fails."""
    recorder = Recorder()
    on_postgres()
    with recorder.on():
        ended = pytest.main([*JOURNEYS, "-q", "-p", "no:cacheprovider", "-k", "not postgresql and not full"])
    steps, path = shortened(recorder.steps), tape.FOLDER / f"{schema.head()}.jsonl.xz"
    path.parent.mkdir(exist_ok=True)
    tape.write(path, steps)
    size, missing = path.stat().st_size, untouched(steps)
    print(f"{path.name}: {len(steps)} steps, {len({step.reel for step in steps})} reels, {size} bytes")
    for name in missing:
        print(f"no journey touches the table {name}", file=sys.stderr)
    if size > MOST_BYTES:
        print(f"the tape is over {MOST_BYTES} bytes: lower MOST_STEPS", file=sys.stderr)
    return int(ended) or int(bool(missing)) or int(size > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(record())
