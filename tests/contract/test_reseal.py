"""Everything sealed comes under the newest key while others write, whatever is killed when, on both stores."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import String, select, update

from handlers import reseal as command
from handlers.letters import Letters
from handlers.usecases import invitation as invitation_use
from models.rules.permissions import SYSTEM
from models.tables.base import Base
from models.tables.organisation import Invitation
from models.tables.registration import Application, Paper
from models.tables.staff import Staff
from storage import drafts, imports, papers, registration, reseal, seals
from storage.database import Database
from storage.files import FileStore, open_store
from storage.reseal import Looked, Seal
from storage.secrets import SealBroken, Vault, new_key
from tests.support import dispatches, factories
from tests.support.databases import KINDS, fresh
from tests.support.factories import House
from tests.support.judging import visited
from tests.support.s3 import Seaweed
from tests.support.traces import lived

ROOT = Path(__file__).parents[2]
OLD, NEW = new_key(), new_key()
OF_A_JOB = {"uploads.file_key", "doomed_files.file_key"}
"""Files on their way in, as they came, and files on their way out."""


@dataclass
class Kept:
    """A house with something in every sealed column and a file behind every column that names one."""

    house: House
    files: FileStore
    url: str
    store_url: str
    application: str

    def database(self, *keys: str, digest: str = "") -> Database:
        return Database(self.url, Vault(keys, digest))

    def renew(self) -> list[Looked]:
        with closing(self.database(NEW, OLD)) as database:
            return list(reseal.renew(database, self.files, self.house.clock))

    def look(self, *keys: str) -> dict[Seal, set[str]]:
        found: dict[Seal, set[str]] = {seal: set() for seal in Seal}
        with closing(self.database(*keys)) as database:
            for each in reseal.look(database, self.files, self.house.clock):
                found[each.seal].add(each.place)
        return found


@pytest.fixture(params=KINDS, ids=["sqlite-folder", "postgresql-s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    url, store_url = fresh(request.param, tmp_path), f"file:{tmp_path / 'files'}"
    if request.param == "postgresql":
        server: Seaweed = request.getfixturevalue("s3")
        for name, value in server.env.items():
            monkeypatch.setenv(name, value)
        store_url = f"s3://{server.bucket}/{tmp_path.name.replace('_', '-')}"
    database = Database(url, Vault([OLD]))
    with closing(database), closing(open_store(store_url, "x" * 40)) as files:
        house = factories.house_on(database, tmp_path)
        letters = Letters(database, files, house.clock)
        house.services = replace(house.services, files=files, letters=letters)
        yield Kept(house, files, url, store_url, _fill(house))


def _fill(house: House) -> str:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
        staff = factories.staff_user(uow, "manager@example.jp", "manager")
        drafts.create(uow, approver.id, organisation, {"title": "原価"}, house.clock())
        secret = update(Staff).where(Staff.id == staff.id).values(totp_secret=uow.vault.seal(b"BASE32"))
        uow.session.execute(secret)
    life = lived(house, organisation, approver)
    expert = dispatches.expert(house, organisation, approver)
    visited(house, organisation, approver, expert)
    key = "imports/one"
    house.services.files.put(key, house.database.vault.seal(b"a,b"), "application/octet-stream")
    with house.database.unit() as uow:
        made = imports.add(uow, key, "x.csv", staff.id, house.clock())
        invitation_use.issue(uow, SYSTEM, organisation, "approver", house.clock())
        invitation = str(uow.session.scalar(select(Invitation.id).limit(1)))
        imports.keep(uow, "line 1", made, invitation, {"name": "山田"}, house.clock())
    return life.application


def places() -> set[str]:
    return {f"{table.name}.{column.name}" for table, column in seals.columns()} | set(reseal.FILES)


def test_every_sealed_column_and_file_is_known():
    """Add a new column here, and to `seals.PLAIN` or `reseal.FILES` if it is a plain one or names a sealed file."""
    assert {f"{table.name}.{column.name}" for table, column in seals.columns()} == {
        "applications.answers", "submissions.snapshot", "profile_changes.answers", "staff.totp_secret",
        "imported_experts.answers", "conversations.session", "invitations.code_sealed", "dispatch_drafts.answers",
    }  # fmt: skip
    named = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, String) and column.type.length == 160 and "key" in column.name
    }
    assert named == set(reseal.FILES) | OF_A_JOB


def test_all_of_it_comes_under_the_newest_key_and_the_old_one_may_go(kept: Kept):
    before = kept.look(NEW, OLD)
    assert before[Seal.OLD] == places()
    assert not before[Seal.BROKEN] | before[Seal.NEWEST] | before[Seal.GONE]
    assert {each.place for each in kept.renew() if each.seal is Seal.RENEWED} == places()
    after = kept.look(NEW)
    assert after[Seal.NEWEST] == places()
    assert not after[Seal.BROKEN] | after[Seal.OLD] | after[Seal.GONE]
    assert {each.seal for each in kept.renew()} == {Seal.NEWEST}, "again, nothing is left to do"
    with closing(kept.database(NEW, digest=OLD)) as database, database.read() as uow:
        assert reseal.digests_fit(uow)
        kept_key = papers.key_of(uow.vault, "U1", "x")
        assert kept_key == papers.key_of(kept.house.database.vault, "U1", "x")
    with closing(kept.database(NEW)) as database, database.read() as uow:
        assert not reseal.digests_fit(uow), "without DIGEST_KEY no code would be found any more"
    with closing(kept.database(NEW)) as database, pytest.raises(command.Refused, match="DIGEST_KEY is not the key"):
        command.reseal(database, kept.files, kept.house.clock, change=True)


def test_what_was_written_meanwhile_stays(kept: Kept, monkeypatch: pytest.MonkeyPatch):
    """Between looking and writing somebody saves other answers: theirs count."""
    replace_them, answers = reseal._replace, {**factories.ANSWERS, "strengths": "書き直しました"}

    def late(database: Database, table: object, *rest: object) -> object:
        if str(table) == "applications":
            with database.unit() as uow:
                row = registration.lock(uow, kept.application)
                assert row
                registration.save_answers(uow, row, answers)
        return replace_them(database, table, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(reseal, "_replace", late)
    assert Seal.OLD not in {each.seal for each in kept.renew()}
    with closing(kept.database(NEW)) as database, database.read() as uow:
        row = uow.session.get(Application, kept.application)
        assert row
        assert uow.vault.open_json(row.answers) == answers


def test_a_row_that_somebody_holds_is_waited_for_alone(kept: Kept):
    if kept.url.startswith("sqlite"):
        return  # One writer at a time: there are no locks of rows.
    held, go, done = threading.Event(), threading.Event(), list[Looked]()

    def hold() -> None:
        with kept.house.database.unit() as uow:
            row = registration.lock(uow, kept.application)
            assert row
            held.set()
            go.wait(30)
            registration.save_answers(uow, row, {"name": "あとから"})  # still sealed with the old key

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    worker = threading.Thread(target=lambda: done.extend(kept.renew()))
    worker.start()
    worker.join(1.5)
    assert worker.is_alive()
    go.set()
    worker.join(60)
    holder.join()
    assert Seal.OLD not in {each.seal for each in done}
    with closing(kept.database(NEW)) as database, database.read() as uow:
        row = uow.session.get(Application, kept.application)
        assert row
        assert uow.vault.open_json(row.answers) == {"name": "あとから"}


def test_two_at_once_while_somebody_writes(kept: Kept):
    stop, written, failed = threading.Event(), [0], list[BaseException]()

    def write() -> None:
        with closing(kept.database(NEW, OLD)) as database:
            while not stop.is_set():
                with database.unit() as uow:
                    row = registration.lock(uow, kept.application)
                    assert row
                    registration.save_answers(uow, row, {"count": str(written[0] + 1)})
                written[0] += 1

    def run() -> None:
        try:
            assert Seal.BROKEN not in {each.seal for each in kept.renew()}
        except BaseException as error:
            failed.append(error)

    writer, both = threading.Thread(target=write), [threading.Thread(target=run) for _ in range(2)]
    for thread in (writer, *both):
        thread.start()
    for thread in both:
        thread.join(120)
    stop.set()
    writer.join()
    assert not failed
    assert kept.look(NEW)[Seal.NEWEST] == places()
    with closing(kept.database(NEW)) as database, database.read() as uow:
        row = uow.session.get(Application, kept.application)
        assert row
        assert uow.vault.open_json(row.answers) == {"count": str(written[0])}


def test_a_file_that_no_key_opens_is_named_and_stops_nothing(kept: Kept):
    with kept.house.database.read() as uow:
        key = str(uow.session.scalar(select(Paper.file_key).order_by(Paper.id).limit(1)))
    kept.files.put(key, b"no seal", "application/octet-stream")
    found = kept.renew()
    assert {each.key for each in found if each.seal is Seal.BROKEN} == {key}
    assert kept.files.get(key) == b"no seal"
    assert kept.look(NEW)[Seal.OLD] == set()
    with closing(kept.database(NEW, OLD)) as database:
        done = command.reseal(database, kept.files, kept.house.clock, change=False)
    assert not done.fine
    assert done.lines[0] == f"BROKEN papers.file_key {key}: no key of FIELD_KEYS opens it"
    assert (done.counted[Seal.OLD], {each.key for each in done.broken}) == (0, {key})


def test_a_file_that_is_deleted_meanwhile_does_not_come_back(kept: Kept, monkeypatch: pytest.MonkeyPatch):
    with kept.house.database.read() as uow:
        key = str(uow.session.scalar(select(Paper.file_key).order_by(Paper.id).limit(1)))
    put = type(kept.files).put

    def erased_first(store: FileStore, at: str, data: bytes, content_type: str) -> None:
        if at == key:
            with kept.house.database.unit() as uow:
                papers.doom(uow, [key], kept.house.clock())
            store.delete(key)
        put(store, at, data, content_type)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(type(kept.files), "put", erased_first)
    assert Seal.GONE in {each.seal for each in kept.renew() if each.key == key}
    assert not kept.files.exists(key)


CHILD = """
import os, signal, sys
from handlers import reseal as command
from storage import reseal
from storage.database import Database
from storage.files import open_store
from storage.secrets import Vault
from tests.support.factories import START
url, store, old, new, where, name, nth = sys.argv[1:]
count = [0]
def strike(function, before):
    def struck(*args, **named):
        count[0] += 1
        now = count[0] == int(nth)
        if now and before:
            os.kill(os.getpid(), signal.SIGKILL)
        done = function(*args, **named)
        if now:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return struck
