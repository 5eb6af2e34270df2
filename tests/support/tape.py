"""A tape: every statement that a release runs on PostgreSQL in whole journeys, kept to be run on later schemas.

`tests.support.taping` records it, `Player` runs it on a database of any schema and stops at the first statement that no
longer does what it did. A tape has reels, one for each empty database that a test began with. Connections, the ends of
transactions and refusals are on it too; what was sealed is only as long as it was.
"""

import base64
import json
import lzma
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.errors import error_from_result

from storage import ack
from tests.support.postgres import plain_url

FOLDER = Path(__file__).parent.parent / "tapes"
MOST_BYTES = 600_000
ACK = -1
"""The acknowledger's own connection, which commits by itself and is spoken to without a driver."""


class Step(NamedTuple):
    """Something a release did: on which of its connections, the statement (or commit, rollback), with what result.

    `rows`: how many it gave or changed, -1 where the driver did not say. `refused`: the error's code, where it was.
    """

    reel: str
    line: int
    statement: str
    values: Any
    rows: int = -1
    refused: str = ""
    by: str = ""


class TapeBroken(AssertionError):
    """A statement of the earlier release does not work on this schema as it did."""


# --- keeping -----------------------------------------------------------------------------------------


def write(path: Path, steps: Iterable[Step]) -> None:
    """Keep the steps: one JSON line each, each statement and reel written out once."""
    known: dict[str, int] = {}
    with lzma.open(path, "wt", encoding="ascii", preset=9 | lzma.PRESET_EXTREME) as file:
        for step in steps:
            for words in (step.reel, step.statement):
                if words not in known:
                    known[words] = len(known)
                    file.write(json.dumps(words) + "\n")
            kept = [known[step.reel], step.line, known[step.statement], step.values, *step[4:]]
            file.write(json.dumps(kept, default=_kept, separators=(",", ":")) + "\n")


def read(path: Path) -> Iterator[Step]:
    """The steps of a tape, in the order in which they were done."""
    known: list[str] = []
    with lzma.open(path, "rt", encoding="ascii") as file:
        for text in file:
            line = json.loads(text, object_hook=_given)
            if isinstance(line, str):
                known.append(line)
            else:
                reel, number, statement, *rest = line
                yield Step(known[reel], number, known[statement], *rest)


def _kept(value: object) -> dict[str, str]:
    if isinstance(value, psycopg.Binary):
        value = value.obj
    if isinstance(value, bytes | memoryview):
        return {"~bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"~moment": value.isoformat()}
    if isinstance(value, date):
        return {"~day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"~decimal": str(value)}
    raise TypeError(f"a tape cannot keep a {type(value).__name__}")


def _given(kept: dict[str, Any]) -> Any:
    match kept:
        case {"~bytes": text}:
            return base64.b64decode(text)
        case {"~moment": text}:
            return datetime.fromisoformat(text)
        case {"~day": text}:
            return date.fromisoformat(text)
        case {"~decimal": text}:
            return Decimal(text)
        case _:
            return kept


def newest(folder: Path = FOLDER) -> list[Path]:
    """The tapes there are, the newest first."""
    return sorted(folder.glob("*.jsonl.xz"), reverse=True)


def revision_of(path: Path) -> str:
    """The revision of the schema for which the code of a tape was written."""
    return path.name.partition(".")[0]


# --- playing -----------------------------------------------------------------------------------------


class Player:
    """Plays one reel on one database, with as many connections as the release had."""

    def __init__(self, url: str) -> None:
        self._url = plain_url(url)
        self._lines: dict[int, psycopg.Connection] = {}

    def play(self, step: Step) -> None:
        """Do what the release did; TapeBroken when that ends in another way than it did then."""
        line = self._line(step.line)
        if step.statement in ("commit", "rollback"):
            getattr(line, step.statement)()
            return
        try:
            rows = self._run(line, step)
        except psycopg.Error as error:
            if error.sqlstate != step.refused:
                raise TapeBroken(_broken(step, f"{error.sqlstate} {error}")) from error
            return
        if step.refused:
            raise TapeBroken(_broken(step, f"was refused with {step.refused}, and now is not"))
        if -1 not in (rows, step.rows) and rows != step.rows:
            raise TapeBroken(_broken(step, f"{rows} rows instead of {step.rows}"))

    def _run(self, line: psycopg.Connection, step: Step) -> int:
        statement = step.statement.encode()
        if step.line == ACK:
            done = line.pgconn.exec_params(statement, *step.values)
            if done.status != ack.COMMAND_OK:
                raise error_from_result(done)
            return -1
        with line.cursor() as cursor:
            if isinstance(step.values, list):
                cursor.executemany(statement, step.values)
                return -1
            cursor.execute(statement, step.values or None)
            return cursor.rowcount

    def _line(self, number: int) -> psycopg.Connection:
        if number not in self._lines:
            self._lines[number] = psycopg.connect(
                self._url, autocommit=number == ACK, prepare_threshold=None, options="-c lock_timeout=10s"
            )
        return self._lines[number]

    def close(self) -> None:
        """Give the connections back."""
        for line in self._lines.values():
            line.close()


def _broken(step: Step, what: str) -> str:
    names = sorted(step.values) if isinstance(step.values, Mapping) else ""
    return f"{what}\nin {step.reel}\nby {step.by}\n{step.statement}\nwith {names}"
