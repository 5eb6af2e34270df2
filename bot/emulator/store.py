"""Keeps the stand-in's state in one SQLite file, or in memory; each write is durable by itself."""

import json
import sqlite3
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
    kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS blobs (key TEXT PRIMARY KEY, data BLOB NOT NULL);
"""


class Store:
    """Things by kind and key, and bytes by key. The caller holds the platform's lock."""

    def __init__(self, folder: Path | None) -> None:
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        path = folder / "line.sqlite3" if folder else ":memory:"
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def put(self, kind: str, key: str, body: Any) -> None:
        """Keep a JSON value; an older one is replaced."""
        row = (kind, key, json.dumps(body))
        self._db.execute("INSERT OR REPLACE INTO things VALUES (?, ?, ?)", row)

    def delete(self, kind: str, key: str) -> None:
        """Forget one; no error when it is not there."""
        self._db.execute("DELETE FROM things WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> dict[str, Any]:
        """Everything of a kind, in the order of the keys."""
        rows = self._db.execute("SELECT key, body FROM things WHERE kind = ? ORDER BY key", (kind,))
        return {key: json.loads(body) for key, body in rows}

    def put_bytes(self, key: str, data: bytes) -> None:
        """Keep bytes under a key."""
        self._db.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?)", (key, data))

    def bytes_of(self, key: str) -> bytes:
        """The bytes kept under a key; empty when there are none."""
        row = self._db.execute("SELECT data FROM blobs WHERE key = ?", (key,)).fetchone()
        return row[0] if row else b""

    def delete_bytes(self, key: str) -> None:
        """Forget bytes."""
        self._db.execute("DELETE FROM blobs WHERE key = ?", (key,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
