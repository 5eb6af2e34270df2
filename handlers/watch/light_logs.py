"""JSON lines of the standard library's log: all that the webhook's process has, and every foreign library's lines.

An exception is told by its type and its places in the code; its message may hold what a person typed and stays out.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from storage import trace

FRAMES = 12
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def places(error: BaseException) -> dict[str, Any]:
    """Type and places of an exception."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    at = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": type(error).__name__, "at": at}


class JsonLines(logging.Formatter):
    """One JSON object a record. `traces` of a record names several ids at once."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        failed = record.exc_info and record.exc_info[1]
        # What a library puts into the words of an exception may be somebody's: an address with a token in it.
        said = str(record.msg) if failed else record.getMessage()
        line: dict[str, Any] = {"event": said, "level": record.levelname.lower(), "timestamp": at}
        traces = record.__dict__.get("traces")
        if traces is not None:
            line["traces"] = traces
        elif now := trace.current():
            line["trace"] = now
        if failed:
            line |= places(failed)
        return _encode(line)


def set_up(level: int = logging.INFO) -> None:
    """Once a process."""
    # What no line of ours shows need not be found out for each.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
