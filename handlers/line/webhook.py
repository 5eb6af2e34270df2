"""`POST /line/webhook`: verify, store, acknowledge. Nothing else happens here, and nothing heavy is imported.

A body without a good signature is refused before it is parsed. Whatever LINE signs is kept, also kinds of events nobody
knows yet (`architecture.md` 2.1, `line-platform.md` 1).
"""

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from storage import trace
from storage.ack import Acknowledger, Arrived, StoreDown

PATH = "/line/webhook"
BODY_MAX = 2 * 1024 * 1024
EVENTS_MAX = 1000
USER_ID = re.compile(r"U[0-9a-f]{32}")
EVENT_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
StartResponse = Callable[[str, list[tuple[str, str]]], object]

log = logging.getLogger("chusho119.webhook")


#: Told what is safely kept: (LINE user id, webhookEventId) of each event that somebody waits for an answer to.
Stored = Callable[[Sequence[tuple[str, str]]], None]
#: Told of each request that was answered: seconds from its arrival, the status, and whether it bears a signature that
#: is not of our secret. What merely roams the internet bears none; everything of LINE's does when our secret is wrong.
Answered = Callable[[float, int, bool], None]

#: What is answered to that.
FOREIGN = ("401 Unauthorized", "signature does not match")


class BadBody(ValueError):
    """Signed, but nothing LINE would send."""


class Webhook:
    """The WSGI callable. `stored` is called after the commit, also for events that were known already."""

    def __init__(
        self,
        secrets: Sequence[str],
        acknowledger: Acknowledger,
        stored: Stored = lambda _events: None,
        clock: Callable[[], float] = time.time,
        answered: Answered = lambda _seconds, _status, _foreign: None,
    ) -> None:
        """`secrets`: one channel secret, or two during a rotation."""
        self._secrets = [secret.encode() for secret in secrets]
        self._acknowledger = acknowledger
        self._stored = stored
        self._clock = clock
        self._answered = answered

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """One request."""
        began = time.perf_counter()
        traces: list[str] = []
        answer = self._answer(environ, traces)
        status, words = answer
        body = words.encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        told = (time.perf_counter() - began, int(status[:3]), answer is FOREIGN)
        return self._sent(body, told, traces)

    def _sent(self, body: bytes, told: tuple[float, int, bool], traces: list[str]) -> Iterable[bytes]:
        """The answer; what is written down of it comes afterwards, when nobody waits any more."""
        try:
            yield body
        finally:
            if traces:
                log.info("stored", extra={"traces": traces})
            if told[-1]:
                log.warning("signature_refused")
            self._answered(*told)

    def _answer(self, environ: dict[str, Any], traces: list[str]) -> tuple[str, str]:
        if environ.get("PATH_INFO") != PATH:
            return "404 Not Found", "not found"
        if environ.get("REQUEST_METHOD") != "POST":
            return "405 Method Not Allowed", "POST only"
        body = _read(environ)
        if body is None:
            return "413 Content Too Large", "too large"
        signature = _signature(environ.get("HTTP_X_LINE_SIGNATURE", ""))
        if signature is None:
            return "401 Unauthorized", "no signature"
        if not self._signed(body, signature):
            return FOREIGN
        try:
            events = arrived(body, int(self._clock() * 1000))
        except BadBody as error:
            log.warning("signed body refused: %s", error)
            return "400 Bad Request", str(error)
        return self._keep(events, traces)

    def _keep(self, events: list[Arrived], traces: list[str]) -> tuple[str, str]:
        if not events:
            return "200 OK", "ok"
        trace.bind(events[0].event_id)
        try:
            self._acknowledger.store(events)
        except StoreDown:
            log.exception("events not stored: the database does not answer")
            return "503 Service Unavailable", "try again"
        traces += [event.event_id for event in events]
        self._stored([(event.user_id, event.event_id) for event in events if event.user_id])
        return "200 OK", "ok"

    def _signed(self, body: bytes, given: bytes) -> bool:
        good = [hmac.compare_digest(hmac.digest(secret, body, hashlib.sha256), given) for secret in self._secrets]
        return any(good)


def _signature(given: str) -> bytes | None:
    """The digest that a header holds; None for what has not the form of one."""
    try:
        found = base64.b64decode(given, validate=True)
    except ValueError:
        return None
    return found if len(found) == hashlib.sha256().digest_size else None


def _read(environ: dict[str, Any]) -> bytes | None:
    try:
        length = int(environ.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0
    if length > BODY_MAX:
        return None
    if environ.get("wsgi.input_terminated") and not length:
        body = environ["wsgi.input"].read(BODY_MAX + 1)
        return body if len(body) <= BODY_MAX else None
    return environ["wsgi.input"].read(length) if length > 0 else b""


def arrived(body: bytes, now_ms: int) -> list[Arrived]:
    """The events of a signed body; BadBody when it is not what LINE's specification calls a webhook."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("not JSON") from None
    events = data.get("events") if isinstance(data, dict) else None
    if not isinstance(events, list) or len(events) > EVENTS_MAX:
        raise BadBody("no list of events")
    return [_arrived(event, now_ms) for event in events if isinstance(event, dict)]


def _arrived(event: dict[str, Any], now_ms: int) -> Arrived:
    raw = json.dumps(event, separators=(",", ":")).encode()
    event_id = event.get("webhookEventId")
    if not isinstance(event_id, str) or not EVENT_ID.fullmatch(event_id):
        event_id = hashlib.sha256(raw).hexdigest()
    return Arrived(event_id, _user(event), _occurred(event.get("timestamp"), now_ms), now_ms, raw)


def _user(event: dict[str, Any]) -> str | None:
    """Whom to answer: a person in a talk with us alone, while the channel is ours to answer."""
    source = event.get("source")
    if not isinstance(source, dict) or source.get("type") != "user" or event.get("mode", "active") != "active":
        return None
    user_id = source.get("userId")
    return user_id if isinstance(user_id, str) and USER_ID.fullmatch(user_id) else None


def _occurred(timestamp: object, now_ms: int) -> int:
    """LINE's time of the event; never later than now, and now for a time that cannot be."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        return now_ms
    return min(timestamp, now_ms) if timestamp > 0 else now_ms
