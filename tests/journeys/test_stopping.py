"""`serve` and `worker` stopped in the middle of a turn, as systemd stops them; and who runs the turns."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from bot.emulator.records import Fault
from handlers.bootstrap import Service
from handlers.line.worker import Bell
from handlers.server import _Server as Server
from handlers.settings import SettingsError, read
from tests.support.ledger import Ledger
from tests.support.s3 import free_ports
from tests.support.world import World

COMMAND = str(Path(sys.executable).with_name("chusho119"))
SLOW = 3.0


@contextmanager
def running(world: World, folder: Path, command: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    at, port = world.service.settings, free_ports(1)[0]
    environment = {
        "PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": at.channel_secrets[0], "PORT": str(port),
        "LINE_CHANNEL_ACCESS_TOKEN": at.access_token, "LINE_API_BASE_URL": world.base_url,
        "LINE_DATA_API_BASE_URL": world.base_url, "DATABASE_URL": at.database_url, "SECRET_KEY": at.secret_key,
        "FIELD_KEYS": ",".join(at.field_keys), "FILE_STORE_URL": at.file_store_url, "MAIL_URL": at.mail_url,
        "PUBLIC_BASE_URL": "https://119.example.jp", **more,
    }  # fmt: skip
    with (folder / "process.log").open("wb") as log:
        process = subprocess.Popen([COMMAND, command], env=environment, stderr=log, cwd=folder)
        try:
            if command == "serve":
                address = f"http://127.0.0.1:{port}"
                until(lambda: _answers(f"{address}/healthz"))
                world.platform.settings.webhook_url = f"{address}/line/webhook"
            yield process
        finally:
            process.kill()
            process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_stop_lets_the_turn_at_hand_finish(world: World, tmp_path: Path, command: str):
    phone, ledger = world.phone("山田"), Ledger(world.service.database)
    phone.follows()
    world.settle()
    world.auto = False
    with running(world, tmp_path, command) as process:
        world.platform.faults.append(Fault(path="/v2/bot/message/reply", delay=SLOW, times=1))
        phone.says("使い方")
        until(lambda: not world.platform.faults)
        assert ledger.one("SELECT count(*) FROM outbox WHERE state = 'pending'") == 1, "the reply is on its way"
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert SLOW / 2 < time.monotonic() - began < 25
    phone.sees("【使い方】")
    assert ledger.events(phone.user_id).keys() == {"done"}
    assert ledger.one("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0
    assert ledger.one("SELECT max(lease_until_ms) FROM conversations") == 0, "given back, not left to run out"
    world.settle()
    assert len([words for words in phone.answers if "【使い方】" in words]) == 1


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_stop_while_nothing_is_done_is_quick(world: World, tmp_path: Path, command: str):
    with running(world, tmp_path, command) as process:
        log = tmp_path / "process.log"
        until(lambda: command == "serve" or (process.poll() is None and _leased(world)))
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()
        assert time.monotonic() - began < 8


def _leased(world: World) -> bool:
    """A worker alone runs the jobs: it has taken their lease."""
    return bool(Ledger(world.service.database).one("SELECT count(*) FROM job_leases WHERE name = 'jobs'"))


def test_serve_without_a_worker_only_answers(world: World, tmp_path: Path):
    world.auto = False
    phone, ledger = world.phone("山田"), Ledger(world.service.database)
    with running(world, tmp_path, "serve", SERVE_WORKER="0"):
        assert phone.follows().status == 200
        time.sleep(4)
        assert not phone.answers
        assert ledger.events(phone.user_id) == {"pending": 1}
        with running(world, tmp_path, "worker", SERVE_WORKER="0"):
            until(lambda: bool(phone.answers))
    phone.sees("友だち追加ありがとうございます")


def test_the_switch_is_one_or_nought(tmp_path: Path):
    assert read({}, tmp_path).serve_worker
    assert read({"SERVE_WORKER": "1"}, tmp_path).serve_worker
    assert not read({"SERVE_WORKER": "0"}, tmp_path).serve_worker
    for wrong in ("yes", "2", "false"):
        with pytest.raises(SettingsError, match="SERVE_WORKER is 1 or 0"):
            read({"SERVE_WORKER": wrong}, tmp_path)
    assert read({}, tmp_path).bind_host == "0.0.0.0"
    assert read({"BIND_HOST": "127.0.0.1"}, tmp_path).bind_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "starts"),
    [({}, True), ({"SERVE_WORKER": "0"}, False),
     ({"EVENT_QUEUE_URL": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/x.fifo"}, False)],
)  # fmt: skip
def test_serve_starts_threads_unless_others_do_the_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], starts: bool
):
    started: list[object] = []
    monkeypatch.setattr("handlers.server.start_threads", lambda service, _stop: started.append(service) or [])
    monkeypatch.setattr(Service, "web", lambda _service: None)
    Server(read(given, tmp_path)).load()
    assert bool(started) is starts


def test_a_bell_that_nobody_hears_keeps_nothing():
    bell = Bell()
    bell.ring(f"U{number}" for number in range(1000))
    assert bell.wait(0) == []
    bell.ring(["Ua", "Ua", "Ub"])
    assert bell.wait(1) == ["Ua", "Ub"]


def test_a_worker_is_told_to_stop_between_two_people(world: World, monkeypatch: pytest.MonkeyPatch):
    """Two hundred people wait: a stop does not wait for all of them."""
    from threading import Event

    worker, stop, attended = world.service.worker, Event(), list[str]()
    monkeypatch.setattr(type(worker), "_left_behind", lambda _self: [f"U{number}" for number in range(200)])

    def attend(_self: object, user_id: str) -> set[str]:
        attended.append(user_id)
        stop.set()
        return set()

    monkeypatch.setattr(type(worker), "attend", attend)
    thread = Thread(target=worker.run, args=(Bell(), stop, 0.01))
    thread.start()
    thread.join(10)
    assert attended == ["U0"]


def test_a_request_that_is_none_leaves_no_address_in_the_log(world: World, tmp_path: Path):
    with running(world, tmp_path, "serve"):
        place = urllib.parse.urlsplit(world.platform.settings.webhook_url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as line:
            line.sendall(b"GET /p/form/a-token-of-somebody is no request\r\n\r\n")
            assert b"400 Bad Request" in line.recv(4096)
        log = tmp_path / "process.log"
        until(lambda: "Invalid request" in log.read_text())
        assert "a-token" not in log.read_text()
        assert "127.0.0.1: " not in log.read_text()
