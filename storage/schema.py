"""Bringing a database to the newest schema."""

from functools import cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("storage") / "migrations"))
    return config


def upgrade(engine: Engine) -> None:
    """Apply every revision that is missing; two processes at once do it one after the other.

    A schema that a newer release made stays as it is: it fits this one too (CONTRIBUTING.md).
    """
    config = _config()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(8119)"))
        if is_known(MigrationContext.configure(connection).get_current_revision()):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """Whether the schema is the one this code was written for."""
    return revision(engine) == head()


def revision(engine: Engine) -> str | None:
    """The revision the database stands at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_known(number: str | None) -> bool:
    """Whether this code knows a revision; an unknown one was written by a newer release."""
    known = ScriptDirectory.from_config(_config()).walk_revisions()
    return number is None or number in {each.revision for each in known}


@cache
def head() -> str | None:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def revise(engine: Engine, message: str, number: str) -> None:
    """Write a new revision from the difference between the tables and a database (for developers)."""
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message=message, autogenerate=True, rev_id=number)
