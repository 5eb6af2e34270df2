"""GPSでチェックイン with Chromium's emulated geolocation: good, far, rough, refused, without network, sent twice."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
import time_machine
from playwright.sync_api import Browser, Page, Route, expect

from handlers.links import Links
from handlers.pages import create_pages
from models.rules.dispatch import Status
from models.rules.place import Point
from models.rules.visit import End, Source
from models.views.visit import ActView, VisitView
from storage import dispatch, visits
from tests.browser.conftest import PHONE, sound
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
NEAR = {"latitude": 35.6815, "longitude": 139.7672, "accuracy": 12}
FAR = {"latitude": 35.6995, "longitude": 139.7672, "accuracy": 15}
ROUGH = {"latitude": 35.6815, "longitude": 139.7672, "accuracy": 900}
LINE_ON_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Line/14.0"
START = "チェックインする"


class Site:
    """The pages on a port of their own, with one expert and a visit at eleven; it is ten."""

    def __init__(self, house: House, point: Point | None = dispatches.OFFICE) -> None:
        self.house = house
        self.server = Serving(create_pages(house.services, factories.SECRET_KEY))
        self.address = self.server.address
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            approver = factories.approver(uow, organisation)
        self.expert = dispatches.expert(house, organisation, approver)
        slot = dispatches.slot(house.clock(), 0, 11)
        self.dispatch = dispatches.request(
            house, organisation, approver, self.expert, status=Status.CONFIRMED, times=(slot,), point=point
        )

    @property
    def link(self) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            links = Links(factories.SECRET_KEY, self.address)
            return links.page("check-in", self.expert.id, self.dispatch.id)

    def acts(self) -> list[ActView]:
        with self.house.database.read() as uow:
            return list(visits.acts(uow, self.dispatch.id))

    @property
    def visit(self) -> VisitView:
        with self.house.database.read() as uow:
            found = visits.view(uow, self.dispatch.id, self.expert.id)
        assert found
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    house = factories.open_house(tmp_path)
    opened = Site(house)
    yield opened
    opened.server.close()
    house.database.close()


def stands(page: Page, where: dict[str, float]) -> None:
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation(where)  # pyright: ignore[reportArgumentType]


def starts(page: Page) -> None:
    page.get_by_role("button", name=START).click()


def recorded(page: Page, title: str = "チェックインしました") -> None:
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=20_000)


def test_one_tap_at_the_place_is_recorded_and_shown_at_once(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    sound(page)
    starts(page)
    recorded(page)
    expect(page.get_by_text("支援場所から30m（誤差 約12m）")).to_be_visible()
    expect(page.get_by_text("場所・時刻とも問題ありません")).to_be_visible()
    sound(page)
    (act,) = site.acts()
    assert (act.end, act.source, act.distance, act.accuracy, act.offline) == (End.IN, Source.GPS, 30, 12, False)
    page.reload()
    recorded(page, "チェックイン済みです")
    expect(page.get_by_role("button", name=START)).to_be_hidden()
    sound(page)


def test_two_kilometres_off_is_asked_about_and_recorded_as_it_is(page: Page, site: Site) -> None:
    stands(page, FAR)
    page.goto(site.link)
    starts(page)
    expect(page.get_by_text("支援場所から離れています。")).to_be_visible()
    expect(page.get_by_text("支援場所から2.0km・誤差 約15m")).to_be_visible()
    sound(page)
    assert site.acts() == []
    page.get_by_role("button", name="この位置で記録する").click()
    recorded(page)
    expect(page.get_by_text("支援場所から離れたところで記録されました")).to_be_visible()
    sound(page)
    assert 1900 < (site.acts()[0].distance or 0) < 2100


def test_a_rough_position_is_awaited_and_a_better_one_ends_it_by_itself(page: Page, site: Site) -> None:
    page.clock.install()
    stands(page, ROUGH)
    page.goto(site.link)
    starts(page)
    expect(page.get_by_text("支援場所から30m・誤差 約900m")).to_be_visible()
    page.clock.run_for(13_000)
    expect(page.get_by_text("現在地の誤差が大きくなっています。")).to_be_visible()
    sound(page)
    stands(page, NEAR)
    page.clock.run_for(1_000)
    recorded(page)
    assert [act.accuracy for act in site.acts()] == [12]


def test_a_rough_position_can_be_recorded_and_is_told(page: Page, site: Site) -> None:
    page.clock.install()
    stands(page, ROUGH)
    page.goto(site.link)
    starts(page)
    expect(page.get_by_text("支援場所から30m・誤差 約900m")).to_be_visible()
    page.clock.run_for(13_000)
    page.get_by_role("button", name="この位置で記録する").click()
    recorded(page)
    expect(page.get_by_text("位置の精度が粗いか、わかりませんでした")).to_be_visible()


def test_a_refused_permission_says_what_to_do_on_this_phone(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(viewport=PHONE, locale="ja-JP", user_agent=LINE_ON_IPHONE)
    page = context.new_page()
    page.goto(site.link)
    starts(page)
    expect(page.get_by_text("現在地を取得できませんでした（位置情報の許可がありません）。")).to_be_visible()
    expect(
        page.get_by_text("iPhoneの「設定」→「アプリ」→「LINE」→「位置情報」で「このAppの使用中」を選ぶ")
    ).to_be_visible()
    expect(page.get_by_text("Androidの「設定」")).to_be_hidden()
    sound(page)
    browser_link = page.get_by_role("link", name="ブラウザで開く").get_attribute("href") or ""
    assert browser_link.endswith("?openExternalBrowser=1")
    for word, typed in (("位置情報を送る", "位置情報でチェックイン"), ("現地の写真で", "写真でチェックイン")):
        assert unquote(page.get_by_role("link", name=word).get_attribute("href") or "").endswith(f"?{typed}")
    page.get_by_role("button", name="やめる").click()
    expect(page.get_by_role("button", name=START)).to_be_focused()
    starts(page)
    context.grant_permissions(["geolocation"])
    context.set_geolocation(NEAR)  # pyright: ignore[reportArgumentType]
    page.get_by_role("button", name="もう一度").click()
    recorded(page)
    context.close()


def test_the_phones_own_browser_opens_what_line_cannot(chromium: Browser, site: Site) -> None:
    inside, outside = (chromium.new_context(viewport=PHONE, locale="ja-JP") for _ in range(2))
    page = inside.new_page()
    with time_machine.travel(site.house.clock(), tick=False):
        page.goto(site.link)
    link = page.locator("a[data-browser]").get_attribute("href") or ""
    other = outside.new_page()
    stands(other, NEAR)
    other.goto(link.replace("http://localhost", site.address))
    expect(other.locator("a[data-browser]")).to_have_count(0)
    starts(other)
    recorded(other)
    inside.close()
    outside.close()


def test_without_network_the_act_is_kept_and_sent_when_it_is_back(page: Page, site: Site) -> None:
    page.clock.install(time=site.house.clock())
    stands(page, NEAR)
    page.goto(site.link)
    page.context.set_offline(True)
    starts(page)
    expect(page.get_by_role("heading", name="この端末に保存しました")).to_contain_text("10:00")
    expect(page.get_by_text("電波がもどると自動で送ります")).to_be_visible()
    sound(page)
    assert site.acts() == []
    page.clock.run_for(40 * 60 * 1000)
    site.house.clock.advance(minutes=40)
    page.context.set_offline(False)
    recorded(page)
    expect(page.get_by_text("GPS（電波のないところで記録し、あとから送信）")).to_be_visible()
    (act,) = site.acts()
    assert act.offline
    assert abs(act.at - factories.START) < timedelta(seconds=30)
    assert act.received_at - act.at > timedelta(minutes=39)
    assert page.evaluate("localStorage.getItem('chusho119-acts')") == "[]"


def test_a_page_closed_without_network_sends_when_it_is_opened_again(page: Page, site: Site) -> None:
    stands(page, NEAR)
    first = site.link
    page.goto(first)
    page.context.set_offline(True)
    starts(page)
    expect(page.get_by_role("heading", name="この端末に保存しました")).to_be_visible()
    page.goto("about:blank")
    page.context.set_offline(False)
    site.house.clock.advance(minutes=1)
    page.goto(site.link)
    recorded(page)
    assert len(site.acts()) == 1
    page.goto(first)
    recorded(page, "チェックイン済みです")
    assert len(site.acts()) == 1


def test_an_answer_that_was_lost_is_sent_twice_and_counts_once(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    sent: list[str] = []

    def lost(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/record", lost)
    starts(page)
    recorded(page)
    assert len(sent) >= 2
    assert len(site.acts()) == 1


def test_tapping_like_mad_records_once(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    page.evaluate("() => { const b = document.querySelector('[data-start]'); for (let i = 0; i < 9; i++) b.click(); }")
    recorded(page)
    assert len(site.acts()) == 1


def test_two_open_pages_record_once_and_the_second_says_so(page: Page, site: Site) -> None:
    stands(page, NEAR)
    link = site.link
    page.goto(link)
    other = page.context.new_page()
    other.goto(link)
    starts(page)
    recorded(page)
    starts(other)
    recorded(other, "チェックイン済みです")
    expect(other.get_by_text("もう一度記録する必要はありません")).to_be_visible()
    assert len(site.acts()) == 1


def test_a_check_in_is_taken_back_on_the_page_and_made_again(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    starts(page)
    recorded(page)
    page.get_by_role("button", name="チェックインを取り消す").click()
    expect(page.get_by_role("button", name="いいえ")).to_be_focused()
    sound(page)
    page.get_by_role("button", name="はい、取り消す").click()
    expect(page.get_by_text("チェックインを取り消しました")).to_be_visible()
    assert site.visit.came is None
    starts(page)
    recorded(page)
    assert [act.source for act in site.acts()] == [Source.GPS, Source.UNDONE, Source.GPS]


def test_a_visit_cancelled_meanwhile_says_so_and_forgets_the_act(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    with site.house.database.unit() as uow:
        row = dispatch.lock(uow, site.dispatch.id)
        assert row
        dispatch.set_status(uow, row, Status.CANCELLED, site.house.clock())
    starts(page)
    expect(page.get_by_role("alert")).to_contain_text("キャンセルまたは辞退されているため、記録できません")
    sound(page)
    assert page.evaluate("localStorage.getItem('chusho119-acts')") == "[]"
    page.reload()
    expect(page.get_by_role("button", name=START)).to_have_count(0)
    expect(page.get_by_role("link", name="LINEにもどる")).to_be_visible()
    sound(page)


def test_a_link_that_is_over_keeps_the_act_for_a_new_one(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    site.house.clock.advance(hours=12)
    with site.house.database.unit() as uow:
        row = dispatch.lock(uow, site.dispatch.id)
        assert row
        dispatch.fix_time(uow, row, *dispatches.slot(site.house.clock(), 0, 23))
    site.house.clock.advance(hours=12, minutes=1)
    starts(page)
    expect(page.get_by_text("チェックインのページは24時間で閉じます")).to_be_visible()
    sound(page)
    page.goto(site.link)
    recorded(page)


def test_without_a_place_on_the_map_the_position_is_recorded_all_the_same(page: Page, tmp_path: Path) -> None:
    site = Site(factories.open_house(tmp_path / "nowhere"), point=None)
    stands(page, NEAR)
    page.goto(site.link)
    starts(page)
    recorded(page)
    expect(page.get_by_text("支援場所の位置が地図にないため、わかりません")).to_be_visible()
    assert site.acts()[0].distance is None
    site.server.close()
    site.house.database.close()


def test_by_keyboard_alone(page: Page, site: Site) -> None:
    stands(page, NEAR)
    page.goto(site.link)
    page.get_by_role("button", name=START).focus()
    page.keyboard.press("Enter")
    recorded(page)
    assert page.evaluate("document.activeElement.dataset.part") == "in"
