"""All three secrets are changed while two web processes, restarted one after the other, go on answering people."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

from storage.secrets import new_key
from tests.support.page import Page
from tests.support.s3 import free_ports
from tests.support.visitors import TOKEN
from tests.support.world import Phone, World

COMMAND = str(Path(sys.executable).with_name("chusho119"))
PASSWORD = "correct horse battery"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        """Never: the browser follows."""


class Front(BaseHTTPRequestHandler):
    """A reverse proxy in front of both processes: asks the other one when the first does not answer."""

    backs: ClassVar[list[int]] = []
    opener = build_opener(_Stay)

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        for port in [*self.backs, *self.backs] * 10:
            with suppress(OSError, HTTPException):
                self._answer(self._ask(port, body))
                return
            time.sleep(0.1)
        self.send_error(502)

    def _ask(self, port: int, body: bytes | None) -> Any:
        heads = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
        request = Request(f"http://127.0.0.1:{port}{self.path}", body, heads, method=self.command)
        request.add_header("Host", self.headers["Host"])
        try:
            return self.opener.open(request, timeout=30)
        except HTTPError as answer:
            return answer

    def _answer(self, answer: Any) -> None:
        with answer:
            data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        self.backs.reverse()

    do_GET = do_POST = _pass_on  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing of those who hung up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing."""


