"""Two browsers on one application; the secretariat's house-keeping pages, looked at and used, at both widths."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from handlers.pages import create_pages
from storage import desks, settings
from tests.browser.conftest import DESK, sound
from tests.support import factories
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
POLL = 15_000
PAGES = (
    "", "settings", "settings/invitation_days", "settings/retain_rejected_days", "desks", "desks/new", "consent",
    "consent/2026-11", "staff", "account",
)  # fmt: skip


class Site:
    """The pages on a port of their own, with a manager, a clerk and one application that waits."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = f"{self.server.address}/admin"
        with house.database.unit() as uow:
            factories.staff_user(uow)
            factories.staff_user(uow, "boss@example.jp", "manager")
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        made, _ = factories.approved_once(house, organisation, approver)
        self.desk = f"{self.address}/applications/{made}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    house = factories.open_house(tmp_path)
    opened = Site(house)
    yield opened
    opened.server.close()
    house.database.close()


def log_in(page: Page, site: Site, email: str = "boss@example.jp") -> None:
    page.goto(f"{site.address}/login")
    page.get_by_label("メールアドレス").fill(email)
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    expect(page.get_by_role("heading", name="はじめ")).to_be_visible()


def test_two_browsers_see_each_other_and_the_slower_one_overwrites_nothing(site: Site, chromium: Browser) -> None:
    first, second = (chromium.new_context(viewport=DESK, locale="ja-JP").new_page() for _ in range(2))
    log_in(first, site, "clerk@example.jp")
    log_in(second, site)
    first.clock.install()
    first.goto(site.desk)
    expect(first.locator("#presence")).to_be_hidden()
    second.goto(site.desk)
    expect(second.locator("#presence")).to_have_text("鈴木 一郎さんがこの申請を開いています（10:00から）。")
    with first.expect_response(re.compile("presence")):
        first.clock.run_for(POLL)
    expect(first.locator("#presence")).to_be_visible()
    first.keyboard.press("r")
    first.get_by_role("checkbox", name="身分証明書").check()
    first.locator("#comment_identity").fill("有効期限が切れています")
    second.keyboard.press("a")
    second.locator("#approve").get_by_role("button", name="承認する").click()
    expect(second.locator(".receipt")).to_contain_text("承認しました")
    first.locator("#return").get_by_role("button", name="差し戻す").click()
    expect(first.get_by_role("alert")).to_contain_text("承認にしたため")
    expect(first.get_by_role("alert")).to_contain_text("有効期限が切れています")
    site.house.clock.advance(seconds=46)
    with first.expect_response(re.compile("presence")):
        first.clock.run_for(POLL)
    expect(first.locator("#presence")).to_be_hidden()
    first.context.close()
    second.context.close()


def test_every_house_keeping_page_is_sound(site: Site, page: Page) -> None:
    for path in ("login", "forgot", "password/x"):
        page.goto(f"{site.address}/{path}")
        sound(page)
    log_in(page, site)
    for path in PAGES:
        page.goto(f"{site.address}/{path}")
        sound(page)
    page.goto(f"{site.address}/staff")
    page.get_by_role("link", name="鈴木 一郎").first.click()
    sound(page)


def test_a_dangerous_change_asks_for_the_password_and_goes_on(site: Site, page: Page) -> None:
    log_in(page, site)
    site.house.clock.advance(minutes=11)
    page.goto(f"{site.address}/settings/retain_rejected_days")
    page.get_by_label("新しい値").fill("60")
    page.get_by_role("button", name="変える", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("元に戻せません")
    page.get_by_role("dialog").get_by_role("button", name="変える").click()
    sound(page)
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="確かめて続ける").click()
    expect(page.get_by_role("status")).to_contain_text("90日から60日に変えました")
    with site.house.database.read() as uow:
        assert settings.value(uow, "retain_rejected_days") == 60


def test_a_desk_is_added_with_its_prefectures(site: Site, page: Page) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/desks/new")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("alert")).to_contain_text("まだ保存していません")
    sound(page)
    for label, words in (("名前", "全国事務局"), ("電話番号", "0120-123-456"), ("メールアドレス", "a@example.jp")):
        page.get_by_label(label).fill(words)
    page.get_by_label("受付時間").fill("平日 9:00〜17:00")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("status")).to_contain_text("「全国事務局」を保存しました")
    with site.house.database.read() as uow:
        assert [desk.phone for desk in desks.everything(uow)] == ["0120-123-456"]
