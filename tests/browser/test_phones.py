"""The phones of a local run, walked as a person would: from the invitation to the first approval."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import sound
from tests.support.talks import registered
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def alive(world: World) -> Iterator[World]:
    """A world whose worker runs by itself, as in a local run."""
    world.platform.seed_phones([("新しい専門家", "① 新しい専門家")])
    world.approver("佐藤 恵")
    world.auto = False
    stop = threading.Event()
    work = threading.Thread(target=world.service.worker.run, args=(world.service.bell, stop, 0.2))
    work.start()
    yield world
    stop.set()
    work.join()


@dataclass
class Row:
    """The row of phones on the page; on a narrow screen one at a time, chosen by its tab."""

    page: Page

    def phone(self, place: int) -> Locator:
        tabs, phone = self.page.locator("#tabs button"), self.page.locator("section.phone").nth(place)
        expect(phone).to_be_attached()
        if tabs.first.is_visible():
            tabs.nth(place).click()
        return phone


def tap(phone: Locator, name: str) -> None:
    phone.get_by_role("button", name=name, exact=True).last.click()


def say(phone: Locator, text: str) -> None:
    phone.get_by_label("メッセージを入力").fill(text)
    tap(phone, "送信")


def open_menu(phone: Locator) -> None:
    bar = phone.locator(".menu-bar")
    expect(bar).to_be_visible()
    if bar.get_attribute("aria-expanded") != "true":
        bar.click()


def sees(phone: Locator, words: str) -> None:
    expect(phone.get_by_text(words).last).to_be_visible(timeout=15_000)


def test_a_newcomer_registers_and_is_stopped_only_by_what_is_missing(page: Page, alive: World):
    page.goto(alive.base_url)
    row = Row(page)
    approver = row.phone(1)
    open_menu(approver)
    tap(approver, "専門家を招待")
    sees(approver, "招待のQRコード")
    sound(page)
    expert = row.phone(0)
    tap(expert, "QRを読む")
    page.get_by_role("button", name="の招待コード").first.click()
    expect(expert.get_by_label("メッセージを入力")).to_have_value(re.compile("招待コード"), timeout=15_000)
    tap(expert, "送信")
    sees(expert, "千代田商工会の招待を確認しました")
    tap(expert, "同意して始める")
    sees(expert, "まだ入力していないもの")
    sound(page)
    tap(expert, "基本情報")
    sees(expert, "基本情報 1/10")
    say(expert, "山田太郎")
    tap(expert, "山田 太郎")
    say(expert, "やまだ たろう")
    sees(expert, "フリガナは「ヤマダ タロウ」で登録します")
    tap(expert, "日付を選ぶ")
    page.locator("dialog[open] input[type=date]").fill("1980-04-01")
    page.locator("dialog[open]").get_by_role("button", name="決定").click()
    sees(expert, "基本情報 4/10")
    tap(expert, "中断する")
    sees(expert, "ここまで保存しました")
    open_menu(expert)
    tap(expert, "プロフィール登録")
    tap(expert, "写真")
    sees(expert, "写真 1/4")
    tap(expert, "アルバムから選ぶ")
    page.locator("dialog[open]").get_by_role("button", name="顔写真").click()
    page.get_by_role("button", name="1枚を送る").click()
    sees(expert, "顔写真を受け取りました")
    sound(page)
    open_menu(expert)
    tap(expert, "登録状況")
    sees(expert, "入力・承認依頼")


def test_an_approver_reads_the_papers_and_approves(page: Page, world: World):
    approver = world.approver("佐藤 恵")
    registered(world, approver, "山田 太郎")
    stop = threading.Event()
    world.auto = False
    work = threading.Thread(target=world.service.worker.run, args=(world.service.bell, stop, 0.2))
    work.start()
    try:
        page.goto(world.base_url)
        phone = Row(page).phone(0)
        tap(phone, "内容を見る")
        sees(phone, "フリガナと一致")
        assert phone.get_by_role("link", name="書類を開く").last.get_attribute("href")
        tap(phone, "承認する")
        sees(phone, "承認しますか")
        tap(phone, "承認する")
        sees(phone, "事務局の審査に進みます")
        sound(page)
    finally:
        stop.set()
        work.join()
