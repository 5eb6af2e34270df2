"""Fresh databases of the newest schema, on SQLite and on a real PostgreSQL, copied from one migrated template each."""

import shutil
from functools import cache
from pathlib import Path
from secrets import token_hex

from sqlalchemy import make_url

from storage import schema
from storage.database import make_engine
from tests.support.postgres import fresh_database, postgres_url
from tests.support.scratch import scratch

KINDS = ("sqlite", "postgresql")


def fresh(kind: str, folder: Path) -> str:
    """The URL of an empty database of its own; the SQLite file lies in `folder`."""
    if kind == "postgresql":
        return fresh_database(postgres_url(), _postgres_template())
    return f"sqlite:///{copied(folder / f'{token_hex(4)}.db')}"


def copied(path: Path) -> Path:
    """An empty SQLite database of the newest schema at `path`."""
    shutil.copyfile(_sqlite_template(), path)
    return path


@cache
def _postgres_template() -> str:
    url = fresh_database(postgres_url())
    _migrate(url)
    name = make_url(url).database
    assert name
    return name


@cache
def _sqlite_template() -> Path:
    path = scratch("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    engine = make_engine(url)
    schema.upgrade(engine)
    engine.dispose()
