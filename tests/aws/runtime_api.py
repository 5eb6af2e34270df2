"""The API that a Lambda sandbox gives its runtime: the next event out, the answer or the error in.

One server a sandbox, as on AWS. The wire is that of the public description (version 2018-06-01); the client on the
other side is AWS's own.
"""

import json
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import Any

VERSION = "/2018-06-01/runtime/"
REGION, ACCOUNT = "ap-northeast-1", "123456789012"


@dataclass(frozen=True)
class Invocation:
    """An event on its way to a function."""

    body: bytes
    deadline_ms: int
    arn: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def headers(self) -> dict[str, str]:
        root = f"{self.deadline_ms // 1000:08x}-{self.id.replace('-', '')[:24]}"
        return {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": self.id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{root};Parent={self.id[:8]}{self.id[9:13]}0000;Sampled=0",
        }


@dataclass(frozen=True)
class Answer:
    """What came back. `kind`: response, error, or init (the function could not start)."""

    kind: str
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.body)


class RuntimeApi:
    """The API of one sandbox. `freeze` is called while nothing is there to do, `thaw` before an event is given."""

    def __init__(self, freeze: Callable[[], None], thaw: Callable[[], None]) -> None:
        self.freeze, self.thaw = freeze, thaw
        self.asked = threading.Event()
        self.events: SimpleQueue[Invocation | None] = SimpleQueue()
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def answer(self, seconds: float) -> Answer | None:
        """The next answer, or None when there is none within that time."""
        try:
            return self.answers.get(timeout=seconds)
        except Empty:
            return None

    def close(self) -> None:
        self.events.put(None)
        self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.server_close()

    def _accept(self) -> None:
        while True:
            try:
                request, address = self._server.get_request()
            except OSError:
                return
            self._server.process_request(request, address)


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sandbox that is killed breaks its line off; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in two pieces: without this each answer waits 40 ms for the other side's delayed ACK.
    disable_nagle_algorithm = True
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        api = self.server.api
        if self.path != f"{VERSION}invocation/next":
            return self._say(404, b"{}")
        api.asked.set()
        api.freeze()
        found = api.events.get()
        if found is None:
            self.close_connection = True
            return None
        api.thaw()
        return self._say(200, found.body, found.headers)

    def do_POST(self) -> None:
        body = self._body()
        kind = "init" if self.path == f"{VERSION}init/error" else self.path.rpartition("/")[2]
        if kind not in ("init", "response", "error"):
            return self._say(404, b"{}")
        self._say(202, b'{"status":"OK"}')
        return self.server.api.answers.put(Answer(kind, body))

    def _body(self) -> bytes:
        """The whole body; the client sends large answers in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
