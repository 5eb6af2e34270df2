"""Search and lists with 100,000 experts, 1,000,000 visits and more dispatches, beside the SQL one would write by hand.

Both ask the same PostgreSQL in turns and must give the same rows in the same order. What is compared is the time the
database takes; the pages are reported as they are served.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import event

from benchmarks import desk, dispatch_rows
from benchmarks.by_hand import EXCEPTIONS, FREE, LIST, NEAR
from benchmarks.machine import percentile
from benchmarks.postgres import Server
from models.rules.calendar import to_jst
from models.rules.dispatch import Side, Status
from models.rules.permissions import Actor
from models.rules.place import Point
from models.rules.visit import Evidence
from models.views.expert_search import Wanted as Search
from storage import dispatch_lists, evidence, expert_search
from storage.database import Database, UnitOfWork
from storage.secrets import Vault, new_key
from tests.support import factories
from tests.support.postgres import plain_url

ROUNDS, PAGES = 40, 40
AIM = 1.5
Asked = Callable[[UnitOfWork, int], Sequence[str]]


@dataclass(frozen=True)
class Question:
    """What is asked: through our storage, and by hand (SQL and its values), by the number of the round."""

    name: str
    ours: Asked
    sql: str
    values: Callable[[int], dict[str, Any]]


@dataclass
class Meter:
    """What a database connection is busy with: seconds within statements, and how many."""

    seconds: float = 0.0
    statements: int = 0
    began: float = field(default=0.0)


@contextmanager
def metered(database: Database):
    """Count what our side asks while the block runs."""
    meter = Meter()

    def before(*_: Any) -> None:
        meter.began = time.perf_counter()

    def after(*arguments: Any) -> None:
        meter.seconds += time.perf_counter() - meter.began
        meter.statements += not str(arguments[2]).startswith(("BEGIN", "COMMIT", "ROLLBACK"))

    event.listen(database.engine, "before_cursor_execute", before)
    event.listen(database.engine, "after_cursor_execute", after)
    try:
        yield meter
    finally:
        event.remove(database.engine, "before_cursor_execute", before)
        event.remove(database.engine, "after_cursor_execute", after)


FIELDS = ("経営戦略", "販路開拓", "人事・労務")
REGIONS = ("東京都", "大阪府", "北海道", "福岡県", "愛知県")
OFFICE = Actor("staff", staff_id="bench", staff_role="clerk")
TOKYO = Point(35.68, 139.76)


@dataclass(frozen=True)
class Questions:
    """What is asked, by the number of the round, as an expert, an approver and a clerk would."""

    experts: Sequence[str]
    organisations: Sequence[str]
    now: datetime

    def all(self) -> tuple[Question, ...]:
        """Each with the statement a careful person would write for the same rows."""
        newest = "day DESC, id DESC"
        completed = LIST.format("organisation_id = %(of)s AND status = 'completed'", newest, 0)
        own = LIST.format("expert_id = %(of)s", newest, 0)
        queue = LIST.format("status = 'needs_coordination'", "status_since, id", "%(skip)s")
        held = "search_key IN (SELECT search_key FROM dispatches WHERE search_key LIKE %(words)s)"
        said, today = LIST.format(held, newest, 0), {"today": to_jst(self.now).date()}
        return (
            Question("search: field, region, free on a slot", self.free, FREE, self.slots),
            Question("search: field, nearest first", self.near, NEAR, lambda n: {"field": FIELDS[n % 3], **today}),
            Question("an organisation's completed", self.of_organisation, completed, lambda n: {"of": self.place(n)}),
            Question("an expert's dispatches", self.of_expert, own, lambda n: {"of": _one_of(self.experts, n)}),
            Question("queue: 要調整", self.coordination, queue, _skip),
            Question("words of a business, of all", self.worded, said, lambda n: {"words": f"%ミホン1{n}商店%"}),
            Question("queue: evidence", self.weak, EXCEPTIONS, _skip),
        )

    def place(self, n: int) -> str:
        """An organisation."""
        return _one_of(self.organisations, n)

    def approver(self, n: int) -> Actor:
        """Somebody who approves for it."""
        return Actor("person", person_id="approver", organisations=frozenset({self.place(n)}))

    def times(self, n: int) -> tuple[tuple[datetime, datetime], ...]:
        """Two afternoons."""
        start = to_jst(self.now).replace(hour=13, minute=0, second=0, microsecond=0)
        days = (7 + n % 20, 8 + n % 20)
        return tuple((start + timedelta(days=day), start + timedelta(days=day, hours=3)) for day in days)

    def found(self, uow: UnitOfWork, n: int, wanted: Search) -> Sequence[str]:
        """The experts of the first page."""
        page = expert_search.search(uow, self.approver(n), wanted, to_jst(self.now).date(), 20)
        return [one.person_id for one in page.experts]

    def free(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        return self.found(uow, n, Search(FIELDS[n % 3], (REGIONS[n % 5],), "", self.times(n), only_free=True))

    def near(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        return self.found(uow, n, Search(FIELDS[n % 3], near=TOKYO, order="near"))

    def of_organisation(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        wanted = dispatch_lists.Wanted(Side.ORGANISATION, statuses=(Status.COMPLETED,))
        return [row.id for row in dispatch_lists.listed(uow, self.approver(n), wanted)]

    def of_expert(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        actor = Actor("person", person_id=_one_of(self.experts, n))
        return [row.id for row in dispatch_lists.listed(uow, actor, dispatch_lists.Wanted(Side.EXPERT))]

    def coordination(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        wanted = dispatch_lists.Wanted(Side.SECRETARIAT, statuses=(Status.NEEDS_COORDINATION,))
        return [row.id for row in dispatch_lists.listed(uow, OFFICE, wanted, "since", 50, 50 * (n % 20))]

    def worded(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        wanted = dispatch_lists.Wanted(Side.SECRETARIAT, f"みほん1{n}商店")
        return [row.id for row in dispatch_lists.listed(uow, OFFICE, wanted)]

    def weak(self, uow: UnitOfWork, n: int) -> Sequence[str]:
        wanted = evidence.Wanted(Evidence.WAITING)
        return [row.dispatch_id for row in evidence.listed(uow, OFFICE, wanted, "since", 50, 50 * (n % 20))]

    def slots(self, n: int) -> dict[str, Any]:
        """The values of FREE."""
        (first, first_end), (second, second_end) = self.times(n)
        days = [first.date(), second.date()]
        return {
            "field": FIELDS[n % 3], "region": REGIONS[n % 5], "a": first, "b": first_end, "c": second,
            "d": second_end, "days": days, "weekdays": [str(day.weekday()) for day in days],
            "today": to_jst(self.now).date(), "first_day": days[0] - timedelta(days=1), "last_day": days[1],
            "day_a": days[0], "day_c": days[1],
        }  # fmt: skip


def _skip(n: int) -> dict[str, Any]:
    return {"skip": 50 * (n % 20)}


def _one_of(ids: Sequence[str], n: int) -> str:
    return ids[n % len(ids)]


def _through_us(database: Database, question: Question, n: int, kept: list[float]) -> tuple[list[str], int]:
    with database.read() as uow, metered(database) as meter:
        found = list(question.ours(uow, n))
    kept.append(meter.seconds)
    return found, meter.statements


def _by_hand(connection: psycopg.Connection[Any], question: Question, n: int, kept: list[float]) -> list[str]:
    started = time.perf_counter()
    rows = connection.execute(question.sql.encode(), question.values(n)).fetchall()
    kept.append(time.perf_counter() - started)
    return [row[0] for row in rows]


def compare(database: Database, url: str, question: Question) -> dict[str, float]:
    """Both sides in turns; the rows must be the same."""
    mine: list[float] = []
    other: list[float] = []
    statements = 0
    ways = list(range(ROUNDS))
    random.Random(8119).shuffle(ways)
    with psycopg.connect(plain_url(url), prepare_threshold=None) as connection:
        for turn, n in enumerate(ways):
            if turn % 2:
                rows = _by_hand(connection, question, n, other)
                found, asked = _through_us(database, question, n, mine)
            else:
                found, asked = _through_us(database, question, n, mine)
                rows = _by_hand(connection, question, n, other)
            statements = max(statements, asked)
            if found != rows:
                raise RuntimeError(f"{question.name}, round {n}: other rows than by hand")
    return {
        "ours_ms": statistics.median(mine) * 1000,
        "hand_ms": statistics.median(other) * 1000,
        "ratio": statistics.median(a / b for a, b in zip(mine[3:], other[3:], strict=True)),
        "statements": statements,
    }


PATHS = (
    "/admin/dispatches?page={}",
    "/admin/dispatches?q=みほん1{}商店",
    "/admin/visits?page={}",
)


def run(server: Server, console: Console) -> dict[str, Any]:
    """Fill, compare, then look at the secretariat's pages."""
    url = server.database()
    vault = Vault([new_key()])
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        house = factories.house_on(Database(url, vault), Path(folder))
        factories.terms_published(house)
        with house.database.unit() as uow:
            places = [factories.organisation(uow, f"第{n}商工会") for n in range(400)]
            asking = [factories.approver(uow, place).id for place in places]
            factories.office_in(uow)
        desk.fill(url, places, vault.seal_json(factories.ANSWERS))
        dispatch_rows.fill(url, places, asking, desk.EXPERTS)
        with psycopg.connect(plain_url(url)) as connection:
            rows = connection.execute("SELECT person_id FROM experts ORDER BY person_id LIMIT 200").fetchall()
        table = Table("", "ours ms", "by hand ms", "ratio", "statements", title="Search and lists: database time")
        for question in Questions([row[0] for row in rows], places, house.clock()).all():
            row = found[question.name] = compare(house.database, url, question)
            cells = (f"{row['ours_ms']:.1f}", f"{row['hand_ms']:.1f}", f"{row['ratio']:.2f}", str(row["statements"]))
            table.add_row(question.name, *cells)
        console.print(table)
        console.print(f"  medians of {ROUNDS}; aim {AIM} or less\n")
        client = desk.Ours(house).client
        for path in PATHS:
            taken = [desk.once(client, path.format(n % 20 + 1)) for n in range(PAGES)]
            found[path] = {"p95_ms": percentile(taken[3:], 0.95) * 1000}
            console.print(f"  {path}: p95 {found[path]['p95_ms']:.0f} ms")
        console.print()
        house.database.close()
    return found
