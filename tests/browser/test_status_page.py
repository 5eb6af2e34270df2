"""システムの状態 and 届かなかったもの, looked at and used at both widths."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from handlers.pages import create_pages
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.examining import ANSWERED, BAD, FINE, WRONG, Told
from tests.support.given_up import event, message
from tests.support.serving import Serving

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[str, Told]]:
    house = factories.open_house(tmp_path)
    told = Told(at=house.clock())
    app = create_pages(replace(house.services, examiner=told), factories.SECRET_KEY)
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
        message(uow, house.clock())
        message(uow, house.clock(), held=True)
        event(uow, house.clock())
    with Serving(app) as server:
        yield f"{server.address}/admin", told
    house.database.close()


def log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/login")
    page.get_by_label("メールアドレス").fill("boss@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    expect(page.get_by_role("heading", name="はじめ")).to_be_visible()


def test_the_state_is_sound_fine_and_bad_and_long(desk: tuple[str, Told], page: Page) -> None:
    address, told = desk
    log_in(page, address)
    page.goto(f"{address}/status")
    sound(page)
    told.findings, told.others = [*FINE, *BAD], [*ANSWERED, *WRONG]
    page.get_by_role("button", name="いま確かめる").click()
    expect(page.get_by_role("button", name="もう一度確かめる")).to_be_visible()
    for group in page.locator("details.group").all():
        group.locator("> summary").click()
    expect(page.get_by_text("LINEに登録したWebhookのアドレスが").last).to_be_visible()
    sound(page)
    page.get_by_role("button", name="もう一度確かめる").click()
    expect(page.get_by_role("alert")).to_contain_text("少し前に確かめたばかりです")
    assert told.asks == 1


def test_given_up_messages_are_chosen_and_put_away(desk: tuple[str, Told], page: Page) -> None:
    address, _ = desk
    log_in(page, address)
    page.goto(f"{address}/troubles")
    sound(page)
    forms = page.locator("form[data-choose]")
    forms.first.get_by_label("すべて選ぶ").check()
    forms.first.get_by_role("button", name="片づける").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("1件を片づけますか")
    sound(page)
    dialog.get_by_role("button", name="片づける").click()
    expect(page.get_by_role("status")).to_contain_text("1件を片づけました")
    page.locator("form[data-choose]").last.get_by_role("checkbox", name="番を選ぶ").first.check()
    page.get_by_role("button", name="もう一度処理する").click()
    expect(page.get_by_role("status")).to_contain_text("1件をもう一度試します")
