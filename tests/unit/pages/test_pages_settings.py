"""設定: the hub, the values with their source and history, and who may change them."""

import re

import pytest
from flask import Flask

from models.rules.settings import ALL, SETTINGS
from storage import audit, settings
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

DAYS = "/admin/settings/invitation_days"


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


def value(house: House, key: str = "invitation_days") -> int:
    with house.database.read() as uow:
        return settings.value(uow, key)


def seen(browser: Browser, path: str = DAYS) -> str:
    found = re.search(r'name="seen" value="(\d+)"', browser.get(path).text)
    assert found
    return found[1]


def test_the_hub_leads_everywhere_a_manager_goes(boss: Browser) -> None:
    page = boss.get("/admin/settings").text
    ways = re.findall(r'<li><a href="([^"]+)"><b>', page)
    assert len(ways) == 7
    assert all(boss.get(way).status_code == 200 for way in ways)


def test_others_see_the_values_and_not_what_is_for_managers(clerk: Browser, reader: Browser, house: House) -> None:
    for browser in (clerk, reader):
        page = browser.get("/admin/settings").text
        assert "職員" not in page
        assert "14日" in page
        assert "<form method" not in browser.get(DAYS).text.partition("<main")[2]
        assert browser.post(DAYS, value="20", seen="0").status_code == 403
    assert value(house) == 14


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
def test_a_value_of_ours_is_never_shown_as_a_rule(clerk: Browser, setting) -> None:
    page = clerk.get(f"/admin/settings/{setting.key}").text
    assert setting.effect in page
    assert ("仮の値" in page) is setting.assumed
    assert clerk.get("/admin/settings").text.count("仮の値</span>") == sum(each.assumed for each in ALL) + 1


def test_a_change_counts_and_is_kept_with_who_and_when(house: House, boss: Browser) -> None:
    changed = boss.post(DAYS, value=" ２１日", seen=seen(boss))
    assert changed.status_code == 302
    page = boss.get(DAYS).text
    assert "「招待コードの有効期間」を14日から21日に変えました。" in page
    assert "鈴木 一郎" in page
    assert "14日 → <b>21日</b>" in page
    assert "14日に戻す" in page
    assert value(house) == 21
    with house.database.read() as uow:
        entry = audit.of_subject(uow, "setting", "invitation_days")[-1]
    assert (entry.action, entry.from_state, entry.to_state) == ("settings.change", "14", "21")


def test_a_change_is_taken_back_beside_its_history(house: House, boss: Browser) -> None:
    boss.post(DAYS, value="21", seen=seen(boss))
    boss.post(DAYS, value="14", seen=seen(boss))
    assert value(house) == 14
    page = boss.get(DAYS).text
    assert "21日 → <b>14日</b>" in page
    assert page.count("に戻す</button>") == 1, "back to 21 alone: 14 holds now"


def test_a_number_that_does_not_fit_is_explained_and_kept(house: House, boss: Browser) -> None:
    refused = boss.post(DAYS, value="百日", seen=seen(boss))
    assert refused.status_code == 422
    assert "1から90までの整数" in refused.text
    assert 'value="百日"' in refused.text
    assert value(house) == 14
    early = boss.post("/admin/settings/colleagues_after_days", value="5", seen="0")
    assert "より小さい数" in early.text


def test_the_same_value_changes_nothing(house: House, boss: Browser) -> None:
    boss.post(DAYS, value="14", seen=seen(boss))
    assert "同じなので" in boss.get(DAYS).text
    with house.database.read() as uow:
        assert not audit.of_subject(uow, "setting", "invitation_days")


def test_of_two_managers_the_slower_one_is_told(house: House, boss: Browser, app: Flask) -> None:
    at = seen(boss)
    assert boss.post(DAYS, value="21", seen=at).status_code == 302
    late = boss.post(DAYS, value="7", seen=at)
    assert late.status_code == 422
    assert "ほかの方がこの設定を変えました" in late.text
    assert 'value="7"' in late.text
    assert value(house) == 21


def test_a_change_after_ten_minutes_takes_the_password(house: House, boss: Browser) -> None:
    at = seen(boss)
    house.clock.advance(minutes=11)
    assert boss.post(DAYS, value="21", seen=at).status_code == 401
    assert value(house) == 14
    assert boss.post(DAYS, value="21", seen=at, password_again=factories.PASSWORD).status_code == 302
    assert value(house) == 21


def test_shortening_what_is_kept_warns_first(boss: Browser) -> None:
    page = boss.get("/admin/settings/retain_rejected_days").text
    assert "元に戻せません" in page
    assert "data-opens" in page
    assert "data-opens" not in boss.get(DAYS).text


def test_settings_are_asked_for_once_a_transaction(house: House) -> None:
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(house.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with house.database.read() as uow:
        assert [settings.value(uow, key) for key in SETTINGS] == [each.default for each in ALL]
    assert sum("settings" in statement for statement in asked) == 1


def test_a_change_is_seen_in_the_same_transaction(house: House) -> None:
    with house.database.unit() as uow:
        assert settings.value(uow, "invitation_days") == 14
        settings.change(uow, "invitation_days", 30, None, house.clock())
        assert settings.value(uow, "invitation_days") == 30


def test_a_setting_nobody_defined_is_no_page(clerk: Browser) -> None:
    assert clerk.get("/admin/settings/nothing").status_code == 404
    with pytest.raises(KeyError):
        SETTINGS["nothing"]
