"""The three rich menus as data, and bringing LINE's side into line with them.

Words and their order: `architecture.md` 3. Sizes and rates: LINE Messaging API reference, "Rich menu object"
and "Rate limits" (100 creations and deletions an hour), hence a name with a hash: what is there is kept.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.line.client import LineClient
from bot.postbacks import MenuTap, encode
from models.rules.roles import MENU_PREFIX, Role

WIDTH: Final = 2500
HEIGHT: Final = 1686
CHAT_BAR: Final = "メニュー"
PREFIX: Final = MENU_PREFIX


@dataclass(frozen=True)
class Area:
    """One word and its place in pixels; `main` ones are drawn filled."""

    word: str
    x: int
    y: int
    width: int
    height: int
    main: bool = False

    def as_json(self) -> dict[str, Any]:
        """The area with its postback action; the label is what a screen reader says."""
        bounds = {"x": self.x, "y": self.y, "width": self.width, "height": self.height}
        action = {
            "type": "postback",
            "label": self.word,
            "data": encode(MenuTap(self.word)),
            "displayText": self.word,
        }
        return {"bounds": bounds, "action": action}


@dataclass(frozen=True)
class RichMenu:
    """A menu under its lasting alias; its areas fill the picture without gaps."""

    alias: str
    areas: tuple[Area, ...]

    def as_json(self, name: str) -> dict[str, Any]:
        """What LINE is asked to create."""
        return {
            "size": {"width": WIDTH, "height": HEIGHT},
            "selected": True,
            "name": name,
            "chatBarText": CHAT_BAR,
            "areas": [area.as_json() for area in self.areas],
        }


Row = tuple[int, tuple[str, ...]]


def _menu(role: Role, main: str, *rows: Row) -> RichMenu:
    areas: list[Area] = []
    top = 0
    for height, words in rows:
        edges = [round(WIDTH * i / len(words)) for i in range(len(words) + 1)]
        for word, left, right in zip(words, edges, edges[1:], strict=False):
            areas.append(Area(word, left, top, right - left, height, word == main))
        top += height
    return RichMenu(role.menu, tuple(areas))


NEWCOMER: Final = _menu(
    Role.NEWCOMER,
    "プロフィール登録",
    (886, ("プロフィール登録",)),
    (800, ("登録状況", "申請・リンク", "使い方")),
)
EXPERT: Final = _menu(
    Role.EXPERT,
    "派遣依頼",
    (606, ("派遣依頼", "チェックイン", "チェックアウト")),
    (540, ("報告・旅費", "謝金")),
    (540, ("プロフィール", "申請・リンク", "使い方")),
)
APPROVER: Final = _menu(
    Role.APPROVER,
    "承認待ち",
    (606, ("承認待ち", "専門家を招待")),
    (540, ("派遣を依頼", "派遣状況")),
    (540, ("専門家を探す", "申請・リンク", "使い方")),
)
MENUS: Final = (NEWCOMER, EXPERT, APPROVER)


@dataclass(frozen=True)
class Synced:
    """After a sync: alias → rich menu id, the aliases that got a new menu, and a line for each thing done."""

    ids: Mapping[str, str]
    moved: frozenset[str]
    done: tuple[str, ...]


def version(menu: RichMenu, image: bytes) -> str:
    """The name of exactly this menu with this picture."""
    definition = json.dumps(menu.as_json(""), ensure_ascii=False, sort_keys=True).encode()
    return f"{menu.alias}@{hashlib.sha256(definition + image).hexdigest()[:16]}"


def sync(
    client: LineClient,
    menus: Sequence[RichMenu],
    draw: Callable[[RichMenu], bytes],
    relink: Callable[[str, str], None] | None = None,
) -> Synced:
    """Create what is missing, move the aliases, make the first menu the default, delete our old ones.

    Running it twice creates nothing. `relink(alias, rich_menu_id)` is called for each moved alias
    before the old menu goes, for LINE drops people's links with it. Raises LineError; then just run it again.
    """
    there = client.menus()
    aliases = client.aliases()
    done: list[str] = []
    ids: dict[str, str] = {}
    for menu in menus:
        ids[menu.alias] = _ensured(client, menu, draw(menu), there, aliases.get(menu.alias), done)
    moved = frozenset(alias for alias, menu_id in ids.items() if aliases.get(alias) != menu_id)
    for alias in sorted(moved):
        _point(client, alias, ids[alias], alias in aliases, done)
        if relink:
            relink(alias, ids[alias])
    _set_default(client, ids[menus[0].alias], done)
    _sweep(client, there, aliases, ids, done)
    return Synced(ids, moved, tuple(done))


def _ensured(
    client: LineClient,
    menu: RichMenu,
    image: bytes,
    there: Sequence[Mapping[str, Any]],
    current: str | None,
    done: list[str],
) -> str:
    """The id of this menu: the one the alias names when it is this very version, else a new one.

    A menu of this version without the alias comes from a broken run and may lack its picture: it is swept.
    """
    name = version(menu, image)
    if any(old.get("name") == name and old.get("richMenuId") == current for old in there):
        return str(current)
    menu_id = client.create_menu(menu.as_json(name))
    client.upload_menu_image(menu_id, image)
    done.append(f"created {name}")
    return menu_id


def _point(client: LineClient, alias: str, menu_id: str, known: bool, done: list[str]) -> None:
    (client.update_alias if known else client.create_alias)(alias, menu_id)
    done.append(f"pointed {alias}")


def _set_default(client: LineClient, menu_id: str, done: list[str]) -> None:
    if client.default_menu() != menu_id:
        client.set_default_menu(menu_id)
        done.append("set the default menu")


def _sweep(
    client: LineClient,
    there: Sequence[Mapping[str, Any]],
    aliases: Mapping[str, str],
    ids: Mapping[str, str],
    done: list[str],
) -> None:
    for alias in sorted(aliases):
        if alias.startswith(PREFIX) and alias not in ids:
            client.delete_alias(alias)
            done.append(f"deleted alias {alias}")
    kept = set(ids.values())
    for old in there:
        if str(old.get("name", "")).startswith(PREFIX) and old.get("richMenuId") not in kept:
            client.delete_menu(str(old["richMenuId"]))
            done.append(f"deleted {old['name']}")
