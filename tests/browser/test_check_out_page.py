"""チェックアウト in Chromium: a signature really drawn, a place, without network, and the page of the business."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from PIL import Image
from playwright.sync_api import Geolocation, Page, expect
from sqlalchemy import select

from handlers.links import Links
from handlers.pages import create_pages
from models.rules.visit import Grade, Reason
from models.tables.visit import Signature
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.factories import House
from tests.support.leaving import Visiting, visiting
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
NEAR: Geolocation = {"latitude": 35.6813, "longitude": 139.7672, "accuracy": 12}
SIGN, UNSIGNED = "署名してチェックアウト", "署名なしでチェックアウト"


class Site:
    """The pages on a port of their own; one expert is with a business since 13:00, and it is 16:40."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = self.server.address
        self.at: Visiting = visiting(house)
        self.at.comes()
        self.at.at(220)

    def links(self) -> Links:
        return Links(factories.SECRET_KEY, self.address)

    @property
    def link(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return self.links().page("check-out", self.at.expert.id, self.at.dispatch.id)

    @property
    def certify(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return self.links().certify(self.at.dispatch.id)

    def drawing(self) -> Image.Image:
        with self.house.database.read() as uow:
            key = uow.session.scalar(select(Signature.file_key))
        assert key
        sealed = self.house.services.files.get(key)
        return Image.open(BytesIO(self.house.database.vault.open(sealed)))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(factories.open_house(tmp_path))
    yield made
    made.server.close()
    made.house.database.close()


@pytest.fixture
def sheet(page: Page, site: Site) -> Page:
    """The sheet, open on a phone that knows where it is."""
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(NEAR)
    page.goto(site.link)
    return page


def draw(page: Page, *, width: float = 0.7) -> None:
    """Two strokes as a finger would make them."""
    pad = page.locator("[data-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box
    for row in (0.3, 0.6):
        page.mouse.move(box["x"] + box["width"] * 0.15, box["y"] + box["height"] * row)
        page.mouse.down()
        for step in range(1, 13):
            across = 0.15 + width * step / 12
            up = 0.12 if step % 2 else -0.12
            page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * (row + up))
        page.mouse.up()


def test_signed_with_the_finger_recorded_and_shown_at_once(sheet: Page, site: Site) -> None:
    expect(sheet.get_by_role("heading", name="株式会社みほん製作所様")).to_be_visible()
    sheet.get_by_label("対象外時間").fill("10")
    sheet.get_by_label("お名前").fill("田中 一郎")
    draw(sheet)
    sound(sheet)
    sheet.get_by_role("button", name=SIGN).click()
    expect(sheet.get_by_role("heading", name="チェックアウトしました 16:40")).to_be_visible()
    expect(sheet.get_by_text("3時間40分 − 対象外10分 = 3時間30分 → 18,480円")).to_be_visible()
    expect(sheet.get_by_text("A（場所・時刻・署名とも確認済み）")).to_be_visible()
    expect(sheet.get_by_role("heading", name="事業者の方に確認してもらう")).to_be_hidden()
    sound(sheet)
    visit = site.at.visit
    assert (visit.grade, visit.yen, visit.non_payable) == (Grade.A, 18_480, 10)
    assert visit.went
    assert visit.went.distance is not None
    drawn = site.drawing().convert("L")
    assert min(drawn.tobytes()) < 80, "black strokes"
    assert drawn.width > drawn.height


def test_a_dot_is_no_signature_and_a_sheet_can_be_done_again(sheet: Page, site: Site) -> None:
    sheet.get_by_label("お名前").fill("田中 一郎")
    sheet.get_by_role("button", name=SIGN).click()
    expect(sheet.locator("#signature-fault")).to_have_text("枠の中に、指で名前を書いてください。")
    sheet.locator("[data-pad]").click()
    sheet.get_by_role("button", name=SIGN).click()
    expect(sheet.locator("#signature-fault")).to_contain_text("署名が小さすぎます")
    draw(sheet)
    sheet.get_by_role("button", name="書き直す").click()
    sheet.get_by_role("button", name=SIGN).click()
    expect(sheet.locator("#signature-fault")).to_have_text("枠の中に、指で名前を書いてください。")
    sound(sheet)
    assert site.at.visit.went is None


def test_what_is_missing_is_said_on_top_and_at_the_field(sheet: Page, site: Site) -> None:
    sheet.get_by_label("対象外時間").fill("たくさん")
    sheet.get_by_role("button", name=SIGN).click()
    top = sheet.get_by_role("alert").get_by_role("link")
    expect(top).to_have_text("対象外時間は、0から720までの分で入力してください。")
    expect(sheet.locator("#name-fault")).to_contain_text("お名前を入力してください")
    expect(sheet.get_by_label("お名前")).to_have_attribute("aria-invalid", "true")
    sound(sheet)
    assert site.at.visit.went is None


def test_without_network_the_signed_sheet_is_kept_and_sent_once(sheet: Page, site: Site) -> None:
    sheet.get_by_label("お名前").fill("田中 一郎")
    draw(sheet)
    sheet.context.set_offline(True)
    sheet.get_by_role("button", name=SIGN).click()
    expect(sheet.get_by_role("heading", name="この端末に保存しました")).to_be_visible()
    assert site.at.visit.went is None
    sheet.context.set_offline(False)
    expect(sheet.get_by_role("heading", name="チェックアウトしました")).to_be_visible()
    assert site.at.visit.went
    assert site.at.visit.attendance
    sheet.reload()
    expect(sheet.get_by_role("heading", name="チェックアウトしました")).to_be_visible()


def test_later_means_a_qr_by_which_the_business_confirms(sheet: Page, site: Site) -> None:
    sheet.get_by_role("button", name="署名はあとで（リンクで確認してもらう）").click()
    expect(sheet.get_by_label("お名前")).to_be_hidden()
    sheet.get_by_role("button", name=UNSIGNED).click()
    expect(sheet.get_by_alt_text("確認用のQRコード")).to_be_visible()
    sound(sheet)
    assert site.at.visit.reasons == (Reason.NOT_CERTIFIED,)


def test_where_no_place_is_known_the_signature_is_not_lost(page: Page, site: Site) -> None:
    page.goto(site.link)
    page.get_by_label("お名前").fill("田中 一郎")
    draw(page)
    page.get_by_role("button", name=SIGN).click()
    expect(page.get_by_text("現在地を取得できませんでした（位置情報の許可がありません）")).to_be_visible()
    page.get_by_role("button", name="やめる").click()
    sound(page)
    page.get_by_role("button", name="位置なしで記録する").click()
    expect(page.get_by_role("heading", name="チェックアウトしました")).to_be_visible()
    visit = site.at.visit
    assert visit.attendance
    assert (visit.grade, visit.attendance.signed) == (Grade.B, True)


def test_the_business_opens_its_page_names_itself_and_confirms_once(page: Page, site: Site) -> None:
    site.at.leaves(220, rested=10)
    link = site.certify
    page.goto(link)
    expect(page.get_by_role("heading", name="支援内容の確認")).to_be_visible()
    expect(page.get_by_text("みほん製作所")).to_have_count(0)
    sound(page)
    page.get_by_role("button", name="内容を開く").click()
    expect(page.get_by_text("13:00〜16:40（3時間40分）")).to_be_visible()
    expect(page.get_by_text("山田 太郎")).to_be_visible()
    page.get_by_role("button", name="この内容で間違いありません").click()
    expect(page.get_by_role("alert")).to_be_visible()
    sound(page)
    page.get_by_label("お名前").fill("田中 一郎")
    page.get_by_role("button", name="この内容で間違いありません").click()
    expect(page.get_by_role("status")).to_have_text(
        "ご確認ありがとうございました。この記録は従事証明として保存されます。"
    )
    expect(page.get_by_role("heading", name="確認済みです")).to_be_visible()
    sound(page)
    assert site.at.visit.grade is Grade.A
    other = page.context.browser.new_context() if page.context.browser else None
    assert other
    stranger = other.new_page()
    stranger.goto(link)
    stranger.get_by_role("button", name="内容を開く").click()
    expect(stranger.get_by_text("このリンクは、最初に開いた端末だけで使えます")).to_be_visible()
    other.close()


def test_the_business_says_what_is_wrong(page: Page, site: Site) -> None:
    site.at.leaves(220)
    page.goto(site.certify)
    page.get_by_role("button", name="内容を開く").click()
    page.get_by_text("内容が違うとき").click()
    page.get_by_label("違うところ").fill("15時に終わりました")
    sound(page)
    page.get_by_role("button", name="事務局に知らせる").click()
    expect(page.get_by_role("status")).to_contain_text("事務局へお知らせしました")


def test_a_link_of_two_weeks_ago_says_what_to_do(page: Page, site: Site) -> None:
    site.at.leaves(220)
    link = site.certify
    site.house.clock.now += timedelta(days=14)
    page.goto(link)
    expect(page.get_by_text("新しいリンクをお求めください")).to_be_visible()
    sound(page)
