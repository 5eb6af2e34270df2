"""The expert's profile, phone and desk: the calendar by tap and by key, each section, a change with its photo."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from handlers.links import Links
from handlers.pages import create_pages
from models.views.profile import ProfileView
from storage import profile
from tests.browser.conftest import sound
from tests.support import factories, photos
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
TODAY = date(2026, 11, 18)


class Site:
    """The pages on a port of their own, with one active expert."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = self.server.address
        with house.database.unit() as uow:
            factories.staff_user(uow)
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        made, self.expert = factories.commissioned(house, organisation, approver)
        factories.accept(house, self.expert, made)

    @property
    def link(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return Links(factories.SECRET_KEY, self.address).page("profile", self.expert.id, self.expert.id)

    @property
    def profile(self) -> ProfileView:
        with self.house.database.read() as uow:
            found = profile.view(uow, self.expert.id, TODAY)
        assert found
        return found

    def days(self) -> list[str]:
        return sorted(day.isoformat() for day in self.profile.days_off)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    house = factories.open_house(tmp_path)
    opened = Site(house)
    yield opened
    opened.server.close()
    house.database.close()


def saved(page: Page, count: int) -> None:
    expect(page.get_by_role("status")).to_contain_text(f"休みの日は{count}日です")


def test_days_off_are_tapped_and_saved_at_once(page: Page, site: Site) -> None:
    page.goto(site.link)
    sound(page)
    page.get_by_role("link", name="休みの日を変更する").click()
    expect(page.get_by_role("heading", name="2027年2月")).to_be_attached()
    sound(page)
    for name in ("2026年11月24日（火）を休みにする", "2026年12月25日（金）を休みにする"):
        box = page.get_by_role("checkbox", name=name)
        box.scroll_into_view_if_needed()
        box.click()
    saved(page, 2)
    assert site.days() == ["2026-11-24", "2026-12-25"]
    sound(page)
    page.get_by_role("checkbox", name="2026年11月24日（火）を休みにする").focus()
    page.keyboard.press("Space")
    saved(page, 1)
    assert site.days() == ["2026-12-25"]
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("status")).to_contain_text("保存しました")
    expect(page.get_by_text("12/25（金）")).to_be_visible()


def test_a_second_device_and_a_dead_connection_lose_no_day(page: Page, site: Site) -> None:
    page.goto(site.link)
    other = page.context.new_page()
    for each in (page, other):
        each.goto(f"{site.link}/days")
    page.get_by_role("checkbox", name="2026年11月24日（火）を休みにする").click()
    saved(page, 1)
    other.get_by_role("checkbox", name="2026年11月25日（水）を休みにする").click()
    saved(other, 2)
    expect(other.get_by_role("checkbox", name="2026年11月24日（火）を休みにする")).to_be_checked()
    blocked: list[str] = []

    def cut(route: Route) -> None:
        blocked.append(route.request.url)
        route.abort()

    page.route("**/days", cut)
    page.get_by_role("checkbox", name="2026年11月26日（木）を休みにする").click()
    expect(page.get_by_role("status")).to_contain_text("まだ保存できていません")
    assert blocked
    page.unroute("**/days")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("status")).to_contain_text("保存しました")
    assert site.days() == ["2026-11-24", "2026-11-25", "2026-11-26"]
    other.close()


def test_a_tap_just_before_the_page_is_left_is_kept(page: Page, site: Site) -> None:
    page.goto(site.link)
    page.goto(f"{site.link}/days")
    page.get_by_role("checkbox", name="2026年11月24日（火）を休みにする").click()
    page.get_by_role("link", name="プロフィールへもどる").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("プロフィール")
    page.wait_for_timeout(500)
    assert site.days() == ["2026-11-24"]


def test_without_scripts_the_button_saves(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    plain = context.new_page()
    plain.goto(site.link)
    plain.goto(f"{site.link}/days")
    plain.get_by_role("checkbox", name="2026年11月24日（火）を休みにする").click()
    plain.get_by_role("button", name="保存する").click()
    expect(plain.get_by_role("status")).to_contain_text("保存しました")
    assert site.days() == ["2026-11-24"]
    context.close()


def test_every_section_is_walked(page: Page, site: Site) -> None:
    page.goto(site.link)
    page.get_by_role("button", name="受付を止める").click()
    expect(page.get_by_text("受付停止中")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="受付を再開する").click()
    page.get_by_role("link", name="連絡先を変更する").click()
    sound(page)
    page.get_by_label("電話番号").fill("0120-123-456")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_role("alert")).to_contain_text("電話番号")
    sound(page)
    page.get_by_label("電話番号").fill("03-1234-5678")
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_text("03-1234-5678")).to_be_visible()
    page.get_by_role("link", name="定休日と時間を変更する").click()
    sound(page)
    page.get_by_label("開始").select_option("10:00")
    page.get_by_role("checkbox", name="月曜日").check()
    page.get_by_role("button", name="保存する").click()
    expect(page.get_by_text("10:00〜17:00")).to_be_visible()
    for name in ("専門分野", "検索に出す項目"):
        page.get_by_role("link", name=f"{name}を変更する").click()
        sound(page)
        page.get_by_role("checkbox").first.click()
        page.get_by_role("button", name="保存する").click()
        expect(page.get_by_role("status")).to_contain_text("保存しました")


def test_a_new_account_with_its_photo_is_decided_at_the_desk(page: Page, site: Site) -> None:
    page.goto(site.link)
    page.get_by_role("link", name="口座を変更する").click()
    sound(page)
    page.get_by_role("textbox", name="金融機関", exact=True).press_sequentially("みずほ")
    page.get_by_role("button", name="みずほ銀行（0001）").click()
    page.get_by_role("textbox", name="支店", exact=True).fill("新宿")
    page.get_by_role("radio", name="普通").check()
    page.get_by_label("口座番号").fill("7654321")
    page.get_by_label("口座名義カナ").fill("ヤマダ タロウ")
    photo = FilePayload(name="book.jpg", mimeType="image/jpeg", buffer=photos.jpeg(text="new book"))
    page.locator("#paper").set_input_files(photo)
    expect(page.get_by_text("受け取りました")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="事務局へ送る").click()
    expect(page.get_by_role("status")).to_contain_text("口座の変更を事務局へ送りました")
    page.get_by_role("link", name="口座の変更を見る").click()
    expect(page.get_by_role("button", name="変更を取り下げる")).to_be_visible()
    sound(page)

    page.goto(f"{site.address}/admin/changes")
    page.get_by_label("メールアドレス").fill("clerk@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    sound(page)
    page.get_by_role("link", name="山田 太郎").click()
    page.locator("[data-viewer][data-ready]").wait_for()
    expect(page.locator(".panel:not([hidden]) img").first).to_have_js_property("naturalWidth", 1200)
    sound(page)
    page.get_by_role("button", name="差し戻す").click()
    page.locator("dialog[open]").get_by_role("button", name="差し戻す").click()
    expect(page.get_by_role("alert")).to_contain_text("差し戻す理由")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="承認する").click()
    sound(page)
    page.locator("dialog[open]").get_by_role("button", name="承認する").click()
    expect(page.get_by_role("status")).to_contain_text("口座の変更を承認しました")
    assert site.profile.answers["account_number"] == "7654321"
