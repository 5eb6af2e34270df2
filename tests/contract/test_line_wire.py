"""The adapter against a server that misbehaves on the level of HTTP, as the stand-in for LINE never would."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from bot.line.client import LineClient
from bot.line.outcomes import (
    ContentGone,
    ContentSlow,
    ContentTooLarge,
    LineError,
    OutcomeUnknown,
    QuotaUsedUp,
    Refused,
    Retry,
    Sent,
    TokenDead,
    Unauthorised,
)
from handlers.watch import logs

USER = "U" + "0" * 32
MESSAGES = [{"type": "text", "text": "こんにちは <&> \U0001f600", "x-unknown": [1, {"deep": None}]}]

Script = Callable[[socket.socket, bytes], None]


class Server:
    """Answers the n-th request with the n-th script, then with the last one again; keeps what it was sent."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            while request := read_request(connection):
                self.requests.append(request)
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                try:
                    script(connection, request)
                except OSError:
                    return


def read_request(connection: socket.socket) -> bytes:
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        sizes = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
        while sizes and len(body) < int(sizes[0]):
            body += connection.recv(65536)
    except OSError:
        return b""
    return head + b"\r\n\r\n" + body


def answers(status: int, body: Any = None, **headers: str) -> Script:
    payload = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(payload)}", "x-line-request-id: req-1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    def script(connection: socket.socket, _request: bytes) -> None:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)

    return script


