"""One scrape shows two processes of `serve` and a `worker` beside them: the figures add up, and survive a restart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest

from bot.emulator.webhooks import sign
from handlers.watch.metrics import METRICS
from storage.secrets import new_key
from tests.support.s3 import free_ports
from tests.support.world import World

COMMAND = str(Path(sys.executable).with_name("chusho119"))
TOKEN = "a-token-for-prometheus"
SAID = 12


@dataclass
class Machine:
    """Where the processes run: a folder of its own, whose `var` they share."""

    environment: dict[str, str]
    folder: Path
    address: str

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        log = (self.folder / f"{words[0]}.log").open("ab")
        process = subprocess.Popen([COMMAND, *words], env=self.environment, cwd=self.folder, stderr=log)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            log.close()

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
        return urllib.request.urlopen(urllib.request.Request(self.address + path, body, headers), timeout=10)

    def scrape(self) -> dict[str, float]:
        with self.ask("/metrics", Authorization=f"Bearer {TOKEN}") as answer:
            lines = answer.read().decode().splitlines()
        return {key: float(value) for key, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def texts(self) -> str:
        with self.ask("/metrics", Authorization=f"Bearer {TOKEN}") as answer:
            return answer.read().decode()


@pytest.fixture
def machine(world: World, postgres: str, tmp_path: Path) -> Machine:
    (port,) = free_ports(1)
    at = world.service.settings
    environment = {
        "PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": at.channel_secrets[0],
        "LINE_CHANNEL_ACCESS_TOKEN": at.access_token, "LINE_API_BASE_URL": world.base_url,
        "LINE_DATA_API_BASE_URL": world.base_url, "DATABASE_URL": postgres, "MAIL_URL": f"file:{tmp_path / 'mails'}",
        "SECRET_KEY": new_key(), "FIELD_KEYS": new_key(), "PUBLIC_BASE_URL": "https://119.example.jp",
        "PORT": str(port), "WEB_CONCURRENCY": "2", "SERVE_WORKER": "0", "METRICS_TOKEN": TOKEN,
    }  # fmt: skip
    return Machine(environment, tmp_path, f"http://127.0.0.1:{port}")


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.2)


def answers(machine: Machine) -> bool:
    try:
        with machine.ask("/healthz") as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_figures_of_all_processes_add_up(machine: Machine, world: World):
    for words in (("db", "upgrade"), ("richmenu", "sync")):
        subprocess.run([COMMAND, *words], env=machine.environment, cwd=machine.folder, check=True, timeout=60)
    world.auto = False
    world.platform.settings.webhook_url = f"{machine.address}/line/webhook"
    phone = world.phone("計測 花子")
    with machine.running("worker"):
        with machine.running("serve"):
            until(lambda: answers(machine))
            phone.follows()
            for _ in range(SAID - 1):
                phone.says("使い方")
            for _ in range(6):
                assert refused(machine, "/p/nowhere") == 404
            until(lambda: machine.scrape()["chusho119_turn_seconds_count"] == SAID)
            until(lambda: machine.scrape()["chusho119_outbox_waiting"] == 0)
            first = machine.scrape()
            assert_sums(first, machine)
            refusals(machine)
            foreign = {"X-Line-Signature": sign(b"{}", "another secret")}
            assert refused(machine, "/line/webhook", b"{}", **foreign) == 401
            assert machine.scrape()["chusho119_signatures_refused_total"] == 1
        with machine.running("serve"):
            until(lambda: answers(machine))
            phone.says("使い方")
            until(lambda: machine.scrape()["chusho119_turn_seconds_count"] == SAID + 1)
            again = machine.scrape()
    fallen = [key for key in first if re.search(r"_(total|count|sum|bucket)\b", key) and again[key] < first[key]]
    assert not fallen, "a counter never falls, though the processes that counted are gone"
    assert again["chusho119_acknowledge_seconds_count"] == SAID + 1
    logged(machine)


def assert_sums(found: dict[str, float], machine: Machine) -> None:
    assert found["chusho119_acknowledge_seconds_count"] == SAID
    assert found["chusho119_replies_total"] == SAID
    assert found["chusho119_pushes_total"] == found["chusho119_replies_turned_pushes_total"] == 0
    assert found['chusho119_http_requests_total{status="2xx"}'] == SAID
    assert found['chusho119_http_requests_total{status="4xx"}'] == 6
    assert found['chusho119_http_requests_total{status="5xx"}'] == 0
    assert found["chusho119_signatures_refused_total"] == 0
    assert found["chusho119_inbox_waiting"] == found["chusho119_inbox_oldest_seconds"] == 0
    assert found["chusho119_ready"] == 1
    assert found['chusho119_visits{grade="A"}'] == 0
    told = machine.texts()
    for name, metric in METRICS.items():
        if name not in ("line_quota_left", "backup_age_seconds"):
            assert f"# HELP chusho119_{name}" in told
            assert metric.meaning in told


def refused(machine: Machine, path: str, body: bytes | None = None, **headers: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as told:
        machine.ask(path, body, **headers)
    told.value.close()
    return told.value.code


def refusals(machine: Machine) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer é"}):
        assert refused(machine, "/metrics", None, **headers) == 401


def logged(machine: Machine) -> None:
    """One search over the logs of both processes finds the way of an event."""
    lines = [line for name in ("serve", "worker") for line in (machine.folder / f"{name}.log").read_text().splitlines()]
    assert not [line for line in lines if not line.startswith("{")], "gunicorn's own lines have the form of all others"
    stored = [json.loads(line) for line in lines if '"stored"' in line]
    assert len(stored) == SAID + 1
    trace = stored[3]["traces"][0]
    assert {json.loads(line)["event"] for line in lines if trace in line} >= {"stored", "turn_ended", "sent"}
    assert TOKEN not in "".join(lines)
