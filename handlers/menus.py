"""`richmenu sync`: menus to LINE, their ids into our table, everybody linked again where a menu was replaced."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from bot.line import richmenus
from bot.line.menu_images import draw
from storage import outbox, people, system
from storage.database import Conflict, Database
from storage.inbox import ms

if TYPE_CHECKING:
    from bot.line.client import LineClient


class SyncRunning(Exception):
    """Somebody else is at it: each would take the other's new menus away."""


def sync(database: Database, client: "LineClient", now: datetime) -> tuple[str, ...]:
    """Idempotent; returns a line for each thing done. SyncRunning while another one runs, LineError from LINE."""
    with _alone(database, now):
        done = richmenus.sync(client, richmenus.MENUS, draw)
        with database.unit() as uow:
            system.keep_menu_ids(uow, dict(done.ids))
            for alias in sorted(done.moved):
                for user_id in people.user_ids_with_menu(uow, alias):
                    outbox.link_menu(uow, user_id, alias, now)
    return done.done or ("rich menus are up to date",)


@contextmanager
def _alone(database: Database, now: datetime) -> Iterator[None]:
    owner = uuid.uuid4().hex
    try:
        with database.unit() as uow:
            ours = system.take_job_lease(uow, "richmenu", owner, ms(now), ms(now + system.HOLD))
    except Conflict:
        ours = False
    if not ours:
        raise SyncRunning
    try:
        yield
    finally:
        with database.unit() as uow:
            system.drop_job_lease(uow, "richmenu", owner)
