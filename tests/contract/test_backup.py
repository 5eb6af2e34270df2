"""A service backed up while it runs and restored somewhere else: every row, every file, and the talk goes on."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import make_url, text

from handlers.backup import back_up, restore
from handlers.bootstrap import Service
from storage import outbox, schema
from storage.backup import MANIFEST, UNFINISHED, BackupFailed
from storage.database import make_engine
from storage.files import FolderStore, StoreUnavailable
from storage.secrets import new_key
from tests.support.backups import a_service, files_of, postgres_tools, rows_of, somewhere, waits
from tests.support.ledger import Ledger
from tests.support.postgres import fresh_database, postgres_url
from tests.support.s3 import Seaweed
from tests.support.world import World, open_world

COMMAND = str(Path(sys.executable).with_name("chusho119"))
WAYS = ["sqlite to sqlite", "postgresql to postgresql", "sqlite, folder to s3", "postgresql, s3 to folder"]


@pytest.fixture(scope="session", autouse=True)
def pg_tools() -> Iterator[None]:
    """pg_dump and pg_restore of the server that the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{postgres_tools()}:{os.environ['PATH']}")
        yield


def store_url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, kind: str, folder: Path) -> str:
    if kind == "folder":
        return f"file:{folder / token_hex(4)}"
    server: Seaweed = request.getfixturevalue("s3")
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.bucket}/backup-{token_hex(6)}"


@pytest.mark.parametrize("way", WAYS)
def test_a_restored_service_is_the_same(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
):
    kind = way.partition(",")[0].partition(" ")[0]
    stores = {"sqlite, folder to s3": ("folder", "s3"), "postgresql, s3 to folder": ("s3", "folder")}
    here, there = (store_url(request, monkeypatch, name, tmp_path) for name in stores.get(way, ("folder", "folder")))
    with a_service(tmp_path, kind, here) as world:
        world.service.files.put("quarantine/abc", b"a paper that is not sealed", "image/jpeg")
        rows, files = rows_of(world.service), files_of(world.service)
        done = back_up(world.service, tmp_path / "backups")
        assert (done.rows, done.files) == (sum(map(len, rows.values())), len(files) - 1)
        other = somewhere(world, kind, tmp_path / "other", there)
        said: list[str] = []
        restore(other, done.place, said.append)
        found = rows_of(other)
        added = [row for row in found["audit"] if row not in rows["audit"]]
        assert [row[4:7] for row in added] == [("backup.restore", "backup", done.place.name)]
        assert {**found, "audit": [row for row in found["audit"] if row not in added]} == rows
        del files["quarantine/abc"]
        assert files
        assert files_of(other) == files
        assert schema.is_current(other.database.engine)
        assert any("FIELD_KEYS open them" in line for line in said)
        goes_on(world, other)
        other.close()


def goes_on(world: World, other: Service) -> None:
    """The person in the middle of the photos goes on with the restored service behind the same address."""
    before = world.service
    world.service = other
    for name in ("worker", "delivery", "client"):
        other.__dict__.pop(name, None)
    try:
        phone = world.phone("鈴木 花子")
        phone.seen = phone._last()
        with other.database.unit() as uow:
            uow.session.execute(text("UPDATE conversations SET lease_until_ms = 0"))
        other.acknowledger.store(_event(world, phone.user_id))
        world.settle()
        assert phone.answers
        phone.sees("写真 1/4")
    finally:
        world.service = before


def _event(world: World, user_id: str) -> Any:
    from handlers.line.webhook import arrived

    message = {"type": "text", "id": "m119", "text": "登録状況"}
    event = world.platform.make_event(user_id, "message", message=message)
    return arrived(json.dumps({"events": [event]}).encode(), int(world.clock().timestamp() * 1000))


