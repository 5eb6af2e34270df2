"""Starts either side under gunicorn (gthread, the same workers and threads) and stops it again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import traffic
from benchmarks.machine import ROOT, cpu_seconds

WORKERS, THREADS = 1, 8
OURS = "handlers.bootstrap:webhook_app()"
SDK_SILENT = "benchmarks.sdk_bot:silent_app()"
SDK_ECHO = "benchmarks.sdk_bot:echo_app()"
KEY = "bench" * 8 + "abc="
SIGNING = "signs what the benchmarks hand out"


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Processor seconds so far."""
        return cpu_seconds(self.pid)


def environment(**more: str) -> dict[str, str]:
    """What every server is started with; nothing of the caller's settings leaks in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    keys = {"SECRET_KEY": SIGNING, "FIELD_KEYS": KEY}
    line = {"LINE_CHANNEL_SECRET": traffic.SECRET, "LINE_CHANNEL_ACCESS_TOKEN": traffic.TOKEN}
    return {**kept, "PYTHONPATH": str(ROOT), **keys, **line, **more}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def gunicorn(app: str, port: int, workers: int, threads: int) -> list[str]:
    """The command line of both sides."""
    shape = [
        "-k",
        "gthread",
        "-w",
        str(workers),
        "--threads",
        str(threads),
        "--log-level",
        "error",
        "--no-control-socket",
    ]
    return [sys.executable, "-m", "gunicorn", *shape, "-b", f"127.0.0.1:{port}", app]


@contextmanager
def serving(app: str, workers: int = WORKERS, threads: int = THREADS, **settings: str) -> Iterator[Running]:
    """An app under gunicorn until the block ends."""
    port = free_port()
    with started(gunicorn(app, port, workers, threads), port, **settings) as running:
        yield running


@contextmanager
def started(command: Sequence[str], port: int, **settings: str) -> Iterator[Running]:
    """A server process until the block ends, in a folder of its own; its words are shown only when it fails."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as words:
        process = subprocess.Popen(command, env=environment(**settings), cwd=folder, stdout=words, stderr=words)
        try:
            try:
                await_answer(port, process)
            except RuntimeError:
                words.seek(0)
                sys.stderr.write(words.read().decode(errors="replace"))
                raise
            yield Running(port, process.pid)
        finally:
            _stop(process)


def await_answer(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    """Until the port takes connections; RuntimeError when the process ends or never does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
                line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                if line.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server does not answer")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
