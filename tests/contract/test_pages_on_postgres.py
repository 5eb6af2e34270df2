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
    lists = ("applications?sort=-name&q=%00%25", "letters?sort=-name&q=%00%25", "organisations?q=%00", "terms")
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
