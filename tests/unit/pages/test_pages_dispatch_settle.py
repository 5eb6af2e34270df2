"""Settling a dispatch on the secretariat's page: a time, or another expert, each checked before it is confirmed."""

import re

import pytest

from models.rules.dispatch import Status, Why
from tests.support.factories import House
from tests.support.settling import WHY, Place, inputs
from tests.support.visitors import Browser

NOBODY = "0" * 32


@pytest.fixture
def place(house: House) -> Place:
    return Place(house)


def version(browser: Browser, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', browser.get(path).text)
    assert found, path
    return found[1]


# --- a time for both ------------------------------------------------------------------------------


def test_a_time_is_checked_then_set_with_one_confirmation(place: Place, clerk: Browser) -> None:
    view = place.ask()
    path = f"/admin/dispatches/{view.id}/time"
    wanted = inputs(place.slot(9, 10, 90))
    page = clerk.get(path, query_string=wanted)
    assert "に決めますか？" in page.text
    assert place.now(view).status is Status.NEEDS_COORDINATION
    answer = clerk.post(
        path, **wanted, version=version(clerk, f"{path}?day=2026-12-01&from=10:00&to=11:00"), comment=WHY
    )
    assert answer.headers["Location"] == f"/admin/dispatches/{view.id}"
    after = place.now(view)
    assert (after.status, after.starts) == (Status.CONFIRMED, place.slot(9, 10, 90)[0])
    assert "の日時を決めました" in clerk.get(f"/admin/dispatches/{view.id}").text
    assert len(place.house.told) == 3


def test_an_end_before_the_beginning_is_the_next_days(place: Place, clerk: Browser) -> None:
    view = place.ask()
    page = clerk.get(f"/admin/dispatches/{view.id}/time?day=2026-12-01&from=22:00&to=01:00").text
    assert "22:00〜翌1:00 に決めますか？" in page or "22:00〜翌01:00 に決めますか？" in page


@pytest.mark.parametrize(
    "typed",
    [
        {"day": "2026-12-01"},
        {"day": "x", "from": "10:00", "to": "12:00"},
        {"day": "2026-02-30", "from": "10:00", "to": "12:00"},
        {"day": "9999-12-31", "from": "23:00", "to": "01:00"},
        {"day": "2026-12-01", "from": "25:00", "to": "12:00"},
        {"day": "2026-12-01" * 50, "from": "10:00\x00", "to": "１２：００"},
    ],
)
def test_a_time_that_cannot_be_read_says_so_and_keeps_it(place: Place, clerk: Browser, typed: dict[str, str]) -> None:
    view = place.ask()
    path = f"/admin/dispatches/{view.id}/time"
    page = clerk.get(path, query_string=typed)
    assert page.status_code == 422
    assert "日付と、始まり・終わりの時刻をすべて入れてください" in page.text
    answer = clerk.post(path, **typed, version=str(view.version), comment="<b>のこる")
    assert answer.status_code == 422
    assert place.now(view).version == view.version


def test_what_stands_against_a_time_keeps_the_button_away(place: Place, clerk: Browser) -> None:
    place.ask(Status.CONFIRMED, times=(place.slot(8, 14),))
    view = place.ask()
    path = f"/admin/dispatches/{view.id}/time"
    page = clerk.get(path, query_string=inputs(place.slot(8, 15))).text
    assert "このままでは進めません" in page
    assert "この日時に決める</button>" not in page
    answer = clerk.post(path, **inputs(place.slot(8, 15)), version=str(view.version))
    assert answer.status_code == 422
    assert "別の派遣が決まっています" in answer.text
    sunday = clerk.get(path, query_string=inputs(place.slot(11))).text
    assert "ご本人の了解があれば決められます" in sunday
    assert clerk.post(path, **inputs(place.slot(11)), version=str(view.version)).status_code == 302


def test_an_exception_is_granted_with_the_time_or_not_at_all(place: Place, clerk: Browser) -> None:
    for day in (6, 7, 8):
        place.ask(Status.CONFIRMED, times=(place.slot(day),))
    view = place.ask(why=Why.EXCEPTION)
    path = f"/admin/dispatches/{view.id}/time"
    wanted = {**inputs(place.slot(14)), "version": str(view.version)}
    assert "例外として認めますか？" in clerk.get(path, query_string=wanted).text
    assert "原則3回まで" in clerk.get(f"/admin/dispatches/{view.id}/expert").text
    refused = clerk.post(path, **wanted)
    assert refused.status_code == 422
    unreasoned = clerk.post(path, **wanted, **{"except": "visits_year"}, comment="よろしく")
    assert unreasoned.status_code == 422
    assert "例外を認める理由を書いてください" in unreasoned.text
    assert "よろしく" in unreasoned.text
    assert re.search(r'value="visits_year" checked', unreasoned.text)
    assert place.now(view).exceptions == {}
    done = clerk.post(path, **wanted, **{"except": "visits_year"}, reason="継続中の支援のため")
    assert done.status_code == 302
    page = clerk.get(f"/admin/dispatches/{view.id}").text
    assert "認めた例外" in page
    assert "継続中の支援のため" in page


def test_what_somebody_else_did_meanwhile_is_said(place: Place, clerk: Browser) -> None:
    view = place.ask(Status.CONFIRMED)
    place.reopened(view)
    path = f"/admin/dispatches/{view.id}"
    answer = clerk.post(f"{path}/reopen", version=str(view.version), comment="書いた理由", comment_desk="書いたメモ")
    assert answer.status_code == 409
    for words in ("この操作は行っていません", "書いた理由", "書いたメモ", "要調整"):
        assert words in answer.text
    answer = clerk.post(f"{path}/time", version=str(view.version), **inputs(place.slot()), comment="書いたこと")
    assert answer.status_code == 409
    assert "書いたこと" in answer.text
    clerk.post(f"{path}/end", version=str(place.now(view).version), comment=WHY)
    late = clerk.get(f"{path}/time")
    assert late.status_code == 200
    assert "ここで決めることはありません" in late.text
    assert clerk.post(f"{path}/time", version=str(place.now(view).version), **inputs(place.slot())).status_code == 422


# --- another expert -------------------------------------------------------------------------------


def test_another_expert_is_looked_for_chosen_and_asked(place: Place, clerk: Browser) -> None:
    view = place.ask()
    path = f"/admin/dispatches/{view.id}/expert"
    assert "髙橋 美咲" not in clerk.get(path, query_string={"field": "生産管理"}).text
    assert "髙橋 美咲" in clerk.get(path, query_string={"q": "たかはし", "field": ""}).text
    assert "合う専門家はいません" in clerk.get(path, query_string={"q": "たかはし", "place": "東京都"}).text
    page = clerk.get(path, query_string={"person": place.other.id}).text
    assert "この内容で依頼しますか？" in page
    wanted = {**inputs(place.slot(9), "1"), **inputs(place.slot(12), "2"), "person": place.other.id}
    answer = clerk.post(path, **wanted, version=str(view.version), comment=WHY)
    assert answer.status_code == 302
    after = place.now(view)
    assert (after.status, after.expert_id, len(after.wished)) == (Status.REQUESTED, place.other.id, 2)


def test_wished_times_that_do_not_suit_are_left_out_and_said(place: Place, clerk: Browser) -> None:
    view = place.ask(times=(place.slot(8), place.slot(11)))
    page = clerk.get(f"/admin/dispatches/{view.id}/expert?person={place.other.id}").text
    assert "合わないものは外しました" in page
    assert page.count(place.slot(11)[0].date().isoformat()) == 0
    assert "依頼を送る</button>" in page


def test_old_wishes_ask_for_new_times(place: Place, clerk: Browser, house: House) -> None:
    view = place.ask()
    house.clock.advance(days=20)
    clerk.log_in()
    page = clerk.get(f"/admin/dispatches/{view.id}/expert?person={place.other.id}").text
    assert "希望日時はすべて過ぎています" in page
    answer = clerk.post(f"/admin/dispatches/{view.id}/expert", person=place.other.id, version=str(view.version))
    assert answer.status_code == 422
    assert "候補日時を1つ以上" in answer.text


@pytest.mark.parametrize("person", ["", "x", NOBODY, "'"])
def test_nobody_cannot_be_asked(place: Place, clerk: Browser, person: str) -> None:
    view = place.ask()
    answer = clerk.post(f"/admin/dispatches/{view.id}/expert", person=person, version=str(view.version))
    assert answer.status_code == 404
    assert clerk.get(f"/admin/dispatches/{view.id}/expert?person={person}").status_code in (200, 404)
