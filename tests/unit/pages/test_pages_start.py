"""はじめ: the queues, what happened today in Japan, and what went wrong."""

import re

import pytest

from models.tables.person import AccountMove
from storage import settings
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


@pytest.fixture
def waiting(house: House) -> str:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made, _ = factories.approved_once(house, organisation, approver)
    return made


def cards(page: str) -> dict[str, int]:
    found = re.findall(r'card-name">([^<]+)</span>\s*<span class="card-number">(\d+)', page)
    return {name: int(count) for name, count in found}


def today(page: str) -> dict[str, int]:
    part = page[page.index('id="today"') :]
    return {name: int(count) for name, count in re.findall(r">([^<>]+) <b>(\d+)件</b>", part)}


def test_every_queue_is_there_with_its_list(clerk: Browser, waiting: str) -> None:
    page = clerk.get("/admin/").text
    assert list(cards(page)) == [
        "事務局の承認待ち", "委嘱状の発行待ち", "支援機関の承認待ち", "差し戻し", "派遣の要調整",
        "派遣依頼の未回答", "支援の証跡の確認待ち", "氏名・口座の変更", "LINEの引き継ぎ",
    ]  # fmt: skip
    assert cards(page)["事務局の承認待ち"] == 1
    for link in re.findall(r'class="card" href="([^"]+)"', page):
        assert clerk.get(link.replace("&amp;", "&")).status_code == 200


def test_account_moves_wait_here_too(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        old, new = factories.person(uow, "山田 太郎"), factories.person(uow)
        at = house.clock()
        uow.session.add(AccountMove(person_id=old.id, new_person_id=new.id, state="waiting", asked_at=at))
    assert cards(clerk.get("/admin/").text)["LINEの引き継ぎ"] == 1


def test_what_happened_today_is_counted_from_midnight_in_japan(house: House, clerk: Browser, waiting: str) -> None:
    assert today(clerk.get("/admin/").text) == {"承認依頼が届いた": 1, "支援機関が承認した": 1}
    factories.approve(house, factories.office(house), waiting)
    assert today(clerk.get("/admin/").text)["事務局が承認した"] == 1
    house.clock.advance(hours=13, minutes=59)  # 23:59 in Tokyo
    clerk.log_in()
    assert today(clerk.get("/admin/").text)
    house.clock.advance(minutes=1)
    page = clerk.get("/admin/").text
    assert not today(page)
    assert "まだありません" in page


def test_the_numbers_of_today_lead_to_lists_and_managers_to_the_audit(house: House, clerk: Browser, waiting) -> None:
    page = clerk.get("/admin/").text
    assert "今日の記録" not in page
    part = page[page.index('id="today"') :]
    for link in re.findall(r'<li><a href="([^"]+)"', part):
        assert clerk.get(link).status_code == 200
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    clerk.post("/admin/logout")
    clerk.log_in("boss@example.jp")
    page = clerk.get("/admin/").text
    assert clerk.get(re.findall(r'href="([^"]*audit[^"]*)"', page)[-1]).status_code == 200


def test_how_long_is_too_long_is_a_setting(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    factories.submitted(house, organisation, approver)
    house.clock.advance(days=6)  # Wednesday to Tuesday, a holiday between: three business days
    clerk.log_in()
    assert "営業日" not in clerk.get("/admin/").text
    with house.database.unit() as uow:
        settings.change(uow, "secretariat_after_days", 2, None, house.clock())
    assert "うち1件は2営業日を超えています" in clerk.get("/admin/").text
    assert "2営業日超" in clerk.get("/admin/applications?state=organisation").text


def test_an_organisation_without_approvers_raises_a_flag(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        factories.organisation(uow, "みなと商工会議所")
    page = clerk.get("/admin/").text
    link = re.search(r'href="([^"]*lonely[^"]*)"', page)
    assert link
    assert "みなと商工会議所" in clerk.get(link[1]).text