@dataclass
class House:
    """Two processes of `serve` behind the front; `turn` restarts one after the other with new settings."""

    environment: dict[str, str]
    address: str
    ports: list[int]
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        told = {"input": given, "capture_output": True, "text": True, "timeout": 120, "check": False}
        return subprocess.run([COMMAND, *words], env=self.environment, **told)

    def turn(self, **settings: str) -> None:
        self.environment |= settings
        for port in self.ports:
            self.stop(port)
            own = {**self.environment, "PORT": str(port)}
            self.running[port] = subprocess.Popen([COMMAND, "serve"], env=own, stderr=subprocess.DEVNULL)
            self._awaits(port)

    def stop(self, port: int) -> None:
        if port in self.running:
            self.running[port].send_signal(signal.SIGTERM)
            self.running.pop(port).wait(timeout=60)

    @staticmethod
    def _awaits(port: int) -> None:
        for _ in range(300):
            with suppress(OSError, HTTPException), build_opener().open(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
            time.sleep(0.2)
        raise AssertionError("it never answered")


@pytest.fixture
def house(world: World, postgres: str, tmp_path: Path) -> Iterator[House]:
    front = Quiet(("127.0.0.1", 0), Front)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    at, address = world.service.settings, f"http://127.0.0.1:{front.server_port}"
    Front.backs = free_ports(2)
    made = House(
        {
            "PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": at.channel_secrets[0],
            "LINE_CHANNEL_ACCESS_TOKEN": at.access_token, "LINE_API_BASE_URL": world.base_url,
            "LINE_DATA_API_BASE_URL": world.base_url, "DATABASE_URL": postgres, "PUBLIC_BASE_URL": address,
            "FILE_STORE_URL": f"file:{tmp_path / 'papers'}", "MAIL_URL": f"file:{tmp_path / 'mails'}",
            "SECRET_KEY": new_key(), "FIELD_KEYS": new_key(),
        },
        address, list(Front.backs),
    )  # fmt: skip
    assert made.command("db", "upgrade").returncode == 0
    try:
        made.turn()
        world.auto = False
        world.platform.settings = replace(world.platform.settings, webhook_url=f"{address}/line/webhook")
        yield made
    finally:
        for port in made.ports:
            made.stop(port)
        front.shutdown()
        front.server_close()


def until(phone: Phone, words: str) -> None:
    for _ in range(300):
        if words in "\n".join(phone.answers):
            return
        time.sleep(0.1)
    phone.sees(words)


@contextmanager
def busy(world: World, phone: Phone) -> Iterator[list[int]]:
    """Somebody asks all the time; the status of each webhook."""
    stop, answered = threading.Event(), list[int]()

    def ask() -> None:
        while not stop.is_set():
            event = world.platform.say(phone.user_id, "使い方", wait=True)
            status = event.status
            while status in (None, 0, 502):  # too slow, here and now: LINE would send it again, too
                status = world.platform.redeliver(event)
            answered.append(status)
            time.sleep(0.2)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answered
    finally:
        stop.set()
        thread.join()


def logged_in(house: House) -> Page:
    made = house.command("create-secretariat-user", "boss@example.jp", given=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    page = Page(f"{house.address}/admin/login")
    page.sends({"csrf_token": token_of(page), "email": "boss@example.jp", "password": PASSWORD, "code": ""})
    page._open(f"{house.address}/admin/terms")
    assert page.status == 200
    return page


def token_of(page: Page) -> str:
    found = TOKEN.search(page.text)
    assert found, page.text
    return found[1]


def test_every_secret_is_changed_while_people_talk(house: House, world: World):
    asker, expert = world.phone("田中"), world.phone("山田")
    for phone in (asker, expert):
        phone.follows()
        until(phone, "友だち追加ありがとうございます")
    code = house.command("create-organisation", "千代田商工会", "--prefecture", "東京都").stdout.strip()
    approver = world.phone("佐藤")
    approver.follows()
    approver.says(f"招待コード {code}")
    until(approver, "千代田商工会")
    approver.says("佐藤 恵")
    later = house.command("create-organisation", "千代田商工会", "--prefecture", "東京都").stdout.strip()
    desk = logged_in(house)
    open_form = token_of(desk)
    old_secret, old_signing, old_field = (
        house.environment[name] for name in ("LINE_CHANNEL_SECRET", "SECRET_KEY", "FIELD_KEYS")
    )
    secret, signing, sealing = new_key(), new_key(), new_key()
    with busy(world, asker) as answered:
        # 1: everybody believes the new ones, nobody uses them yet.
        house.turn(
            LINE_CHANNEL_SECRET=f"{old_secret},{secret}", SECRET_KEY=f"{old_signing},{signing}",
            FIELD_KEYS=f"{old_field},{sealing}", DIGEST_KEY=old_field,
        )  # fmt: skip
        desk._open(f"{house.address}/admin/terms")
        assert "委嘱条件" in desk.text
        # 2: everybody uses the new ones; LINE signs with the new one from some moment on.
        house.turn(
            LINE_CHANNEL_SECRET=f"{secret},{old_secret}", SECRET_KEY=f"{signing},{old_signing}",
            FIELD_KEYS=f"{sealing},{old_field}",
        )  # fmt: skip
        world.platform.settings = replace(world.platform.settings, channel_secret=secret)
        desk.url = f"{house.address}/admin/terms"
        desk.sends({"csrf_token": open_form, "terms_version": "2027-1", "terms_text": "委嘱の条件です。"})
        assert desk.status == 200, "a form that was open all the time is taken"
        assert "2027-1" in desk.text
        told = house.command("reseal")
        assert told.returncode == 0, told.stderr
        assert "nothing needs an older key" in told.stdout
        # 3: the old ones are gone.
        house.turn(LINE_CHANNEL_SECRET=secret, SECRET_KEY=signing, FIELD_KEYS=sealing)
    assert set(answered) == {200}
    assert len(answered) > 10
    for _ in range(300):
        if world.platform.messages(asker.user_id)[-1].sender == "bot" and guides(asker) >= len(answered):
            break
        time.sleep(0.1)
    assert guides(asker) == len(answered), "each was answered once"
    joined = world.phone("鈴木")
    joined.follows()
    joined.says(f"招待コード {later}")
    until(joined, "千代田商工会")
    approver.taps("専門家を招待")
    until(approver, "招待コード")
    world.platform.settings = replace(world.platform.settings, channel_secret=old_secret)
    assert world.platform.say(asker.user_id, "使い方", wait=True).status in (400, 401, 403)


def guides(phone: Phone) -> int:
    return phone.history().count("> 【使い方】")
