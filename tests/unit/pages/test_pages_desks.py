"""窓口: regional desks added, changed and removed by managers; one for all others, a prefecture with one desk."""

import re
from collections.abc import Sequence

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from models.views.people import DeskView
from storage import audit, desks
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

GENERAL = {"name": "全国事務局", "phone": "06-1234-5678", "mail": "all@example.jp", "hours": "平日 9:00〜17:00"}
EAST = {**GENERAL, "name": "東日本事務局", "phone": "03-1234-5678", "address": "東京都千代田区見本町1-1"}


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


def stamp(browser: Browser, path: str = "/admin/desks/new") -> str:
    found = re.search(r'name="seen" value="(\w+)"', browser.get(path).text)
    assert found
    return found[1]


def save(
    browser: Browser,
    words: dict[str, str],
    desk_id: str = "new",
    *,
    others: bool = False,
    prefectures: Sequence[str] = (),
) -> TestResponse:
    path = f"/admin/desks/{desk_id}"
    serves = "others" if others else "chosen"
    return browser.post(path, seen=stamp(browser, path), serves=serves, prefecture=[*prefectures], **words)


def known(house: House) -> dict[str, DeskView]:
    with house.database.read() as uow:
        return {desk.name: desk for desk in desks.everything(uow)}


@pytest.fixture
def two(house: House, boss: Browser) -> dict[str, DeskView]:
    """A desk of all others, and one of two prefectures."""
    assert save(boss, GENERAL, others=True).status_code == 302
    assert save(boss, EAST, prefectures=("東京都", "千葉県")).status_code == 302
    return known(house)


def test_desks_are_added_listed_and_found(two: dict[str, DeskView], boss: Browser, house: House) -> None:
    page = boss.get("/admin/desks").text
    assert "ほかのすべての都道府県" in page
    assert "千葉県、東京都" in page
    assert "全国事務局" not in boss.get("/admin/desks?q=東京").text
    with house.database.read() as uow:
        near, far = desks.desk_for(uow, "東京都"), desks.desk_for(uow, "沖縄県")
        assert near
        assert far
        assert (near.name, near.address, far.name) == ("東日本事務局", "東京都千代田区見本町1-1", "全国事務局")
        assert audit.of_subject(uow, "desk", near.id)[0].action == "desk.add"
    assert "東日本事務局" in boss.get("/admin/desks.csv").text


def test_a_prefecture_that_moves_is_said(two: dict[str, DeskView], boss: Browser, house: House) -> None:
    form = boss.get("/admin/desks/new").text
    assert "いまは東日本事務局" in form
    words = {**GENERAL, "name": "千葉事務局"}
    assert save(boss, words, prefectures=("千葉県", "茨城県")).status_code == 302
    assert "千葉県を「東日本事務局」から移しました。" in boss.get("/admin/desks").text
    after = known(house)
    assert after["東日本事務局"].prefectures == ("東京都",)
    assert after["千葉事務局"].prefectures == ("茨城県", "千葉県")


def test_the_desk_of_all_others_changes_places(two: dict[str, DeskView], boss: Browser, house: House) -> None:
    assert save(boss, EAST, two["東日本事務局"].id, others=True).status_code == 302
    assert "「全国事務局」に移しました" in boss.get("/admin/desks").text
    after = known(house)
    assert after["東日本事務局"].prefectures == ()
    assert after["全国事務局"].prefectures == ("千葉県", "東京都")


def test_what_does_not_fit_is_explained_at_the_field_and_kept(two: dict[str, DeskView], boss: Browser) -> None:
    typed = {"name": "東日本事務局", "phone": "119", "mail": "x", "hours": "", "address": "<b>住所"}
    refused = save(boss, typed)
    assert refused.status_code == 422
    for words in ("もうあります", "市外局番から", "「@」をひとつ", "受付時間を", "ひとつ以上選んで", "&lt;b&gt;住所"):
        assert words in refused.text
    assert 'href="#phone"' in refused.text
    assert 'aria-describedby="fault-phone"' in refused.text


