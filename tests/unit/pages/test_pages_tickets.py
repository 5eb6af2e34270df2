"""Who opens a page: the link handed to a PC, posts of other sites, and what scripts are told."""

from datetime import timedelta

import pytest
import time_machine
from flask import Blueprint, Flask, Response, jsonify, request

from handlers.pages import create_pages
from handlers.web import context, tickets
from models.notices import ApplicationWaits
from models.rules.errors import NotAllowed, NotFound, NotPossible
from storage import outbox
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

TRIED = tickets.Purpose("tried", timedelta(minutes=30))
SUBJECT = "f" * 32
FAULTS = {
    "possible": NotPossible("photo.empty"),
    "found": NotFound("upload.missing"),
    "bare": NotFound(),
    "allowed": NotAllowed(),
}


def routes(bp: Blueprint) -> None:
    """A page with everything a page may have: a form, a script's post, a link for the PC, a refusal."""

    @bp.get("/tried/<token>")
    def tried_page(token: str) -> Response:
        browser = tickets.this_browser()
        with tickets.opened(TRIED, token, browser, first=True) as at:
            told = jsonify(person=at.actor.person_id, subject=at.subject, handed=at.handed)
        return tickets.remember(told, browser)

    @bp.get("/tried/<token>/handoff")
    def tried_handoff(token: str) -> Response:
        with tickets.opened(TRIED, token, tickets.this_browser()) as at:
            return jsonify(link=tickets.handoff_link(at))

    @bp.post("/tried/<token>")
    def tried_change(token: str) -> Response:
        with tickets.opened(TRIED, token, tickets.this_browser(), write=True) as at:
            if fault := request.args.get("fault"):
                raise FAULTS[fault]
            outbox.tell(at.uow, "U" + "0" * 32, ApplicationWaits("R-1", "商工会"), context.services().clock())
        return jsonify(done=True)


