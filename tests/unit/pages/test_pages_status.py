"""システムの状態: who sees what of it, what opening it costs, and asking the others once a minute."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from handlers.checks.finding import fine, warning
from handlers.pages import create_pages
from tests.support import factories
from tests.support.examining import ANSWERED, BAD, LONG, WRONG, Told, of
from tests.support.factories import House
from tests.support.visitors import Browser


@pytest.fixture
def told(house: House) -> Told:
    made = Told(at=house.clock())
    house.services = replace(house.services, examiner=made)
    return made


@pytest.fixture
def app(house: House, told: Told) -> Flask:
    return create_pages(house.services, factories.SECRET_KEY)


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


def test_opening_it_asks_nobody_else(boss: Browser, told: Told) -> None:
    page = boss.get("/admin/status").text
    assert told.asks == 0
    assert "まだ確かめていません" in page
    assert "公開アドレスはhttpsです。" in page
    assert "いまはありません。" in page


def test_pressing_asks_and_shows_the_answer_at_once(boss: Browser, told: Told, house: House) -> None:
    told.others = [*ANSWERED, *WRONG]
    boss.get("/admin/status")
    page = boss.post("/admin/status").text
    assert told.asks == 1
    assert "今月送れるお知らせを使い切りました" in page
    assert "に確かめました" in page
    again = boss.post("/admin/status")
    assert (again.status_code, told.asks) == (429, 1)
    assert "少し前に確かめたばかりです" in again.text
    assert "今月送れるお知らせを使い切りました" in again.text
    house.clock.advance(seconds=61)
    assert boss.post("/admin/status").status_code == 200
    assert told.asks == 2


def test_a_press_without_its_token_asks_nobody(boss: Browser, told: Told) -> None:
    assert boss.client.post("/admin/status").status_code == 400
    assert told.asks == 0


def test_the_worst_comes_first_with_what_to_do(boss: Browser, told: Told) -> None:
    told.findings = [*told.findings, *BAD]
    page = boss.get("/admin/status").text
    bad = page[page.index('id="bad"') : page.index('id="others"')]
    assert bad.index("表の形が") < bad.index("TRUSTED_PROXY_HOPSが0です") < bad.index("外部リンク")
    assert "chusho119 db upgrade を実行してください" in bad
    groups = page[page.index('id="all"') :]
    assert groups.index("データベース") < groups.index(">設定") < groups.index("処理の状況")


def test_addresses_and_revisions_are_for_managers(boss: Browser, clerk: Browser, told: Told) -> None:
    told.findings, told.answers = [*told.findings, *BAD], list(WRONG)
    seen = boss.get("/admin/status").text
    assert LONG in seen
    assert "0004 → 0005" in seen
    assert "くわしく（11件）" in seen
    less = clerk.get("/admin/status").text
    assert "LINEに登録したWebhookのアドレスが" in less
    for hidden in (LONG, "0004 → 0005", "PostgreSQL", "くわしく"):
        assert hidden not in less


def test_readers_are_not_shown_it(reader: Browser, told: Told) -> None:
    told.findings = list(BAD)
    assert reader.get("/admin/status").status_code == 403
    assert reader.post("/admin/status").status_code == 403
    assert "/admin/status" not in reader.get("/admin/").text
    assert "システムの状態" not in reader.get("/admin/settings").text


def test_the_start_page_points_to_it_only_when_something_needs_attention(clerk: Browser, told: Told) -> None:
    assert "システムに、" not in clerk.get("/admin/").text
    told.findings = [of("links", warning("links_old", count=1, days=90)), of("work", warning("dead", count=1))]
    assert "システムに、" not in clerk.get("/admin/").text
    told.findings = [of("settings", fine("https")), *BAD]
    assert "システムに、エラーが1件、注意が2件あります" in clerk.get("/admin/").text


def test_without_an_examiner_there_is_no_such_page(house: House, told: Told) -> None:
    house.services = replace(house.services, examiner=None)
    browser = Browser(create_pages(house.services, factories.SECRET_KEY).test_client())
    with house.database.unit() as uow:
        factories.staff_user(uow, "other@example.jp")
    browser.log_in("other@example.jp")
    assert browser.get("/admin/status").status_code == 404
    assert browser.get("/admin/").status_code == 200


def test_the_figures_count_what_waits(boss: Browser, house: House, add_rows: Callable[[], None]) -> None:
    add_rows()
    page = boss.get("/admin/status").text
    figures = page[page.index('class="sums') : page.index("</dl>")]
    assert [part.split("<dd>")[1].split("<")[0] for part in figures.split("<dt>")[1:]] == ["1", "0", "1", "2", "―", "2"]


@pytest.fixture
def add_rows(house: House) -> Callable[[], None]:
    from tests.support.given_up import event, message

    def add() -> None:
        with house.database.unit() as uow:
            message(uow, house.clock())
            message(uow, house.clock(), held=True)
            event(uow, house.clock())
            event(uow, house.clock(), state="pending")

    return add
