"""The stand-in for LINE in a process of its own; it takes any message and says at once whom a message reached."""

from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Lock, Thread
from typing import Any

from benchmarks import traffic
from benchmarks.machine import cpu_seconds

Json = dict[str, Any]


def _serve(pipe: Connection) -> None:
    """Issue reply tokens on demand, report deliveries, until the other end closes."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    from bot.emulator import Platform, create_app

    class Kept(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nothing."""

    class Telling(Platform):
        def reply(self, token: str, messages: Sequence[Json], request_id: str) -> list[Json]:
            right = self.tokens.get(token)
            sent = super().reply(token, messages, request_id)
            if right:
                tell(("reply", right.user_id))
            return sent

        def push(self, to: str, messages: Sequence[Json], request_id: str, retry_key: str | None) -> list[Json]:
            sent = super().push(to, messages, request_id, retry_key)
            tell(("push", to))
            return sent

    lock = Lock()

    def tell(what: Any) -> None:
        with lock:
            pipe.send(what)

    with Telling("http://localhost/", traffic.SECRET, traffic.TOKEN, validate=False) as platform:
        server = make_server("127.0.0.1", 0, create_app(platform), threaded=True, request_handler=Kept)
        Thread(target=server.serve_forever, daemon=True).start()
        tell(("port", server.server_port))
        with suppress(EOFError):
            while True:
                tell(("tokens", _issue(platform, *pipe.recv())))


def _issue(platform: Any, user_ids: Sequence[str], each: int) -> dict[str, list[str]]:
    """Reply tokens for friends, who are added at first sight."""
    issued: dict[str, list[str]] = {}
    for user_id in user_ids:
        platform.add_phone("専門家", user_id)
        platform.users[user_id].friend = True
        issued[user_id] = [platform.make_event(user_id, "message")["replyToken"] for _ in range(each)]
    return issued


class StandIn:
    """The other end of the pipe. `pipe` gives ("reply" or "push", user id) at each delivery."""

    def __init__(self) -> None:
        self.pipe, theirs = get_context("spawn").Pipe()
        self._process = get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        _, self.port = self.pipe.recv()

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: object) -> None:
        while self.pipe.poll():
            self.pipe.recv()
        self.pipe.close()
        self._process.join(5)
        self._process.kill()

    def tokens(self, user_ids: Sequence[str], each: int) -> dict[str, list[str]]:
        """Fresh reply tokens, alive for a minute."""
        self.pipe.send((list(user_ids), each))
        while True:
            kind, found = self.pipe.recv()
            if kind == "tokens":
                return found

    def cpu(self) -> float:
        """Processor seconds so far."""
        return cpu_seconds(self._process.pid or 0)
