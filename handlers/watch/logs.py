"""JSON logs to standard error: ids and codes only (`architecture.md` 5.7), each line with the id of its cause."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from handlers.watch import light_logs
from storage import trace

Line = MutableMapping[str, Any]


def _where(_logger: object, _name: str, event: Line) -> Line:
    """An exception as its type and places in the code; its message may hold what a person typed and stays out."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(light_logs.places(error))
    return event


def _traced(_logger: object, _name: str, event: Line) -> Line:
    """The turn, request or job in which this was said."""
    if now := trace.current():
        event["trace"] = now
    return event


def set_up(level: int = logging.INFO) -> None:
    """Once a process."""
    structlog.configure(
        processors=[
            _traced,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    light_logs.set_up(level)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
