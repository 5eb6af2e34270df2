"""What an acknowledgement, a turn and a sweep cost with a million old rows, beside a thousand."""

import io
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import people, servers, traffic
from benchmarks.machine import spread
from benchmarks.postgres import Server
from bot.line.outcomes import Outcome, Sent
from handlers.bootstrap import Service
from handlers.line.webhook import PATH, Webhook
from handlers.settings import read
from handlers.watch import logs
from tests.support.postgres import plain_url

FEW, MANY, ROUNDS = 1_000, 1_000_000, 7
ACKS, PEOPLE, SWEEPS = 400, 6, 40
NAMES = {"acks": "acknowledgement", "turns": "turn", "sweeps": "sweep with nothing to do"}
AIM = 1.2
OLD = (
    """INSERT INTO inbox (event_id, user_id, occurred_ms, received_ms, body, state, attempts)
       SELECT '01HZ' || lpad(n::text, 12, '0') || upper(substr(md5(n::text), 1, 10)),
              'U' || md5((n %% 5000)::text), 1700000000000 + n * 1000, 1700000000000 + n * 1000,
              CASE WHEN n > %(rows)s * 0.9 THEN decode(repeat(md5(n::text), 16), 'hex') END, 'done', 1
       FROM generate_series(1, %(rows)s) AS n""",
    """INSERT INTO outbox (retry_key, recipient, channel, body, turn, reply_until_ms, state, attempts,
                           not_before, created_at, sent_at, via)
       SELECT md5(n::text), 'U' || md5((n %% 5000)::text), 'line',
              CASE WHEN n > %(rows)s * 0.9 THEN repeat(md5(n::text), 16) END, md5(n::text), 0, 'sent', 1,
              '2025-01-01'::timestamptz, '2025-01-01'::timestamptz, '2025-01-01'::timestamptz, 'reply'
       FROM generate_series(1, %(rows)s) AS n""",
    """INSERT INTO conversations (user_id) SELECT 'U' || md5(n::text) FROM generate_series(0, 4999) AS n""",
)


class Taken:
    """A client that takes every message at once: only our own cost is left."""

    def reply(self, _token: str, _messages: Sequence[Any]) -> Outcome:
        """Sent."""
        return Sent(None)

    def close(self) -> None:
        """Nothing is open."""


class House:
    """The service in this process on a database with so many old rows."""

    def __init__(self, url: str, rows: int, folder: Path) -> None:
        with psycopg.connect(plain_url(url), autocommit=True) as connection:
            for statement in OLD:
                connection.execute(statement.encode(), {"rows": rows})
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        line = {"LINE_CHANNEL_SECRET": traffic.SECRET, "LINE_CHANNEL_ACCESS_TOKEN": traffic.TOKEN}
        keys = {"SECRET_KEY": servers.SIGNING, "FIELD_KEYS": servers.KEY}
        self.service = Service(read({"DATABASE_URL": url, **line, **keys}, folder))
        self.service.__dict__["client"] = Taken()
        self._webhook = self.service.webhook(lambda _people: None)
        self._seats = iter(range(1_000_000, 2_000_000))

    def acks(self) -> Iterator[float]:
        """Seconds each acknowledgement takes."""
        for request in traffic.requests(ACKS):
            yield _timed(lambda request=request: _post(self._webhook, request))

    def turns(self) -> Iterator[float]:
        """Seconds each turn takes, from claiming to the reply written down."""
        chosen = [traffic.user_id(next(self._seats)) for _ in range(PEOPLE)]
        people.seed(self.service.database, chosen)
        for words in people.ANSWERS:
            for user_id in chosen:
                event = traffic.text_event(user_id, words, int(time.time() * 1000))
                _post(self._webhook, traffic.request(traffic.body_of(event)))
                yield _timed(lambda user_id=user_id: self.service.worker.attend(user_id))

    def sweeps(self) -> Iterator[float]:
        """Seconds each sweep takes that finds nothing to do."""
        self._clear()
        for _ in range(SWEEPS):
            yield _timed(self.service.worker.sweep)

    def _clear(self) -> None:
        with psycopg.connect(plain_url(self.service.settings.database_url), autocommit=True) as connection:
            connection.execute("UPDATE inbox SET state = 'done' WHERE state = 'pending'")


def _timed(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _post(webhook: Webhook, request: bytes) -> None:
    head, _, body = request.partition(b"\r\n\r\n")
    signature = head.partition(b"X-Line-Signature: ")[2].partition(b"\r\n")[0].decode()
    statuses: list[str] = []
    environ = {
        "PATH_INFO": PATH, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_LINE_SIGNATURE": signature, "wsgi.input": io.BytesIO(body),
    }  # fmt: skip
    webhook(environ, lambda status, _headers: statuses.append(status))
    if statuses != ["200 OK"]:
        raise RuntimeError(json.dumps(statuses))


def _compared(kind: str, few: House, many: House) -> tuple[float, float]:
    """Median milliseconds on either, one operation here and one there, so that both meet the same weather."""
    taken = list(zip(getattr(few, kind)(), getattr(many, kind)(), strict=True))
    small, big = (statistics.median(pair[at] for pair in taken) * 1000 for at in (0, 1))
    return small, big


def run(server: Server, console: Console) -> dict[str, Any]:
    """Both databases on one server, measured in turns in this process, without HTTP."""
    logs.set_up(logging.ERROR)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        few, many = (House(server.database(), rows, Path(folder)) for rows in (FEW, MANY))
        for kind in NAMES:
            _compared(kind, few, many)
            rounds = [_compared(kind, few, many) for _ in range(ROUNDS)]
            few_many = (spread([pair[at] for pair in rounds]) for at in (0, 1))
            found[kind] = (*few_many, spread([pair[1] / pair[0] for pair in rounds]))
        few.service.close()
        many.service.close()
    table = Table("", f"{FEW:,} old rows: ms", f"{MANY:,} old rows: ms", "ratio", title="Growth (in process, no HTTP)")
    for kind, label in NAMES.items():
        table.add_row(label, *map(str, found[kind]))
    console.print(table)
    console.print(f"  aim {AIM} or less\n")
    return found
