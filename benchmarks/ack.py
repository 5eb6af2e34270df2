"""Acknowledging: signed webhook → stored in PostgreSQL with deduplication → 200, beside the SDK that stores nothing."""

from dataclasses import dataclass
from typing import Any

import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import load, servers
from benchmarks.machine import percentile, spread
from benchmarks.postgres import Server
from tests.support.postgres import plain_url

ROUNDS, COUNT, CONNECTIONS = 7, 4000, 8
AIM = 1.0


@dataclass(frozen=True)
class Round:
    """One side's share of a round."""

    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float


def measure(server: Server, rounds: int = ROUNDS, workers: int = servers.WORKERS) -> dict[str, Any]:
    """Both sides run at once but are asked in turns: A B B A …"""
    url = server.database()
    ours: list[Round] = []
    theirs: list[Round] = []
    with (
        servers.serving(servers.OURS, workers, DATABASE_URL=url) as a,
        servers.serving(servers.SDK_SILENT, workers) as b,
    ):
        for side in (a, b):
            load.apart(load.Job(side.port, COUNT // 8, CONNECTIONS, 20))
        for number in range(rounds):
            pair = [(a, ours), (b, theirs)]
            for side, results in pair if number % 2 == 0 else reversed(pair):
                results.append(_round(side, server))
    _check_stored(url, rounds)
    return {"ours": ours, "sdk": theirs, "workers": workers, "threads": servers.THREADS}


def _round(side: servers.Running, server: Server) -> Round:
    before, database_before = side.cpu(), server.cpu()
    outcome = load.apart(load.Job(side.port, COUNT, CONNECTIONS, 30))
    if outcome.refused or len(outcome.latencies) < COUNT:
        raise RuntimeError(f"{outcome.refused} refused, {len(outcome.latencies)} of {COUNT} acknowledged")
    per_thousand = 1000 / COUNT
    return Round(
        outcome.rate,
        percentile(outcome.latencies, 0.5) * 1000,
        percentile(outcome.latencies, 0.99) * 1000,
        (side.cpu() - before) * per_thousand,
        (server.cpu() - database_before) * per_thousand,
    )


def _check_stored(url: str, rounds: int) -> None:
    with psycopg.connect(plain_url(url)) as connection:
        row = connection.execute("SELECT count(*) FROM inbox").fetchone()
    stored = row[0] if row else 0
    if not 0.9 * COUNT * rounds < stored < COUNT * (rounds + 1):
        raise RuntimeError(f"{stored} events stored of about {0.95 * COUNT * rounds:.0f}")


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """Medians, ranges and the ratio round by round."""
    ours, theirs = results["ours"], results["sdk"]
    found: dict[str, Any] = {
        "ratio": spread([a.rate / b.rate for a, b in zip(ours, theirs, strict=True)]),
        "workers": results["workers"], "threads": results["threads"],
    }  # fmt: skip
    for name, side in (("ours", ours), ("sdk", theirs)):
        found[name] = {
            key: spread([getattr(each, key) for each in side]) for key in ("rate", "p50", "p99", "cpu", "database_cpu")
        }
    return found


def show(console: Console, found: dict[str, Any]) -> None:
    """The table of a run."""
    title = f"Acknowledging ({found['workers']} × gthread, {found['threads']} threads, {CONNECTIONS} connections)"
    table = Table("", "events/s", "p50 ms", "p99 ms", "server CPU s / 1,000", "PostgreSQL CPU s / 1,000", title=title)
    for name, label in (("ours", "ours: stored, then 200"), ("sdk", "SDK echo: nothing stored")):
        side = found[name]
        table.add_row(
            label,
            f"{side['rate'].median:.0f} ({side['rate'].least:.0f}–{side['rate'].most:.0f})",
            f"{side['p50'].median:.2f}",
            f"{side['p99'].median:.2f}",
            f"{side['cpu'].median:.3f}",
            f"{side['database_cpu'].median:.3f}",
        )
    console.print(table)
    console.print(f"  ratio {found['ratio']} — aim {AIM:.1f} or more\n")


def run(server: Server, console: Console) -> list[dict[str, Any]]:
    """Measure and show; with one process, and with one a core."""
    results = [summary(measure(server)), summary(measure(server, 5, workers=2))]
    for found in results:
        show(console, found)
    return results
