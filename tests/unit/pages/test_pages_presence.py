"""Two people on the same application: each sees the other, and the second one overwrites nothing."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from handlers.jobs.retain import retain
from storage import presence
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


@pytest.fixture
def other(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "other@example.jp")
    browser = Browser(app.test_client())
    browser.log_in("other@example.jp")
    return browser


@pytest.fixture
def desk(house: House) -> str:
    """The path of an application that waits for the secretariat."""
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made, _ = factories.approved_once(house, organisation, approver)
    return f"/admin/applications/{made}"


def shown(page: str) -> str:
    found = re.search(r'<p [^>]*id="presence"[^>]*>([^<]*)</p>', page)
    assert found
    return found[1]


def test_the_second_sees_the_first_at_once_and_the_first_at_the_next_poll(
    house: House, clerk: Browser, other: Browser, desk: str
) -> None:
    assert shown(clerk.get(desk).text) == ""
    house.clock.advance(seconds=20)
    page = other.get(desk).text
    assert shown(page) == "鈴木 一郎さんがこの申請を開いています（10:00から）。"
    assert not re.search(r'id="presence"[^>]* hidden', page)
    told = clerk.post(f"{desk}/presence")
    assert told.text == "鈴木 一郎さんがこの申請を開いています（10:00から）。"
    assert told.mimetype == "text/plain"


def test_whoever_left_is_gone_after_a_while_and_whoever_stays_is_not(
    house: House, clerk: Browser, other: Browser, desk: str
) -> None:
    clerk.get(desk)
    for _ in range(4):
        house.clock.advance(seconds=15)
        assert clerk.post(f"{desk}/presence").status_code == 200
    assert "10:00から" in shown(other.get(desk).text)
    house.clock.advance(seconds=46)
    assert other.post(f"{desk}/presence").text == ""


def test_only_whoever_opened_it_is_told_and_only_while_logged_in(
    house: House, clerk: Browser, other: Browser, visitor: Browser, desk: str
) -> None:
    clerk.get(desk)
    assert other.post(f"{desk}/presence").status_code == 404
    assert clerk.post(f"/admin/applications/{'0' * 32}/presence").status_code == 404
    visitor.get("/admin/login")
    assert visitor.post(f"{desk}/presence").status_code == 400
    assert clerk.get(f"{desk}/presence").status_code == 405
    assert clerk.client.post(f"{desk}/presence").status_code == 400, "no token of the form"


def test_an_open_page_keeps_no_session_alive(house: House, clerk: Browser, desk: str) -> None:
    clerk.get(desk)
    for _ in range(30):
        house.clock.advance(minutes=1)
        clerk.post(f"{desk}/presence")
    house.clock.advance(seconds=1)
    assert clerk.post(f"{desk}/presence").status_code == 400
    assert clerk.get("/admin/").status_code == 302


def test_the_slower_decision_changes_nothing_and_its_words_are_kept(
    house: House, clerk: Browser, other: Browser, desk: str
) -> None:
    version = re.search(r'name="version" value="(\d+)"', clerk.get(desk).text)
    assert version
    other.get(desk)
    assert other.post(f"{desk}/approve", version=version[1]).status_code == 302
    late = clerk.post(f"{desk}/return", version=version[1], item="identity", comment_identity="期限が<切れて>います")
    assert late.status_code == 409
    assert "鈴木 一郎さんが 11月18日（水）10:00 に承認にしたため" in late.text
    assert "期限が&lt;切れて&gt;います" in late.text


def test_a_poll_takes_one_write_and_one_look(house: House, clerk: Browser, desk: str) -> None:
    from sqlalchemy import event

    clerk.get(desk)
    asked: list[str] = []

    def note(*args: object) -> None:
        asked.append(str(args[2]))

    event.listen(house.database.engine, "before_cursor_execute", note)
    clerk.post(f"{desk}/presence")
    event.remove(house.database.engine, "before_cursor_execute", note)
    assert sum("presences" in statement for statement in asked) == 2
    assert len([statement for statement in asked if not statement.startswith("BEGIN")]) <= 3, (
        "and one for who is logged in"
    )


def test_opening_twice_is_one_presence_and_old_ones_are_dropped(house: House, clerk: Browser, desk: str) -> None:
    clerk.get(desk)
    clerk.get(desk)
    made = desk.rpartition("/")[2]
    ever = house.clock() - timedelta(days=9)
    with house.database.read() as uow:
        assert len(presence.others(uow, made, "nobody", ever)) == 1
    retain(house.database, house.services.files, house.clock() + timedelta(days=2))
    with house.database.read() as uow:
        assert not presence.others(uow, made, "nobody", ever)
