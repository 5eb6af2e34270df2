"""The search for an expert on a phone and at a desk: nothing is too wide, everything can be reached, one tap asks."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Page, expect

from handlers.links import Links
from handlers.pages import create_pages
from handlers.usecases.dispatch import request as usecase
from models.rules.fields import Value
from models.rules.request import POINT
from tests.browser.conftest import sound
from tests.support import dispatches, factories
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
LONG = "食品製造業の原価管理と、金融機関へ説明するための資料づくりを、現場を一緒に歩きながら支援します。\n" * 4
DRAFT: dict[str, Value] = {
    "business": "株式会社みほん製作所", "topic": "経営戦略", "slot_1": "2026-12-01T13:00-16:00",
    "slot_2": "2026-12-02T10:00-12:00", "place": "東京都千代田区丸の内1-9-1", POINT: "35.681236,139.767125",
}  # fmt: skip


class Site:
    """The pages on a port of their own, with an approver who is writing a request and three experts."""

    def __init__(self, folder: Path) -> None:
        self.house = factories.open_house(folder)
        with self.house.database.unit() as uow:
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
        for name, kana, answers in (
            ("山田 太郎", "ヤマダ タロウ", {"strengths": LONG}),
            ("佐藤 花子", "サトウ ハナコ", {"prefecture": "大阪府", "specialities": ["経営戦略", "創業", "資金調達"]}),
            (
                "鈴木 一郎",
                "スズキ イチロウ",
                {"weekly_off": ["火"], "qualifications": ["税理士", "中小企業診断士", "行政書士"]},
            ),
        ):
            dispatches.expert(self.house, organisation, self.approver, name=name, kana=kana, **answers)
        with self.house.database.unit() as uow:
            draft = usecase.begin(uow, self.approver.actor, "", self.house.clock())
            usecase.save(uow, self.approver.actor, draft.id, DRAFT, self.house.clock())
        self.server = Serving(create_pages(self.house.services, factories.SECRET_KEY))

    def link(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            address = self.server.address
            return Links(factories.SECRET_KEY, address).page("experts", self.approver.id, self.approver.id)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path)
    yield opened
    opened.server.close()
    opened.house.database.close()


def test_an_approver_looks_around_and_asks(page: Page, site: Site) -> None:
    page.goto(site.link())
    sound(page)
    expect(page.locator(".experts > li")).to_have_count(3)
    expect(page.get_by_label("専門分野")).to_have_value("経営戦略")
    page.get_by_text("得意分野・経歴を見る").first.click()
    expect(page.get_by_text("現場を一緒に歩き").first).to_be_visible()
    sound(page)
    page.get_by_label("氏名").fill("はなこ")
    page.get_by_label("氏名").press("Enter")
    expect(page.locator(".experts > li")).to_have_count(1)
    page.get_by_label("地域").select_option("東京都")
    page.get_by_role("button", name="さがす").click()
    expect(page.get_by_text("見つかりませんでした")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="条件をすべて外す").click()
    expect(page.locator(".experts > li")).to_have_count(3)
    page.locator(".experts > li", has_text="佐藤 花子").get_by_role("button").click()
    expect(page).to_have_url(re.compile("/p/request/"))
    with site.house.database.read() as uow:
        held = usecase.own(uow, site.approver.actor)
    assert held
    assert held.expert == "佐藤 花子"