def hangs_up(connection: socket.socket, _request: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def says_nothing(_connection: socket.socket, _request: bytes) -> None:
    time.sleep(1.5)


def trickles(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def floods(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def breaks_off(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxx")
    connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def talking_to(*scripts: Script, read_timeout: float = 0.5) -> Iterator[tuple[LineClient, Server]]:
    server = Server(*scripts)
    client = LineClient("secret-token", server.url + "/", server.url, 0.5, read_timeout)
    try:
        yield client, server
    finally:
        client.close()
        server.close()


def pushed(*scripts: Script) -> object:
    with talking_to(*scripts) as (client, _):
        return client.push(USER, MESSAGES, "5c9f0b0e-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (answers(200, {"sentMessages": []}), Sent("req-1")),
        (answers(200, b"<html>"), Sent("req-1")),
        (answers(409, {"message": "already"}, x_line_accepted_request_id="req-0"), Sent("req-0")),
        (
            answers(400, {"message": "The request body has 1 error(s)"}),
            Refused(400, "The request body has 1 error(s)"),
        ),
        (answers(400, {"message": "Invalid reply token"}), TokenDead()),
        (answers(400, b"\xff"), Refused(400, "")),
        (answers(404), Refused(404, "")),
        (answers(413), Refused(413, "")),
        (answers(401), Unauthorised(401)),
        (answers(403), Unauthorised(403)),
        (answers(408), Retry(None, "status 408")),
        (answers(429, {"message": "The API rate limit has been exceeded."}), Retry(None, "rate limit")),
        (answers(429, {"message": 5}, retry_after="30"), Retry(30.0, "rate limit")),
        (answers(429, retry_after="Wed, 21 Oct"), Retry(None, "rate limit")),
        (answers(429, {"message": "You have reached your monthly limit."}), QuotaUsedUp()),
        (answers(500), Retry(None, "status 500")),
        (answers(503, retry_after="2"), Retry(2.0, "status 503")),
        (answers(302, location="http://127.0.0.1:1/"), Retry(None, "status 302")),
    ],
)
def test_each_answer_has_its_meaning(script: Script, outcome: object) -> None:
    assert pushed(script) == outcome


def test_no_answer_means_that_nobody_knows() -> None:
    assert pushed(hangs_up) == OutcomeUnknown("ProtocolError")
    assert pushed(says_nothing) == OutcomeUnknown("ReadTimeoutError")


def test_nothing_is_sent_twice_behind_our_back() -> None:
    with talking_to(hangs_up) as (client, server):
        client.reply("token", MESSAGES)
        assert len(server.requests) == 1


def test_no_connection_means_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = LineClient("t", f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    assert client.reply("token", MESSAGES) == Retry(None, "NewConnectionError")
    with pytest.raises(LineError) as caught:
        client.bot_info()
    assert caught.value.retryable
    client.close()


def test_the_body_goes_out_as_it_was_frozen() -> None:
    with talking_to(answers(200)) as (client, server):
        client.push(USER, MESSAGES, "key-1")
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"to": USER, "messages": MESSAGES}
    assert b"X-Line-Retry-Key: key-1" in head
    assert b"Authorization: Bearer secret-token" in head
    assert b"POST /v2/bot/message/push HTTP/1.1" in head


def test_one_connection_serves_many_calls() -> None:
    with talking_to(answers(200)) as (client, server):
        for _ in range(5):
            client.reply("token", MESSAGES)
        assert server.connections == 1


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    with talking_to(answers(404)) as (client, server):
        assert client.profile("../../oauth?x=1") is None
        assert server.requests[0].startswith(b"GET /v2/bot/profile/..%2F..%2Foauth%3Fx%3D1 ")


@pytest.fixture
def every_line() -> Iterator[None]:
    """All levels are logged, as in production; the tests' own setting comes back afterwards."""
    structlog.reset_defaults()
    yield
    logs.set_up(logging.ERROR)


@pytest.mark.usefixtures("every_line")
def test_a_log_line_names_the_call_and_nobody() -> None:
    with talking_to(answers(200), hangs_up) as (client, _), capture_logs() as lines:
        client.push(USER, MESSAGES, "key-1")
        client.reply("reply-token-1", MESSAGES)
    assert [line["endpoint"] for line in lines] == ["/v2/bot/message/push", "/v2/bot/message/reply"]
    assert {**lines[0], "ms": 0} == {
        "event": "line_call",
        "log_level": "info",
        "method": "POST",
        "endpoint": "/v2/bot/message/push",
        "status": 200,
        "request_id": "req-1",
        "ms": 0,
    }
    assert not any(secret in str(lines) for secret in (USER, "こんにちは", "secret-token", "reply-token-1"))


def fetched(*scripts: Script, cap: int = 100_000, deadline: float = 2.0) -> bytes:
    with talking_to(*scripts) as (client, _):
        return client.fetch_content("100001", cap, deadline)


def test_content_up_to_the_cap() -> None:
    assert fetched(answers(200, b"x" * 100_000)) == b"x" * 100_000


@pytest.mark.parametrize("script", [answers(200, b"x" * 100_001), floods])
def test_content_over_the_cap_is_not_read_to_the_end(script: Script) -> None:
    with pytest.raises(ContentTooLarge):
        fetched(script)


@pytest.mark.parametrize("script", [trickles, says_nothing])
def test_content_that_comes_too_slowly(script: Script) -> None:
    started = time.monotonic()
    with pytest.raises(ContentSlow):
        fetched(script, deadline=0.4)
    assert time.monotonic() - started < 1.2


def test_content_that_breaks_off() -> None:
    with pytest.raises(ContentSlow):
        fetched(breaks_off)


def test_content_is_fetched_once_it_is_prepared() -> None:
    processing, ready = answers(200, {"status": "processing"}), answers(200, {"status": "succeeded"})
    assert fetched(answers(202), processing, ready, answers(200, b"photo")) == b"photo"


def test_content_that_is_never_prepared() -> None:
    with pytest.raises(ContentSlow):
        fetched(answers(202), answers(200, {"status": "processing"}), deadline=0.7)
    with pytest.raises(ContentGone):
        fetched(answers(202), answers(200, {"status": "failed"}))


def test_content_behind_a_dead_token_or_a_broken_server() -> None:
    for status in (401, 500):
        with pytest.raises(LineError) as caught:
            fetched(answers(status))
        assert caught.value.retryable
