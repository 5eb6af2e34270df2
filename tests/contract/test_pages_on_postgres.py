"""The pages' queries and bad input on a real PostgreSQL, which is stricter than SQLite."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine

from handlers.pages import create_pages
from storage import schema
from storage.database import Database
from tests.support import factories
from tests.support.factories import House
from tests.support.postgres import fresh_database, postgres_url
from tests.support.visitors import Browser


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    plain = factories.open_house(tmp_path)
    database = Database(fresh_database(postgres_url()), plain.database.vault)
    schema.upgrade(database.engine)
    plain.database.close()
    letters = replace(plain.services.letters, database=database)
    yield House(replace(plain.services, database=database, letters=letters), plain.clock, plain.told)
    database.close()


def test_the_desk_works_and_nul_characters_are_no_mistake_of_ours(house: House) -> None:
    with house.database.unit() as uow:
        factories.staff_user(uow)
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made = []
    for name in ("山田 太郎", "鈴木 花子", "伊藤 健"):
        house.clock.advance(minutes=1)
        made.append(factories.approved_once(house, organisation, approver, name=name)[0])
    clerk = Browser(create_pages(house.services, factories.SECRET_KEY).test_client())
    assert clerk.log_in().status_code == 302
    desk = f"applications/{made[1]}"
    lists = (
        "applications?sort=-name&q=%00%25", "letters?sort=-name&q=%00%25", "organisations?q=%00&sort=-approvers",
        "terms", "experts?sort=-name&q=%00%25&place=r2&field=IT活用&organisation=%00",
    )  # fmt: skip
    for path in ("", *lists, "troubles", "account", desk):
        assert clerk.get(f"/admin/{path}").status_code == 200, path
    for order in ("age", "-age", "number", "-number"):
        page = clerk.get(f"/admin/{desk}?sort={order}").text
        assert len(re.findall('rel="(?:prev|next)" data-key', page)) == 2
    version = re.search(r'name="version" value="(\d+)"', clerk.get(f"/admin/applications/{made[0]}").text)
    assert version
    form = {"version": version[1], "item": "face", "comment_face": "暗\x00い"}
    assert clerk.post(f"/admin/applications/{made[0]}/return", **form).status_code == 302
    assert clerk.post("/admin/organisations", name="横浜\x00商工会", prefecture="神奈川県").status_code == 302
    assert clerk.get("/p/terms/%00").status_code == 404
    assert clerk.get("/admin/terms/%00").status_code == 404
    assert clerk.post("/admin/letters", application="\x00").status_code == 422
    assert clerk.post("/admin/account/code/on", code="\x00").status_code == 422
    with time_machine.travel(house.clock(), tick=False):
        good = house.services.links.page("papers", approver.id, made[1])
        odd = house.services.links.page("papers", approver.id, "\x00")
    assert clerk.get(good.removeprefix("http://localhost")).status_code == 200
    assert clerk.get(odd.removeprefix("http://localhost")).status_code == 404
    assert clerk.post("/admin/login", email="\x00", password="\x00").status_code == 401


def test_lists_of_experts_and_the_audit_are_searched_and_streamed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.admin.lists.PER_PAGE", 2)
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    for name in ("山田 太郎", "鈴木 花子", "伊藤 健"):
        house.clock.advance(minutes=1)
        made, person = factories.commissioned(house, organisation, approver, name=name)
        factories.accept(house, person, made)
    boss = Browser(create_pages(house.services, factories.SECRET_KEY).test_client())
    boss.log_in("boss@example.jp")
    narrow = "?field=経営戦略&place=r2&state=active&sort=name&page=2"
    for query in ("?q=鈴木", "?q=R-2026-000002", "?q=C-2026", "?q=0002", narrow):
        assert "鈴木 花子" in boss.get(f"/admin/experts{query}").text, query
    for order in ("name", "-name", "number", "-number", "since", "-since"):
        assert "2 / 2ページ" in boss.get(f"/admin/experts?sort={order}&page=9").text
    assert "申請を承認した" in boss.get("/admin/audit?group=application&who=佐藤&from=2026-11-18&to=2026-11-18").text
    assert boss.get(f"/admin/experts/{person.id}").status_code == 200
    for path, rows in (("experts", 3), ("applications", 0), ("audit", 20), ("organisations", 1)):
        data = boss.get(f"/admin/{path}.csv").data.decode("utf-8-sig")
        assert data.count("\r\n") >= rows + 1, path
        assert boss.get(f"/admin/{path}.xlsx").data.startswith(b"PK")
