"""記録: managers read who did what, narrowed by what, who, subject and day; nobody else does."""

import csv
import re
from io import StringIO

import pytest
from flask import Flask

from models.rules.permissions import SYSTEM
from models.views.people import PersonView
from storage import audit
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

NOBODY = "0" * 32


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


@pytest.fixture
def expert(house: House) -> tuple[str, PersonView]:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made, person = factories.commissioned(house, organisation, approver)
    factories.accept(house, person, made)
    return made, person


def lines(browser: Browser, query: str = "") -> list[dict[str, str]]:
    data = browser.get(f"/admin/audit.csv{query}").data.decode("utf-8-sig")
    return list(csv.DictReader(StringIO(data, newline="")))


def codes(browser: Browser, query: str = "") -> list[str]:
    return [line["コード"] for line in lines(browser, query)]


def test_a_line_says_who_did_what_to_whom(expert: tuple[str, PersonView], boss: Browser) -> None:
    made, person = expert
    page = boss.get("/admin/audit?group=application").text
    assert f'href="/admin/applications/{made}"' in page
    moved = "支援機関の承認待ち → 事務局の承認待ち"
    for words in ("申請 R-2026-000001 山田 太郎", "申請を承認した", "佐藤 花子", moved):
        assert words in page, words
    accepted = next(line for line in lines(boss) if line["コード"] == "application.accept")
    assert accepted["だれが"] == "山田 太郎", "an applicant is called as on the application"
    assert accepted["だれがのID"] == person.id
    assert accepted["状態"] == "就任承諾待ち → 登録専門家"


def test_it_is_narrowed_by_what_who_subject_and_day(expert: tuple[str, PersonView], boss: Browser) -> None:
    made, person = expert
    everything = codes(boss)
    assert codes(boss, "?sort=at")[0] == everything[-1] == "terms.publish"
    assert "staff.log_in" in everything
    assert set(codes(boss, "?group=commission")) == {"terms.publish", "letter.number"}
    assert codes(boss, "?group=views") == []
    boss.get(f"/admin/applications/{made}")
    assert codes(boss, "?group=views") == ["papers.view"]
    assert set(codes(boss, "?who=佐藤")) == {"application.approve"}
    assert codes(boss, f"?who={person.id}") == codes(boss, "?who=山田")
    assert set(codes(boss, "?who=やまだ")) == set(codes(boss, "?who=山田"))
    assert "application.accept" in codes(boss, "?id=r-2026-000001")
    assert codes(boss, f"?id={made}&kind=application") == codes(boss, "?id=R-2026-000001")
    assert codes(boss, f"?id={made}&kind=staff") == []
    assert set(codes(boss, "?kind=terms")) == {"terms.publish"}
    assert codes(boss, "?from=2026-11-19") == []
    assert codes(boss, "?to=2026-11-17") == []
    today = codes(boss, "?from=2026-11-18&to=2026-11-18")
    assert [each for each in today if each != "list.export"] == [
        each for each in codes(boss) if each != "list.export"
    ]  # fmt: skip
    for junk in ("from=0001-01-01&to=9999-12-31", "from=x&to=2026-02-30", "group=nothing&kind=nothing", "page=9999"):
        assert codes(boss, f"?{junk}")
    assert codes(boss, "?who=%25") == []
    assert codes(boss, "?id=%00") != []


def test_days_are_japanese_days(house: House, boss: Browser) -> None:
    house.clock.advance(hours=14, minutes=1)  # 00:01 of the 19th in Tokyo, still the 18th in UTC
    with house.database.unit() as uow:
        audit.record(uow, SYSTEM, "application.lapse", ("application", NOBODY), house.clock())
    boss.log_in("boss@example.jp")
    assert "application.lapse" in codes(boss, "?from=2026-11-19&to=2026-11-19")
    assert "application.lapse" not in codes(boss, "?to=2026-11-18")
    found = next(line for line in lines(boss, "?group=application") if line["コード"] == "application.lapse")
    assert found["だれが"] == "自動の処理"
    assert found["日時"] == "2026-11-19 00:01"
    assert found["対象"] == "申請", "a subject that is gone has no name"


def test_a_code_nobody_knows_any_more_is_shown_as_it_is(house: House, boss: Browser) -> None:
    with house.database.unit() as uow:
        audit.record(uow, SYSTEM, "old.action", ("gone", "<b>x</b>"), house.clock(), moved=("a", "b"), detail="=1+1")
    page = boss.get("/admin/audit").text
    assert "old.action" in page
    assert "gone &lt;b&gt;x&lt;/b&gt;" in page
    assert "a → b" in page
    assert next(line for line in lines(boss) if line["コード"] == "old.action")["詳しく"] == "'=1+1"


def test_people_who_are_no_experts_have_no_link(house: House, expert: tuple[str, PersonView], boss: Browser) -> None:
    with house.database.unit() as uow:
        member = factories.person(uow, "田中 次郎")
        for person in (member.id, expert[1].id):
            audit.record(uow, SYSTEM, "consent.give", ("person", person), house.clock())
    page = boss.get("/admin/audit?kind=person").text
    assert f"/admin/experts/{expert[1].id}" in page
    assert "田中 次郎" in page
    assert f"/admin/experts/{member.id}" not in page


def test_every_link_of_a_line_leads_somewhere(expert: tuple[str, PersonView], boss: Browser) -> None:
    links = set(re.findall(r'<td[^>]*>\s*<a href="([^"]+)"', boss.get("/admin/audit").text))
    assert len(links) >= 3
    for link in links:
        assert boss.get(link).status_code == 200, link


def test_many_lines_are_counted_only_so_far(house: House, boss: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from handlers.admin import audit as viewer

    with house.database.unit() as uow:
        for _ in range(130):
            audit.record(uow, SYSTEM, "application.lapse", ("application", NOBODY), house.clock())
    monkeypatch.setattr(viewer, "MOST", 100)
    monkeypatch.setattr(viewer, "AUDIT", replace(viewer.AUDIT, most=100))
    page = boss.get("/admin/audit?group=application&page=9").text
    assert "100件以上" in page
    assert "2 / 2ページ" in page
    assert len(codes(boss, "?group=application")) == 130, "a file holds all"


def test_only_managers_read_it(clerk: Browser, reader: Browser, house: House) -> None:
    for browser in (clerk, reader):
        for path in ("/admin/audit", "/admin/audit.csv", "/admin/audit.xlsx"):
            assert browser.get(path).status_code == 403
    with house.database.read() as uow:
        from storage import audit_lists

        assert audit_lists.count(uow, audit_lists.Wanted(actions=["list.export"]), 10) == 0
