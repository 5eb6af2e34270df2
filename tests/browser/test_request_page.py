"""The request's page on a phone and a desk: kept as it is typed, filled from what is on record, sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Page, expect

from handlers.links import Links
from handlers.pages import create_pages
from handlers.usecases.dispatch import request as usecase
from models.rules.dispatch import Status
from models.rules.place import Point
from models.views.dispatch import DispatchView
from models.views.request import DraftView
from storage import dispatch, drafts
from tests.browser.conftest import sound
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
OFFICE = "東京都千代田区丸の内1-9-1"


class Site:
    """The pages on a port of their own, with an approver who has begun a request, and an expert."""

    def __init__(self, house: House) -> None:
        self.house = house
        object.__setattr__(house.services, "locate", lambda words: Point(35.68, 139.76) if "丸の内" in words else None)
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
        self.expert = dispatches.expert(house, organisation, self.approver)
        dispatches.request(house, organisation, self.approver, None)
        with house.database.unit() as uow:
            self.id = usecase.choose_expert(uow, self.approver.actor, self.expert.id, house.clock()).id

    @property
    def link(self) -> str:
        address = self.server.address
        with time_machine.travel(self.house.clock(), tick=False):
            return Links(factories.SECRET_KEY, address).page("request", self.approver.id, self.id)

    @property
    def draft(self) -> DraftView:
        with self.house.database.read() as uow:
            found = drafts.seen(uow, self.id)
        assert found
        return found

    @property
    def sent(self) -> DispatchView | None:
        with self.house.database.read() as uow:
            return dispatch.view(uow, self.id)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    house = factories.open_house(tmp_path)
    opened = Site(house)
    yield opened
    opened.server.close()
    house.database.close()


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_contain_text("保存しました")


def test_from_the_first_letter_to_the_receipt(site: Site, page: Page):
    page.goto(site.link)
    sound(page)
    page.locator("#business").fill("みほん")
    page.get_by_role("button", name="株式会社みほん製作所").click()
    expect(page.get_by_label("法人番号")).to_have_value("7000012050002")
    expect(page.get_by_label("担当者の氏名")).to_have_value("田中 一郎")
    expect(page.locator("#business")).to_have_value("株式会社みほん製作所")
    page.get_by_label("件名").fill("原価管理の見直し")
    expect(page.get_by_label("その他の支援課題")).to_be_hidden()
    page.get_by_label("支援課題", exact=True).select_option("その他")
    page.get_by_label("その他の支援課題").fill("補助金の実績報告")
    page.get_by_label("事業者の要望").fill("現場を見てほしい")
    page.get_by_role("button", name="事業者の所在地を入れる").click()
    expect(page.locator("#place")).to_have_value(OFFICE)
    expect(page.locator("[data-pinned]")).to_contain_text("設定済み")
    first = page.locator('[data-field="slot_1"]')
    first.get_by_label("日", exact=True).fill("2026-12-01")
    first.get_by_label("開始").fill("13:00")
    first.get_by_label("開始").blur()
    expect(first.get_by_label("終了")).to_have_value("15:00")
    saved(page)
    page.get_by_role("button", name="確認へ進む").click()
    expect(page.get_by_role("heading", name="送る前の確認")).to_be_visible()
    expect(page.get_by_text("12月1日（火）13:00〜15:00")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="この内容で送る").click()
    expect(page.get_by_role("heading", name="派遣を依頼しました")).to_be_visible()
    sound(page)
    made = site.sent
    assert made
    assert (made.status, made.expert, made.topic_other) == (Status.REQUESTED, "山田 太郎", "補助金の実績報告")
    assert made.place.point == Point(35.68, 139.76)
    assert made.place.source == "address"


def test_pressing_an_offered_business_leaves_the_field_alone_until_the_button_is_let_go(site: Site, page: Page):
    """Leaving the field would save the half-typed name, and what comes back could move the list away meanwhile."""
    page.goto(site.link)
    page.locator("#business").fill("みほん")
    offered = page.get_by_role("button", name="株式会社みほん製作所")
    offered.hover()
    page.mouse.down()
    expect(page.locator("#business")).to_be_focused()
    expect(offered).to_be_visible()
    page.mouse.up()
    expect(page.get_by_label("法人番号")).to_have_value("7000012050002")


def test_what_is_wrong_is_listed_first_and_marked_at_its_field(site: Site, page: Page):
    page.goto(site.link)
    page.get_by_label("担当者の電話番号").fill("12")
    page.get_by_label("担当者の電話番号").blur()
    saved(page)
    page.get_by_role("button", name="確認へ進む").click()
    expect(page.locator("#faults")).to_be_focused()
    expect(page.locator("#faults")).to_contain_text("第1希望の日時")
    expect(page.get_by_label("担当者の電話番号")).to_have_value("12")
    sound(page)
    page.locator("#faults").get_by_role("link", name="担当者の電話番号").click()
    expect(page.get_by_label("担当者の電話番号")).to_be_focused()


def test_another_screen_is_told_what_changed(site: Site, page: Page):
    page.goto(site.link)
    with site.house.database.unit() as uow:
        changes = {"title": "チャットで答えた件名", "slot_1": "2026-12-01T13:00-16:00"}
        usecase.save(uow, site.approver.actor, site.id, changes, site.house.clock())
    page.get_by_label("事業者の要望").fill("現場を見てほしい")
    page.get_by_label("事業者の要望").blur()
    expect(page.locator("#elsewhere")).to_contain_text("件名")
    expect(page.get_by_label("件名")).to_have_value("チャットで答えた件名")
    expect(page.locator('[name="slot_1_from"]')).to_have_value("13:00")
    assert site.draft.answers["wishes"] == "現場を見てほしい"


def test_what_is_in_the_way_leads_to_its_field(site: Site, page: Page):
    whole = {
        "business": "株式会社みほん製作所", "business_address": OFFICE, "contact_name": "田中 一郎",
        "contact_phone": "03-1234-5678", "title": "件名", "topic": "生産管理", "wishes": "要望", "place": OFFICE,
        "slot_1": "2026-12-05T13:00-16:00",
    }  # fmt: skip
    with site.house.database.unit() as uow:
        usecase.save(uow, site.approver.actor, site.id, whole, site.house.clock())
    page.goto(site.link)
    page.get_by_role("button", name="確認へ進む").click()
    expect(page.get_by_role("heading", name="このままでは送れません")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="日時を変える").click()
    expect(page.locator('[name="slot_1_day"]')).to_be_in_viewport()
    assert site.sent is None
