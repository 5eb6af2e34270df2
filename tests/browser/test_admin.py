"""The secretariat's desk and the approver's page, walked in Chromium as a person would, at both widths."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Browser, Page, expect

from handlers.links import Links
from handlers.pages import create_pages
from models.rules.registration import State
from storage import registration_views
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser


class Site:
    """The pages on a port of their own, with three applications that wait for the secretariat."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = self.server.address
        with house.database.unit() as uow:
            factories.staff_user(uow)
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
        self.waiting: list[str] = []
        for name, holder in (
            ("山田 太郎", "ヤマダ タロウ"),
            ("髙橋 美咲", "タカハシ ミサキ"),
            ("伊藤 健", "イトウ ケン"),
        ):
            house.clock.advance(minutes=1)
            made, _ = factories.approved_once(house, organisation, self.approver, name=name, account_holder=holder)
            self.waiting.append(made)
        self.first_stage, _ = factories.submitted(house, organisation, self.approver)

    def state(self, application_id: str) -> State:
        with self.house.database.read() as uow:
            view = registration_views.load(uow, application_id)
        assert view
        return view.state

    def papers_link(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            links = Links(factories.SECRET_KEY, self.address)
            return links.page("papers", self.approver.id, self.first_stage)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    house = factories.open_house(tmp_path)
    opened = Site(house)
    yield opened
    opened.server.close()
    house.database.close()


def log_in(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/admin/")
    sound(page)
    page.get_by_label("メールアドレス").fill("clerk@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    expect(page.get_by_role("heading", name="はじめ")).to_be_visible()


def shift(page: Page) -> str:
    return page.evaluate("document.querySelector('.panel:not([hidden]) img').style.transform")


def test_a_clerk_works_through_the_queue(page: Page, site: Site) -> None:
    log_in(page, site)
    sound(page)
    page.get_by_role("link", name="事務局の承認待ち 3").click()
    sound(page)
    page.get_by_role("link", name="山田 太郎").click()
    page.wait_for_load_state()
    page.get_by_role("button", name="承認する").click()
    sound(page)
    page.locator("dialog[open]").get_by_role("button", name="承認する").click()
    expect(page.get_by_role("status").first).to_contain_text("R-2026-000001 を承認しました")
    expect(page.get_by_role("heading", level=1)).to_have_text("髙橋 美咲")
    assert site.state(site.waiting[0]) is State.TERMS_SENT

    page.wait_for_load_state()
    page.get_by_role("button", name="差し戻す").click()
    page.get_by_role("checkbox", name="身分証明書").check()
    page.locator("dialog[open]").get_by_role("button", name="差し戻す").click()
    expect(page.get_by_role("alert")).to_contain_text("「身分証明書」のどこを直せばよいか")
    sound(page)
    expect(page.locator("#comment_identity")).to_be_focused()
    page.locator("#comment_identity").fill("有効期限が切れています")
    page.locator("dialog[open]").get_by_role("button", name="差し戻す").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("伊藤 健")
    assert site.state(site.waiting[1]) is State.RETURNED

    page.wait_for_load_state()
    page.get_by_role("button", name="否認する").click()
    page.get_by_label("否認の理由").fill("登録要件を満たしていません")
    page.locator("dialog[open]").get_by_role("button", name="否認する").click()
    expect(page.get_by_text("いまはありません")).to_be_visible()
    sound(page)
    assert site.state(site.waiting[2]) is State.REJECTED


def test_photos_are_enlarged_turned_and_compared(page: Page, site: Site) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/applications/{site.waiting[0]}")
    sound(page)
    page.get_by_role("tab", name="通帳").click()
    stage = page.locator(".panel:not([hidden]) .stage")
    expect(page.locator(".panel:not([hidden]) .beside")).to_contain_text("1234567")
    expect(page.locator(".panel:not([hidden]) img").first).to_have_js_property("naturalWidth", 1200)
    fitting = shift(page)
    page.get_by_role("button", name="大きくする").click()
    expect(page.locator("[data-scale]")).to_have_text("130%")
    assert shift(page) != fitting
    page.get_by_role("button", name="全体を見る").click()
    assert shift(page) == fitting
    page.get_by_role("button", name="右に90度回す").click()
    assert "rotate(90deg)" in shift(page)
    image, frame = page.locator(".panel:not([hidden]) img").bounding_box(), stage.bounding_box()
    assert image
    assert frame
    assert image["height"] <= frame["height"] + 1
    assert image["width"] <= frame["width"] + 1
    assert image["height"] > image["width"]
    stage.hover()
    page.mouse.wheel(0, -400)
    before = shift(page)
    assert "rotate(90deg)" in before
    page.mouse.down()
    page.mouse.move(frame["x"] + 20, frame["y"] + 20)
    page.mouse.up()
    assert shift(page) != before
    page.get_by_role("button", name="次の写真").click()
    expect(page.get_by_role("tab", selected=True)).to_have_text("顔写真")


def at_desk(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.locator("[data-viewer][data-ready]").wait_for()


def test_the_keyboard_is_enough(page: Page, site: Site) -> None:
    log_in(page, site)
    page.goto(f"{site.address}/admin/applications/{site.waiting[1]}")
    at_desk(page, "髙橋 美咲")
    page.keyboard.press("n")
    at_desk(page, "伊藤 健")
    page.keyboard.press("p")
    at_desk(page, "髙橋 美咲")
    page.keyboard.press(".")
    expect(page.get_by_role("tab", selected=True)).to_have_text("身分証明書")
    page.keyboard.press("]")
    assert "rotate(90deg)" in shift(page)
    page.keyboard.press("r")
    page.locator("#comment").press_sequentially("anpr は文字として入ります")
    expect(page.locator("#comment")).to_have_value("anpr は文字として入ります")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator("dialog#approve")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("伊藤 健")
    assert site.state(site.waiting[1]) is State.TERMS_SENT


def test_the_other_pages_are_sound(page: Page, site: Site) -> None:
    log_in(page, site)
    for path in ("organisations", "account", "troubles", "applications?q=zzz", "applications?state=all", "nothing"):
        page.goto(f"{site.address}/admin/{path}")
        sound(page)
    page.goto(f"{site.address}/admin/organisations")
    page.get_by_role("button", name="千代田商工会の担当者用コードを作る").click()
    sound(page)
    page.get_by_role("button", name="文面をコピーする").click()
    expect(page.get_by_role("status")).to_contain_text("コピー")


def test_an_approver_reads_papers_on_the_phone(page: Page, site: Site, chromium: Browser) -> None:
    link = site.papers_link()
    page.goto(link)
    sound(page)
    page.get_by_role("tab", name="通帳").click()
    expect(page.locator(".panel:not([hidden]) .beside")).to_contain_text("みずほ銀行（0001）")
    expect(page.locator(".panel:not([hidden]) img").first).to_have_js_property("naturalWidth", 1200)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("山田 太郎さん")
    other = chromium.new_page()
    other.goto(link)
    expect(other.get_by_text("LINEの「承認待ち」からもう一度開いてください")).to_be_visible()
    sound(other)
    other.close()
