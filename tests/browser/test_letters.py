"""Terms, commission letters and the expert's own letter page, walked in Chromium at both widths."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from playwright.sync_api import Page, expect

from handlers.links import Links
from handlers.pages import create_pages
from models.views.people import PersonView
from tests.browser.conftest import sound
from tests.support import factories
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser


class Office:
    """The pages on a port of their own, with two experts who agreed to the terms."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = self.server.address
        with house.database.unit() as uow:
            factories.staff_user(uow, "manager@example.jp", "manager")
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
        self.agreed = [
            factories.agreed(house, organisation, self.approver, name=name) for name in ("山田 太郎", "髙橋 美咲")
        ]

    def letter_link(self, application: str, person: PersonView) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            letter = factories.letter_of(self.house, application)
            return Links(factories.SECRET_KEY, self.address).page("letter", person.id, letter.id)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    house = factories.open_house(tmp_path)
    opened = Office(house)
    yield opened
    opened.server.close()
    house.database.close()


def log_in(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/admin/")
    page.get_by_label("メールアドレス").fill("manager@example.jp")
    page.get_by_label("パスワード").fill(factories.PASSWORD)
    page.get_by_role("button", name="ログインする").click()
    expect(page.get_by_role("heading", name="はじめ")).to_be_visible()


def test_a_manager_publishes_new_terms(page: Page, office: Office) -> None:
    log_in(page, office)
    page.goto(f"{office.address}/admin/terms")
    sound(page)
    page.get_by_label("版の名前").fill(factories.TERMS_VERSION)
    page.get_by_label("本文").fill("第1条 新しい条件です。\n第2条 改行はそのまま見えます。")
    page.get_by_role("button", name="公開する").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("直すことも消すこともできません")
    sound(page)
    page.get_by_role("dialog").get_by_role("button", name="公開する").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("本文")).to_have_value("第1条 新しい条件です。\n第2条 改行はそのまま見えます。")
    page.get_by_label("版の名前").fill("2027-1")
    page.get_by_role("button", name="公開する").first.click()
    page.get_by_role("dialog").get_by_role("button", name="公開する").click()
    expect(page.get_by_role("row", name="2027-1版")).to_contain_text("いま送っている版")
    sound(page)
    page.get_by_role("link", name="2027-1版").click()
    sound(page)
    page.goto(f"{office.address}/p/terms/2027-1")
    expect(page.get_by_text("第2条 改行はそのまま見えます。")).to_be_visible()
    sound(page)


def test_many_letters_are_issued_and_an_expert_opens_the_own_one(page: Page, office: Office) -> None:
    log_in(page, office)
    page.goto(f"{office.address}/admin/letters")
    sound(page)
    page.get_by_label("すべて選ぶ").check()
    page.get_by_role("button", name="発行する").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("2件の委嘱状を発行しますか？")
    sound(page)
    page.get_by_role("dialog").get_by_role("button", name="発行する").click()
    expect(page.get_by_text("発行しています")).to_be_visible()
    sound(page)
    office.house.work()
    expect(page.get_by_text("2件の委嘱状を発行しました。")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="就任承諾待ちの一覧へ").click()
    expect(page.get_by_role("link", name="髙橋 美咲")).to_be_visible()
    application, person = office.agreed[0]
    page.goto(office.letter_link(application, person))
    expect(page.get_by_role("heading", level=1)).to_have_text("山田 太郎さん")
    expect(page.get_by_text("就任を承諾する")).to_be_visible()
    sound(page)
    with page.expect_download() as coming:
        page.get_by_role("link", name="委嘱状を保存する").click()
    assert coming.value.path().read_bytes().startswith(b"%PDF-")
    factories.accept(office.house, person, application)
    page.reload()
    expect(page.get_by_role("link", name="就任承諾書を開く")).to_be_visible()
    sound(page)
