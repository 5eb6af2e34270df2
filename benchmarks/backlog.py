"""People whose answers are stored and wait for a worker, and the worker processes that wait for them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from benchmarks import people, servers, traffic
from benchmarks.machine import cpu_seconds
from benchmarks.standin import StandIn
from handlers.line.webhook import arrived
from storage.ack import open_acknowledger
from storage.database import Database
from storage.secrets import Vault
from tests.support.postgres import plain_url

EACH = len(people.ANSWERS)
FAR = 2**60


class Backlog:
    """Newcomers in the middle of 基本情報, a fresh set at each call, with their answers in the inbox."""

    def __init__(self, url: str, standin: StandIn) -> None:
        self.url, self._standin, self._seat = url, standin, 0
        self._database = Database(url, Vault([servers.KEY]))
        self._acknowledger = open_acknowledger(url)

    def store(self, count: int) -> int:
        """The answers of `count` newcomers, in the order in which talks go; returns how many events that is."""
        chosen = [traffic.user_id(self._seat + n) for n in range(count)]
        self._seat += count
        people.seed(self._database, chosen)
        tokens = self._standin.tokens(chosen, EACH)
        now = int(time.time() * 1000)
        for number, words in enumerate(people.ANSWERS):
            for user_id in chosen:
                event = traffic.text_event(user_id, words, now + number, tokens[user_id][number])
                self._acknowledger.store(arrived(traffic.body_of(event), now))
        return count * EACH

    def drained(self, count: int, seconds: float = 90) -> tuple[float, int]:
        """Wait for so many deliveries; seconds from the first to the last, and how many came as a push."""
        pushes, first = 0, 0.0
        until = time.perf_counter() + seconds
        for number in range(count):
            if not self._standin.pipe.poll(max(0.0, until - time.perf_counter())):
                raise RuntimeError(f"{number} of {count} turns after {seconds:.0f} s")
            kind, _ = self._standin.pipe.recv()
            pushes += kind == "push"
            first = first or time.perf_counter()
        return time.perf_counter() - first, pushes

    def waits(self) -> int:
        """How many events nobody has handled."""
        return self._number("SELECT count(*) FROM inbox i JOIN conversations c USING (user_id) "
                            f"WHERE i.state = 'pending' AND c.lease_until_ms < {FAR}")  # fmt: skip

    def forget(self) -> None:
        """Take away what still waits, and read away what was heard."""
        with psycopg.connect(plain_url(self.url), autocommit=True) as connection:
            connection.execute("UPDATE inbox SET state = 'done' WHERE state = 'pending'")
        time.sleep(0.5)
        while self._standin.pipe.poll(0.2):
            self._standin.pipe.recv()

    def held(self, count: int) -> list[str]:
        """People whose talk somebody else holds for ever: their events are stored, and no turn follows."""
        chosen = [traffic.user_id(-1 - n) for n in range(count)]
        statement = "INSERT INTO conversations (user_id, lease_until_ms) SELECT unnest(%s::text[]), %s"
        with psycopg.connect(plain_url(self.url), autocommit=True) as connection:
            connection.execute(statement, (chosen, FAR))
        return chosen

    def connections(self) -> int:
        """Connections to this database but the one that asks."""
        return self._number("SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()")

    def _number(self, query: str) -> int:
        with psycopg.connect(plain_url(self.url), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Give the connections back."""
        self._acknowledger.close()
        self._database.close()


def ready(backlog: Backlog, before: int, count: int, seconds: float = 30) -> None:
    """Until so many processes more than before have come to the database."""
    until = time.monotonic() + seconds
    while backlog.connections() < before + count:
        if time.monotonic() > until:
            raise RuntimeError("the workers do not come to the database")
        time.sleep(0.1)


class Hand:
    """One `worker` process; it can be stopped where it stands and let go again."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def halt(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def go(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def cpu(self) -> float:
        return cpu_seconds(self._process.pid)

    def lives(self) -> bool:
        return self._process.poll() is None


def line_settings(standin: StandIn) -> dict[str, str]:
    """The addresses of the stand-in."""
    api = f"http://127.0.0.1:{standin.port}"
    return {"LINE_API_BASE_URL": api, "LINE_DATA_API_BASE_URL": api}


@contextmanager
def working(count: int, **settings: str) -> Iterator[Sequence[Hand]]:
    """So many `worker` processes until the block ends; their words are shown when one of them ended by itself."""
    command = [sys.executable, "-c", "from handlers.cli import main; main()", "worker"]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as words:
        processes = [
            subprocess.Popen(
                command, env=servers.environment(**settings), cwd=folder, stdout=words, stderr=words
            )
            for _ in range(count)
        ]  # fmt: skip
        hands = [Hand(process) for process in processes]
        try:
            yield hands
        finally:
            if not all(hand.lives() for hand in hands):
                words.seek(0)
                sys.stderr.write(words.read().decode(errors="replace"))
            for process in processes:
                os.kill(process.pid, signal.SIGCONT)
                process.terminate()
            for process in processes:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
