"""`/healthz`: the process answers. `/readyz`: database and files answer too, and the schema is today's."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from storage.database import Database
from storage.files import FileStore


@dataclass(frozen=True)
class Health:
    """One WSGI callable for both paths; reasons name no secret."""

    database: Database
    files: FileStore

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """200 `ok`, or 503 with a line for each part that does not answer."""
        troubles = self.troubles() if environ.get("PATH_INFO") == "/readyz" else []
        body = ("\n".join(troubles) or "ok").encode()
        status = "503 Service Unavailable" if troubles else "200 OK"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]

    def troubles(self) -> list[str]:
        """What does not answer now."""
        from storage import schema

        found: list[str] = []
        try:
            self.database.check()
            if not schema.is_current(self.database.engine):
                found.append("database: the schema is not the newest; run: chusho119 db upgrade")
        except Exception as error:
            found.append(f"database: {type(error).__name__}")
        try:
            self.files.check()
        except Exception as error:
            found.append(f"files: {type(error).__name__}")
        return found