@pytest.mark.parametrize("sends", [False, True])
def test_what_waited_is_not_sent_twice(tmp_path: Path, sends: bool):
    with a_service(tmp_path, "sqlite", f"file:{tmp_path / 'files'}") as world:
        waits(world)
        done = back_up(world.service, tmp_path / "backups")
        world.settle()
        letters = len(list((tmp_path / "mail").iterdir()))
        pushes = len(world.platform.messages(world.phone("佐藤 恵").user_id))
        other = somewhere(world, "sqlite", tmp_path / "other", f"file:{tmp_path / 'restored'}")
        said: list[str] = []
        restore(other, done.place, said.append, send_waiting=sends)
        waited = Ledger(other.database).rows("SELECT channel, error FROM outbox WHERE state = 'dead' ORDER BY seq")
        troubles = [tuple(row) for row in waited]
        assert troubles == ([] if sends else [("line", outbox.SET_ASIDE), ("mail", outbox.SET_ASIDE)])
        assert any("2 messages that waited" in line for line in said) is not sends
        other.worker.sweep()
        assert len(world.platform.messages(world.phone("佐藤 恵").user_id)) == pushes
        left = Ledger(other.database).one("SELECT count(*) FROM outbox WHERE state = 'sent' AND via = 'mail'")
        assert left == int(sends)
        assert len(list((tmp_path / "mail").iterdir())) == letters, (
            "and whoever gathers mail knows the repeat by its id"
        )
        other.close()


def test_a_backup_is_taken_while_people_write(tmp_path: Path, postgres: str):
    """Rows and files come in all the time: the backup holds each row of its moment, and the file of each paper."""
    with open_world(tmp_path, postgres) as world:
        stop = threading.Event()
        seen = 0

        def writes() -> None:
            nonlocal seen
            while not stop.is_set():
                seen += 1
                key = f"papers/{seen:048x}"
                world.service.files.put(key, world.service.database.vault.seal(b"%d" % seen), "image/jpeg")
                with world.service.database.unit() as uow:
                    uow.session.execute(
                        text("INSERT INTO doomed_files (file_key, since) VALUES (:key, now())"), {"key": key}
                    )

        writer = threading.Thread(target=writes)
        writer.start()
        try:
            while seen < 20:
                time.sleep(0.01)
            done = back_up(world.service, tmp_path / "backups")
        finally:
            stop.set()
            writer.join()
        other = somewhere(world, "postgresql", tmp_path / "other", f"file:{tmp_path / 'restored'}")
        restore(other, done.place, lambda _line: None)
        kept = {row[0] for row in rows_of(other)["doomed_files"]}
        assert len(kept) >= 19, "what was committed before the dump began"
        assert kept <= files_of(other).keys()
        other.close()


def test_only_an_empty_place_is_restored_into(tmp_path: Path, postgres: str):
    with open_world(tmp_path, postgres) as world:
        world.service.files.put("papers/abc", b"sealed", "image/jpeg")
        done = back_up(world.service, tmp_path / "backups")
        with pytest.raises(BackupFailed, match=r"database is not empty; it holds \d+ tables, rich_menus \(3 rows\)"):
            restore(world.service, done.place, print)
        at = world.service.settings
        full = Service(replace(at, database_url=fresh_database(postgres_url())))
        with pytest.raises(BackupFailed, match="file store is not empty; it holds papers/abc"):
            restore(full, done.place, print)
        empty = f"file:{tmp_path / 'empty'}"
        bare = replace(at, database_url=full.settings.database_url, file_store_url=empty)
        strange = Service(replace(bare, field_keys=(new_key(),)))
        with pytest.raises(BackupFailed, match="FIELD_KEYS belong to another installation"):
            restore(strange, done.place, print)
        reordered = replace(strange.settings, field_keys=(*at.field_keys, new_key()))
        with pytest.raises(BackupFailed, match="digests hang on another key"):
            restore(Service(reordered), done.place, print)
        lite = Service(replace(at, database_url=f"sqlite:///{tmp_path / 'x.db'}", file_store_url=empty))
        with pytest.raises(BackupFailed, match="backup is of postgresql, and DATABASE_URL names sqlite"):
            restore(lite, done.place, print)
        assert rows_of(full) == {}
        rotated = Service(replace(bare, field_keys=(new_key(), *at.field_keys)))
        restore(rotated, done.place, print)
        for each in (full, strange, lite, rotated):
            each.close()