@pytest.mark.parametrize("others", [True, False])
def test_there_is_always_one_desk_for_all_others(two: dict[str, DeskView], boss: Browser, house: House, others) -> None:
    if others:
        assert "「全国事務局」が担当しています" in save(boss, {**GENERAL, "name": "二つめ"}, others=True).text
    else:
        refused = save(boss, GENERAL, two["全国事務局"].id, prefectures=("北海道",))
        assert "ひとつ必要です" in refused.text
        gone = boss.post(f"/admin/desks/{two['全国事務局'].id}/remove", seen=stamp(boss))
        assert gone.status_code == 422
        assert "削除できません" in gone.text
    assert known(house) == two


def test_the_first_desk_must_serve_all_others(boss: Browser, house: House) -> None:
    assert "checked" in boss.get("/admin/desks/new").text.partition('value="others"')[2][:20]
    assert save(boss, GENERAL, prefectures=("北海道",)).status_code == 422
    assert not known(house)


def test_a_removed_desk_leaves_its_prefectures_to_the_others(two, boss: Browser, house: House) -> None:
    east = two["東日本事務局"].id
    assert "削除しますか" in boss.get(f"/admin/desks/{east}").text
    assert boss.post(f"/admin/desks/{east}/remove", seen=stamp(boss)).status_code == 302
    assert set(known(house)) == {"全国事務局"}
    assert boss.get(f"/admin/desks/{east}").status_code == 404
    assert boss.post(f"/admin/desks/{east}/remove", seen=stamp(boss)).status_code == 404
    with house.database.read() as uow:
        assert audit.of_subject(uow, "desk", east)[-1].action == "desk.remove"


def test_of_two_managers_the_slower_one_loses_no_word(two, boss: Browser, house: House) -> None:
    east = two["東日本事務局"].id
    old = stamp(boss)
    assert save(boss, EAST, east, prefectures=("東京都",)).status_code == 302
    form = {**EAST, "hours": "平日 10:00〜16:00", "serves": "chosen", "prefecture": ["東京都", "埼玉県"]}
    late = boss.post(f"/admin/desks/{east}", seen=old, **form)
    assert late.status_code == 409
    assert "ほかの方が窓口の内容を変えました" in late.text
    assert 'value="平日 10:00〜16:00"' in late.text
    assert known(house)["東日本事務局"].hours == EAST["hours"]
    fresh = re.search(r'name="seen" value="(\w+)"', late.text)
    assert fresh
    assert boss.post(f"/admin/desks/{east}", seen=fresh[1], **form).status_code == 302
    assert known(house)["東日本事務局"].prefectures == ("埼玉県", "東京都")


def test_only_managers_change_desks(two, house: House, clerk: Browser, reader: Browser) -> None:
    east = two["東日本事務局"].id
    for browser in (clerk, reader):
        assert "窓口を加える" not in browser.get("/admin/desks").text
        assert browser.get("/admin/desks/new").status_code == 403
        page = browser.get(f"/admin/desks/{east}").text
        assert "東京都千代田区見本町1-1" in page
        assert "保存する" not in page
        for path in ("new", east, f"{east}/remove"):
            assert browser.post(f"/admin/desks/{path}", seen="x", serves="others", **GENERAL).status_code == 403
    assert known(house) == two


def test_junk_is_answered(boss: Browser) -> None:
    junk = {"name": "\x00" * 9, "phone": "🙂" * 500, "mail": "@" * 900, "hours": "\x7f", "address": "a" * 9000}
    sent = boss.post("/admin/desks/new", seen="\x00", serves="junk", prefecture=["江戸", ""], **junk)
    assert sent.status_code in (409, 422)
    assert boss.post("/admin/desks/new", seen=stamp(boss), **junk).status_code == 422
