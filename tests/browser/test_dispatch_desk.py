"""The desk settles a dispatch in Chromium: what is checked is what is confirmed, and every page of it is sound."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from models.rules.dispatch import Status
from storage import dispatch
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.scene import Scene
from tests.support.serving import Serving

pytestmark = pytest.mark.browser


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, str]]:
    scene = Scene(tmp_path_factory.mktemp("dispatch-desk"))
    with Serving(scene.app) as server:
        yield scene, server.address
    scene.house.database.close()


def test_a_time_is_checked_changed_checked_again_and_confirmed(page: Page, place: tuple[Scene, str]) -> None:
    scene, site = place
    page.goto(f"{site}/admin/login")
    page.get_by_label("メールアドレス").fill("clerk@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    page.goto(f"{site}/admin/dispatches/{scene.dispatch.id}")
    page.get_by_role("button", name="調整を終える").click()
    sound(page)
    page.get_by_role("button", name="もどる").click()
    page.keyboard.press("e")
    page.wait_for_url("**/expert")
    page.goto(f"{page.url.partition('?')[0]}?person={scene.expert.id}")
    expect(page.get_by_role("button", name="依頼を送る")).to_be_visible()
    sound(page)
    page.goto(f"{site}/admin/dispatches/{scene.dispatch.id}")
    page.keyboard.press("t")
    page.wait_for_url("**/time")
    page.get_by_label("日付").fill("2026-12-03")
    page.get_by_label("始まり").fill("10:00")
    page.get_by_label("終わり").fill("12:00")
    page.get_by_role("button", name="この日時を確かめる").click()
    confirm = page.get_by_role("button", name="この日時に決める")
    expect(confirm).to_be_visible()
    sound(page)
    page.get_by_label("終わり").fill("13:00")
    expect(confirm).to_be_hidden()
    page.get_by_role("button", name="この日時を確かめる").click()
    expect(page.get_by_role("heading", name="10:00〜13:00 に決めますか？")).to_be_visible()
    confirm.click()
    expect(page.get_by_role("status")).to_contain_text("の日時を決めました")
    with scene.house.database.read() as uow:
        settled = dispatch.view(uow, scene.dispatch.id)
    assert settled
    assert (settled.status, settled.ends and settled.ends.hour) == (Status.CONFIRMED, 4)