@pytest.mark.parametrize("harm", ["a bit", "a byte", "a file", "half", "no manifest", "newer", "elsewhere", "no day"])
def test_a_harmed_backup_is_refused_before_anything_is_touched(tmp_path: Path, harm: str):
    with open_world(tmp_path) as world:
        world.service.files.put("papers/abc", b"sealed", "image/jpeg")
        place = back_up(world.service, tmp_path / "backups").place
        paper, manifest = place / "files/papers/abc", place / MANIFEST
        kept = json.loads(manifest.read_text())
        match harm:
            case "a bit":
                paper.write_bytes(b"sealee")
            case "a byte":
                paper.write_bytes(paper.read_bytes() + b"x")
            case "a file":
                paper.unlink()
            case "half":
                manifest.write_text(manifest.read_text()[:-100])
            case "no manifest":
                manifest.unlink()
            case "newer":
                kept["database"]["revision"] = "9999"
                manifest.write_text(json.dumps(kept))
            case "no day":
                manifest.write_text(json.dumps({**kept, "made_at": "yesterday"}))
            case _:
                kept["contents"]["../../etc/passwd"] = kept["contents"]["database.dump"]
                manifest.write_text(json.dumps(kept))
        other = somewhere(world, "sqlite", tmp_path / "other", f"file:{tmp_path / 'restored'}")
        with pytest.raises(BackupFailed, match=r"use another backup|is no backup|release that made it"):
            restore(other, place, lambda _line: None)
        assert not (tmp_path / "other/restored.db").exists()
        assert not (tmp_path / "restored").exists()
        other.close()


def test_an_older_schema_is_restored_and_then_upgraded(tmp_path: Path, postgres: str):
    with open_world(tmp_path, postgres) as world:
        place = back_up(world.service, tmp_path / "backups").place
        kept = json.loads((place / MANIFEST).read_text())
        kept["database"]["revision"] = "0004"
        (place / MANIFEST).write_text(json.dumps(kept))
        other = somewhere(world, "postgresql", tmp_path / "other", f"file:{tmp_path / 'restored'}")
        said: list[str] = []
        restore(other, place, said.append)
        assert "the schema is 0004; run: chusho119 db upgrade" in said
        other.close()


def test_old_backups_go_and_what_a_kill_left_goes(tmp_path: Path):
    with open_world(tmp_path) as world:
        root = tmp_path / "backups"
        (root / f"{UNFINISHED}killed").mkdir(parents=True)
        (root / "kept by somebody").mkdir()
        made = [back_up(world.service, root, keep=2).place for _ in range(4)]
        assert sorted(path.name for path in root.iterdir()) == [*(path.name for path in made[2:]), "kept by somebody"]
        assert (made[3].stat().st_mode & 0o77, (made[3] / MANIFEST).stat().st_mode & 0o77) == (0, 0)
        secrets = world.service.settings
        text_ = (made[3] / MANIFEST).read_text()
        assert not [
            key for key in (secrets.secret_key, *secrets.field_keys, secrets.access_token) if f'"{key}"' in text_
        ]


def test_a_cut_store_leaves_no_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with open_world(tmp_path) as world:
        for name in ("a", "b"):
            world.service.files.put(f"papers/{name}", b"sealed", "image/jpeg")

        def cut(_store: object, key: str) -> Iterator[bytes]:
            yield b"sea"
            raise StoreUnavailable("S3 answered SlowDown")

        monkeypatch.setattr(FolderStore, "pieces", cut)
        with pytest.raises(BackupFailed, match="the file store does not answer: S3 answered SlowDown"):
            back_up(world.service, tmp_path / "backups")
        assert not list((tmp_path / "backups").iterdir())


def test_a_store_without_the_papers_of_the_rows_is_no_backup(tmp_path: Path):
    with a_service(tmp_path, "sqlite", f"file:{tmp_path / 'files'}") as world:
        made = back_up(world.service, tmp_path / "backups", keep=1)
        assert made.missing == 0
        at = world.service.settings
        wrong = Service(replace(at, file_store_url=f"file:{tmp_path / 'elsewhere'}"), world.clock)
        with pytest.raises(BackupFailed, match=r"names \d+ files, and the store holds none .* FILE_STORE_URL"):
            back_up(wrong, tmp_path / "backups", keep=1)
        wrong.close()
        assert list((tmp_path / "backups").iterdir()) == [made.place]
        paper = next(key for key in world.service.files.all_keys() if key.startswith("papers/"))
        world.service.files.delete(paper)
        world.service.files.put("papers/other", b"sealed", "image/jpeg")
        assert back_up(world.service, tmp_path / "backups").missing == 1


def test_a_store_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with open_world(tmp_path) as world:
        away = Service(replace(world.service.settings, file_store_url="s3://papers/x"), world.clock)
        with pytest.raises(BackupFailed, match="the file store does not answer: EndpointConnectionError"):
            back_up(away, tmp_path / "backups")
        assert not list((tmp_path / "backups").iterdir())
        away.close()


# --- the commands ---------------------------------------------------------------------------------


