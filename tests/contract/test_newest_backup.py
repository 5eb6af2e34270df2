"""What the service knows of its newest backup: from its own audit, after a restore from the one it came from."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from handlers.backup import back_up, restore
from handlers.bootstrap import Service
from models.rules.permissions import SYSTEM
from models.tables.audit import AuditEntry
from storage import audit, standing
from storage.backup import BackupFailed
from storage.database import Database, Unavailable
from storage.secrets import Vault, new_key
from storage.standing import Backup
from tests.support.backups import a_service, postgres_tools, somewhere
from tests.support.databases import KINDS, fresh
from tests.support.statements import counted
from tests.support.world import open_world

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def pg_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{postgres_tools()}:{os.environ['PATH']}")


def newest(service: Service) -> Backup | None:
    with service.database.read() as uow:
        return standing.last_backup(uow)


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_knows_its_newest_backup_and_a_restored_one_where_it_comes_from(tmp_path: Path, kind: str):
    """No dump holds its own row: without one more, a restored database would believe in the backup before."""
    with a_service(tmp_path, kind, f"file:{tmp_path / 'files'}") as world:

        def now() -> datetime:
            return world.clock().replace(microsecond=0)

        assert newest(world.service) is None
        back_up(world.service, tmp_path / "backups")
        world.clock.forward(hours=24)
        began = now()
        second = back_up(world.service, tmp_path / "backups")
        assert newest(world.service) == Backup(began, second.size, restored=False)
        other = somewhere(world, kind, tmp_path / "other", f"file:{tmp_path / 'restored'}")
        world.clock.forward(hours=5)
        restore(other, second.place, lambda _line: None)
        assert newest(other) == Backup(began, second.size, restored=True)
        third = back_up(other, tmp_path / "elsewhere")
        assert newest(other) == Backup(now(), third.size, restored=False)
        assert newest(world.service) == Backup(began, second.size, restored=False)
        other.close()


def test_a_backup_that_the_service_cannot_know_of_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is there, and no old one goes for it; but the command fails, for the alarm would ring all the same."""
    with open_world(tmp_path) as world:
        back_up(world.service, tmp_path / "backups", keep=1)
        before = newest(world.service)

        def away(*_given: object, **_named: object) -> None:
            raise Unavailable("OperationalError")

        monkeypatch.setattr(audit, "record", away)
        with pytest.raises(BackupFailed, match=r"database does not answer: .* The backup was made \(\S+\), but"):
            back_up(world.service, tmp_path / "backups", keep=1)
        assert len(list((tmp_path / "backups").iterdir())) == 2
        assert newest(world.service) == before


def test_a_backup_that_fails_changes_nothing_of_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with open_world(tmp_path) as world:
        back_up(world.service, tmp_path / "backups")
        before = newest(world.service)
        world.clock.forward(hours=24)
        monkeypatch.setenv("PATH", "")
        (tmp_path / "a file").touch()
        with pytest.raises(BackupFailed):
            back_up(world.service, tmp_path / "a file")
        assert newest(world.service) == before


def test_the_newest_entry_counts_whatever_its_moment_is(database: Database):
    """A restore from an older backup is newer than the backups before it; other actions are no backups."""
    assert _last(database) is None
    for action, hours in (("backup.make", 48), ("backup.make", 24), ("backup.restore", 72), ("backups.make", 0)):
        with database.unit() as uow:
            moment = f"{NOW - timedelta(hours=hours):%Y%m%dT%H%M%SZ}"
            audit.record(uow, SYSTEM, action, ("backup", moment), NOW, detail="119")
    assert _last(database) == Backup(NOW - timedelta(hours=72), 119, restored=True)


def _last(database: Database) -> Backup | None:
    with database.read() as uow:
        return standing.last_backup(uow)


@pytest.mark.parametrize("made", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_long_audit_is_not_read(tmp_path: Path, kind: str, made: bool):
    """At each scrape: one statement, answered from the index of actions, also when no backup was ever made."""
    database = Database(fresh(kind, tmp_path), Vault([new_key()]))
    rows = [
        {"at": NOW, "actor_kind": "staff", "action": "staff.log_in", "subject_kind": "staff", "subject_id": str(at)}
        for at in range(20_000)
    ]
    with database.unit() as uow:
        if made:
            audit.record(uow, SYSTEM, "backup.make", ("backup", "20261124T030000Z"), NOW, detail="119")
        uow.session.flush()
        uow.session.execute(insert(AuditEntry), rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE audit" if kind == "postgresql" else "ANALYZE"))
    with counted(database) as statements:
        assert (_last(database) is not None) == made
    (statement,) = [each for each in statements if "SELECT" in each]
    plan = _plan(database, statement)
    assert "ix_audit_action" in plan, plan
    for whole in ("Seq Scan on audit", "SCAN audit"):
        assert not [line for line in plan.splitlines() if whole in line and "INDEX" not in line], plan
    database.close()


def _plan(database: Database, statement: str) -> str:
    """Of the statement as it was, with its two actions and its limit."""
    given = (standing.BACKED_UP, standing.RESTORED, 1)
    if database.engine.dialect.name == "postgresql":
        names = ("action_1", "action_2", "param_1")
        with database.engine.connect() as connection:
            found = connection.exec_driver_sql(f"EXPLAIN {statement}", dict(zip(names, given, strict=True)))
            return "\n".join(row[0] for row in found)
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (*given, 0)[: statement.count("?")])
        return "\n".join(str(row[-1]) for row in found)
