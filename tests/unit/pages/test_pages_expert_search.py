"""くわしく探す on the page: preset by the request at hand, any odd address, and the way into the request."""

import re

import pytest
import time_machine
from flask import Flask

from handlers.usecases.dispatch import request as usecase
from models.rules.fields import Value
from models.rules.request import POINT
from models.views.people import PersonView
from models.views.request import DraftView
from storage import organisations, profile
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.own_pages import Opened, path_of


class Desk:
    """An approver, an expert of 東京都, and the page behind a link."""

    def __init__(self, house: House, app: Flask) -> None:
        self.house, self.app = house, app
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.expert = self.hires()

    def hires(self, name: str = "山田 太郎", kana: str = "ヤマダ タロウ", **answers: Value) -> PersonView:
        return dispatches.expert(self.house, self.organisation, self.approver, name=name, kana=kana, **answers)

    def drafts(self, **changes: Value) -> DraftView:
        with self.house.database.unit() as uow:
            held = usecase.begin(uow, self.approver.actor, "", self.house.clock())
            return usecase.save(uow, self.approver.actor, held.id, changes, self.house.clock())

    def draft(self) -> DraftView | None:
        with self.house.database.unit() as uow:
            return usecase.own(uow, self.approver.actor)

    def opens(self, who: PersonView | None = None, subject: str = "") -> Opened:
        return Opened(self.app, path_of(self.house, "experts", who or self.approver, subject))


@pytest.fixture
def desk(house: House, app: Flask) -> Desk:
    return Desk(house, app)


def count(text: str) -> int:
    found = re.search(r'id="found">([0-9,]+)人', text)
    assert found
    return int(found[1].replace(",", ""))


def test_the_first_look_shows_everybody(desk: Desk) -> None:
    desk.hires("佐藤 花子", "サトウ ハナコ", prefecture="大阪府")
    text = desk.opens().first.text
    assert count(text) == 2
    assert "山田 太郎" in text
    assert "中小企業診断士" in text
    assert "庁まで約" not in text
    assert "支援の場所に近い順" not in text, "no place is known"
    assert "現場を一緒に歩き" in text


def test_field_region_name_and_order(desk: Desk) -> None:
    desk.hires("佐藤 花子", "サトウ ハナコ", prefecture="大阪府", specialities=["創業"])
    page = desk.opens()
    for query, names in (
        ("?s=1&field=創業", ["佐藤 花子"]),
        ("?s=1&area=関東", ["山田 太郎"]),
        ("?s=1&area=大阪府", ["佐藤 花子"]),
        ("?s=1&q=さとう", ["佐藤 花子"]),
        ("?s=1&q=太郎&field=経営戦略&area=東京都", ["山田 太郎"]),
        ("?s=1&field=創業&area=東京都", []),
    ):
        text = page.get(query).text
        assert re.findall(r"<h2>(.+?) <span", text) == names, query
    empty = page.get("?s=1&q=だれもいない").text
    assert "見つかりませんでした" in empty
    assert "条件をすべて外す" in empty
    assert 'value="だれもいない"' in empty


@pytest.mark.parametrize(
    "query",
    [
        "?page=0", "?page=-1", "?page=999999", "?page=99999999999999", "?page=x",
        "?order=x&area=火星&field=" + "あ" * 500,
        "?q=%25%00%0a'\"<script>", "?day=2026-12-01", "?day=x&from=99:99&to=y", "?day=9999-12-31&from=23:00&to=23:59",
        "?day=0001-01-01&from=00:00&to=01:00", "?day=2026-12-01&from=16:00&to=13:00", "?free=1", "?s=1&free=x&page=2",
        "?day=2026-W49-1&from=13&to=14", "?from=13:00%2B09:00&to=14:00&day=2026-12-01",
        "?q=%F0%9F%98%80&field=%ED%A0%80",
    ],
)  # fmt: skip
def test_any_odd_address_is_a_page(desk: Desk, query: str) -> None:
    page = desk.opens()
    answer = page.get(query)
    assert answer.status_code == 200
    assert "<script>" not in answer.text
    assert count(answer.text) in (0, 1)


