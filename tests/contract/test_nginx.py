"""The reverse proxy of one server: Debian's nginx with our example in front of a real `chusho119 serve`."""

import http.client
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from storage import schema
from storage.database import make_engine
from storage.files import open_store
from storage.secrets import new_key
from tests.support.forms import typed_form
from tests.support.proxy import NAME, Proxy, nginx
from tests.support.s3 import free_ports
from tests.support.world import World

COMMAND = str(Path(sys.executable).with_name("chusho119"))
EMAIL, PASSWORD = "clerk@example.jp", "correct horse battery"


@dataclass(frozen=True)
class Served:
    """nginx, `serve` behind it, and what both were told."""

    proxy: Proxy
    port: int
    environment: dict[str, str]


@pytest.fixture
def served(world: World, postgres: str, tmp_path: Path) -> Iterator[Served]:
    """As the units run it: the web alone on this machine's own address, one hop before it."""
    at, port = world.service.settings, free_ports(1)[0]
    environment = {
        "PATH": os.environ["PATH"], "LINE_CHANNEL_SECRET": at.channel_secrets[0],
        "LINE_CHANNEL_ACCESS_TOKEN": at.access_token, "LINE_API_BASE_URL": world.base_url,
        "LINE_DATA_API_BASE_URL": world.base_url, "DATABASE_URL": postgres, "SECRET_KEY": new_key(),
        "FIELD_KEYS": new_key(), "FILE_STORE_URL": f"file:{tmp_path / 'papers'}", "MAIL_URL": f"file:{tmp_path / 'm'}",
        "PUBLIC_BASE_URL": f"https://{NAME}", "PORT": str(port), "METRICS_TOKEN": "for this machine alone",
        "SERVE_WORKER": "0", "BIND_HOST": "127.0.0.1", "TRUSTED_PROXY_HOPS": "1",
    }  # fmt: skip
    engine = make_engine(postgres)
    schema.upgrade(engine)
    engine.dispose()
    with (tmp_path / "serve.log").open("wb") as log:
        process = subprocess.Popen([COMMAND, "serve"], env=environment, stderr=log, cwd=tmp_path)
        try:
            _await(f"http://127.0.0.1:{port}/readyz", tmp_path / "serve.log")
            with nginx(tmp_path / "nginx", port) as proxy:
                yield Served(proxy, port, environment)
        finally:
            process.terminate()
            process.wait(30)


def _await(url: str, log: Path) -> None:
    for _ in range(150):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text())


def test_a_signed_webhook_over_tls_is_stored(served: Served, world: World):
    world.auto = False
    seen: list[int] = []
    phone = world.phone("山田")
    event = world.platform.make_event(phone.user_id, "message", message={"type": "text", "id": "1", "text": "使い方"})
    body = json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()
    seen.append(served.proxy.ask("POST", "/line/webhook", body, _signed(served, body)).status)
    seen.append(served.proxy.ask("POST", "/line/webhook", body, {"X-Line-Signature": "AAAA"}).status)
    large = b'{"events":[]}' + b" " * (2 * 1024 * 1024 - 13)
    seen.append(served.proxy.ask("POST", "/line/webhook", large, _signed(served, large)).status)
    seen.append(served.proxy.ask("POST", "/line/webhook", large + b" ", _signed(served, large + b" ")).status)
    assert seen[0] == 200
    assert seen[1] in (400, 401, 403)
    assert seen[2:] == [200, 413]


def _signed(served: Served, body: bytes) -> dict[str, str]:
    import base64
    import hashlib
    import hmac

    secret = served.environment["LINE_CHANNEL_SECRET"].encode()
    return {
        "X-Line-Signature": base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode(),
        "Content-Type": "application/json",
    }


def test_what_is_for_this_machine_is_not_shown_outside(served: Served):
    for path in ("/metrics", "/readyz", "/metrics/", "/%6detrics", "//metrics", "/x/../readyz"):
        answer = served.proxy.ask("GET", path, headers={"Authorization": "Bearer for this machine alone"})
        assert answer.status == 404, path
    assert served.proxy.ask("GET", "/healthz").body == b"ok"
    with socket.create_connection(("127.0.0.1", served.port), 2):
        pass
    with pytest.raises(OSError), socket.create_connection(("127.0.0.2", served.port), 2):
        pass


def test_each_path_takes_what_it_needs_and_no_more(served: Served, tmp_path: Path):
    form = open_store(f"file:{tmp_path / 'papers'}", served.environment["SECRET_KEY"]).upload_form(
        "quarantine/abc", 10 * 1024 * 1024, 600
    )
    picture = os.urandom(10 * 1024 * 1024)
    body, kind = _multipart(form.fields, picture)
    sent = served.proxy.ask("POST", "/p/upload", body, {"Content-Type": kind})
    assert sent.status == 204, sent.body
    assert (tmp_path / "papers/quarantine/abc").read_bytes() == picture
    assert served.proxy.ask("POST", "/p/upload", b"x" * 12_000_000, {"Content-Type": kind}).status == 413
    refused = served.proxy.ask("POST", "/admin/login", b"x" * 400_000)
    assert refused.status == 413
    assert "もう一度送ってください" in refused.body.decode()
    stranger, too_large = (served.proxy.ask("POST", "/admin/import", b"x" * size) for size in (5_500_000, 6_500_000))
    assert "10MBまで" not in stranger.body.decode(), "the service itself refuses who is not logged in"
    assert "10MBまで" in too_large.body.decode()


