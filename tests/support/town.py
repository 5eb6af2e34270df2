"""One world for all tests of bad input: each test brings its own people, and looks for what was left half done."""

import hashlib
import io
import json
from typing import Any

from tests.support.ledger import Ledger
from tests.support.world import Phone, World

WEBHOOK = "/line/webhook"


class Town:
    """One world for all tests of this file (each brings its own people), with one approver."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ledger = Ledger(world.service.database)
        self.approver = world.approver("佐藤 恵")

    def send(self, *events: Any, **envelope: Any) -> int:
        body = {"destination": "U" + "0" * 32, "events": list(events), **envelope}
        return self.raw(json.dumps(body).encode())

    def raw(self, body: bytes, signature: str | None = None) -> int:
        status = self.world.platform.send_raw(body, signature)
        self.world.settle()
        return status

    def event(self, phone: Phone, kind: str, **fields: Any) -> dict[str, Any]:
        return dict(self.world.platform.make_event(phone.user_id, kind, **fields))

    def text(self, phone: Phone, words: Any, **fields: Any) -> dict[str, Any]:
        message = {"type": "text", "id": "m" + hashlib.md5(repr(words).encode()).hexdigest(), "text": words}
        return self.event(phone, "message", message=message, **fields)

    def taps_data(self, phone: Phone, data: str, **params: str) -> None:
        """A postback with these data, whatever they are (also half characters)."""
        phone.seen = phone._last()
        assert self.send(self.event(phone, "postback", postback={"data": data, "params": params})) == 200

    def all_is_done(self) -> None:
        """Every event is done or ignored, every message has left; what is not is put aside for the next test."""
        self.world.settle()
        unhandled = self.ledger.rows("SELECT error, body FROM inbox WHERE state IN ('dead', 'pending')")
        unsent = self.ledger.rows("SELECT error FROM outbox WHERE state <> 'sent'")
        self.ledger.change("UPDATE inbox SET state = 'done' WHERE state IN ('dead', 'pending')")
        self.ledger.change("UPDATE outbox SET state = 'sent' WHERE state <> 'sent'")
        assert not unhandled, unhandled
        assert not unsent, unsent


def count(town: Town) -> int:
    return town.ledger.one("SELECT count(*) FROM inbox")


def call(app: Any, body: bytes, signature: str, length: str | None = "right", *, terminated: bool = False) -> str:
    """The status a WSGI app answers with, asked directly."""
    found: list[str] = []
    environ: dict[str, Any] = {
        "PATH_INFO": WEBHOOK, "REQUEST_METHOD": "POST", "HTTP_X_LINE_SIGNATURE": signature,
        "wsgi.input": io.BytesIO(body), "wsgi.input_terminated": terminated,
    }  # fmt: skip
    if length is not None:
        environ["CONTENT_LENGTH"] = str(len(body)) if length == "right" else length
    list(app(environ, lambda status, _headers: found.append(status)))
    return found[0]
