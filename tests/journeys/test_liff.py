"""With LIFF: a page opens for the person LINE says is there, and for nobody else. The stand-in plays LINE Login."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine

from bot.emulator.login import id_token
from handlers.settings import SettingsError, read
from storage import people
from tests.support.drafts import application_of, submitted
from tests.support.world import Phone, World, open_world

LIFF_ID, CHANNEL = "1650000119-AbcdEfgh", "1650000119"
VERIFY = "/oauth2/v2.1/verify"


class Browser:
    """The browser a phone opens LIFF links in: follows them as LINE does, runs no scripts, keeps cookies."""

    def __init__(self, world: World, phone: Phone) -> None:
        self.world, self.phone = world, phone
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar())).open
        self.headers: dict[str, str] = {}

    def ask(self, path: str, body: Any = None) -> tuple[int, str]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None
        try:
            with self.open(urllib.request.Request(self.world.base_url + path, data, headers)) as answer:
                self.headers = dict(answer.headers)
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            self.headers = dict(error.headers)
            return error.code, error.read().decode()

    def token(self, **how: Any) -> str:
        return id_token(self.world.platform, self.phone.user_id, how.pop("channel", CHANNEL), **how)

    def proves(self, page: str, token: str | None = None) -> tuple[int, dict[str, str]]:
        """What liff.js does on the page that asks for a proof."""
        found = re.search(r'data-token="([^"]+)"', page)
        assert found
        status, told = self.ask(
            "/p/identify", {"token": found[1], "id_token": self.token() if token is None else token}
        )
        return status, json.loads(told)


class Case:
    """An application that waits for an approver, and links to its papers as the talk would give them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.approver = world.approver("佐藤 恵")
        self.applicant = submitted(world, self.approver, "山田 太郎")
        self.application = application_of(world, self.applicant)
        self.renew()

    def renew(self) -> None:
        """A link nobody opened yet; links of one second are the same."""
        self.world.clock.forward(seconds=2)
        self.link = self.made("page")
        self.path = "/p" + urlsplit(self.link).path.removeprefix(f"/{LIFF_ID}")

    def made(self, kind: str) -> str:
        services = self.world.service.services
        with services.database.read() as uow:
            reader = people.by_user_id(uow, self.approver.user_id)
        assert reader
        with time_machine.travel(self.world.clock.now, tick=False):
            return getattr(services.links, kind)("papers", reader.id, self.application.id)

    def browser(self, phone: Phone | None = None) -> Browser:
        return Browser(self.world, phone or self.approver)


@pytest.fixture(scope="module")
def one_case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with open_world(tmp_path_factory.mktemp("liff"), LIFF_ID=LIFF_ID, LINE_LOGIN_CHANNEL_ID=CHANNEL) as world:
        yield Case(world)


@pytest.fixture
def case(one_case: Case) -> Case:
    one_case.renew()
    one_case.world.platform.requests.clear()
    return one_case


def test_a_link_from_the_talk_opens_for_its_person(case: Case):
    assert case.link.startswith(f"https://liff.line.me/{LIFF_ID}/papers/")
    browser = case.browser()
    state = urlsplit(case.link).path.removeprefix(f"/{LIFF_ID}")
    status, landing = browser.ask(f"/p/?liff.state={quote(state, safe='')}")
    assert status == 200
    assert f'data-liff="{LIFF_ID}"' in landing
    status, asks = browser.ask(case.path)
    assert status == 401
    assert "山田" not in asks
    assert browser.proves(asks) == (200, {})
    status, page = browser.ask(case.path)
    assert status == 200
    assert "山田 太郎さん" in page


def test_the_card_of_the_talk_carries_the_liff_link(case: Case):
    case.approver.taps("内容を見る")
    links = [str(action.get("uri", "")) for action in case.world.platform.actions_of(case.approver.user_id)]
    assert any(link.startswith(f"https://liff.line.me/{LIFF_ID}/papers/") and len(link) <= 1000 for link in links)


def test_pictures_in_bubbles_keep_our_own_address(case: Case):
    assert case.made("direct").startswith(case.world.service.settings.public_base_url)


def test_another_person_of_ours_is_told_that_the_account_is_wrong(case: Case):
    other = case.browser(case.applicant)
    status, asks = other.ask(case.path)
    status, told = other.proves(asks)
    assert (status, told["why"]) == (403, "other")
    assert "ログイン中のLINEのアカウントが違います" in told["error"]
    assert other.ask(case.path)[0] == 401


def test_somebody_we_never_met_is_told_the_same(case: Case):
    stranger = case.browser(case.world.phone("通りすがり"))
    assert stranger.proves(stranger.ask(case.path)[1])[0] == 403


def test_the_first_to_open_a_link_gets_nothing_by_it(case: Case):
    """Without LIFF the first browser would have had it."""
    stranger, own = case.browser(case.world.phone("通りすがり")), case.browser()
    assert stranger.ask(case.path)[0] == 401
    assert own.proves(own.ask(case.path)[1])[0] == 200
    assert own.ask(case.path)[0] == 200
    assert stranger.ask(case.path)[0] == 401