def environment(world: World, var: Path, **more: str) -> dict[str, str]:
    at = world.service.settings
    return {
        "PATH": os.environ["PATH"], "DATABASE_URL": at.database_url, "FILE_STORE_URL": at.file_store_url,
        "SECRET_KEY": at.secret_key, "FIELD_KEYS": ",".join(at.field_keys), **more,
    }  # fmt: skip


def run(given: dict[str, str], *words: str, limit: str = "unlimited") -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f'ulimit -f {limit}; exec "$@"', "-", COMMAND, *words]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=120, check=False)


def test_the_commands(tmp_path: Path, postgres: str):
    with open_world(tmp_path, postgres) as world:
        world.service.files.put("papers/abc", b"sealed", "image/jpeg")
        given = environment(world, tmp_path)
        root = str(tmp_path / "backups")
        done = run(given, "backup", root, "--keep", "3")
        assert done.returncode == 0, done.stderr
        place = done.stdout.partition(": ")[0]
        assert ", 1 files, " in done.stdout
        refused = run(given, "restore", place)
        assert (refused.returncode, "database is not empty" in refused.stderr) == (1, True)
        assert "Traceback" not in refused.stderr
        empty = {"DATABASE_URL": fresh_database(postgres_url()), "FILE_STORE_URL": f"file:{tmp_path / 'new'}"}
        restored = run({**given, **empty}, "restore", place)
        assert restored.returncode == 0, restored.stderr
        assert "chusho119 doctor" in restored.stdout


def test_a_full_disk_ends_with_a_sentence(tmp_path: Path):
    with open_world(tmp_path) as world:
        world.service.files.put("papers/abc", os.urandom(3_000_000), "image/jpeg")
        full = run(environment(world, tmp_path), "backup", str(tmp_path / "backups"), limit="2000")
        assert full.returncode == 1
        assert "the disk: File too large" in full.stderr
        assert "Traceback" not in full.stderr
        assert not list((tmp_path / "backups").iterdir())


@pytest.mark.parametrize(("version", "words"), [(None, "pg_dump was not found"), ("", "is of PostgreSQL 16, and at")])
def test_a_missing_or_old_pg_dump_is_named(tmp_path: Path, postgres: str, version: str | None, words: str):
    with open_world(tmp_path, postgres) as world:
        tools = tmp_path if version is None else postgres_tools(version)
        given = environment(world, tmp_path) | {"PATH": str(tools)}
        done = subprocess.run(
            [COMMAND, "backup", str(tmp_path / "b")], env=given, capture_output=True, text=True, check=False
        )
        assert (done.returncode, words in done.stderr) == (1, True), done.stderr
        assert not list((tmp_path / "b").iterdir())


def test_a_killed_backup_is_no_backup(tmp_path: Path):
    """Killed at many moments: what stands there afterwards is whole, or is not called a backup."""
    with open_world(tmp_path) as world:
        for number in range(300):
            world.service.files.put(f"papers/{number:04}", os.urandom(20_000), "image/jpeg")
        given, root = environment(world, tmp_path), tmp_path / "backups"
        whole = 0
        for wait in (0.0, 0.1, 0.4, 0.8, 2.0, 20.0):
            process = subprocess.Popen([COMMAND, "backup", str(root)], env=given, stdout=subprocess.DEVNULL)
            until = time.monotonic() + 30
            while not list(root.glob(f"{UNFINISHED}*/*")) and process.poll() is None and time.monotonic() < until:
                time.sleep(0.002)
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            found = [path for path in root.iterdir() if not path.name.startswith(UNFINISHED)]
            whole += len(found)
            for path in found:
                other = somewhere(world, "sqlite", tmp_path / token_hex(3), f"file:{tmp_path / token_hex(3)}")
                restore(other, path, lambda _line: None)
                assert len(files_of(other)) == 300
                other.close()
                shutil.rmtree(path)
        assert whole, "the last one had all the time"


def test_a_database_that_is_none_of_ours(tmp_path: Path):
    with open_world(tmp_path) as world:
        url = f"sqlite:///{tmp_path / 'empty.db'}"
        make_engine(url).connect().close()
        other = Service(replace(world.service.settings, database_url=url))
        with pytest.raises(BackupFailed, match="holds nothing of ours"):
            back_up(other, tmp_path / "backups")
        other.close()
        gone = Service(replace(world.service.settings, database_url=str(make_url("sqlite:////nowhere/at/all.db"))))
        with pytest.raises(BackupFailed):
            back_up(gone, tmp_path / "backups")
