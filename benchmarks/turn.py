"""A whole turn: event in, question answered, reply delivered to the stand-in; beside an SDK echo bot that replies."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import people, servers, talks, traffic
from benchmarks.machine import percentile, spread
from benchmarks.postgres import Server, transactions
from benchmarks.standin import StandIn
from storage.database import Database
from storage.secrets import Vault
from tests.support.postgres import plain_url

ROUNDS, PEOPLE, AT_ONCE = 5, 64, 8
TURNS = PEOPLE * len(people.ANSWERS)
AIM = 1.0


@dataclass
class Side:
    """One of the two, and what it did round by round."""

    running: servers.Running
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    database_cpu: list[float] = field(default_factory=list)
    standin_cpu: list[float] = field(default_factory=list)


def serve() -> list[str]:
    """The service as it is run on one machine: webhook, worker thread, pages, jobs in each process."""
    return [sys.executable, "-c", "from handlers.cli import main; main()", "serve"]


def measure(server: Server, rounds: int = ROUNDS) -> dict[str, Any]:
    """Both sides run at once and are asked in turns."""
    url = server.database()
    seats = iter(range(10**9))
    database = Database(url, Vault([servers.KEY]))
    counted = transactions(url)
    with StandIn() as standin:
        api = f"http://127.0.0.1:{standin.port}"
        line = {"LINE_API_BASE_URL": api, "LINE_DATA_API_BASE_URL": api}
        port = servers.free_port()
        with (
            servers.started(serve(), port, DATABASE_URL=url, PORT=str(port), WEB_CONCURRENCY="1", **line) as a,
            servers.serving(servers.SDK_ECHO, servers.WORKERS, servers.THREADS, **line) as b,
        ):
            ours, theirs = Side(a), Side(b)
            _round(ours, server, standin, _newcomers(database, seats), keep=False)
            _round(theirs, server, standin, _strangers(seats), keep=False)
            for number in range(rounds):
                for side in (ours, theirs) if number % 2 == 0 else (theirs, ours):
                    _round(side, server, standin, _newcomers(database, seats) if side is ours else _strangers(seats))
    database.close()
    turns = TURNS * (rounds + 1)
    after = transactions(url)
    _check_answers(url, turns)
    return {
        "ours": ours,
        "sdk": theirs,
        "commits": (after[0] - counted[0]) / turns,
        "looks": (after[1] - counted[1]) / turns,
    }


def _newcomers(database: Database, seats: Any) -> list[str]:
    chosen = _strangers(seats)
    people.seed(database, chosen)
    return chosen


def _strangers(seats: Any) -> list[str]:
    return [traffic.user_id(next(seats)) for _ in range(PEOPLE)]


def _round(side: Side, server: Server, standin: StandIn, user_ids: list[str], *, keep: bool = True) -> None:
    meters: list[tuple[Callable[[], float], list[float]]] = [
        (side.running.cpu, side.cpu),
        (server.cpu, side.database_cpu),
        (standin.cpu, side.standin_cpu),
    ]
    before = [meter() for meter, _ in meters]
    outcome = talks.talk(standin, side.running.port, user_ids, AT_ONCE)
    if outcome.pushes or len(outcome.latencies) != TURNS:
        raise RuntimeError(f"{outcome.pushes} pushes, {len(outcome.latencies)} of {TURNS} turns")
    if keep:
        for (meter, kept), was in zip(meters, before, strict=True):
            kept.append((meter() - was) / TURNS * 1000)
        side.rates.append(outcome.rate)
        side.latencies += outcome.latencies


def _check_answers(url: str, turns: int) -> None:
    """Every event is done, every reply sent, every draft knows its name and area."""
    queries = {
        "SELECT count(*) FROM inbox WHERE state = 'done'": turns,
        "SELECT count(*) FROM outbox WHERE state = 'sent' AND via = 'reply'": turns,
        "SELECT count(*) FROM applications WHERE name = '山田 太郎' AND prefecture = '東京都'": turns
        // len(people.ANSWERS),
    }
    with psycopg.connect(plain_url(url)) as connection:
        for query, wanted in queries.items():
            row = connection.execute(query.encode()).fetchone()
            if row is None or row[0] != wanted:
                raise RuntimeError(f"{query}: {row}, not {wanted}")


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """Medians, ranges, the ratio round by round."""
    ours, theirs = results["ours"], results["sdk"]
    found: dict[str, Any] = {
        "ratio": spread([a / b for a, b in zip(ours.rates, theirs.rates, strict=True)]),
        "commits": results["commits"], "looks": results["looks"],
    }  # fmt: skip
    for name, side in (("ours", ours), ("sdk", theirs)):
        found[name] = {
            "rate": spread(side.rates),
            "p50": percentile(side.latencies, 0.5) * 1000,
            "p99": percentile(side.latencies, 0.99) * 1000,
            "cpu": spread(side.cpu),
            "database_cpu": spread(side.database_cpu),
            "standin_cpu": spread(side.standin_cpu),
        }
    return found


def run(server: Server, console: Console) -> dict[str, Any]:
    """Measure and show."""
    found = summary(measure(server))
    title = f"A whole turn (1 process, {servers.THREADS} threads; {AT_ONCE} people at once)"
    table = Table(
        "", "turns/s", "p50 ms", "p99 ms", "server CPU ms", "PostgreSQL CPU ms", "stand-in CPU ms", title=title
    )  # fmt: skip
    for name, label in (("ours", "ours: stored, answered, replied"), ("sdk", "SDK echo: replied")):
        side = found[name]
        rate = f"{side['rate'].median:.0f} ({side['rate'].least:.0f}–{side['rate'].most:.0f})"
        cpu = [f"{side[key].median:.2f}" for key in ("cpu", "database_cpu", "standin_cpu")]
        table.add_row(label, rate, f"{side['p50']:.1f}", f"{side['p99']:.1f}", *cpu)
    console.print(table)
    console.print(f"  ratio {found['ratio']} — aim {AIM:.1f} or more")
    console.print(f"  {found['commits']:.1f} commits and {found['looks']:.1f} looks a turn\n")
    return found
