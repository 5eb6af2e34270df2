"""A load generator in a process of its own: a fixed number of requests over a few kept connections, one thread."""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context

from benchmarks import traffic


@dataclass(frozen=True)
class Job:
    """`count` webhooks to `port`, over `connections` at once, within `seconds` at most."""

    port: int
    count: int
    connections: int
    seconds: float


@dataclass
class Outcome:
    """What came of a job; `latencies` in seconds, of answers with 200."""

    elapsed: float = 0.0
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.elapsed


class Line:
    """One kept HTTP connection with at most one request on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._answer = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self._answer = b""
        self.socket.sendall(request)

    def read(self) -> int | None:
        """The status once the whole answer is there, else None; ConnectionError when the server closed."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self._answer += piece
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = next(
            int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
        )
        return int(head.split(b" ", 2)[1]) if len(body) >= length else None


def drive(job: Job) -> Outcome:
    """Send everything; the next request goes out when an answer came in."""
    requests = list(traffic.requests(job.count))
    waiting = iter(requests)
    lines = [Line(job.port) for _ in range(job.connections)]
    outcome = Outcome()
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        busy = sum(_next(line, waiting, selector) for line in lines)
        while busy and time.perf_counter() - started < job.seconds:
            for key, _ in selector.select(timeout=1):
                status = key.data.read()
                if status is None:
                    continue
                _note(outcome, status, time.perf_counter() - key.data.sent_at)
                selector.unregister(key.fileobj)
                busy -= not _next(key.data, waiting, selector)
        outcome.elapsed = time.perf_counter() - started
    for line in lines:
        line.socket.close()
    return outcome


def _next(line: Line, waiting: Iterator[bytes], selector: selectors.BaseSelector) -> bool:
    request = next(waiting, None)
    if request is None:
        return False
    selector.register(line.socket, selectors.EVENT_READ, line)
    line.send(request)
    return True


def _note(outcome: Outcome, status: int, latency: float) -> None:
    if status == 200:
        outcome.latencies.append(latency)
    else:
        outcome.refused += 1


def apart(job: Job) -> Outcome:
    """`drive` in a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(drive, (job,))
