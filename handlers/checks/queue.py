"""The queue that carries the news of events to a worker elsewhere, where there is one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from handlers.checks.finding import Finding, error, fine

if TYPE_CHECKING:
    from handlers.bootstrap import Service


def look(service: "Service") -> Iterator[Finding]:
    """Whether it answers; without one the worker looks into the tables itself."""
    if service.queue is None:
        yield fine("queue_none")
        return
    try:
        service.queue.check()
    except Exception as problem:
        yield error("queue_down", type(problem).__name__)
        return
    yield fine("queue_answers")
