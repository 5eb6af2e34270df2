"""`richmenu sync`: menus to LINE, their ids into our table, everybody linked again where a menu was replaced."""

from datetime import datetime
from typing import TYPE_CHECKING

from bot.line import richmenus
from bot.line.menu_images import draw
from storage import outbox, people, system
from storage.database import Database

if TYPE_CHECKING:
    from bot.line.client import LineClient


def sync(database: Database, client: "LineClient", now: datetime) -> tuple[str, ...]:
    """Idempotent; returns a line for each thing done."""
    done = richmenus.sync(client, richmenus.MENUS, draw)
    with database.unit() as uow:
        system.keep_menu_ids(uow, dict(done.ids))
        for alias in sorted(done.moved):
            for user_id in people.user_ids_with_menu(uow, alias):
                outbox.link_menu(uow, user_id, alias, now)
    return done.done or ("rich menus are up to date",)
