"""The menus say what architecture.md 3 says, and a sync changes only what differs."""

from collections.abc import Mapping
from typing import Any

import pytest

from bot.line.client import LineClient
from bot.line.richmenus import APPROVER, EXPERT, HEIGHT, MENUS, NEWCOMER, WIDTH, Area, RichMenu, sync
from bot.postbacks import MenuTap, decode

WORDS = {
    "chusho119-newcomer": "プロフィール登録 · 登録状況 · 申請・リンク · 使い方",
    "chusho119-expert": "派遣依頼 · チェックイン · チェックアウト · 報告・旅費 · 謝金"
    " · プロフィール · 申請・リンク · 使い方",
    "chusho119-approver": "承認待ち · 専門家を招待 · 派遣を依頼 · 派遣状況 · 専門家を探す · 申請・リンク · 使い方",
}


@pytest.mark.parametrize("menu", MENUS, ids=lambda menu: menu.alias)
class TestDefinition:
    def test_words_in_their_order(self, menu: RichMenu) -> None:
        assert " · ".join(area.word for area in menu.areas) == WORDS[menu.alias]

    def test_each_area_posts_back_its_word_and_shows_it(self, menu: RichMenu) -> None:
        for area in menu.areas:
            action = area.as_json()["action"]
            assert (action["type"], action["label"], action["displayText"]) == (
                "postback",
                area.word,
                area.word,
            )
            assert decode(action["data"]) == MenuTap(area.word)
            assert len(area.word) <= 20

    def test_areas_fill_the_picture_once(self, menu: RichMenu) -> None:
        assert sum(area.width * area.height for area in menu.areas) == WIDTH * HEIGHT
        assert not [(a, b) for a in menu.areas for b in menu.areas if a is not b and overlap(a, b)]
        assert all(a.x >= 0 and a.x + a.width <= WIDTH and a.y + a.height <= HEIGHT for a in menu.areas)

    def test_targets_are_big_enough_for_a_thumb(self, menu: RichMenu) -> None:
        assert all(area.width >= WIDTH // 3 and area.height >= 500 for area in menu.areas)

    def test_one_area_is_the_main_one(self, menu: RichMenu) -> None:
        assert [area.main for area in menu.areas].count(True) == 1

    def test_within_the_limits_of_line(self, menu: RichMenu) -> None:
        body = menu.as_json(f"{menu.alias}@{'0' * 16}")
        assert len(body["chatBarText"]) <= 14
        assert len(body["areas"]) <= 20
        assert len(menu.alias) <= 32
        assert WIDTH / HEIGHT >= 1.45


def overlap(a: Area, b: Area) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


class Shelf(LineClient):
    """LINE's rich menus in memory."""

    def __init__(self) -> None:
        self.made: dict[str, Mapping[str, Any]] = {}
        self.pictures: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.default: str | None = None
        self.calls: list[str] = []
        self.broken_upload = False

    def menus(self) -> list[dict[str, Any]]:
        return [{**menu, "richMenuId": menu_id} for menu_id, menu in self.made.items()]

    def create_menu(self, definition: Mapping[str, Any]) -> str:
        menu_id = f"richmenu-{len(self.calls)}"
        self.calls.append("create")
        self.made[menu_id] = definition
        return menu_id

    def upload_menu_image(self, rich_menu_id: str, image: bytes, content_type: str = "image/png") -> None:
        if self.broken_upload:
            raise ConnectionError
        self.calls.append("upload")
        self.pictures[rich_menu_id] = image

    def delete_menu(self, rich_menu_id: str) -> None:
        self.calls.append("delete")
        assert rich_menu_id not in self.names.values(), "people see this menu"
        del self.made[rich_menu_id]

    def aliases(self) -> dict[str, str]:
        return dict(self.names)

    def create_alias(self, alias: str, rich_menu_id: str) -> None:
        assert alias not in self.names
        self.update_alias(alias, rich_menu_id)

    def update_alias(self, alias: str, rich_menu_id: str) -> None:
        self.calls.append("alias")
        self.names[alias] = rich_menu_id

    def delete_alias(self, alias: str) -> None:
        self.calls.append("delete alias")
        del self.names[alias]

    def default_menu(self) -> str | None:
        return self.default

    def set_default_menu(self, rich_menu_id: str) -> None:
        self.calls.append("default")
        self.default = rich_menu_id


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def picture(menu: RichMenu) -> bytes:
    return menu.alias.encode()


def test_the_first_sync_makes_everything(shelf: Shelf) -> None:
    synced = sync(shelf, MENUS, picture)
    assert shelf.names == synced.ids
    assert set(shelf.names) == set(WORDS) == synced.moved
    assert shelf.pictures[synced.ids[EXPERT.alias]] == b"chusho119-expert"
    assert shelf.default == synced.ids[NEWCOMER.alias]
    assert len(synced.done) == 7


def test_the_second_sync_does_nothing(shelf: Shelf) -> None:
    first = sync(shelf, MENUS, picture)
    before = list(shelf.calls)
    second = sync(shelf, MENUS, picture)
    assert shelf.calls == before
    assert (second.ids, second.moved, second.done) == (first.ids, frozenset(), ())


def test_a_new_picture_replaces_one_menu_and_people_are_relinked_before_the_old_goes(shelf: Shelf) -> None:
    old = sync(shelf, MENUS, picture).ids
    relinked: list[tuple[str, bool]] = []

    def relink(alias: str, menu_id: str) -> None:
        assert shelf.names[alias] == menu_id
        relinked.append((alias, old[alias] in shelf.made))

    synced = sync(shelf, MENUS, lambda m: b"new" if m is APPROVER else picture(m), relink)
    assert relinked == [(APPROVER.alias, True)]
    assert old[APPROVER.alias] not in shelf.made
    assert len(shelf.made) == len(MENUS)
    assert synced.moved == {APPROVER.alias}


def test_a_run_that_broke_off_is_mended(shelf: Shelf) -> None:
    shelf.broken_upload = True
    with pytest.raises(ConnectionError):
        sync(shelf, MENUS, picture)
    shelf.broken_upload = False
    synced = sync(shelf, MENUS, picture)
    assert set(shelf.made) == set(synced.ids.values()) == set(shelf.pictures)


def test_menus_and_aliases_of_others_are_left_alone_and_our_old_ones_go(shelf: Shelf) -> None:
    shelf.made |= {"theirs": {"name": "campaign"}, "ours": {"name": "chusho119-visitor@0"}}
    shelf.names |= {"campaign": "theirs", "chusho119-visitor": "ours"}
    synced = sync(shelf, MENUS, picture)
    assert set(shelf.made) == {"theirs", *synced.ids.values()}
    assert set(shelf.names) == {"campaign", *synced.ids}
