"""派遣を依頼 on the page: one draft with the chat, checks before sending, sent once."""

import re
from typing import Any

import pytest
import time_machine
from flask import Flask

from handlers.pages import create_pages
from handlers.usecases.dispatch import request as usecase
from models.rules.dispatch import Status, Why
from models.rules.place import Point
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from models.views.request import DraftView
from storage import dispatch, drafts, organisations, people
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.visitors import Browser

OFFICE = "東京都千代田区丸の内1-9-1"
ANSWERS = {
    "business": "株式会社みほん製作所",
    "business_address": OFFICE,
    "contact_name": "田中 一郎",
    "contact_phone": "03-1234-5678",
    "contact_mail": "tanaka@example.jp",
    "title": "原価管理の見直し",
    "topic": "生産管理",
    "wishes": "原価を下げたい。\n現場も見てほしい。",
    "place": OFFICE,
    "slot_1": "2026-12-01T13:00-16:00",
}


class Desk:
    """An approver with a draft and its page, and an expert who can be asked."""

    def __init__(self, house: House, app: Flask) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver)
        with house.database.unit() as uow:
            self.id = usecase.begin(uow, self.approver.actor, "", house.clock()).id
        self.browser = Browser(app.test_client())
        self.link = self.link_of(self.approver, self.id)

    def link_of(self, person: PersonView, subject: str) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return self.house.services.links.page("request", person.id, subject).removeprefix("http://localhost")

    def saves(self, changed: dict[str, Any], marks: dict[str, str] | None = None) -> Any:
        return self.browser.client.post(f"{self.link}/save", json={"changed": changed, "marks": marks or {}})

    def fills(self, **more: str) -> None:
        self.browser.get(self.link)
        answer = self.saves({**ANSWERS, "expert": self.expert.id, **more})
        assert answer.status_code == 200, answer.text

    @property
    def draft(self) -> DraftView:
        with self.house.database.read() as uow:
            found = drafts.seen(uow, self.id)
        assert found
        return found

    @property
    def sent(self) -> DispatchView | None:
        with self.house.database.read() as uow:
            return dispatch.view(uow, self.id)

    def sends(self, do: str = "send") -> Any:
        page = self.browser.get(f"{self.link}/confirm").text
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version, page
        return self.browser.client.post(f"{self.link}/confirm", data={"version": version[1], "do": do})


@pytest.fixture
def desk(house: House, app: Flask) -> Desk:
    return Desk(house, app)


def test_the_page_holds_what_the_chat_was_told_and_asks_for_the_rest(desk: Desk) -> None:
    with desk.house.database.unit() as uow:
        usecase.save(
            uow, desk.approver.actor, desk.id, {"title": "原価の話", "slot_1": ANSWERS["slot_1"]}, desk.house.clock()
        )
    text = desk.browser.get(desk.link).text
    assert 'value="原価の話"' in text
    assert 'name="slot_1_day"' in text
    assert 'value="2026-12-01"' in text
    assert 'value="13:00"' in text
    assert 'data-part="client">0/2<' in text
    assert "事務局に任せる" in text


def test_what_is_typed_is_kept_and_the_chat_sees_it(desk: Desk) -> None:
    desk.browser.get(desk.link)
    told = desk.saves({"contact_phone": "０３１２３４５６７８", "title": " 原価  管理 "}).get_json()
    assert told["kept"]["contact_phone"]["value"] == "03-1234-5678"
    assert told["sections"]["contact"] == "1/2"
    assert desk.draft.answers["title"] == "原価 管理"


def test_what_is_wrong_is_kept_as_it_is_said_and_holds_the_request_back(desk: Desk) -> None:
    desk.fills(corporate_number="7000012050003", slot_1="2026-12-01T16:00-13:00")
    told = desk.saves({"corporate_number": "7000012050003", "slot_2": "2026-12-01T-"}).get_json()
    assert "打ち間違い" in told["kept"]["corporate_number"]["fault"]
    assert "日時がわかりません" in told["kept"]["slot_2"]["fault"]
    page = desk.browser.get(f"{desk.link}/confirm")
    assert page.status_code == 303
    text = desk.browser.get(f"{desk.link}?check=1").text
    assert 'href="#corporate_number"' in text
    assert 'href="#slot_1"' in text
    assert "2026-12-01" in text


