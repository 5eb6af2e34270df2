"""The news that somebody has something waiting, carried to a worker on another machine: Amazon SQS, first in first out.

The tables stay the truth: a message lost, doubled or late costs a sweep's interval and nothing else. So sending never
fails for the caller, and never holds it for longer than a second: LINE waits for the webhook's answer meanwhile.

A message's group is the person, whose turns are run one after the other. Its body is `{"person": "U…"}`, where `mail`
stands for the mails that are due, or `{"tasks": true}`.
"""

import json
import logging
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, Protocol

from storage.amazon import client

WITHIN = 1.0
CONNECT, READ = 0.3, 0.5
AGAIN_WITHIN = 0.4
AT_ONCE = 10
SOON = 5
TASKS = "tasks"
ADDRESS = re.compile(r"https?://[^/?#\s]+/[0-9]{12}/[A-Za-z0-9_-]{1,75}\.fifo")
REGION = re.compile(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?/")

log = logging.getLogger("chusho119.queue")


class QueueDown(Exception):
    """The queue cannot be used now; `reason` names no person."""

    retryable = True

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EventQueue(Protocol):
    """Wakes the worker. Nothing but `check` raises: what cannot be sent is logged, and the sweep finds the people."""

    def stored(self, events: Sequence[tuple[str, str]]) -> None:
        """Events were kept: (LINE user id, webhookEventId). The person is the group, the event id removes doubles."""
        ...

    def wake(self, people: Iterable[str]) -> None:
        """These people have something waiting."""
        ...

    def hurry(self) -> None:
        """Long work has been started."""
        ...

    def soon(self, receipts: Sequence[str]) -> None:
        """These messages were received and not done: let them come again soon, not when their time has run out."""
        ...

    def check(self) -> None:
        """QueueDown when the queue cannot be used now; for `/readyz` and `doctor`."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def open_queue(url: str) -> EventQueue:
    """The queue at the address of `EVENT_QUEUE_URL`, ValueError for none; nothing is contacted yet."""
    if not ADDRESS.fullmatch(url):
        raise ValueError("EVENT_QUEUE_URL looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo")
    return SqsQueue(url)


class Message(NamedTuple):
    """What is sent: the group, what removes doubles, the body."""

    group: str
    once: str
    body: str

    @property
    def entry(self) -> dict[str, Any]:
        """The same in Amazon's words."""
        return {
            "MessageBody": self.body,
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.once,
        }


def for_person(person: str, once: str = "") -> Message:
    """Somebody has something waiting."""
    return Message(person, once or uuid.uuid4().hex, json.dumps({"person": person}))


def for_tasks() -> Message:
    """Long work is to be gone on with."""
    return Message(TASKS, uuid.uuid4().hex, json.dumps({TASKS: True}))


class SqsQueue:
    """One client, made at once (it takes a tenth of a second), used by all threads."""

    def __init__(self, url: str) -> None:
        """`url`: the queue's own address."""
        self._url = url
        region = REGION.match(url)
        self._client = client("sqs", region=region[1] if region else None, connect=CONNECT, read=READ)

    def stored(self, events: Sequence[tuple[str, str]]) -> None:
        """See `EventQueue.stored`: all of it within a second, for LINE waits."""
        self._send([for_person(person, event_id) for person, event_id in events], time.monotonic() + WITHIN)

    def wake(self, people: Iterable[str]) -> None:
        """See `EventQueue.wake`."""
        self._send([for_person(person) for person in dict.fromkeys(people)])

    def hurry(self) -> None:
        """See `EventQueue.hurry`."""
        self._send([for_tasks()])

    def soon(self, receipts: Sequence[str]) -> None:
        """See `EventQueue.soon`."""
        entries = [{"ReceiptHandle": each, "VisibilityTimeout": SOON} for each in receipts]
        self._in_batches("change_message_visibility_batch", entries)

    def check(self) -> None:
        """See `EventQueue.check`."""
        try:
            self._call("get_queue_attributes", WITHIN, AttributeNames=["QueueArn"])
        except Exception as error:
            raise QueueDown(_reason(error)) from error

    def close(self) -> None:
        """See `EventQueue.close`."""
        self._client.close()

    def _send(self, messages: Sequence[Message], until: float | None = None) -> None:
        self._in_batches("send_message_batch", [each.entry for each in messages], until)

    def _in_batches(self, operation: str, entries: Sequence[dict[str, Any]], until: float | None = None) -> None:
        """Ten at a time; when one call fails, those behind it would only wait for the same."""
        for begin in range(0, len(entries), AT_ONCE):
            batch = [{**entry, "Id": str(at)} for at, entry in enumerate(entries[begin : begin + AT_ONCE])]
            seconds = WITHIN if until is None else until - time.monotonic()
            try:
                answer = self._call(operation, seconds, Entries=batch)
            except Exception as error:
                log.error("queue_failed call=%s messages=%d error=%s", operation, len(entries) - begin, _reason(error))
                return
            refused = [str(entry.get("Code")) for entry in answer.get("Failed", ())]
            if refused:
                codes = ",".join(sorted(set(refused)))
                log.error("queue_failed call=%s messages=%d error=%s", operation, len(refused), codes)

    def _call(self, operation: str, seconds: float, **asked: Any) -> dict[str, Any]:
        """The answer, or TimeoutError: no patience of a socket bounds how long a name is looked up."""
        ended: Future[dict[str, Any]] = Future()

        def run() -> None:
            try:
                ended.set_result(self._tried(operation, asked))
            except BaseException as error:
                ended.set_exception(error)

        threading.Thread(target=run, name="queue", daemon=True).start()
        return ended.result(max(seconds, 0))

    def _tried(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        """One call, and one more when the first failed quickly: a connection that died while nobody used it does."""
        began = time.monotonic()
        call: Callable[..., dict[str, Any]] = getattr(self._client, operation)
        try:
            return call(QueueUrl=self._url, **asked)
        except Exception:
            if time.monotonic() - began > AGAIN_WITHIN:
                raise
        return call(QueueUrl=self._url, **asked)


def _reason(error: Exception) -> str:
    """What went wrong, in a word of Amazon's or the error's own name."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code") or type(error).__name__)
