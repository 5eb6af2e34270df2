"""A file field as a person meets it: chosen, on its way over a slow line, looked at, taken back, tried again."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Blueprint, Response, jsonify, make_response, render_template_string, request, url_for
from playwright.sync_api import Locator, Page, Route, expect

from handlers import pictures, uploads
from handlers.links import Links
from handlers.pages import create_pages
from handlers.usecases.registration import draft
from handlers.web import tickets, upload
from handlers.web.context import services
from models.views.registration import PaperView
from storage import papers, registration
from storage.files import FileStore, open_store
from tests.browser.conftest import sound
from tests.support import factories, photos
from tests.support.s3 import Seaweed
from tests.support.serving import Serving

pytestmark = pytest.mark.browser
TRIED = tickets.Purpose("tried", timedelta(minutes=30))
KIND = "certificate"
PAGE = """{% extends "base.html" %}{% from "web/upload.html" import upload, upload_head %}
{% block title %}書類{% endblock %}{% block head %}{{ upload_head() }}{% endblock %}
{% block main %}<h1>書類を送る</h1><form method="post" action="/p/tried/{{ token }}">
{{ upload("papers", "資格証明書", begin=url_for("web.tried_begin", token=token),
  take=url_for("web.tried_take", token=token), pdf=true, most=3, shown=shown) }}
<button class="main-button">送る</button></form>{% endblock %}"""


def routes(bp: Blueprint) -> None:
    """A page with one file field, written as pages are."""

    def shown(token: str, paper: Any) -> dict[str, str]:
        at = {"token": token, "paper_id": paper.id}
        name = f"資格証明書（{paper.width}×{paper.height}）"
        return {"name": name, "url": url_for("web.tried_picture", **at), "remove": url_for("web.tried_remove", **at)}

    def held(token: str) -> list[Any]:
        with tickets.opened(TRIED, token, tickets.this_browser()) as at:
            return papers.current(at.uow, at.subject)

    @bp.get("/tried/<token>")
    def tried_page(token: str) -> Response:
        browser = tickets.this_browser()
        with tickets.opened(TRIED, token, browser, first=True) as at:
            photos_held = [shown(token, paper) for paper in papers.current(at.uow, at.subject)]
        page = make_response(render_template_string(PAGE, token=token, shown=photos_held))
        return tickets.remember(upload.may_upload(page), browser)

    @bp.post("/tried/<token>")
    def tried_sent(token: str) -> Response:
        return make_response(f"{len(held(token))} papers")

    @bp.post("/tried/<token>/begin")
    def tried_begin(token: str) -> Response:
        with tickets.opened(TRIED, token, tickets.this_browser()) as at:
            actor = at.actor
        return upload.form_for(actor)

    @bp.post("/tried/<token>/take")
    def tried_take(token: str) -> Response:
        with tickets.opened(TRIED, token, tickets.this_browser()) as at:
            actor = at.actor
        taken = uploads.take_in(services(), actor, (request.get_json() or {})["key"], pdf=True)
        with tickets.opened(TRIED, token, tickets.this_browser(), write=True) as at:
            for photo in taken:
                draft.add_photo(at.uow, at.actor, at.subject, KIND, photo, services().clock())
        kept = {photo.sha256 for photo in taken}
        return jsonify(photos=[shown(token, paper) for paper in held(token) if paper.sha256 in kept])

    @bp.post("/tried/<token>/<row_id:paper_id>/remove")
    def tried_remove(token: str, paper_id: str) -> Response:
        with tickets.opened(TRIED, token, tickets.this_browser(), write=True) as at:
            gone = [paper for paper in papers.current(at.uow, at.subject) if paper.id == paper_id]
            papers.remove(at.uow, gone, services().clock())
        return jsonify({})

    @bp.get("/tried/<token>/<row_id:paper_id>.jpg")
    def tried_picture(token: str, paper_id: str) -> Response:
        paper = next(each for each in held(token) if each.id == paper_id)
        at = (paper.id, paper.kind, paper.file_key, paper.width, paper.height, paper.added_at)
        return pictures.send_photo(services(), PaperView(*at), side=200)


class Site:
    """That page on a port of its own, for somebody with a draft."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, files: FileStore | None = None) -> None:
        self.house = factories.open_house(folder)
        explain = tickets.explain
        monkeypatch.setattr(tickets, "explain", lambda bp: (explain(bp), routes(bp)))
        self.server = Serving()
        self.address = self.server.address
        links = Links(factories.SECRET_KEY, self.address)
        at = replace(self.house.services, links=links, files=files or self.house.services.files)
        self.server.app = create_pages(at, factories.SECRET_KEY)
        with self.house.database.unit() as uow:
            organisation = factories.organisation(uow)
            approver, person = factories.approver(uow, organisation), factories.person(uow)
            now = self.house.clock()
            self.application = registration.create(uow, person.id, organisation, approver.id, None, now)
        with time_machine.travel(self.house.clock(), tick=False):
            self.link = links.page("tried", person.id, self.application)

    def close(self) -> None:
        self.server.close()
        self.house.database.close()

    def held(self) -> int:
        with self.house.database.read() as uow:
            return len(papers.current(uow, self.application))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    opened = Site(tmp_path, monkeypatch)
    yield opened
    opened.close()


