"""A person's dispatches and fees on a phone and at a desk: tabs, search, keys; nothing too wide or left unsaid."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Page, expect

from handlers.links import Links
from handlers.pages import create_pages
from models.rules.dispatch import Status, Why
from models.rules.visit import Evidence
from models.views.people import PersonView
from tests.browser.conftest import sound
from tests.support import dispatches, factories
from tests.support.own_pages import Pair
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
LONG = "事業承継に向けた計画づくりと、金融機関へ説明するための資料の作成、およびその後の見直し"


class Site(Pair):
    """The pages on a port of their own, with a dispatch at every status and three fees."""

    def __init__(self, folder: Path) -> None:
        super().__init__(factories.open_house(folder))
        app = create_pages(self.house.services, factories.SECRET_KEY)
        self.server = Serving(app)
        now = self.house.clock()
        for at, status in enumerate(Status):
            why = Why.REOPENED if status is Status.NEEDS_COORDINATION else None
            self.asks(status, title=f"{LONG}{at}", times=(dispatches.slot(now, at + 1),), why=why)
        for month, evidence in ((11, Evidence.CLEAR), (10, Evidence.WAITING), (3, Evidence.REJECTED)):
            at = datetime(2026, month, 10, 4, 0, tzinfo=UTC)
            self.visited(self.asks(Status.COMPLETED, title="済んだ支援", times=((at, at),)), at, 160, evidence=evidence)

    def link(self, purpose: str, person: PersonView) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            address = self.server.address
            return Links(factories.SECRET_KEY, address).page(purpose, person.id, person.id)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path)
    yield opened
    opened.server.close()
    opened.house.database.close()


def test_an_approver_searches_and_opens_one(page: Page, site: Site) -> None:
    page.goto(site.link("dispatches", site.approver))
    sound(page)
    expect(page.get_by_role("link", name="進行中 6件")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name="調整中 1件").click()
    expect(page.locator(".cards > li")).to_have_count(1)
    page.get_by_label("さがす").fill("済んだ")
    page.get_by_label("さがす").press("Enter")
    expect(page.locator(".cards > li")).to_have_count(3)
    page.get_by_text("年度・期間などでしぼる").click()
    page.get_by_label("年度", exact=True).select_option("2025")
    page.get_by_role("button", name="さがす").click()
    expect(page.locator(".cards > li")).to_have_count(1)
    sound(page)
    page.get_by_role("link", name="済んだ支援").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("済んだ支援")
    sound(page)
    page.get_by_role("link", name="一覧へもどる").click()
    page.get_by_label("さがす").fill("どこにもない")
    page.get_by_role("button", name="さがす").click()
    expect(page.get_by_text("この条件に合う派遣はありません")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="条件をすべて外す").first.click()
    expect(page.locator(".cards > li")).to_have_count(6)


def test_an_expert_reads_the_fees_and_keeps_the_file(page: Page, site: Site) -> None:
    page.goto(site.link("fees", site.expert))
    sound(page)
    expect(page.get_by_text("26,400円", exact=True).first).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("link", name="2026年度のCSVを保存する").click()
    assert kept.value.suggested_filename == "謝金_2026年度_2026-11-18.csv"
    page.get_by_role("link", name="2025年度").click()
    expect(page.get_by_text("認められていません").first).to_be_visible()
    sound(page)
