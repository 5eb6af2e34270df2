"""Nine o'clock: 2,000 experts check in within ten seconds by a LINE location message, on two cores.

An open loop: each message leaves at its time, over a connection of its own, whatever became of those before it.
"""

import random
import selectors
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import servers, traffic
from benchmarks.load import Line
from benchmarks.machine import percentile
from benchmarks.postgres import Server
from benchmarks.standin import StandIn
from benchmarks.turn import serve
from models.rules.calendar import fiscal_year, to_jst
from storage.database import Database
from storage.secrets import Vault
from tests.support import factories
from tests.support.postgres import plain_url

EXPERTS, SECONDS, PROCESSES = 2_000, 10.0, 2
PATIENCE = 240.0


@dataclass
class Outcome:
    """What came of it, in seconds: from a message's time to its acknowledgement, and to the answer on the phone."""

    acknowledged: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    last: float = 0.0
    pushes: int = 0
    refused: int = 0


def seed(url: str) -> list[str]:
    """Experts in force, each with a confirmed visit that begins now; returns their accounts."""
    accounts = [traffic.user_id(n) for n in range(EXPERTS)]
    database = Database(url, Vault([servers.KEY]))
    now = datetime.now(UTC)
    with database.unit() as uow:
        place = factories.organisation(uow)
        asking = factories.approver(uow, place).id
        sealed = uow.vault.seal_json(factories.ANSWERS)
    database.close()
    today, year = to_jst(now).date(), fiscal_year(to_jst(now).date())
    values = {
        "accounts": accounts, "place": place, "asking": asking, "sealed": sealed, "now": now, "today": today,
        "ends": now + timedelta(hours=3), "year": year, "starts": f"{year}-04-01", "over": f"{year + 1}-03-31",
    }  # fmt: skip
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for statement in STATEMENTS:
            connection.execute(statement.encode(), values)
        connection.execute("VACUUM ANALYZE")
    return accounts


_EACH = "unnest(%(accounts)s::text[]) WITH ORDINALITY AS one (account, n)"
STATEMENTS = (
    f"""INSERT INTO people (id, user_id, name, menu, created_at)
        SELECT md5('p' || n), account, '山田 太郎', 'chusho119-expert', %(now)s FROM {_EACH}""",
    """INSERT INTO terms (version, text, published_at) VALUES ('2026-1', 'x', %(now)s)""",
    f"""INSERT INTO applications (id, number, person_id, organisation_id, state, state_since, version, answers, name,
                                  search_key, prefecture, created_at)
        SELECT md5('a' || n), 'R-' || n, md5('p' || n), %(place)s, 'active', %(now)s, 3, %(sealed)s, '山田 太郎',
               'ヤマダ', '東京都', %(now)s FROM {_EACH}""",
    f"""INSERT INTO commission_letters (id, number, application_id, fiscal_year, terms_version, starts, ends, issued_on,
                                        accepted_at)
        SELECT md5('l' || n), 'C-' || n, md5('a' || n), %(year)s, '2026-1', %(starts)s, %(over)s, %(starts)s, %(now)s
        FROM {_EACH}""",
    f"""INSERT INTO experts (person_id, application_id, since, accepting, weekly_off, opens, closes, hidden, version)
        SELECT md5('p' || n), md5('a' || n), %(now)s, true, '', 540, 1020, '', 1 FROM {_EACH}""",
    f"""INSERT INTO businesses (id, name, search_key, address, organisation_id, created_at)
        SELECT md5('b' || n), 'みほん商店', 'ミホン', '東京都', %(place)s, %(now)s FROM {_EACH}""",
    f"""INSERT INTO dispatches (id, number, organisation_id, requester_id, business_id, expert_id, status, status_since,
                                version, received_at, day, starts, ends, title, search_key, topic, accompany, place,
                                place_source, latitude, longitude)
        SELECT md5('d' || n), 'D-' || n, %(place)s, %(asking)s, md5('b' || n), md5('p' || n), 'confirmed', %(now)s, 2,
               %(now)s, %(today)s, %(now)s, %(ends)s, '原価管理の見直し', 'x', '生産管理', true, '東京都', 'address',
               35.681236, 139.767125 FROM {_EACH}""",
    """INSERT INTO dispatch_details (dispatch_id, wishes, contact_name, contact_phone, contact_mail)
       SELECT id, 'x', '田中 一郎', '03-1234-5678', '' FROM dispatches""",
)


