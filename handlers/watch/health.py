"""`/healthz`: the process answers. `/readyz`: so do database, files and queue, and the schema is one this code can use.

Each part is asked in a thread of its own and given a few seconds: one that hangs is said to hang, and keeps neither the
answer nor the other parts waiting.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from storage.database import Database
from storage.files import FileStore

if TYPE_CHECKING:
    from storage.queue import EventQueue

SECONDS = 4.0
Check = Callable[[], str]


class Watch:
    """Runs checks side by side, each with a limit; one that hangs is not started again before it has ended."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """`seconds`: how long all of them may take."""
        self._seconds = seconds
        self._running: dict[str, tuple[threading.Thread, list[str]]] = {}
        self._lock = threading.Lock()

    def look(self, checks: Mapping[str, Check]) -> list[str]:
        """A line for each part that is not well; a check returns what is wrong, or nothing."""
        until = time.monotonic() + self._seconds
        running = [(name, *self._started(name, check)) for name, check in checks.items()]
        found: list[str] = []
        for name, thread, said in running:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                found.append(f"{name}: no answer within {self._seconds:g} seconds")
            elif said[0]:
                found.append(f"{name}: {said[0]}")
        return found

    def _started(self, name: str, check: Check) -> tuple[threading.Thread, list[str]]:
        with self._lock:
            if name in self._running and self._running[name][0].is_alive():
                return self._running[name]
            said = [""]
            thread = threading.Thread(target=_ask, args=(check, said), name=f"check {name}", daemon=True)
            self._running[name] = (thread, said)
            thread.start()
            return thread, said


def _ask(check: Check, said: list[str]) -> None:
    """Errors by their type alone: messages may name hosts, users or keys."""
    try:
        said[0] = check()
    except Exception as error:
        said[0] = type(error).__name__


@dataclass(frozen=True)
class Health:
    """One WSGI callable for both paths; reasons name no secret."""

    database: Database
    files: FileStore
    queue: "EventQueue | None" = None
    watch: Watch = field(default_factory=Watch)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """200 `ok`, or 503 with a line for each part that is not well."""
        troubles = self.troubles() if environ.get("PATH_INFO") == "/readyz" else []
        body = ("\n".join(troubles) or "ok").encode()
        status = "503 Service Unavailable" if troubles else "200 OK"
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(status, headers)
        return [body]

    def troubles(self) -> list[str]:
        """What is not well now; a few seconds at most."""
        checks: dict[str, Check] = {"database": self._database, "files": _silent(self.files.check)}
        if self.queue:
            checks["queue"] = _silent(self.queue.check)
        return self.watch.look(checks)

    def _database(self) -> str:
        """The schema may be newer than the code: each migration fits the release before it (see CONTRIBUTING)."""
        from storage import schema

        self.database.check()
        found = schema.revision(self.database.engine)
        if found is None:
            return "empty; run: chusho119 db upgrade"
        if found != schema.head() and schema.is_known(found):
            return f"the schema {found} is older than the code ({schema.head()}); run: chusho119 db upgrade"
        return ""


def _silent(check: Callable[[], None]) -> Check:
    def ask() -> str:
        check()
        return ""

    return ask