def photo(name: str = "写真.jpg", size: tuple[int, int] = (1200, 900)) -> Any:
    return {"name": name, "mimeType": "image/jpeg", "buffer": photos.jpeg(*size, text=name.encode().hex())}


def slow(page: Page, bytes_a_second: int) -> None:
    conditions = {"offline": False, "latency": 100, "downloadThroughput": -1, "uploadThroughput": bytes_a_second}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", conditions)


def choose(page: Page, *files: Any) -> None:
    page.get_by_label("資格証明書", exact=True).set_input_files(list(files))


def drawn(picture: Locator) -> None:
    """Waits inside the page: a condition asked for again and again would be eval, which the page's policy refuses."""
    assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0


def test_a_photo_is_sent_shown_and_taken_back(site: Site, page: Page) -> None:
    page.goto(site.link)
    sound(page)
    choose(page, photo())
    expect(page.get_by_text("受け取りました。")).to_be_visible()
    picture = page.locator(".uploads img")
    expect(picture).to_have_count(1)
    drawn(picture)
    sound(page)
    page.reload()
    expect(picture).to_have_count(1)
    page.get_by_role("button", name="資格証明書（1200×900）を消す").click()
    expect(page.get_by_text("消しました。")).to_be_visible()
    expect(picture).to_have_count(0)
    expect(page.get_by_label("資格証明書", exact=True)).to_be_focused()
    assert site.held() == 0


def test_over_a_slow_line_one_sees_how_far_it_is_and_nothing_jumps(site: Site, page: Page) -> None:
    page.goto(site.link)
    big = {"name": "scan.jpg", "mimeType": "image/jpeg", "buffer": photos.jpeg(1600, 1200) + b"\x00" * 300_000}
    below = page.get_by_role("button", name="送る", exact=True)
    slow(page, 100_000)
    before = below.bounding_box()
    page.evaluate("""() => {
      window.seen = [];
      const bar = document.querySelector("progress");
      new MutationObserver(() => bar.hidden || window.seen.push(bar.value)).observe(bar, { attributes: true });
    }""")
    choose(page, big)
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_label("資格証明書", exact=True)).to_be_disabled()
    expect(page.get_by_role("status")).to_contain_text("送っています")
    assert below.bounding_box() == before
    below.click()
    expect(page.get_by_role("alert")).to_contain_text("このままお待ちください")
    expect(page.get_by_text("受け取りました。")).to_be_visible(timeout=30_000)
    seen = page.evaluate("window.seen")
    assert len({value for value in seen if 0 < value < 100}) >= 3, seen
    assert seen == sorted(seen)
    assert page.url == site.link


def test_a_line_that_breaks_is_said_and_the_same_file_goes_again(site: Site, page: Page) -> None:
    page.goto(site.link)
    broken: list[str] = []

    def cut(route: Route) -> None:
        broken.append(route.request.url)
        route.abort("connectionreset")

    page.route("**/p/upload", cut)
    choose(page, photo("一枚目.jpg"), photo("二枚目.jpg"))
    expect(page.get_by_role("alert")).to_contain_text("送れませんでした")
    again = page.get_by_role("button", name="もう一度送る")
    expect(again).to_be_focused()
    sound(page)
    again.press("Enter")
    expect(again).to_be_focused()
    page.unroute("**/p/upload")
    again.press("Enter")
    expect(page.locator(".uploads li")).to_have_count(2)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert len(broken) == 2
    assert site.held() == 2


