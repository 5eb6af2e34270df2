"""The page that asks LINE who reads, in Chromium; LINE's script is a stand-in of a few lines, LINE's server ours."""

import json
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
import time_machine
from playwright.sync_api import Page, Route, expect

from bot.emulator.login import id_token
from storage import people
from tests.browser.conftest import sound
from tests.support.drafts import application_of, submitted
from tests.support.world import World, open_world

pytestmark = pytest.mark.browser
LIFF_ID, CHANNEL = "1650000119-AbcdEfgh", "1650000119"
SDK = """
const told = %s;
window.liff = {
  init: async () => {
    const state = new URLSearchParams(location.search).get("liff.state");
    if (state) location.replace("/p" + state);
  },
  isLoggedIn: () => told.loggedIn || sessionStorage.getItem("logged-in") === "1",
  isInClient: () => false,
  getIDToken: () => told.token,
  login: ({ redirectUri }) => {
    sessionStorage.setItem("logged-in", "1");
    location.replace(redirectUri + "?code=secret&state=x");
  },
  logout: () => sessionStorage.removeItem("logged-in"),
};
"""


class Site:
    """The service with LIFF, and papers that wait for an approver."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.approver = world.approver("佐藤 恵")
        self.stranger = world.phone("通りすがり")
        applicant = submitted(world, self.approver, "山田 太郎")
        self.application = application_of(world, applicant).id
        self.renew()

    def renew(self) -> None:
        """A link nobody opened yet; links of one second are the same."""
        self.world.clock.forward(seconds=2)
        services = self.world.service.services
        with services.database.read() as uow:
            reader = people.by_user_id(uow, self.approver.user_id)
        assert reader
        with time_machine.travel(self.world.clock.now, tick=False):
            link = services.links.page("papers", reader.id, self.application)
        self.state = urlsplit(link).path.removeprefix(f"/{LIFF_ID}")
        self.landing = f"{self.world.base_url}/p/?liff.state={quote(self.state, safe='')}"

    def token(self, user_id: str) -> str:
        return id_token(self.world.platform, user_id, CHANNEL)


@pytest.fixture(scope="module")
def one_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_world(tmp_path_factory.mktemp("liff"), LIFF_ID=LIFF_ID, LINE_LOGIN_CHANNEL_ID=CHANNEL) as world:
        yield Site(world)


@pytest.fixture
def site(one_site: Site) -> Site:
    one_site.renew()
    return one_site


def line_says(page: Page, token: str, *, logged_in: bool = True) -> None:
    script = SDK % json.dumps({"loggedIn": logged_in, "token": token})
    page.unroute("https://static.line-scdn.net/**")
    page.route(
        "https://static.line-scdn.net/**", lambda route: route.fulfill(body=script, content_type="text/javascript")
    )


def test_a_link_of_the_talk_opens_and_no_code_stays_in_the_address(site: Site, page: Page) -> None:
    sent: list[tuple[str, str | None]] = []
    page.on("request", lambda asked: sent.append((asked.url, asked.headers.get("referer"))))
    token = site.token(site.approver.user_id)
    line_says(page, token, logged_in=False)
    page.goto(site.landing)
    expect(page.get_by_role("heading", name="山田 太郎さん")).to_be_visible()
    assert page.url == f"{site.world.base_url}/p{site.state}"
    sound(page)
    assert not [url for url, referer in sent if token in url or referer]


def test_another_account_is_told_so(site: Site, page: Page) -> None:
    line_says(page, site.token(site.stranger.user_id))
    page.goto(site.landing)
    expect(page.get_by_role("status")).to_contain_text("ログイン中のLINEのアカウントが違います")
    expect(page.get_by_role("button", name="もう一度")).to_be_hidden()
    assert "山田" not in page.content()
    sound(page)


def test_line_out_of_order_can_be_tried_again(site: Site, page: Page) -> None:
    def gone(route: Route) -> None:
        route.abort()

    page.route("https://static.line-scdn.net/**", gone)
    page.goto(f"{site.world.base_url}/p{site.state}")
    expect(page.get_by_role("status")).to_contain_text("LINEに確認できませんでした")
    sound(page)
    line_says(page, site.token(site.approver.user_id))
    site.world.platform.add_fault("/oauth2/v2.1/verify", status=500)
    page.get_by_role("button", name="もう一度").click()
    expect(page.get_by_role("button", name="もう一度")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("少し待って")
    page.get_by_role("button", name="もう一度").click()
    expect(page.get_by_role("heading", name="山田 太郎さん")).to_be_visible()


def test_without_a_link_one_is_told_where_to_find_one(site: Site, page: Page) -> None:
    line_says(page, "")
    page.goto(f"{site.world.base_url}/p/")
    expect(page.get_by_role("status")).to_contain_text("LINEのトークに届いたボタン")