def test_a_time_of_ones_own(desk: Desk) -> None:
    page = desk.opens()
    free = page.get("?s=1&day=2026-12-01&from=13:00&to=16:00&free=1").text
    assert count(free) == 1
    assert "○ 12/1（火）13:00〜16:00" in free
    sunday = page.get("?s=1&day=2026-11-29&from=13:00&to=16:00").text
    assert "× 11/29（日）13:00〜16:00" in sunday
    assert count(page.get("?s=1&day=2026-11-29&from=13:00&to=16:00&free=1").text) == 0
    assert "日時がわかりませんでした" in page.get("?s=1&day=2026-12-01&from=13:00").text
    past = page.get("?s=1&day=2026-11-01&from=13:00&to=16:00").text
    assert "その日時では探せません" in past
    assert 'value="2026-11-01"' in past, "nothing typed is lost"


def test_the_request_at_hand_presets_times_place_and_field(desk: Desk) -> None:
    desk.drafts(topic="経営戦略", slot_1="2026-12-01T13:00-16:00", slot_2="2026-11-29T13:00-16:00")
    desk.drafts(**{"place": "大阪府大阪市1-1", POINT: "34.7,135.5"})
    desk.hires("佐藤 花子", "サトウ ハナコ", prefecture="大阪府", weekly_off=["火", "日"])
    page = desk.opens()
    text = page.first.text
    assert "候補日時のどれかに空きのある方だけ" in text
    assert re.findall(r"<h2>(.+?) <span", text) == ["山田 太郎"]
    assert "東京都（都庁まで約" in text
    assert "<option selected>経営戦略" in text
    everybody = page.get("?s=1").text
    assert re.findall(r"<h2>(.+?) <span", everybody) == ["佐藤 花子", "山田 太郎"], "nearest first"
    assert "空きなし" in everybody


def test_asking_an_expert_begins_or_goes_on_with_the_request(desk: Desk) -> None:
    page = desk.opens()
    assert desk.draft() is None
    with time_machine.travel(desk.house.clock(), tick=False):
        answer = page.browser.post(page.path, person_id=desk.expert.id)
    assert answer.status_code == 303
    assert "/p/request/" in answer.headers["Location"]
    held = desk.draft()
    assert held
    assert held.expert == "山田 太郎"
    again = page.get("").text
    assert "いま選んでいる専門家です" in again
    assert "この専門家に依頼" not in again
    second = desk.hires("佐藤 花子", "サトウ ハナコ")
    assert "この専門家に変える" in page.get("").text
    page.browser.post(page.path, person_id=second.id)
    changed = desk.draft()
    assert changed
    assert (changed.id, changed.expert) == (held.id, "佐藤 花子")


def test_who_cannot_be_asked_is_said_so_and_no_request_begins(desk: Desk) -> None:
    page = desk.opens()
    for person_id in ("", "x", "'" * 40, "f" * 32, desk.approver.id):
        answer = page.browser.post(page.path, person_id=person_id)
        assert answer.status_code == 409
        assert "別の専門家を選んでください" in answer.text
    assert desk.draft() is None


def test_one_who_stopped_is_not_listed(desk: Desk) -> None:
    with desk.house.database.unit() as uow:
        row = profile.lock(uow, desk.expert.id)
        assert row
        profile.set_accepting(row, accepting=False)
    assert count(desk.opens().first.text) == 0


def test_the_page_is_its_openers_own_while_they_approve(desk: Desk) -> None:
    assert desk.opens(desk.expert).first.status_code == 404
    assert desk.opens(desk.approver, desk.expert.id).first.status_code == 404
    page = desk.opens()
    with desk.house.database.unit() as uow:
        organisations.end_approver(uow, desk.organisation, desk.approver.id, desk.house.clock())
    gone = page.get()
    assert gone.status_code == 404
    assert "専門家を探す" in gone.text
    assert page.browser.post(page.path, person_id=desk.expert.id).status_code == 404


def test_more_than_a_page_is_turned(desk: Desk) -> None:
    for number in range(21):
        kanji = "一二三四五六七八九十"
        desk.hires(f"鈴木 {kanji[number // 10]}{kanji[number % 10]}")
    page = desk.opens()
    first, second = page.get("?s=1&order=name").text, page.get("?s=1&order=name&page=2").text
    assert count(first) == count(second) == 22
    assert "1 / 2ページ" in first
    assert 'rel="next"' in first
    names = re.findall(r"<h2>(.+?) <span", first + second)
    assert len(names) == len(set(names)) == 22
    assert "order=name" in re.findall(r'rel="next" href="([^"]+)"', first)[0]