@pytest.mark.parametrize("where", ["begin", "take"])
def test_a_server_that_does_not_answer_can_be_tried_again(site: Site, page: Page, where: str) -> None:
    page.goto(site.link)
    page.route(f"**/{where}", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    choose(page, photo())
    expect(page.get_by_role("alert")).to_contain_text("送れませんでした")
    page.unroute(f"**/{where}")
    page.get_by_role("button", name="もう一度送る").click()
    expect(page.locator(".uploads li")).to_have_count(1)


def test_an_answer_that_was_lost_makes_no_second_paper(site: Site, page: Page) -> None:
    page.goto(site.link)

    def lost(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/take", lost)
    choose(page, photo())
    expect(page.get_by_role("alert")).to_contain_text("送れませんでした")
    assert site.held() == 1
    page.unroute("**/take")
    page.get_by_role("button", name="もう一度送る").click()
    expect(page.locator(".uploads li")).to_have_count(1)
    assert site.held() == 1


def test_what_cannot_be_used_is_refused_with_its_name_and_the_rest_goes_on(site: Site, page: Page) -> None:
    page.goto(site.link)
    posted: list[str] = []
    page.on("request", lambda sent: posted.append(sent.url) if sent.url.endswith("/p/upload") else None)
    huge = {"name": "大きい.jpg", "mimeType": "image/jpeg", "buffer": b"\xff" * (10 * 1024 * 1024 + 1)}
    choose(page, huge)
    expect(page.get_by_role("alert")).to_contain_text("大きい.jpg：ファイルが大きすぎます（10MBまで）")
    assert posted == []
    choose(page, {"name": "空.jpg", "mimeType": "image/jpeg", "buffer": b""})
    expect(page.get_by_role("alert")).to_contain_text("空.jpg：写真が空でした")
    choose(page, photo("小さい.jpg", (300, 300)), photo("よい.jpg"))
    expect(page.get_by_role("alert")).to_contain_text("小さい.jpg：写真が小さくて")
    expect(page.locator(".uploads li")).to_have_count(1)
    expect(page.get_by_role("button", name="もう一度送る")).to_be_hidden()
    sound(page)


def test_a_pdf_shows_its_pages_and_a_full_field_is_put_away(site: Site, page: Page) -> None:
    page.goto(site.link)
    choose(page, {"name": "証明書.pdf", "mimeType": "application/pdf", "buffer": photos.pdf()})
    expect(page.locator(".uploads li")).to_have_count(1)
    choose(page, photo("一枚目.jpg"), photo("二枚目.jpg"), photo("三枚目.jpg"))
    expect(page.locator(".uploads li")).to_have_count(3)
    expect(page.get_by_role("alert")).to_contain_text("三枚目.jpg：これ以上は受け取れません")
    expect(page.get_by_label("資格証明書", exact=True)).to_be_hidden()
    page.locator("[data-remove]").first.click()
    expect(page.get_by_label("資格証明書", exact=True)).to_be_visible()


def test_by_keyboard_alone(site: Site, page: Page) -> None:
    page.goto(site.link)
    choose(page, photo())
    expect(page.locator(".uploads li")).to_have_count(1)
    page.get_by_role("link", name="本文へ").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "papers"
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="を消す")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".uploads li")).to_have_count(0)


def test_a_link_that_is_over_is_said_in_words(site: Site, page: Page) -> None:
    page.goto(site.link)
    site.house.clock.advance(minutes=31)
    choose(page, photo())
    expect(page.get_by_role("alert")).to_contain_text("期限が切れています")


def test_to_s3_the_file_goes_straight_and_the_page_may_speak_to_nobody_else(
    s3: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: Page
) -> None:
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    posted: list[str] = []
    page.on("request", lambda sent: posted.append(sent.url) if sent.method == "POST" else None)
    with closing(open_store(f"s3://{s3.bucket}/browser", "")) as store:
        site = Site(tmp_path, monkeypatch, store)
        answer = page.goto(site.link)
        assert answer
        assert f"connect-src 'self' {s3.endpoint};" in answer.headers["content-security-policy"]
        choose(page, photo())
        expect(page.locator(".uploads li")).to_have_count(1)
        drawn(page.locator(".uploads img"))
        assert [url.startswith(s3.endpoint) for url in posted] == [False, True, False]
        assert site.held() == 1
        site.close()
