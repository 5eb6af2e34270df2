"""派遣 on the secretariat's page: found by everything one knows, shown whole, and the steps that want words."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import event

from handlers.usecases.dispatch import step
from models.rules.dispatch import Action, Status
from models.rules.visit import End, Source
from storage import visits
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.settling import WHY, Place
from tests.support.visitors import Browser

NOBODY = "0" * 32


@pytest.fixture
def place(house: House) -> Place:
    return Place(house)


def listed(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/admin/dispatches{query}")
    assert page.status_code == 200
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', page.text)


# --- the list -------------------------------------------------------------------------------------


def test_dispatches_are_found_by_everything_one_knows(place: Place, clerk: Browser) -> None:
    first = place.ask(title="原価管理の見直し")
    place.ask(title="ＥＣサイトの立ち上げ", business="有限会社さくら", corporate_number="")
    place.ask(Status.CONFIRMED, title="人手不足の解消", times=(place.slot(30),))
    day = place.slot(30)[0].date()
    table = {
        "": ["原価管理の見直し", "ＥＣサイトの立ち上げ"],
        "?state=all": ["人手不足の解消", "原価管理の見直し", "ＥＣサイトの立ち上げ"],
        "?state=confirmed": ["人手不足の解消"],
        "?state=requested": [],
        f"?q={first.number}": ["原価管理の見直し"],
        "?q=ecサイト": ["ＥＣサイトの立ち上げ"],
        "?q=さくら": ["ＥＣサイトの立ち上げ"],
        "?business=さくら": ["ＥＣサイトの立ち上げ"],
        "?organisation=千代田": ["原価管理の見直し", "ＥＣサイトの立ち上げ"],
        "?organisation=札幌": [],
        f"?state=all&from={day}": ["人手不足の解消"],
        f"?state=confirmed&to={day - timedelta(days=1)}": [],
        "?state=confirmed&year=2026": ["人手不足の解消"],
        "?state=confirmed&year=２０２６年度": ["人手不足の解消"],
        "?state=confirmed&year=2025": [],
        "?sort=since": ["原価管理の見直し", "ＥＣサイトの立ち上げ"],
        "?sort=-since": ["ＥＣサイトの立ち上げ", "原価管理の見直し"],
        "?state=nonsense&from=x&year=x&page=99&sort=x": ["原価管理の見直し", "ＥＣサイトの立ち上げ"],
    }
    for query, titles in table.items():
        assert sorted(listed(clerk, query)) == sorted(titles), query
    for query in ("", "?sort=-since"):
        assert listed(clerk, query) == table[query]
    assert '<option value="usual" selected>' in clerk.get("/admin/dispatches").text, "a search keeps the order"


def test_tabs_count_what_is_searched_for(place: Place, clerk: Browser) -> None:
    place.ask(title="原価管理")
    place.ask(title="販路")
    place.ask(Status.CONFIRMED, title="販路")
    page = clerk.get("/admin/dispatches?q=販路").text
    counts = dict(re.findall(r'<a href="[^"]+"[^>]*>(\S+) <b>([\d+]+)</b>', page))
    assert (counts["要調整"], counts["決定"], counts["未処理"]) == ("1", "1", "0")


def test_who_does_not_answer_for_too_long_is_a_list_of_its_own(place: Place, clerk: Browser, house: House) -> None:
    place.ask(Status.REQUESTED, title="古い依頼")
    place.ask(Status.COUNTER_PROPOSED, title="古い提案")
    house.clock.advance(days=6)
    clerk.log_in()
    place.ask(Status.REQUESTED, title="新しい依頼")
    assert sorted(listed(clerk, "?state=unanswered")) == ["古い依頼", "古い提案"]
    page = clerk.get("/admin/dispatches?state=requested").text
    assert page.count('<span class="badge warn">未回答</span>') == 1
    start = clerk.get("/admin/").text
    cards = dict(re.findall(r'card-name">([^<]+)</span>\s*<span class="card-number">(\d+)', start))
    assert (cards["派遣の要調整"], cards["派遣依頼の未回答"]) == ("0", "2")


def test_the_list_as_a_file(place: Place, clerk: Browser) -> None:
    view = place.ask(Status.CONFIRMED, title="=1+1")
    answer = clerk.get("/admin/dispatches.csv?state=confirmed")
    head, row = csv.reader(StringIO(answer.data.decode("utf-8-sig")))
    line = dict(zip(head, row, strict=True))
    assert (line["番号"], line["件名"], line["状態"]) == (view.number, "'=1+1", "決定")
    assert line["開始"] == f"{dispatches.slot(place.house.clock())[0]:%Y-%m-%d %H:%M}"
    assert clerk.get("/admin/dispatches.xlsx?state=all").status_code == 200


def test_the_number_of_statements_hangs_on_nothing(place: Place, clerk: Browser, house: House) -> None:
    def statements(path: str) -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(house.database.engine, "before_cursor_execute", listener)
        assert clerk.get(path).status_code == 200
        event.remove(house.database.engine, "before_cursor_execute", listener)
        return len(seen)

    view = place.ask()
    pages = ("/admin/dispatches", "/admin/", f"/admin/dispatches/{view.id}/expert?field=")
    few = [statements(path) for path in pages]
    for _ in range(8):
        place.ask()
    dispatches.expert(house, place.organisation, place.approver, name="伊藤 健", kana="イトウ ケン")
    assert [statements(path) for path in pages] == few


# --- one dispatch ---------------------------------------------------------------------------------


def test_the_page_shows_everything_and_what_is_for_the_desk_alone(place: Place, clerk: Browser, house: House) -> None:
    view = place.ask(Status.REQUESTED)
    with house.database.unit() as uow:
        row, seen = step.open_for(uow, place.expert.actor, view.id)
        said = step.Said("distance", "事業者と面識があります", "別の方をお願いします")
        step.take(uow, place.expert.actor, row, Action.DECLINE, house.clock(), said=said, before=seen)
    page = clerk.get(f"/admin/dispatches/{view.id}").text
    for words in (
        view.number, "原価管理の見直し", "株式会社みほん製作所", "7000012050002", "田中 一郎", "03-1234-5678",
        "tanaka@example.jp", "生産管理", "現場も見てほしい。", "佐藤 花子さん", "山田 太郎", "事業者と面識があります",
        "別の方をお願いします", "場所が遠い", "地図を開く", "派遣を依頼", "辞退",
    ):  # fmt: skip
        assert words in page, words
    assert 'data-opens="' not in page, "nothing is left to be done"


def test_problems_are_shown_before_anything_is_settled(place: Place, clerk: Browser) -> None:
    place.ask(Status.CONFIRMED, times=(place.slot(8, 14),))
    view = place.ask(times=(place.slot(8), place.slot(11), place.slot(9)))
    page = clerk.get(f"/admin/dispatches/{view.id}").text
    assert "専門家に別の派遣が決まっています" in page
    assert "専門家の定休日です" in page
    page = clerk.get(f"/admin/dispatches/{view.id}/time").text
    assert page.count("空いています") == 1


@pytest.mark.parametrize("path", ["", "/time", "/expert", f"/expert?person={NOBODY}"])
def test_what_is_not_there(clerk: Browser, path: str, place: Place) -> None:
    assert clerk.get(f"/admin/dispatches/{NOBODY}{path}").status_code == 404
    if "person" in path:
        assert clerk.get(f"/admin/dispatches/{place.ask().id}{path}").status_code == 404


def test_the_visit_so_far_is_shown(place: Place, clerk: Browser, house: House) -> None:
    view = place.ask(Status.CONFIRMED)
    with house.database.unit() as uow:
        held = visits.open_row(uow, view.id, place.expert.id, house.clock())
        at = house.clock()
        visits.add_act(uow, place.expert.actor, view.id, place.expert.id, End.IN, Source.GPS, at, at)
        held.came_at = at
    assert "支援の記録" in clerk.get(f"/admin/dispatches/{view.id}").text


# --- steps with words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "act", "target"),
    [
        (Status.NEEDS_COORDINATION, "end", Status.DECLINED),
        (Status.REQUESTED, "reopen", Status.NEEDS_COORDINATION),
        (Status.CONFIRMED, "reopen", Status.NEEDS_COORDINATION),
        (Status.CONFIRMED, "cancel", Status.CANCELLED),
        (Status.REPORT_DUE, "not_held", Status.CANCELLED),
    ],
)
def test_a_step_asks_once_wants_its_words_and_is_done(
    place: Place, clerk: Browser, status: Status, act: str, target: Status
) -> None:
    view = place.ask(status)
    path = f"/admin/dispatches/{view.id}"
    assert f'<dialog id="{act}"' in clerk.get(path).text
    for words in ("", " \n", "あ" * 501):
        refused = clerk.post(f"{path}/{act}", version=str(view.version), comment=words, category="other")
        assert refused.status_code == 422
        assert "data-open" in refused.text
    assert place.now(view) == view
    done = clerk.post(f"{path}/{act}", version=str(view.version), comment=WHY, comment_desk="メモ", category="other")
    assert done.headers["Location"] == path
    assert place.now(view).status is target
    assert view.number in clerk.get(path).text
    again = clerk.post(f"{path}/{act}", version=str(view.version), comment=WHY, category="other")
    assert again.status_code == 409


def test_a_cancellation_names_its_category(place: Place, clerk: Browser) -> None:
    view = place.ask(Status.CONFIRMED)
    for category in ("", "x", "distance"):
        answer = clerk.post(
            f"/admin/dispatches/{view.id}/cancel", version=str(view.version), comment=WHY, category=category
        )
        assert answer.status_code == 422
        assert WHY in answer.text


def test_cutting_off_wants_the_password_again(place: Place, clerk: Browser, house: House) -> None:
    view = place.ask(Status.CONFIRMED)
    clerk.get(f"/admin/dispatches/{view.id}")
    house.clock.advance(minutes=11)
    asked = clerk.post(f"/admin/dispatches/{view.id}/cancel", version=str(view.version), comment=WHY, category="other")
    assert asked.status_code == 401
    assert WHY in asked.text
    assert place.now(view) == view


def test_a_reader_sees_all_and_changes_nothing(place: Place, reader: Browser) -> None:
    view = place.ask()
    page = reader.get(f"/admin/dispatches/{view.id}")
    assert page.status_code == 200
    assert "data-opens" not in page.text
    assert "日時を決める" not in page.text
    for path in ("time", "expert"):
        assert reader.get(f"/admin/dispatches/{view.id}/{path}").status_code == 403


def test_staff_who_are_the_expert_neither_see_nor_count_it(place: Place, app: Flask, house: House) -> None:
    view = place.ask()
    with house.database.unit() as uow:
        factories.staff_user(uow, "own@example.jp", "manager", place.expert.id)
    own = Browser(app.test_client())
    own.log_in("own@example.jp")
    assert own.get(f"/admin/dispatches/{view.id}").status_code == 404
    assert listed(own, "?state=all") == []
    assert '<span class="card-name">派遣の要調整</span>\n        <span class="card-number">0' in own.get("/admin/").text
