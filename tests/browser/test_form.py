"""詳細申請 in Chromium, as on a phone and at a desk: typed, kept, mended, looked at, and sent back to LINE."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, expect

from handlers.links import Links
from handlers.pages import create_pages
from handlers.usecases.registration import draft
from models.views.registration import ApplicationView
from storage import registration_views
from tests.browser.conftest import PHONE, sound
from tests.support import factories, photos
from tests.support.factories import ANSWERS
from tests.support.forms import DETAIL_KEYS
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
MOST_BYTES = 150_000
LATER = re.compile("保存しました")


class Site:
    """The pages on a port of their own, with a draft whose 詳細申請 is empty."""

    def __init__(self, folder: Path) -> None:
        self.house = factories.open_house(folder)
        self.server = Serving(create_pages(self.house.services, factories.SECRET_KEY))
        self.address = self.server.address
        with self.house.database.unit() as uow:
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        self.application, self.applicant = factories.filled_draft(self.house, organisation, approver)
        self.keeps(**dict.fromkeys(DETAIL_KEYS))

    def keeps(self, **values: Any) -> None:
        with self.house.database.unit() as uow:
            draft.save_fields(uow, self.applicant.actor, self.application, values)

    def view(self) -> ApplicationView:
        with self.house.database.read() as uow:
            view = registration_views.load(uow, self.application)
        assert view
        return view

    def link(self) -> str:
        self.house.clock.advance(minutes=1)
        with time_machine.travel(self.house.clock(), tick=False):
            return Links(factories.SECRET_KEY, self.address).page("form", self.applicant.id, self.application)

    def close(self) -> None:
        self.server.close()
        self.house.database.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport=PHONE, locale="ja-JP", has_touch=True)
    yield context
    context.close()


def until(done: Callable[[], bool]) -> None:
    """The page is gone, so nothing on it can be waited for."""
    for _ in range(100):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("never kept")


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text(LATER)


def fill_detail(page: Page) -> None:
    page.get_by_label("職務経歴").fill("2005年〜2015年 ○○製作所\n2015年に独立")
    page.get_by_label("支援実績").fill("原価管理を支援し、粗利率が改善")
    page.get_by_label("得意分野・自己PR").fill("現場を一緒に歩きます")
    page.get_by_label("勤務先なし・自営").check()
    page.get_by_label("開始").select_option("09:00")
    page.get_by_label("終了").select_option("17:00")
    page.get_by_label("土曜日").check()
    page.get_by_label("日曜日").check()


def test_everything_is_typed_looked_at_and_told_to_the_talk(page: Page, site: Site) -> None:
    page.goto(site.link())
    sound(page)
    expect(page.locator('[data-part="detail"]')).to_have_text("0/5")
    fill_detail(page)
    page.get_by_label("インボイス登録番号").fill("２８３５６７８２５６２４６")
    page.get_by_label("電話番号").fill("12345")
    saved(page)
    page.get_by_role("button", name="確認する").click()
    expect(page.locator("#faults")).to_be_focused()
    sound(page)
    page.locator("#faults").get_by_role("link", name="電話番号").click()
    expect(page.get_by_label("電話番号")).to_be_in_viewport()
    page.get_by_label("電話番号").fill("０３−１２３４−５６７８")
    page.get_by_label("インボイス登録番号").fill("5835678256246")
    page.get_by_label("氏名", exact=True).focus()
    expect(page.get_by_label("電話番号")).to_have_value("03-1234-5678")
    expect(page.get_by_label("インボイス登録番号")).to_have_value("T5835678256246")
    page.get_by_role("button", name="確認する").click()
    expect(page.get_by_role("heading", name="内容の確認")).to_be_visible()
    sound(page)
    page.get_by_role("link", name=re.compile("直す.*詳細申請")).click()
    expect(page.get_by_label("職務経歴")).to_have_value("2005年〜2015年 ○○製作所\n2015年に独立")
    page.get_by_role("button", name="確認する").click()
    page.get_by_role("button", name="この内容で保存してLINEにもどる").click()
    expect(page.get_by_text("LINEにもどって承認依頼を送ってください")).to_be_visible()
    sound(page)
    held = site.view().answers
    assert held["hours"] == "09:00-17:00"
    assert held["weekly_off"] == ["土", "日"]
    assert held["employment"] == "self"
    assert site.house.told == [site.applicant.user_id]


def test_what_is_typed_is_there_after_a_reload_and_after_leaving_at_once(page: Page, site: Site) -> None:
    link = site.link()
    page.goto(link)
    page.get_by_label("職務経歴").press_sequentially("途中まで")
    saved(page)
    page.reload()
    expect(page.get_by_label("職務経歴")).to_have_value("途中まで")
    page.get_by_label("支援実績").press_sequentially("書いてすぐ閉じる")
    page.goto("about:blank")
    until(lambda: site.view().answers.get("support_record") == "書いてすぐ閉じる")
    page.goto(link)
    expect(page.get_by_label("支援実績")).to_have_value("書いてすぐ閉じる")


def test_an_answer_is_mended_at_its_field_as_soon_as_it_is_left(page: Page, site: Site) -> None:
    page.goto(site.link())
    page.get_by_label("氏名", exact=True).fill("山田太郎")
    page.get_by_label("フリガナ").focus()
    fault = page.locator("#name-fault")
    expect(fault).to_contain_text("姓と名の区切りがわかりませんでした")
    sound(page)
    fault.get_by_role("button", name="山田 太郎").click()
    expect(fault).to_be_empty()
    expect(page.get_by_label("氏名", exact=True)).to_have_value("山田 太郎")
    saved(page)
    assert site.view().name == "山田 太郎"


def test_a_bank_and_its_branch_are_found_by_keyboard(page: Page, site: Site) -> None:
    page.goto(site.link())
    page.get_by_label("金融機関", exact=True).fill("みずほ信")
    expect(page.get_by_role("button", name="みずほ信託銀行（0289）")).to_be_in_viewport()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("金融機関", exact=True)).to_have_value("みずほ信託銀行（0289）")
    expect(page.get_by_label("支店", exact=True)).to_have_value("")
    page.get_by_label("支店", exact=True).fill("ほん")
    expect(page.locator(".found:visible button").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".found:visible")).to_have_count(0)
    page.get_by_label("支店", exact=True).fill("本店")
    page.locator(".found:visible button").first.click()
    page.get_by_label("口座番号").focus()
    expect(page.locator("#saved")).to_have_text(LATER)
    assert site.view().answers["bank"] == "0289"
    assert len(site.view().answers["branch"]) == 3


def test_without_network_it_says_so_keeps_trying_and_loses_nothing(page: Page, site: Site) -> None:
    page.goto(site.link())
    page.route("**/save", lambda route: route.abort())
    page.get_by_label("職務経歴").fill("電波のない所で書いた")
    expect(page.locator("#saved")).to_contain_text("保存できませんでした。電波のよい所で")
    page.get_by_role("button", name="確認する").click()
    expect(page.get_by_label("職務経歴")).to_have_value("電波のない所で書いた")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.unroute("**/save")
    saved(page)
    assert site.view().answers["career_history"] == "電波のない所で書いた"

    def busy(route: Route) -> None:
        route.fulfill(status=503, body="")

    page.route("**/save", busy)
    page.get_by_label("支援実績").fill("混み合っているとき")
    expect(page.locator("#saved")).to_contain_text("保存できませんでした")
    page.close(run_before_unload=True)
    page.wait_for_event("close")
    assert asked == ["beforeunload"]


def test_another_device_is_noticed_and_nothing_is_overwritten_unseen(page: Page, site: Site) -> None:
    page.goto(site.link())
    site.keeps(phone="03-1234-5678", strengths="パソコンで書いた")
    page.get_by_label("得意分野・自己PR").fill("電話で書いた")
    page.get_by_label("職務経歴").focus()
    expect(page.get_by_label("電話番号")).to_have_value("03-1234-5678")
    told = page.locator("#elsewhere")
    expect(told).to_contain_text("ほかの端末で変わった項目：電話番号")
    expect(told).to_contain_text("「パソコンで書いた」")
    sound(page)
    assert site.view().answers["strengths"] == "電話で書いた"


def test_once_it_was_sent_from_the_talk_an_open_page_says_so(page: Page, site: Site) -> None:
    from handlers.usecases.registration import submit

    page.goto(site.link())
    site.keeps(**{key: ANSWERS.get(key) for key in DETAIL_KEYS})
    with site.house.database.unit() as uow:
        submit.submit(uow, site.applicant.actor, site.application, site.house.clock())
    page.get_by_label("職務経歴").fill("もう遅い")
    expect(page.locator("#saved")).to_contain_text("支援機関の承認待ち")
    expect(page.get_by_label("職務経歴")).to_have_value("もう遅い")
    page.reload()
    expect(page.get_by_role("heading", name="いまは直せません")).to_be_visible()
    sound(page)


def test_a_certificate_is_sent_from_the_page(page: Page, site: Site, tmp_path: Path) -> None:
    with site.house.database.unit() as uow:
        draft.keep_papers(uow, site.applicant.actor, site.application, {"certificate": []}, site.house.clock())
    page.goto(site.link())
    expect(page.locator('[data-part="papers"]')).to_have_text("3/4")
    file = tmp_path / "certificate.jpg"
    file.write_bytes(photos.jpeg(1600, 1200, "certificate"))
    page.get_by_label("資格証明書を送る", exact=True).set_input_files(file)
    expect(page.get_by_text("受け取りました。")).to_be_visible()
    expect(page.locator('[data-part="papers"]')).to_have_text("4/4")
    expect(page.locator('[data-held="certificate"]')).to_have_text("届いています")
    sound(page)


def test_it_works_without_any_script(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(viewport=PHONE, locale="ja-JP", java_script_enabled=False)
    page = context.new_page()
    page.goto(site.link())
    page.get_by_label("職務経歴").fill("スクリプトなしで")
    page.get_by_label("金融機関", exact=True).fill("みずほ信")
    page.get_by_role("button", name="保存する").click()
    expect(page.locator("#saved")).to_have_text(LATER)
    expect(page.get_by_label("職務経歴")).to_have_value("スクリプトなしで")
    expect(page.get_by_label("金融機関", exact=True)).to_have_value("みずほ信託銀行（0289）")
    page.get_by_role("button", name="確認する").click()
    expect(page.get_by_role("heading", name="入力を確かめてください")).to_be_visible()
    context.close()


def test_the_page_is_light_for_a_slow_phone_and_does_not_jump(phone: BrowserContext, site: Site) -> None:
    page = phone.new_page()
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.update({answer.url.split("?")[0]: len(answer.body())}))
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
        "if (!entry.hadRecentInput) window.shift += entry.value; })).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto(site.link(), wait_until="networkidle")
    fill_detail(page)
    page.get_by_label("電話番号").fill("12345")
    page.get_by_label("氏名", exact=True).focus()
    expect(page.locator("#phone-fault")).to_contain_text("携帯電話は11桁")
    assert sum(sizes.values()) < MOST_BYTES, sizes
    assert page.evaluate("window.shift") < 0.02


def test_a_pc_goes_on_with_the_link_shown_on_the_phone(page: Page, site: Site, chromium: Browser) -> None:
    page.goto(site.link())
    with time_machine.travel(site.house.clock(), tick=True):
        page.get_by_role("link", name="パソコンで続ける").click()
        expect(page.get_by_alt_text("パソコンで開くためのQRコード")).to_be_visible()
    sound(page)
    link = page.get_by_label("パソコンで開くリンク").input_value().replace("http://localhost", site.address)
    desk = chromium.new_page()
    desk.goto(link)
    desk.get_by_label("職務経歴").fill("パソコンで書いた")
    saved(desk)
    desk.close()
    page.get_by_role("link", name="この端末で続ける").click()
    expect(page.get_by_label("職務経歴")).to_have_value("パソコンで書いた")
