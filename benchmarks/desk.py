"""The secretariat's lists with 100,000 experts and 300,000 applications, beside Flask-Admin's stock list on the tables.

Both run in this process through their WSGI door, one request here and one there, on the same PostgreSQL.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import event

from benchmarks.machine import percentile
from benchmarks.postgres import Server
from handlers.pages import create_pages
from models.rules.normalise import search_key
from storage import registration
from storage.database import Database
from storage.secrets import Vault, new_key
from tests.support import factories
from tests.support.factories import House
from tests.support.postgres import plain_url

EXPERTS, APPLICATIONS, REQUESTS = 100_000, 300_000, 60
AIM = 0.3
FAMILIES = ("佐藤 サトウ", "鈴木 スズキ", "高橋 タカハシ", "田中 タナカ", "伊藤 イトウ", "渡辺 ワタナベ", "山本 ヤマモト", "中村 ナカムラ", "小林 コバヤシ", "加藤 カトウ")  # fmt: skip  # noqa: E501
GIVEN = ("太郎 タロウ", "花子 ハナコ", "健一 ケンイチ", "美咲 ミサキ", "誠 マコト", "恵 メグミ", "大輔 ダイスケ", "陽子 ヨウコ", "翔 ショウ", "直子 ナオコ")  # fmt: skip  # noqa: E501


@dataclass(frozen=True)
class Side:
    """One kind of page, ours and theirs, by the number of the request."""

    name: str
    ours: Callable[[int], str]
    theirs: Callable[[int], str]


def fill(url: str, organisations: Sequence[str], answers: bytes) -> None:
    """People, applications (three a person), experts and audit rows, with names that repeat as names do."""
    names = [(*f.split(), *g.split()) for f in FAMILIES for g in GIVEN]
    shown = [f"{family} {given}" for family, _, given, _ in names]
    keys = [search_key(f"{family}{given}{kana}{given_kana}") for family, kana, given, given_kana in names]
    values = {"experts": EXPERTS, "names": shown, "keys": keys, "organisations": list(organisations), "sealed": answers}
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for statement in STATEMENTS:
            connection.execute(statement.encode(), values)
        connection.execute("VACUUM ANALYZE")


STATEMENTS = (
    """INSERT INTO people (id, user_id, name, mail, created_at)
       SELECT md5('p' || n), 'U' || md5('p' || n), (%(names)s::text[])[1 + n %% 100], 'p' || n || '@example.jp',
              '2026-04-01'::timestamptz + n * interval '1 second'
       FROM generate_series(1, %(experts)s) AS n""",
    """INSERT INTO applications (id, number, person_id, organisation_id, state, state_since, version, answers, name,
                                 search_key, prefecture, created_at, submitted_at)
       SELECT md5('a' || n), 'R-2026-' || lpad(n::text, 6, '0'), md5('p' || (1 + (n - 1) %% %(experts)s)),
              (%(organisations)s::text[])[1 + n %% array_length(%(organisations)s::text[], 1)],
              CASE WHEN n <= %(experts)s THEN 'active'
                   WHEN n %% 40 = 0 THEN 'secretariat_review' WHEN n %% 40 = 1 THEN 'organisation_review'
                   WHEN n %% 40 < 10 THEN 'rejected' ELSE 'withdrawn' END,
              '2026-04-01'::timestamptz + n * interval '30 seconds', 3, %(sealed)s,
              (%(names)s::text[])[1 + (1 + (n - 1) %% %(experts)s) %% 100],
              (%(keys)s::text[])[1 + (1 + (n - 1) %% %(experts)s) %% 100],
              (ARRAY['東京都', '大阪府', '北海道', '福岡県', '愛知県'])[1 + n %% 5],
              '2026-04-01'::timestamptz + n * interval '30 seconds', '2026-04-02'::timestamptz
       FROM generate_series(1, %(experts)s * 3) AS n""",
    """INSERT INTO experts (person_id, application_id, since, accepting, weekly_off, opens, closes, hidden, version)
       SELECT md5('p' || n), md5('a' || n), '2026-04-01'::timestamptz + n * interval '30 seconds', n %% 10 > 0, '5,6',
              540, 1020, '', 1 FROM generate_series(1, %(experts)s) AS n""",
    """INSERT INTO expert_specialities (speciality, person_id)
       SELECT (ARRAY['経営戦略', '販路開拓', 'IT・DX', '税務・会計', '人事・労務'])[1 + (n + k) %% 5], md5('p' || n)
       FROM generate_series(1, %(experts)s) AS n, generate_series(0, 1) AS k""",
    """INSERT INTO audit (at, actor_kind, actor_id, action, subject_kind, subject_id, from_state, to_state)
       SELECT '2026-04-01'::timestamptz + n * interval '30 seconds', 'person', md5('p' || n), 'application.submit',
              'application', md5('a' || n), 'draft', 'organisation_review'
       FROM generate_series(1, %(experts)s) AS n""",
)


class Ours:
    """Our pages, logged in as a clerk."""

    def __init__(self, house: House) -> None:
        app = create_pages(house.services, factories.SECRET_KEY)
        app.config["WTF_CSRF_ENABLED"] = False
        self.client = app.test_client()
        who = {"email": "office@example.jp", "password": factories.PASSWORD}
        self.client.post("/admin/login", data=who)


def stock(url: str) -> FlaskClient:
    """Flask-Admin as it comes: its model view on our table, with the columns, search and filter of our list."""
    from flask_admin import Admin
    from flask_admin.contrib.sqla import ModelView
    from sqlalchemy import create_engine
    from sqlalchemy.orm import scoped_session, sessionmaker

    from models.tables.registration import Application

    class List(ModelView):
        can_view_details = True
        page_size = 50
        column_list = ("number", "name", "organisation_id", "prefecture", "state", "state_since")
        column_searchable_list = ("search_key", "number")
        column_filters = ("state",)
        column_default_sort = "state_since"

    app = Flask("stock")
    app.config["SECRET_KEY"] = "bench"
    sessions = scoped_session(sessionmaker(create_engine(url)))
    app.teardown_appcontext(lambda _error: sessions.remove())
    Admin(app, name="stock").add_view(List(Application, sessions, endpoint="applications", url="/applications"))
    return app.test_client()


def once(client: FlaskClient, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    body = answer.get_data()
    taken = time.perf_counter() - started
    if answer.status_code != 200 or b"</html>" not in body:
        raise RuntimeError(f"{path}: {answer.status_code}")
    return taken


def _sides(experts: Sequence[str]) -> tuple[Side, ...]:
    family = [each.split()[0] for each in FAMILIES]
    pages = range(1, 40)

    def their_list(n: int) -> str:
        return f"/applications/?flt0_0=secretariat_review&page={pages[n % len(pages)] - 1}"

    def their_search(n: int) -> str:
        return f"/applications/?search={search_key(family[n % 10] + GIVEN[n % 7].split()[0])}"

    return (
        Side("queue", lambda n: f"/admin/applications?state=secretariat&page={pages[n % len(pages)]}", their_list),
        Side("search", lambda n: f"/admin/experts?q={family[n % 10]}{GIVEN[n % 7].split()[0]}", their_search),
        Side("expert page", lambda n: f"/admin/experts/{experts[n % len(experts)]}", lambda _: "/applications/"),
    )


def _queries(house: House, client: FlaskClient, path: str) -> int:
    """How many statements one of our pages takes."""
    counted: list[str] = []

    def note(*arguments: Any) -> None:
        counted.append(str(arguments[2]))

    event.listen(house.database.engine, "before_cursor_execute", note)
    once(client, path)
    event.remove(house.database.engine, "before_cursor_execute", note)
    return sum(not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")) for statement in counted)


def run(server: Server, console: Console) -> dict[str, Any]:
    """Fill, then ask both in turns."""
    url = server.database()
    vault = Vault([new_key()])
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        house = factories.house_on(Database(url, vault), Path(folder))
        with house.database.unit() as uow:
            places = [factories.organisation(uow, f"第{n}商工会") for n in range(400)]
            factories.office_in(uow)
        fill(url, places, vault.seal_json(factories.ANSWERS))
        with house.database.read() as uow:
            active = registration.in_state(uow, registration.State.ACTIVE)[:: EXPERTS // 500]
        ours, theirs = Ours(house).client, stock(url)
        table = Table("", "ours p95 ms", "Flask-Admin p95 ms", "ratio", "statements", title="The secretariat's desk")
        for side in _sides([row.person_id for row in active]):
            ways = list(range(REQUESTS))
            random.Random(8119).shuffle(ways)
            taken = [(once(ours, side.ours(n)), once(theirs, side.theirs(n))) for n in ways]
            mine, other = (percentile([pair[at] for pair in taken[5:]], 0.95) * 1000 for at in (0, 1))
            found[side.name] = {
                "ours_p95_ms": mine,
                "theirs_p95_ms": other,
                "ratio": mine / other,
                "ours_median_ms": statistics.median(pair[0] for pair in taken) * 1000,
                "statements": _queries(house, ours, side.ours(0)),
            }
            row = found[side.name]
            table.add_row(side.name, f"{mine:.1f}", f"{other:.1f}", f"{row['ratio']:.2f}", str(row["statements"]))
        console.print(table)
        console.print(f"  {APPLICATIONS:,} applications, {EXPERTS:,} experts; aim {AIM} or less\n")
        house.database.close()
    return found
