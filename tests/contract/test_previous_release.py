"""A migration fits the release before it: what that release did on its own schema, it can do on today's."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from models.tables.base import Base
from storage import schema
from storage.ack import Arrived, open_acknowledger
from storage.database import Conflict, Database
from storage.secrets import Vault, new_key
from tests.support import factories, tape, taping
from tests.support.databases import KINDS, fresh
from tests.support.postgres import fresh_database, plain_url, postgres_url
from tests.support.tape import Player, Step, TapeBroken

DEAF = """
CREATE FUNCTION deaf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER deaf BEFORE UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION deaf()
"""


def played() -> list[Path]:
    """The tape of the release before, and today's own when it is there already."""
    tapes = tape.newest()
    own = [path for path in tapes if tape.revision_of(path) == schema.head()]
    return own + [path for path in tapes if path not in own][:1]


def play(steps: Iterable[Step], template: str) -> int:
    """Every reel on a database of its own; how many steps there were."""
    count = 0
    for _, reel in groupby(steps, lambda step: step.reel):
        player = Player(fresh_database(postgres_url(), template))
        try:
            for step in reel:
                player.play(step)
                count += 1
        finally:
            player.close()
    return count


def name_of(url: str) -> str:
    return str(make_url(url).database)


@pytest.mark.parametrize("path", played(), ids=tape.revision_of)
def test_what_the_release_before_did_works_on_todays_schema(path: Path):
    assert play(tape.read(path), name_of(fresh("postgresql", Path()))) > 10_000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("ALTER TABLE conversations DROP COLUMN fence", "does not exist"),
        ("ALTER TABLE people RENAME COLUMN name TO full_name", "does not exist"),
        ("ALTER TABLE audit ADD COLUMN why text NOT NULL", "null value in column"),
        ("ALTER TABLE inbox ADD COLUMN source text NOT NULL", "null value in column"),
        ("ALTER TABLE approvers RENAME TO members", "does not exist"),
        ("ALTER TABLE people ALTER COLUMN name TYPE varchar(2)", "too long"),
        ("DROP INDEX ix_inbox_pending; ALTER TABLE inbox DROP CONSTRAINT uq_inbox_event_id", "ON CONFLICT"),
        (DEAF, "rows instead of"),
    ],
)
def test_a_migration_that_does_not_fit_is_noticed(change: str, said: str):
    """The test of the test: each of these breaks what the release before does."""
    url = fresh("postgresql", Path())
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute(change.encode())
    with pytest.raises(TapeBroken, match=said):
        play(tape.read(tape.newest()[0]), name_of(url))


def test_what_a_release_may_do_is_not_noticed():
    """Tables, columns that nobody must fill, indexes and wider types: the reels that come first show enough."""
    url = fresh("postgresql", Path())
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE more (id text PRIMARY KEY)")
        connection.execute("ALTER TABLE people ADD COLUMN more text")
        connection.execute("ALTER TABLE audit ADD COLUMN more text NOT NULL DEFAULT ''")
        connection.execute("ALTER TABLE people ALTER COLUMN name TYPE text")
        connection.execute("CREATE INDEX ix_more ON audit (at)")
    first = []
    for step in tape.read(tape.newest()[0]):
        first.append(step)
        if len(first) > 3000:
            break
    assert play(first, name_of(url)) > 3000


def test_a_tape_shows_every_table():
    steps = list(tape.read(played()[-1]))
    assert tape.revision_of(played()[-1]) != schema.head()
    assert any(step.line == tape.ACK for step in steps)
    assert not taping.untouched(steps)
    kinds = {step.statement.split()[0] for step in steps}
    assert {"SELECT", "INSERT", "UPDATE", "DELETE", "commit", "rollback"} <= kinds


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path):
    moment, first = datetime(2026, 11, 24, tzinfo=UTC), next(iter(tape.read(tape.newest()[0])))
    values = {"a": b"\0\xff", "b": None, "c": [1, "二"], "d": moment, "e": date(2026, 11, 24), "f": Decimal("1.10")}
    steps = [first._replace(values=values), first._replace(values=None, statement="commit"), first]
    assert list(tape.read(_kept(tmp_path, steps))) == steps


def _kept(folder: Path, steps: list[Step]) -> Path:
    path = folder / "x.jsonl.xz"
    tape.write(path, steps)
    return path


def test_the_recorder_hears_everything(tmp_path: Path):
    """A unit that commits, one that fails, a look, and the acknowledger: all on the tape, and playable."""
    url, recorder = fresh("postgresql", tmp_path), taping.Recorder()
    empty = name_of(fresh("postgresql", tmp_path))
    database, acknowledger = Database(url, Vault([new_key()])), open_acknowledger(url)
    with recorder.on():
        with database.unit() as uow:
            factories.organisation(uow)
        with pytest.raises(Conflict), database.unit() as uow:
            factories.organisation(uow)
        acknowledger.store([Arrived("e1", "U" + "0" * 32, 1, 2, b"{}")])
        database.check()
    acknowledger.close()
    database.close()
    assert [step.refused for step in recorder.steps if step.refused] == ["23505"]
    assert [step.line for step in recorder.steps].count(tape.ACK) == 1
    path = _kept(tmp_path, recorder.steps)
    assert play(tape.read(path), empty) == len(recorder.steps)
    lax = fresh("postgresql", tmp_path)
    with psycopg.connect(plain_url(lax), autocommit=True) as connection:
        connection.execute("ALTER TABLE organisations DROP CONSTRAINT uq_organisations_name")
    with pytest.raises(TapeBroken, match="now is not"):
        play(tape.read(path), name_of(lax))
    assert Base.metadata.tables.keys() - set(taping.untouched(recorder.steps)) >= {"organisations", "inbox"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_release_before_leaves_a_newer_schema_as_it_is(kind: str, tmp_path: Path):
    """After a rollback its `db upgrade` runs again, and does not fail on a revision it has never heard of."""
    database = Database(fresh(kind, tmp_path), Vault([new_key()]))
    with database.unit() as uow:
        uow.session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    schema.upgrade(database.engine)
    assert schema.revision(database.engine) == "9999"
    database.close()
