"""Makes webhook events, signs and sends them: in order per person, batched, doubled, reordered, again."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import urllib3

from bot.emulator import ids
from bot.emulator.core import Core
from bot.emulator.records import Delivery, Event, ReplyToken
from bot.line import limits

TIMEOUT_SECONDS = 2.0
"""LINE counts a slower answer as `request_timeout`."""
TOKEN_SECONDS = timedelta(seconds=limits.REPLY_TOKEN_SECONDS)
TOKEN_OLDEST = timedelta(minutes=20)
"""A redelivered token of an older event is dead."""
REDELIVERY_DELAYS = (2.0, 10.0, 60.0)
TOKENS_REMEMBERED = 20_000

Post = Callable[[str, bytes, Mapping[str, str]], int]


def sign(body: bytes, channel_secret: str) -> str:
    """The value of `x-line-signature`: base64 of HMAC-SHA256 over the raw body."""
    digest = hmac.new(channel_secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class HttpPost:
    """POSTs over HTTP with one pool; the status, or 0 when no answer came within LINE's patience."""

    def __init__(self, seconds: float = TIMEOUT_SECONDS) -> None:
        self._pool = urllib3.PoolManager(timeout=seconds, retries=False, maxsize=8)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status of the answer, or 0."""
        try:
            return self._pool.request("POST", url, body=body, headers=dict(headers), redirect=False).status
        except urllib3.exceptions.HTTPError:
            return 0

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


class Webhooks(Core):
    """Sends events to the product. `redelivery` sends what was not answered with 2xx again, as LINE can."""

    def __init__(self, *core: Any, post: Post | None = None) -> None:
        super().__init__(*core)
        self.redelivery = False
        self.redelivery_delays: Sequence[float] = REDELIVERY_DELAYS
        self.tokens: dict[str, ReplyToken] = {}
        self._post = post or HttpPost()
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._pending: set[Future[int]] = set()
        self._timers: set[threading.Timer] = set()
        self._held: list[Event] | None = None
        self._last_ms: dict[str, int] = {}

    def make_event(self, user_id: str, kind: str, *, reply: bool = True, **fields: Any) -> Event:
        """A webhook event of this person, with a fresh reply token unless `reply` is False; not sent yet.

        `fields` are added or replace what is usual, e.g. `mode="standby"` or `timestamp=…` (milliseconds).
        """
        with self.lock:
            at = self._timestamp(user_id)
            event = Event(
                type=kind,
                webhookEventId=ids.ulid(at),
                deliveryContext={"isRedelivery": False},
                timestamp=at,
                source={"type": "user", "userId": user_id},
                mode="active",
            )
            if reply and fields.get("mode") != "standby":
                event["replyToken"] = self._issue(user_id)
            event.update(fields)
            self.events.append(event)
            return event

    def _timestamp(self, user_id: str) -> int:
        """Milliseconds now, later than the person's event before it even within one millisecond."""
        at = int(self.clock().timestamp() * 1000)
        last = self._last_ms.get(user_id, 0)
        self._last_ms[user_id] = last + 1 if 0 <= last - at < 1000 else at
        return self._last_ms[user_id]

    def _issue(self, user_id: str) -> str:
        token = ids.token()
        now = self.clock()
        self.tokens[token] = ReplyToken(user_id, now, now + TOKEN_SECONDS)
        if len(self.tokens) > TOKENS_REMEMBERED:
            for old in list(self.tokens)[: TOKENS_REMEMBERED // 2]:
                del self.tokens[old]
        return token

    def send_events(
        self, events: Sequence[Event], *, duplicate: bool = False, reorder: bool = False, batch: bool = True
    ) -> list[int]:
        """Send now, in this thread; the status of each request (0: no answer).

        `batch`: all in one body; `reorder`: the last first; `duplicate`: each request twice, unmarked, as
        LINE's routing may do.
        """
        order = list(reversed(events)) if reorder else list(events)
        bodies = [order] if batch else [[event] for event in order]
        return [self._post_events(body) for body in bodies for _ in range(2 if duplicate else 1)]

    def redeliver(self, event: Event) -> int:
        """Send one event again as LINE's redelivery does; the status. Same id, same token, same timestamp."""
        token = self.tokens.get(event.get("replyToken", ""))
        if token and self.clock() - token.issued <= TOKEN_OLDEST:
            token.alive_until = self.clock() + TOKEN_SECONDS
        again = Event(event)
        again["deliveryContext"] = {"isRedelivery": True}
        return self._post_events([again])

    def last_event(self, user_id: str) -> Event | None:
        """The newest event of a person."""
        with self.lock:
            mine = (e for e in reversed(self.events) if e.get("source", {}).get("userId") == user_id)
            return next(mine, None)

    def send_raw(self, body: bytes, signature: str | None = None, url: str | None = None) -> int:
        """Send any bytes, signed rightly unless another signature is given; the status."""
        signature = sign(body, self.settings.channel_secret) if signature is None else signature
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "LineBotWebhook/2.0",
            "x-line-signature": signature,
        }
        return self._post(url or self.settings.webhook_url, body, headers)

    @contextmanager
    def hold(self) -> Iterator[list[Event]]:
        """Within it, what phones do sends nothing but is gathered in the list, for `send_events` later."""
        held: list[Event] = []
        self._held = held
        try:
            yield held
        finally:
            self._held = None

    def settle(self, seconds: float = 10.0) -> None:
        """Wait until all that was sent in the background has been answered; else TimeoutError."""
        with self.lock:
            pending = list(self._pending)
        for future in pending:
            future.result(seconds)

    def close(self) -> None:
        """Stop sending, then let go of the state file."""
        with self.lock:
            lanes, timers = list(self._lanes.values()), list(self._timers)
            self._lanes.clear()
        for timer in timers:
            timer.cancel()
        for lane in lanes:
            lane.shutdown(wait=True, cancel_futures=True)
        if isinstance(self._post, HttpPost):
            self._post.close()
        super().close()

    def _queue(self, user_id: str, event: Event) -> Future[int] | None:
        """Send an event after the person's earlier ones; called under the lock, in the order of the talk."""
        if self._held is not None:
            self._held.append(event)
            return None
        lane = self._lanes.get(user_id)
        if lane is None:
            lane = self._lanes[user_id] = ThreadPoolExecutor(1, thread_name_prefix="webhook")
        future = lane.submit(self._send_retrying, event, 0)
        self._pending.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[int]) -> None:
        with self.lock:
            self._pending.discard(future)

    def _send_retrying(self, event: Event, attempt: int) -> int:
        status = self.redeliver(event) if attempt else self._post_events([event])
        if self.redelivery and not 200 <= status < 300 and attempt < len(self.redelivery_delays):
            timer = threading.Timer(self.redelivery_delays[attempt], self._send_retrying, (event, attempt + 1))
            timer.daemon = True
            with self.lock:
                self._timers = {old for old in self._timers if old.is_alive()} | {timer}
                timer.start()
        return status

    def _post_events(self, events: Sequence[Event]) -> int:
        body = {"destination": self.settings.bot_user_id, "events": list(events)}
        status = self.send_raw(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        sent = tuple(event.get("webhookEventId", "") for event in events)
        self.deliveries.append(Delivery(self.clock(), sent, status))
        return status


def awaited(event: Event, future: Future[int] | None, wait: bool) -> Event:
    """The event; with `wait`, once it was answered. Never called under the lock."""
    if wait and future:
        event.status = future.result()
    return event