def _multipart(fields: Mapping[str, str], data: bytes) -> tuple[bytes, str]:
    parts = [
        f'--boundary119\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = b'--boundary119\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return b"".join([*parts, head, data, b"\r\n--boundary119--\r\n"]), "multipart/form-data; boundary=boundary119"


def test_a_slow_upload_arrives(served: Served, tmp_path: Path):
    """A phone that needs five seconds for its photo holds no thread of the service meanwhile."""
    form = open_store(f"file:{tmp_path / 'papers'}", served.environment["SECRET_KEY"]).upload_form(
        "quarantine/slow", 1024 * 1024, 600
    )
    body, kind = _multipart(form.fields, os.urandom(400_000))
    head = f"POST /p/upload HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    lines = [_raw(served.proxy) for _ in range(12)]
    for line in lines:
        line.sendall(head.encode() + body[:200_000])
    began = time.monotonic()
    assert served.proxy.ask("GET", "/admin/login").status == 200
    assert time.monotonic() - began < 4
    time.sleep(4)
    for line in lines:
        line.sendall(body[200_000:])
        assert b"204" in line.recv(100)
        line.close()


def _raw(proxy: Proxy) -> ssl.SSLSocket:
    return proxy.context().wrap_socket(socket.create_connection(("127.0.0.1", proxy.port), 30), server_hostname=NAME)


def test_the_address_a_client_claims_counts_for_nothing(served: Served):
    """Six wrong passwords, each from "another" address: the sixth is refused as the sixth."""
    statuses = []
    for number in range(6):
        cookies, form = _login_form(served.proxy)
        typed = urllib.parse.urlencode({**form, "email": EMAIL, "password": "wrong"}).encode()
        answer = served.proxy.ask(
            "POST", "/admin/login", typed,
            {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded",
             "X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=198.51.100.{number}"},
        )  # fmt: skip
        statuses.append(answer.status)
    assert statuses[-1] == 429, statuses
    assert 429 not in statuses[:-1]


def _login_form(proxy: Proxy) -> tuple[str, dict[str, str]]:
    page = proxy.ask("GET", "/admin/login")
    cookies = SimpleCookie()
    for header in page.headers.get_all("Set-Cookie", []):
        cookies.load(header)
        assert "Secure" in header
    return "; ".join(f"{name}={each.value}" for name, each in cookies.items()), typed_form(page.body.decode())


def test_headers_are_said_once_and_by_the_service(served: Served):
    page = served.proxy.ask("GET", "/admin/login")
    for name in ("Strict-Transport-Security", "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options"):
        assert len(page.headers.get_all(name, [])) == 1, name
    assert "1.22" not in str(page.headers.get("Server"))
    plain = http.client.HTTPConnection("127.0.0.1", served.proxy.plain_port, timeout=10)
    plain.request("GET", "/admin/?a=b", headers={"Host": NAME})
    moved = plain.getresponse()
    assert (moved.status, moved.headers["Location"]) == (301, f"https://{NAME}/admin/?a=b")
    plain.close()
    context = served.proxy.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    line = socket.create_connection(("127.0.0.1", served.proxy.port), 10)
    with context.wrap_socket(line, server_hostname=NAME) as tls:
        assert tls.selected_alpn_protocol() == "h2"
    with socket.create_connection(("127.0.0.1", served.proxy.port), 10) as line, pytest.raises(ssl.SSLError):
        context.wrap_socket(line, server_hostname="another.example.jp")


def test_the_log_holds_no_token(served: Served):
    secret = "InRoaXMgaXMgYSB0b2tlbiI.abc-DEF"
    for path in (
        f"/p/papers/{secret}",
        f"/p/form/{secret}/save",
        f"/admin/password/{secret}",
        f"/p/?liff.state={secret}",
    ):
        served.proxy.ask("GET", path, headers={"Referer": f"https://{NAME}/p/papers/{secret}"})
    served.proxy.ask("POST", f"/p/form/{secret}/save", b"x" * 400_000)
    served.proxy.ask("GET", "/admin/login")
    logged = ""
    for _ in range(50):
        logged = served.proxy.logged()
        if '"path":"/admin/login"' in logged:
            break
        time.sleep(0.1)
    assert secret not in logged
    assert "/p/papers/..." in logged
    assert '"path":"/admin/login"' in logged
    assert all(json.loads(line)["status"] for line in logged.splitlines() if line.startswith("{"))


# --- what reaches the service ---------------------------------------------------------------------


@contextmanager
def echo() -> Iterator[int]:
    """Answers with the request's headers as it got them."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    def app(environ: dict[str, object], start_response: object) -> list[bytes]:
        assert callable(start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({key: str(value) for key, value in environ.items() if key.startswith("HTTP_")}).encode()]

    server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_service_is_told_the_real_address_alone(tmp_path: Path):
    forged = {
        "X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "80", "X-Forwarded-Prefix": "/evil", "Forwarded": "for=198.51.100.1",
    }  # fmt: skip
    with echo() as port, nginx(tmp_path / "nginx", port) as proxy:
        told = json.loads(proxy.ask("GET", "/admin/", headers=forged).body)
    assert told["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"
    assert told["HTTP_X_FORWARDED_PROTO"] == "https"
    assert told["HTTP_HOST"] == NAME
    assert not re.search(r"evil|198\.51|203\.0", json.dumps(told))


def test_a_service_that_is_away_is_said_in_words(tmp_path: Path):
    with nginx(tmp_path / "nginx", free_ports(1)[0]) as proxy:
        away = proxy.ask("GET", "/p/form/secret-token/kept")
        assert (away.status, away.headers["Retry-After"]) == (503, "30")
        assert "もう一度開いてください" in away.body.decode()
        assert "secret-token" not in proxy.logged()
