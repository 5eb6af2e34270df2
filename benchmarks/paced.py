"""An open loop in a process of its own: webhooks leave at their times, whatever became of those before them."""

import selectors
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context

from benchmarks import traffic
from benchmarks.load import Line, Outcome

PATIENCE = 10.0
FRESH = 1.0
"""Seconds that an idle line is used again within: gunicorn closes it after two."""


@dataclass(frozen=True)
class Pace:
    """`rate` webhooks a second for `seconds` to `port`, in turns from these people; more lines are opened at need."""

    port: int
    rate: float
    seconds: float
    user_ids: Sequence[str]
    connections: int = 8


def drive(pace: Pace) -> Outcome:
    """Latencies count from the time a request was due, so that waiting for a free line is not hidden."""
    count = int(pace.rate * pace.seconds)
    now = int(time.time() * 1000)
    events = (traffic.text_event(pace.user_ids[n % len(pace.user_ids)], "はい", now + n) for n in range(count))
    waiting = deque((n / pace.rate, traffic.request(traffic.body_of(event))) for n, event in enumerate(events))
    free = [(Line(pace.port), 0.0) for _ in range(pace.connections)]
    busy: dict[Line, float] = {}
    out = Outcome()
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        while waiting or busy:
            at = time.perf_counter() - started
            if at > pace.seconds + PATIENCE:
                raise RuntimeError(f"{len(waiting) + len(busy)} of {count} not acknowledged after {at:.0f} s")
            while waiting and waiting[0][0] <= at:
                due, request = waiting.popleft()
                line = _fresh(free, at) or Line(pace.port)
                line.send(request)
                busy[line] = due
                selector.register(line.socket, selectors.EVENT_READ, line)
            for key, _ in selector.select(timeout=max(0.0, min(0.05, waiting[0][0] - at)) if waiting else 0.05):
                line = key.data
                status = line.read()
                if status is None:
                    continue
                selector.unregister(line.socket)
                due = busy.pop(line)
                free.append((line, time.perf_counter() - started))
                if status == 200:
                    out.latencies.append(time.perf_counter() - started - due)
                else:
                    out.refused += 1
        out.elapsed = time.perf_counter() - started
    for line, _ in free:
        line.socket.close()
    return out


def _fresh(free: list[tuple[Line, float]], at: float) -> Line | None:
    """A line used a moment ago; those that idled for long are closed."""
    while free:
        line, since = free.pop()
        if at - since < FRESH:
            return line
        line.socket.close()
    return None


def apart(pace: Pace) -> Outcome:
    """`drive` in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(drive, (pace,))