files = open_store(store, "x" * 40)
at = reseal if name == "_replace" else type(files)
setattr(at, name, strike(getattr(at, name), where == "before"))
command.reseal(Database(url, Vault([new, old])), files, lambda: START, change=True)
"""


@pytest.mark.parametrize(
    ("where", "name", "nth"),
    [("before", "_replace", 1), ("after", "_replace", 3), ("before", "put", 1), ("after", "put", 4)],
)
def test_killed_anywhere_it_goes_on(kept: Kept, where: str, name: str, nth: int):
    words = [sys.executable, "-c", CHILD, kept.url, kept.store_url, OLD, NEW, where, name, str(nth)]
    killed = subprocess.run(words, cwd=ROOT, env=dict(os.environ), check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    between = kept.look(NEW, OLD)
    assert between[Seal.OLD]
    assert not between[Seal.BROKEN]
    assert Seal.BROKEN not in {each.seal for each in kept.renew()}
    assert kept.look(NEW)[Seal.NEWEST] == places()


def test_nothing_sealed_lies_in_another_column(kept: Kept):
    """A seal in a text column would be forgotten by all this."""
    with kept.house.database.read() as uow:
        for table in Base.metadata.tables.values():
            for row in uow.session.execute(select(table)):
                assert not any(isinstance(value, str) and value.startswith("gAAAA") for value in row), table.name


def test_the_newest_key_is_told_from_the_others():
    vault = Vault([NEW, OLD])
    assert vault.is_newest(vault.seal(b"x"))
    assert not vault.is_newest(Vault([OLD]).seal(b"x"))
    with pytest.raises(SealBroken):
        vault.is_newest(Vault([new_key()]).seal(b"x"))