def test_it_is_sent_once_however_often_the_button_is_pressed(desk: Desk) -> None:
    desk.fills()
    page = desk.browser.get(f"{desk.link}/confirm").text
    assert "この内容で送る" in page
    assert "12月1日（火）13:00〜16:00" in page
    first = desk.sends()
    assert first.status_code == 303
    made = desk.sent
    assert made
    assert (made.status, made.expert, made.why) == (Status.REQUESTED, "山田 太郎", None)
    assert made.wishes == "原価を下げたい。\n現場も見てほしい。"
    assert desk.expert.user_id in desk.house.told
    again = desk.browser.client.post(f"{desk.link}/confirm", data={"version": "1"})
    assert again.status_code == 303
    receipt = desk.browser.get(desk.link).text
    assert made.number in receipt
    assert "派遣を依頼しました" in receipt
    late = desk.saves({"title": "もう一度"})
    assert late.status_code == 409
    assert made.number in late.get_json()["error"]


def test_a_plain_form_does_all_of_it_without_a_script(desk: Desk) -> None:
    text = desk.browser.get(desk.link).text
    form = dict(re.findall(r'name="(mark_\w+)" value="([^"]*)"', text))
    form |= {key: value for key, value in ANSWERS.items() if key != "slot_1"}
    form |= {
        "slot_1_day": "2026-12-01",
        "slot_1_from": "13:00",
        "slot_1_to": "16:00",
        "expert": "any",
        "accompany": "no",
    }
    checked = desk.browser.client.post(desk.link, data={**form, "do": "check"})
    assert checked.status_code == 303, checked.text
    assert checked.headers["Location"].endswith("/confirm")
    desk.sends()
    made = desk.sent
    assert made
    assert (made.status, made.why, made.accompany) == (Status.NEEDS_COORDINATION, Why.NO_EXPERT, False)


def test_a_plain_form_with_faults_comes_back_with_all_that_was_typed(desk: Desk) -> None:
    text = desk.browser.get(desk.link).text
    marks = dict(re.findall(r'name="(mark_\w+)" value="([^"]*)"', text))
    answer = desk.browser.client.post(
        desk.link, data={**marks, **ANSWERS, "contact_mail": "tanaka＠", "topic": "その他", "do": "check"}
    )
    assert answer.status_code == 422
    assert "tanaka" in answer.text
    assert 'href="#contact_mail"' in answer.text
    assert 'href="#topic_other"' in answer.text
    assert "現場も見てほしい。" in answer.text


def test_checks_are_shown_with_what_to_do_and_keep_it_from_being_sent(desk: Desk) -> None:
    desk.fills(slot_1="2026-12-05T13:00-16:00")
    page = desk.browser.get(f"{desk.link}/confirm").text
    assert "定休日" in page
    assert "別の日に変える" in page
    assert 'value="send"' not in page
    forced = desk.browser.client.post(
        f"{desk.link}/confirm", data={"version": str(desk.draft.version), "do": "exception"}
    )
    assert forced.status_code == 303
    assert desk.sent is None


def test_a_fourth_visit_goes_to_the_secretariat_as_an_exception(desk: Desk) -> None:
    now = desk.house.clock()
    for day in (20, 21, 22):
        dispatches.request(
            desk.house, desk.organisation, desk.approver, None, status=Status.REPORTED,
            times=(dispatches.slot(now, -day),), corporate_number="7000012050002",
        )  # fmt: skip
    desk.fills(corporate_number="7000012050002")
    page = desk.browser.get(f"{desk.link}/confirm").text
    assert "事務局の承認が必要です" in page
    assert "事務局に例外を依頼" in page
    desk.sends("exception")
    made = desk.sent
    assert made
    assert (made.status, made.why, made.expert) == (Status.NEEDS_COORDINATION, Why.EXCEPTION, "山田 太郎")


def test_a_change_on_another_device_is_shown_before_it_is_sent(desk: Desk) -> None:
    desk.fills()
    seen = str(desk.draft.version)
    desk.saves({"title": "別の件名"})
    answer = desk.browser.client.post(f"{desk.link}/confirm", data={"version": seen})
    assert answer.status_code == 303
    shown = desk.browser.get(answer.headers["Location"])
    assert shown.status_code == 409
    assert "まだ送っていません" in shown.text
    assert "別の件名" in shown.text
    assert desk.sent is None


