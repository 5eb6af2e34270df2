"""One id through everything that one cause sets off: webhook, turn, outbox row, delivery, and each of their log lines.

A turn carries its webhookEventId, a page request the id its answer names, a job an id of its own. Standard library
alone: the webhook's process loads this module too.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SAFE = re.compile(r"[0-9A-Za-z_.=-]{8,64}")
_current: ContextVar[str | None] = ContextVar("trace", default=None)


def current() -> str | None:
    """The id of what is going on in this thread."""
    return _current.get()


def fresh() -> str:
    """An id nobody has; short enough to be read out on the telephone."""
    return secrets.token_hex(8)


def bind(trace: str) -> None:
    """From now on this thread works for `trace`, until the next `bind`."""
    _current.set(trace)


@contextmanager
def bound(trace: str | None) -> Iterator[None]:
    """The block works for `trace`; None leaves what was there."""
    if trace is None:
        yield
        return
    token = _current.set(trace)
    try:
        yield
    finally:
        _current.reset(token)
