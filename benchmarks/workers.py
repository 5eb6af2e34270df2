"""Turns a second with one and two worker processes, and what a saturated worker does to the acknowledgement.

The answers of newcomers lie stored before the workers are let go; the stand-in takes their replies. Then events of
people whose talks are held elsewhere are acknowledged at a steady pace: alone, and while a worker has too much to do.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import paced, servers
from benchmarks.backlog import EACH, Backlog, Hand, line_settings, ready, working
from benchmarks.machine import percentile, spread
from benchmarks.postgres import Server
from benchmarks.standin import StandIn
from benchmarks.turn import serve

ROUNDS, PEOPLE = 5, 96
RATE, SECONDS, WAITING, HELD = 100.0, 6.0, 180, 500
AIM = 1.5
WAYS = {"worker thread inside": "1", "worker process beside": "0"}


def turns(server: Server, rounds: int = ROUNDS, count: int = PEOPLE) -> dict[str, Any]:
    """The same backlog for one worker and for both; the second stands still meanwhile."""
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    url = server.database()
    with StandIn() as standin:
        backlog = Backlog(url, standin)
        before = backlog.connections()
        with working(2, DATABASE_URL=url, **line_settings(standin)) as hands:
            ready(backlog, before, 2)
            _drain(server, standin, backlog, hands, count // 4)
            for number in range(rounds):
                for used in (1, 2) if number % 2 == 0 else (2, 1):
                    for hand in hands:
                        hand.halt()
                    found[used].append(_drain(server, standin, backlog, hands[:used], count))
        if backlog.waits():
            raise RuntimeError(f"{backlog.waits()} events left")
        backlog.close()
    rates = {used: [each["rate"] for each in taken] for used, taken in found.items()}
    return {
        **{
            str(used): {key: spread([each[key] for each in taken]) for key in taken[0]} for used, taken in found.items()
        },
        "scaling": spread([two / one for one, two in zip(rates[1], rates[2], strict=True)]),
    }


def _drain(server: Server, standin: StandIn, backlog: Backlog, hands: Sequence[Hand], count: int) -> dict[str, float]:
    events = backlog.store(count)
    meters = {"worker": lambda: _cpu(hands), "postgresql": server.cpu, "standin": standin.cpu}
    before = {name: meter() for name, meter in meters.items()}
    for hand in hands:
        hand.go()
    taken, pushes = backlog.drained(events)
    if pushes:
        raise RuntimeError(f"{pushes} pushes")
    cpu = {f"{name}_cpu": (meter() - before[name]) / events * 1000 for name, meter in meters.items()}
    return {"rate": (events - 1) / taken, **cpu}


def _cpu(hands: Sequence[Hand]) -> float:
    return sum(hand.cpu() for hand in hands)


def acknowledging(server: Server, way: str, rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """p99 of the acknowledgement, idle and saturated in turns."""
    url, port = server.database(), servers.free_port()
    kept: dict[str, list[list[float]]] = {"idle": [], "saturated": []}
    with StandIn() as standin, ExitStack() as stack:
        backlog = Backlog(url, standin)
        line = line_settings(standin)
        settings = {"DATABASE_URL": url, "PORT": str(port), "WEB_CONCURRENCY": "1", "SERVE_WORKER": way, **line}
        stack.enter_context(servers.started(serve(), port, **settings))
        if way == "0":
            before = backlog.connections()
            stack.enter_context(working(1, DATABASE_URL=url, **line))
            ready(backlog, before, 1)
        pace = paced.Pace(port, RATE, seconds, backlog.held(HELD))
        paced.apart(pace)
        for number in range(rounds):
            for state in kept if number % 2 == 0 else reversed(kept):
                kept[state].append(_probed(backlog, pace, state))
        backlog.close()
    p99 = {state: [percentile(each, 0.99) * 1000 for each in taken] for state, taken in kept.items()}
    return {
        **{f"{state}_p50_ms": percentile(chain.from_iterable(taken), 0.5) * 1000 for state, taken in kept.items()},
        **{f"{state}_p99_ms": spread(p99[state]) for state in kept},
        "ratio": spread([b / a for a, b in zip(p99["idle"], p99["saturated"], strict=True)]),
    }


def _probed(backlog: Backlog, pace: paced.Pace, state: str) -> list[float]:
    if state == "saturated":
        backlog.store(WAITING)
        backlog.drained(1)
    else:
        time.sleep(1)
    outcome = paced.apart(pace)
    if outcome.refused:
        raise RuntimeError(f"{outcome.refused} refused")
    left = backlog.waits()
    if (state == "saturated") != (left > 0):
        raise RuntimeError(f"{left} events waited at the end of a probe that was to be {state}")
    backlog.forget()
    return outcome.latencies


def run(server: Server, console: Console) -> dict[str, Any]:
    """Measure and show both."""
    found = turns(server)
    table = Table(
        "worker processes", "turns/s", "worker CPU ms", "PostgreSQL CPU ms", "stand-in CPU ms",
        title=f"Draining {PEOPLE * EACH} stored events",
    )  # fmt: skip
    for used in ("1", "2"):
        row = found[used]
        cpu = (f"{row[key].median:.2f}" for key in ("worker_cpu", "postgresql_cpu", "standin_cpu"))
        table.add_row(used, f"{row['rate'].median:.0f} ({row['rate'].least:.0f}–{row['rate'].most:.0f})", *cpu)
    console.print(table)
    console.print(f"  two against one {found['scaling']}; the CPU columns are for one turn\n")
    table = Table("serve with", "idle p50 / p99 ms", "saturated p50 / p99 ms", "ratio of p99",
                  title=f"Acknowledging {RATE:.0f} events a second")  # fmt: skip
    for name, way in WAYS.items():
        row = found[name] = acknowledging(server, way)
        cells = (f"{row[f'{state}_p50_ms']:.1f} / {row[f'{state}_p99_ms']}" for state in ("idle", "saturated"))
        table.add_row(name, *cells, str(row["ratio"]))
    console.print(table)
    console.print(f"  aim {AIM} or less\n")
    return found