class Site:
    """The pages with that one more, a person, and links of theirs."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        explain = tickets.explain

        def more(bp: Blueprint) -> None:
            explain(bp)
            routes(bp)

        monkeypatch.setattr(tickets, "explain", more)
        self.house = house
        self.app: Flask = create_pages(house.services, factories.SECRET_KEY)
        with house.database.unit() as uow:
            self.person = factories.person(uow).id

    def browser(self) -> Browser:
        return Browser(self.app.test_client())

    def link(self, kind: str = "page") -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            made = getattr(self.house.services.links, kind)("tried", self.person, SUBJECT)
        return made.removeprefix("http://localhost")

    def handed(self, browser: Browser, link: str) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return browser.get(f"{link}/handoff").get_json()["link"].removeprefix("http://localhost")


@pytest.fixture
def site(house: House, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(house, monkeypatch)


# --- the link for another device ------------------------------------------------------------------


def test_a_link_handed_over_opens_the_same_on_one_other_browser(site: Site) -> None:
    phone, pc, other = site.browser(), site.browser(), site.browser()
    link = site.link()
    assert phone.get(link).get_json() == {"person": site.person, "subject": SUBJECT, "handed": False}
    handed = site.handed(phone, link)
    assert pc.get(handed).get_json() == {"person": site.person, "subject": SUBJECT, "handed": True}
    assert pc.get(handed).status_code == 200
    assert other.get(handed).status_code == 403
    assert phone.get(handed).status_code == 403
    assert phone.get(link).status_code == 200


def test_a_link_handed_over_waits_a_quarter_of_an_hour(site: Site) -> None:
    phone, early, late = site.browser(), site.browser(), site.browser()
    link = site.link()
    phone.get(link)
    first, second = site.handed(phone, link), site.handed(phone, link)
    site.house.clock.advance(minutes=14)
    assert early.get(first).status_code == 200
    site.house.clock.advance(minutes=1)
    over = late.get(first if first == second else second)
    assert over.status_code in (403, 410)
    assert late.get(site.link("handoff")).status_code == 200


def test_a_link_handed_over_and_never_opened_is_over(site: Site) -> None:
    handed = site.link("handoff")
    site.house.clock.advance(minutes=15)
    over = site.browser().get(handed)
    assert over.status_code == 410
    assert "期限" in over.text


def test_the_browser_it_was_handed_to_keeps_it_for_eight_hours(site: Site) -> None:
    pc, handed = site.browser(), site.link("handoff")
    assert pc.get(handed).status_code == 200
    site.house.clock.advance(hours=7, minutes=59)
    assert pc.get(handed).status_code == 200
    assert pc.post(handed).status_code == 200
    site.house.clock.advance(minutes=1)
    for answer in (pc.get(handed), pc.post(handed)):
        assert answer.status_code == 410
    site.house.clock.advance(hours=1)
    assert pc.get(handed).status_code == 410


def test_after_its_row_is_dropped_a_handed_link_stays_over(site: Site) -> None:
    from storage import system

    pc, handed = site.browser(), site.link("handoff")
    pc.get(handed)
    site.house.clock.advance(hours=8, minutes=1)
    with site.house.database.unit() as uow:
        system.drop_expired_links(uow, site.house.clock())
    assert pc.get(handed).status_code == 410
    assert site.browser().get(handed).status_code == 410


def test_a_page_that_was_handed_over_hands_nothing_on(site: Site) -> None:
    pc, handed = site.browser(), site.link("handoff")
    pc.get(handed)
    assert pc.get(f"{handed}/handoff").status_code == 403


def test_a_link_handed_over_opens_no_other_purpose(site: Site) -> None:
    token = site.link("handoff").rsplit("/", 1)[1]
    assert site.browser().get(f"/p/papers/{token}").status_code == 410


# --- posts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "null"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost:8120"}, 400),
        ({"Origin": "https://localhost"}, 400),
        ({"Origin": "https://evil.example"}, 400),
        ({"Origin": "http://localhost.evil.example"}, 400),
        ({"Origin": ""}, 400),
        ({"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}, 400),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, 400),
        ({"Sec-Fetch-Site": "same-site"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
    ],
)
def test_a_post_is_taken_from_our_own_pages_alone(site: Site, headers: dict[str, str], status: int) -> None:
    browser, link = site.browser(), site.link()
    browser.get(link)
    assert browser.client.post(link, headers=headers).status_code == status
    assert browser.client.post(link, json={}, headers=headers).status_code == status


def test_under_https_the_public_address_alone_counts(site: Site) -> None:
    from dataclasses import replace

    from handlers.links import Links

    links = Links(factories.SECRET_KEY, "https://119.example.jp")
    services = replace(site.house.services, links=links, secure_cookies=True)
    browser = create_pages(services, factories.SECRET_KEY).test_client()
    for origin, status in (("https://119.example.jp", 403), ("http://localhost", 400)):
        sent = browser.post(
            "/p/upload", data={"policy": "x"}, headers={"Origin": origin}, content_type="multipart/form-data"
        )
        assert sent.status_code == status


def test_reading_asks_for_no_origin(site: Site) -> None:
    browser, link = site.browser(), site.link()
    assert (
        browser.client.get(link, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).status_code
        == 200
    )


def test_a_post_does_not_open_a_link(site: Site) -> None:
    """Only the page itself binds it to a browser."""
    browser, link = site.browser(), site.link()
    assert browser.post(link).status_code == 403
    assert site.browser().get(link).status_code == 200


def test_a_post_of_another_browser_changes_nothing(site: Site) -> None:
    link = site.link()
    site.browser().get(link)
    assert site.browser().post(link).status_code == 403
    assert site.house.told == []


def test_what_a_page_changes_is_told_after_its_commit(site: Site) -> None:
    browser, link = site.browser(), site.link()
    browser.get(link)
    assert browser.client.post(link, json={}).get_json() == {"done": True}
    assert site.house.told == ["U" + "0" * 32]


# --- what a script is told --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("possible", 409, "写真が空でした"),
        ("found", 404, "見つかりません"),
        ("bare", 404, "見られません"),
        ("allowed", 403, "。"),
    ],
)
def test_a_script_is_refused_in_words_it_can_show(site: Site, fault: str, status: int, words: str) -> None:
    browser, link = site.browser(), site.link()
    browser.get(link)
    refused = browser.client.post(f"{link}?fault={fault}", json={})
    assert refused.status_code == status
    assert words in refused.get_json()["error"]
    assert site.house.told == []


def test_a_script_is_told_of_a_closed_link_and_of_what_is_not_there(site: Site) -> None:
    browser, link = site.browser(), site.link()
    browser.get(link)
    assert "ほかのブラウザ" in site.browser().client.post(link, json={}).get_json()["error"]
    site.house.clock.advance(minutes=31)
    over = browser.client.post(link, json={})
    assert (over.status_code, "期限" in over.get_json()["error"]) == (410, True)
    assert browser.client.post("/p/nothing", json={}).get_json()["error"]
    assert browser.client.post(link, json={"x": "y" * 400_000}).status_code in (410, 413)


def test_the_admin_page_keeps_its_token(site: Site) -> None:
    """Only what opens from LINE goes without."""
    assert site.browser().client.post("/admin/login", data={"email": "x"}).status_code == 400