def test_another_device_wins_field_by_field_and_both_are_told(desk: Desk) -> None:
    text = desk.browser.get(desk.link).text
    marks = dict(re.findall(r'name="mark_(\w+)" value="([^"]*)"', text))
    desk.saves({"title": "電話で書いた", "wishes": "電話で"}, marks)
    told = desk.saves({"title": "PCで書いた"}, marks).get_json()
    elsewhere = {each["key"]: each for each in told["elsewhere"]}
    assert elsewhere["title"]["lost"] is True
    assert elsewhere["title"]["words"] == "電話で書いた"
    assert elsewhere["wishes"] == {
        "key": "wishes",
        "name": "事業者の要望",
        "value": "電話で",
        "words": "電話で",
        "lost": False,
    }
    assert desk.saves({}, told["marks"]).get_json()["elsewhere"] == []


def test_a_business_on_record_brings_its_details(desk: Desk) -> None:
    dispatches.request(desk.house, desk.organisation, desk.approver, None)
    desk.browser.get(desk.link)
    found = desk.browser.client.post(f"{desk.link}/find", json={"field": "business", "words": "みほん"}).get_json()
    assert found["found"] == ["株式会社みほん製作所（7000012050002）"]
    told = desk.saves({"business": found["found"][0]}).get_json()
    filled = {each["key"]: each["value"] for each in told["filled"]}
    assert filled["corporate_number"] == "7000012050002"
    assert filled["contact_name"] == "田中 一郎"
    assert told["kept"]["business"]["value"] == "株式会社みほん製作所"
    assert desk.browser.client.post(f"{desk.link}/find", json={"field": "bank", "words": "x"}).status_code == 404
    by_number = desk.browser.client.post(f"{desk.link}/find", json={"field": "business", "words": "7000012050002"})
    assert by_number.get_json()["found"] == found["found"]


def test_another_organisations_business_and_contact_stay_its_own(desk: Desk) -> None:
    with desk.house.database.unit() as uow:
        other = factories.organisation(uow, "札幌商工会議所", "北海道")
        stranger = factories.approver(uow, other, "別の人")
    dispatches.request(desk.house, other, stranger, None, business="秘密商店", corporate_number="")
    dispatches.request(desk.house, other, stranger, None)
    desk.browser.get(desk.link)
    for words in ("秘密", "みほん"):
        found = desk.browser.client.post(f"{desk.link}/find", json={"field": "business", "words": words}).get_json()
        assert found["found"] == []
    told = desk.saves({"business": "株式会社みほん製作所（7000012050002）"}).get_json()
    filled = {each["key"]: each["value"] for each in told["filled"]}
    assert filled["corporate_number"] == "7000012050002"
    assert "contact_name" not in filled


def test_a_pin_is_kept_and_an_address_that_changes_loses_only_a_position_looked_up(desk: Desk) -> None:
    desk.fills()
    assert desk.saves({"point": "35.681236,139.767125"}).status_code == 200
    assert (desk.draft.answers["point"], desk.draft.answers["place_source"]) == ("35.681236,139.767125", "pin")
    desk.saves({"place": OFFICE + " 3階"})
    assert desk.draft.answers["point"]
    told = desk.saves({"point": "0,0"}).get_json()
    assert "日本の外" in told["kept"]["point"]["fault"] or told["kept"]["point"]["value"] == ""
    assert not desk.draft.answers.get("point")
    desk.sends()
    assert desk.sent
    assert desk.sent.place.point is None
    assert desk.sent.place.source == "unknown"


