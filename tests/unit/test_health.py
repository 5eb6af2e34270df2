"""`/readyz` says what is wrong, in one line each, soon, and without a name or a secret."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from handlers.watch.health import Health, Watch
from storage import schema
from storage.database import Database
from storage.files import FileStore, FolderStore, StoreUnavailable, open_store
from storage.secrets import Vault, new_key
from tests.support.databases import fresh

SECRET = "very-secret-word"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(fresh("sqlite", tmp_path), Vault([new_key()]))
    yield opened
    opened.close()


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FolderStore(tmp_path / "files", "key")


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in held:
            each.close()


def asked(health: Health, path: str = "/readyz") -> tuple[str, str]:
    told: list[str] = []

    def start(status: str, _headers: Any) -> Callable[[bytes], object]:
        told.append(status)
        return lambda _data: None

    body = b"".join(health({"PATH_INFO": path}, start)).decode()
    return told[0], body


def test_all_is_well(database: Database, files: FileStore):
    assert asked(Health(database, files)) == ("200 OK", "ok")


def test_an_empty_database_an_old_and_a_new_schema(database: Database, files: FileStore, tmp_path: Path):
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}", Vault([new_key()]))
    assert asked(Health(empty, files)) == ("503 Service Unavailable", "database: empty; run: chusho119 db upgrade")
    empty.close()
    stands_at(database, "0003")
    status, words = asked(Health(database, files))
    assert status.startswith("503")
    assert words == f"database: the schema 0003 is older than the code ({schema.head()}); run: chusho119 db upgrade"
    stands_at(database, "9999")
    assert asked(Health(database, files)) == ("200 OK", "ok"), "a newer schema fits the release before it"


def stands_at(database: Database, revision: str) -> None:
    with database.unit() as uow:
        uow.session.execute(text("UPDATE alembic_version SET version_num = :number"), {"number": revision})


def test_each_part_has_a_line_and_none_a_secret(tmp_path: Path):
    class Broken(FolderStore):
        def check(self) -> None:
            raise StoreUnavailable(f"{SECRET} at s3.example.com")

    class Queue:
        def check(self) -> None:
            raise OSError(SECRET)

    port = free_port()
    away = Database(f"postgresql+psycopg://user:{SECRET}@127.0.0.1:{port}/none", Vault([new_key()]))
    health = Health(away, Broken(tmp_path, "key"), Queue())  # pyright: ignore[reportArgumentType]
    status, words = asked(health)
    assert status.startswith("503")
    assert words.splitlines() == ["database: Unavailable", "files: StoreUnavailable", "queue: OSError"]
    assert asked(health, "/healthz") == ("200 OK", "ok")
    away.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_database_and_a_bucket_that_never_answer(silent: int, monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "ap-northeast-1",
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{silent}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    hung = Database(
        f"postgresql+psycopg://user:{SECRET}@127.0.0.1:{silent}/none?gssencmode=disable", Vault([new_key()])
    )
    health = Health(hung, open_store("s3://bucket/files", "key"))
    began = time.monotonic()
    status, words = asked(health)
    assert time.monotonic() - began < 5
    assert status.startswith("503")
    assert words.splitlines() == [f"{part}: no answer within 4 seconds" for part in ("database", "files")]


def test_what_hangs_is_not_asked_again_meanwhile_and_recovers():
    gate, calls = threading.Event(), []

    def slow() -> str:
        calls.append(1)
        gate.wait(10)
        return ""

    watch = Watch(0.05)
    for _ in range(5):
        assert watch.look({"files": slow, "queue": lambda: ""}) == ["files: no answer within 0.05 seconds"]
    assert len(calls) == 1
    gate.set()
    time.sleep(0.1)
    assert watch.look({"files": slow}) == []