def _message(account: str, token: str, at_ms: int) -> bytes:
    event = traffic.text_event(account, "", at_ms, token)
    here = {"latitude": 35.6812 + random.random() / 1000, "longitude": 139.7671, "address": "東京都千代田区丸の内1"}
    event["message"] = {"type": "location", "id": str(random.getrandbits(58)), **here}
    return traffic.request(traffic.body_of(event))


def storm(standin: StandIn, port: int, accounts: list[str]) -> Outcome:
    """Everybody once, spread evenly over the ten seconds; until the last answer has arrived."""
    tokens = standin.tokens(accounts, 1)
    due = {account: n * SECONDS / len(accounts) for n, account in enumerate(accounts)}
    waiting, out = deque(accounts), Outcome()
    busy = dict[str, Line]()
    unanswered = set(accounts)
    with selectors.DefaultSelector() as selector:
        selector.register(standin.pipe, selectors.EVENT_READ, None)
        started = time.perf_counter()
        while unanswered or busy or waiting:
            now = time.perf_counter() - started
            if now > PATIENCE:
                raise RuntimeError(f"{len(unanswered)} unanswered after {PATIENCE:.0f} s")
            while waiting and due[waiting[0]] <= now:
                account, line = waiting.popleft(), Line(port)
                line.send(_message(account, tokens[account][0], int(time.time() * 1000)))
                busy[account] = line
                selector.register(line.socket, selectors.EVENT_READ, account)
            for key, _ in selector.select(timeout=0.002):
                now = time.perf_counter() - started
                if key.data is None:
                    kind, account = standin.pipe.recv()
                    out.pushes += kind == "push"
                    if account in unanswered:
                        unanswered.discard(account)
                        out.answered.append(now - due[account])
                        out.last = now
                elif (status := busy[key.data].read()) is not None:
                    line = busy.pop(key.data)
                    selector.unregister(line.socket)
                    line.socket.close()
                    out.refused += status != 200
                    out.acknowledged.append(now - due[key.data])
    return out


def run(server: Server, console: Console) -> dict[str, Any]:
    """The storm, and a look whether anything was lost or done twice."""
    url = server.database()
    accounts = seed(url)
    with StandIn() as standin:
        api = f"http://127.0.0.1:{standin.port}"
        line = {"LINE_API_BASE_URL": api, "LINE_DATA_API_BASE_URL": api}
        port = servers.free_port()
        settings = {"DATABASE_URL": url, "PORT": str(port), "WEB_CONCURRENCY": str(PROCESSES), **line}
        with servers.started(serve(), port, **settings):
            out = storm(standin, port, accounts)
    with psycopg.connect(plain_url(url)) as connection:
        rows = connection.execute(
            "SELECT (SELECT count(*) FROM visits WHERE came_at IS NOT NULL), (SELECT count(*) FROM visit_acts)"
        ).fetchall()
    recorded, acts = rows[0]
    if (recorded, acts, out.refused) != (EXPERTS, EXPERTS, 0):
        raise RuntimeError(f"{recorded} visits, {acts} acts, {out.refused} refused")
    found = {
        "ack_p50_ms": percentile(out.acknowledged, 0.5) * 1000, "ack_p99_ms": percentile(out.acknowledged, 0.99) * 1000,
        "answer_p50_s": percentile(out.answered, 0.5), "answer_p99_s": percentile(out.answered, 0.99),
        "last_s": out.last, "pushes": out.pushes,
    }  # fmt: skip
    table = Table("", "", title=f"{EXPERTS:,} check-ins in {SECONDS:.0f} s, {PROCESSES} processes")
    table.add_row("lost or twice", "none")
    table.add_row("acknowledged, p50 / p99", f"{found['ack_p50_ms']:.1f} / {found['ack_p99_ms']:.1f} ms")
    table.add_row("answered, p50 / p99", f"{found['answer_p50_s']:.1f} / {found['answer_p99_s']:.1f} s")
    table.add_row("the last answer after", f"{found['last_s']:.1f} s ({found['pushes']} as push)")
    console.print(table)
    console.print()
    return found