def test_an_address_is_looked_up_outside_of_any_transaction(house: House) -> None:
    asked: list[str] = []

    def locate(address: str) -> Point | None:
        asked.append(address)
        with house.database.unit():
            return Point(35.68, 139.76) if "丸の内" in address else None

    object.__setattr__(house.services, "locate", locate)
    desk = Desk(house, create_pages(house.services, factories.SECRET_KEY))
    desk.fills()
    assert "data-locate" in desk.browser.get(desk.link).text
    told = desk.browser.client.post(f"{desk.link}/locate", json={"address": OFFICE}).get_json()
    assert told["point"] == "35.680000,139.760000"
    assert desk.draft.answers["place_source"] == "address"
    desk.saves({"point": told["point"]})
    assert desk.draft.answers["place_source"] == "address"
    lost = desk.browser.client.post(f"{desk.link}/locate", json={"address": "どこか遠いところ"}).get_json()
    assert lost["point"] == ""
    assert "見つけられません" in lost["words"]
    desk.saves({"point": "35.1,139.1"})
    kept = desk.browser.client.post(f"{desk.link}/locate", json={"address": OFFICE}).get_json()
    assert kept["point"] == "35.100000,139.100000"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"\xff", b'{"changed": 5}', b'{"changed": {"title": 5}}', b'{"changed": {"title": ["a"]}}',
        b'{"changed": {"place_source": "pin", "predecessor": "x", "length": "9"}}', b'{"changed": {"x": "y"}}',
        b'{"marks": {"title": 7}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_field_or_no_answer_is_ignored(desk: Desk, body: bytes) -> None:
    desk.browser.get(desk.link)
    before = desk.draft
    answer = desk.browser.client.post(f"{desk.link}/save", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert desk.draft == before


@pytest.mark.parametrize("value", ["あ" * 9_999, "<b>&\"'", "1" * 500, "\ud83d\ude00", "2026-99-99T99:99-99:99"])
def test_odd_answers_give_no_error(desk: Desk, value: str) -> None:
    desk.browser.get(desk.link)
    for key in (*ANSWERS, "corporate_number", "topic_other", "slot_2", "slot_3", "accompany", "expert", "point"):
        assert desk.saves({key: value}).status_code == 200, key
    assert desk.browser.get(f"{desk.link}?check=1").status_code == 200
    assert desk.browser.get(f"{desk.link}/confirm").status_code == 303
    assert (
        desk.browser.client.post(f"{desk.link}/confirm", data={"version": str(desk.draft.version)}).status_code == 303
    )
    assert desk.sent is None


@pytest.mark.parametrize("version", ["", "x", "0", "-1", "9" * 40, "１"])
def test_a_made_up_version_sends_nothing(desk: Desk, version: str) -> None:
    desk.fills()
    answer = desk.browser.client.post(f"{desk.link}/confirm", data={"version": version})
    assert answer.status_code == 303
    assert desk.sent is None


def test_nobody_else_opens_the_draft(desk: Desk, app: Flask) -> None:
    with desk.house.database.unit() as uow:
        colleague = factories.approver(uow, desk.organisation, "同僚 一郎")
    for person, subject in ((colleague, desk.id), (desk.expert, desk.id), (desk.approver, "f" * 32)):
        browser = Browser(app.test_client())
        link = desk.link_of(person, subject)
        assert browser.get(link).status_code == 404
        for part in ("save", "find", "locate"):
            assert browser.client.post(f"{link}/{part}", json={"changed": {"title": "x"}}).status_code in (403, 404)
        assert browser.client.post(f"{link}/confirm", data={"version": "1"}).status_code in (403, 404)
    assert "title" not in desk.draft.answers


def test_somebody_who_left_the_organisation_can_send_nothing(desk: Desk) -> None:
    desk.fills()
    with desk.house.database.unit() as uow:
        other = factories.organisation(uow, "札幌商工会議所", "北海道")
    with desk.house.database.unit() as uow:
        organisations.end_approver(uow, desk.organisation, desk.approver.id, desk.house.clock())
        organisations.add_approver(uow, other, desk.approver.id, desk.house.clock())
    assert desk.browser.get(desk.link).status_code == 403
    answer = desk.browser.client.post(f"{desk.link}/confirm", data={"version": str(desk.draft.version)})
    assert answer.status_code == 403
    assert desk.sent is None
    with desk.house.database.unit() as uow:
        person = people.by_id(uow, desk.approver.id)
        assert person
        moved = usecase.begin(uow, person.actor, "", desk.house.clock())
    assert moved.organisation == "札幌商工会議所"


def test_somebody_who_left_the_organisation_does_not_see_what_was_sent(desk: Desk) -> None:
    desk.fills()
    assert desk.sends().status_code == 303
    assert "株式会社みほん製作所" in desk.browser.get(desk.link).text
    with desk.house.database.unit() as uow:
        organisations.end_approver(uow, desk.organisation, desk.approver.id, desk.house.clock())
    for part in ("", "/confirm"):
        answer = desk.browser.get(f"{desk.link}{part}")
        assert answer.status_code == 404
        assert "みほん" not in answer.text