def test_the_same_person_may_go_on_in_another_browser(case: Case):
    first, second = case.browser(), case.browser()
    for browser in (first, second):
        assert browser.proves(browser.ask(case.path)[1])[0] == 200
    assert second.ask(case.path)[0] == 200
    assert first.ask(case.path)[0] == 401


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("", "refused"),
        ("x" * 9000, "refused"),
        ("a.b.c", "refused"),
        ("\ud800", "refused"),
        ("none", "refused"),
        ("forged", "refused"),
        ("audience", "refused"),
        ("expired", "expired"),
    ],
)
def test_a_token_that_does_not_hold_proves_nothing(case: Case, token: str, why: str):
    browser = case.browser()
    good = browser.token()
    made = {
        "forged": good[:-4] + "AAAA",
        "audience": browser.token(channel="1999999999"),
        "expired": browser.token(valid_for=timedelta(seconds=-1)),
        "none": good.rpartition(".")[0] + ".",
    }
    status, told = browser.proves(browser.ask(case.path)[1], made.get(token, token))
    assert (status, told["why"]) == (401, why)
    assert browser.ask(case.path)[0] == 401


def test_a_token_in_which_the_person_was_exchanged_proves_nothing(case: Case):
    other, own = case.browser(case.applicant).token().split("."), case.browser().token().split(".")
    browser = case.browser()
    mixed = ".".join([own[0], own[1], other[2]])
    assert browser.proves(browser.ask(case.path)[1], mixed)[0] == 401


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"status": 500}, 503), ({"drop": "before"}, 503), ({"status": 429}, 503), ({"status": 302}, 503)],
)
def test_while_line_is_down_the_person_may_try_again(case: Case, fault: dict[str, Any], status: int):
    browser = case.browser()
    _, asks = browser.ask(case.path)
    case.world.platform.add_fault(VERIFY, **fault)
    answered, told = browser.proves(asks)
    assert answered == status
    assert "もう一度" in told["error"]
    assert browser.proves(asks)[0] == 200


def test_what_is_no_proof_at_all_is_answered(case: Case):
    browser = case.browser()
    for body in ({}, [], "x", {"token": 1, "id_token": None}, {"token": "x.y.z", "id_token": browser.token()}):
        assert browser.ask("/p/identify", body)[0] == 410
    own = urlsplit(case.link).path.rpartition("/")[2]
    assert browser.ask("/p/identify", {"token": own, "id_token": {"a": 1}})[0] == 401


def test_the_token_went_to_line_alone_and_in_a_body(case: Case):
    browser = case.browser()
    browser.proves(browser.ask(case.path)[1])
    asked = [request for request in case.world.platform.requests if request.path == VERIFY]
    assert [(request.method, request.status) for request in asked] == [("POST", 200)]


def test_only_the_page_that_proves_loads_anything_from_line(case: Case):
    browser = case.browser()
    _, asks = browser.ask(case.path)
    policy = browser.headers["Content-Security-Policy"]
    assert "script-src 'self' https://static.line-scdn.net;" in policy
    assert "connect-src 'self' https://api.line.me" in policy
    assert browser.headers["Referrer-Policy"] == "no-referrer"
    assert browser.headers["Cache-Control"] == "no-store"
    assert set(re.findall(r"https://[^/\"]+", asks)) == {"https://static.line-scdn.net"}
    browser.proves(asks)
    _, page = browser.ask(case.path)
    assert "script-src" not in browser.headers["Content-Security-Policy"]
    assert "line-scdn" not in page


def test_an_expired_link_is_over_before_anything_is_asked(case: Case):
    case.world.clock.forward(minutes=31)
    status, page = case.browser().ask(case.path)
    assert (status, "data-liff" in page) == (410, False)


def test_a_proof_opens_its_own_link_alone(case: Case):
    browser = case.browser()
    browser.proves(browser.ask(case.path)[1])
    case.world.clock.forward(seconds=2)
    other = "/p" + urlsplit(case.made("page")).path.removeprefix(f"/{LIFF_ID}")
    assert other != case.path
    assert browser.ask(other)[0] == 401


def test_a_link_handed_to_a_pc_needs_no_line_there(case: Case):
    handed = case.made("handoff")
    assert handed.startswith(case.world.service.settings.public_base_url + "/p/papers/")
    pc, other = case.browser(), case.browser()
    assert pc.ask(urlsplit(handed).path)[0] == 200
    assert other.ask(urlsplit(handed).path)[0] == 403


def test_without_liff_there_is_no_page_that_asks_line(tmp_path: Path):
    with open_world(tmp_path) as world:
        browser = Browser(world, world.phone("山田 太郎"))
        assert browser.ask("/p/")[0] == 404
        assert browser.ask("/p/identify", {"token": "x"})[0] == 404


@pytest.mark.parametrize(
    "given",
    [{"LIFF_ID": LIFF_ID}, {"LINE_LOGIN_CHANNEL_ID": CHANNEL}, {"LIFF_ID": "119", "LINE_LOGIN_CHANNEL_ID": CHANNEL}],
)
def test_half_of_the_settings_is_refused(given: dict[str, str], tmp_path: Path):
    with pytest.raises(SettingsError, match="LIFF_ID"):
        read(given, tmp_path)


def test_the_state_of_a_liff_link_survives_its_way(case: Case):
    """LINE puts the rest of the address into liff.state, encoded; ours has nothing that would break in it."""
    state = urlsplit(case.link).path.removeprefix(f"/{LIFF_ID}")
    assert parse_qs(f"liff.state={quote(state, safe='')}")["liff.state"] == [state]
    assert re.fullmatch(r"/papers/[A-Za-z0-9._-]+", state)
