"""The check-in page over HTTP: who may open it, what its script may send, and what is refused with which words."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from handlers.usecases.visit import record as usecase
from models.rules.dispatch import Status
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import Actor
from models.rules.place import Point
from models.rules.registration import State
from models.rules.visit import End, Source
from models.views.people import PersonView
from models.views.visit import ActView
from storage import audit, dispatch, experts, registration, visits
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.visitors import Browser

NONCE = "0123456789abcdef0123456789abcdef"
NEAR = {"latitude": 35.6815, "longitude": 139.7672, "accuracy": 12.4}


class Case:
    """One expert with a visit at eleven; it is ten."""

    def __init__(self, house: House, app: Flask, status: Status = Status.CONFIRMED) -> None:
        self.house, self.app = house, app
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver)
        self.id = self.asks(0, 11, status)
        self.path = self.link(self.expert)
        self.browser = Browser(app.test_client())

    def asks(self, days: int, hour: int, status: Status = Status.CONFIRMED) -> str:
        slot = dispatches.slot(self.house.clock(), days, hour)
        made = dispatches.request(
            self.house, self.organisation, self.approver, self.expert, status=status, times=(slot,)
        )
        return made.id

    def link(self, person: PersonView, subject: str = "", purpose: str = "check-in") -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            link = self.house.services.links.page(purpose, person.id, subject or self.id)
        return link.removeprefix("http://localhost")

    def opens(self) -> TestResponse:
        return self.browser.get(self.path)

    def sends(self, **changed: Any) -> TestResponse:
        now = self.house.clock()
        body = {**NEAR, "nonce": NONCE, "phone_at": now.isoformat(), "waited": 5, **changed}
        return self.browser.client.post(f"{self.path}/record", json=body)

    def undoes(self, seq: Any) -> TestResponse:
        return self.browser.client.post(f"{self.path}/undo", json={"seq": seq})

    def acts(self) -> list[ActView]:
        with self.house.database.read() as uow:
            return list(visits.acts(uow, self.id))

    def moves(self, status: Status) -> None:
        with self.house.database.unit() as uow:
            row = dispatch.lock(uow, self.id)
            assert row
            dispatch.set_status(uow, row, status, self.house.clock())

    def audited(self) -> list[tuple[str, str | None]]:
        with self.house.database.read() as uow:
            return [(one.action, one.detail) for one in audit.of_subject(uow, "dispatch", self.id)]


@pytest.fixture
def case(house: House, app: Flask) -> Case:
    return Case(house, app)


def test_the_page_alone_may_ask_where_the_phone_is(case: Case):
    page = case.opens()
    assert page.status_code == 200
    assert page.headers["Permissions-Policy"] == "camera=(), microphone=(), geolocation=(self)"
    assert "geolocation=()" in case.browser.get("/admin/login").headers["Permissions-Policy"]
    assert "株式会社みほん製作所様" in page.text
    assert 'data-latitude="35.681236"' in page.text


def test_an_act_is_recorded_with_both_times_the_distance_and_the_accuracy(case: Case):
    case.opens()
    phone_at = case.house.clock() - timedelta(minutes=7)
    answer = case.sends(phone_at=phone_at.isoformat())
    assert answer.status_code == 200
    assert answer.get_json()["state"] == "in"
    (act,) = case.acts()
    assert (act.end, act.source, act.distance, act.accuracy, act.offline) == (End.IN, Source.GPS, 30, 13, False)
    assert (act.at, act.received_at) == (case.house.clock(), case.house.clock())
    assert act.point == Point(35.6815, 139.7672)
    assert ("visit.in", "gps") in case.audited()
    with case.house.database.read() as uow:
        found = visits.view(uow, case.id, case.expert.id)
    assert found
    assert found.is_open


def test_an_act_kept_without_network_counts_from_the_phones_time(case: Case):
    case.opens()
    then = case.house.clock()
    case.house.clock.advance(hours=5)
    answer = case.sends(phone_at=then.isoformat(), waited=5 * 3600 * 1000)
    assert "電波のないところで記録し、あとから送信" in answer.text.encode().decode("unicode_escape")
    (act,) = case.acts()
    assert (act.at, act.offline, act.received_at) == (then, True, case.house.clock())


def test_the_same_act_twice_counts_once_and_another_says_so(case: Case):
    case.opens()
    assert case.sends().status_code == 200
    case.house.clock.advance(minutes=3)
    again = case.sends()
    assert (again.status_code, again.get_json()["state"]) == (200, "in")
    other = case.sends(nonce="another-act-of-this-phone")
    assert other.status_code == 409
    assert "11月18日（水）10:00にチェックイン済みです" in other.get_json()["error"]
    assert other.get_json()["state"] == "in"
    assert len(case.acts()) == 1
    case.moves(Status.REPORTED)
    assert case.sends().status_code == 200


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.REQUESTED, "まだ日程が決まっていない"),
        (Status.NEEDS_COORDINATION, "まだ日程が決まっていない"),
        (Status.CANCELLED, "キャンセルまたは辞退されている"),
        (Status.REPORTED, "報告が済んでいる"),
        (Status.COMPLETED, "報告が済んでいる"),
    ],
)
def test_a_dispatch_that_is_not_fixed_or_over_is_refused_in_words(case: Case, status: Status, words: str):
    case.moves(status)
    page = case.opens()
    assert page.status_code == 200
    assert words in page.text
    assert "data-start" not in page.text
    refused = case.sends()
    assert refused.status_code == 409
    assert words in refused.get_json()["error"]
    assert case.acts() == []


def test_another_days_visit_is_refused_with_its_time(case: Case):
    later = case.asks(3, 13)
    case.path = case.link(case.expert, later)
    assert "この支援の予定は11月21日（土）13:00からです" in case.opens().text
    refused = case.sends()
    assert (refused.status_code, refused.get_json()["state"]) == (409, "before")
    assert "11月21日（土）13:00からです" in refused.get_json()["error"]


def test_a_suspended_expert_does_not_check_in(case: Case):
    case.opens()
    with case.house.database.unit() as uow:
        found = experts.of_person(uow, case.expert.id)
        row = registration.lock(uow, found.application_id) if found else None
        assert row
        registration.set_state(uow, row, State.SUSPENDED, case.house.clock())
    refused = case.sends()
    assert refused.status_code == 409
    assert "委嘱が停止されているか終わっている" in refused.get_json()["error"]


ODD: list[dict[str, Any]] = [
    {"nonce": ""}, {"nonce": None}, {"nonce": "x" * 65}, {"nonce": "a b c d e f g h"}, {"nonce": ["0123456789abcdef"]},
    {"phone_at": ""}, {"phone_at": "yesterday"}, {"phone_at": 17}, {"phone_at": None},
    {"phone_at": "2026-11-18T10:00:00"},
    {"phone_at": "0001-01-01T00:00:00+14:00"}, {"phone_at": "9999-12-31T23:59:59-14:00"},
    {"waited": "1"}, {"waited": None}, {"waited": True}, {"waited": float("nan")}, {"waited": float("inf")},
    {"waited": 10**400}, {"waited": 1e300}, {"latitude": 91}, {"longitude": -181},
    {"latitude": 10**400, "longitude": 0},
]  # fmt: skip


@pytest.mark.parametrize("body", ODD, ids=str)
def test_odd_acts_are_refused_in_words(case: Case, body: dict[str, Any]):
    case.opens()
    answer = case.sends(**body)
    if answer.status_code == 200:
        assert body == {"latitude": 10**400, "longitude": 0}
        assert case.acts()[0].point is None
        return
    assert answer.status_code == 409
    assert answer.get_json()["error"]
    assert case.acts() == []


@pytest.mark.parametrize(
    "accuracy", [None, "12", -1, float("nan"), float("inf"), 10**400, True, [12]], ids=lambda value: str(value)[:20]
)
def test_an_odd_accuracy_is_none_at_all(case: Case, accuracy: Any):
    case.opens()
    assert case.sends(accuracy=accuracy).status_code == 200
    assert case.acts()[0].accuracy is None


def test_an_act_without_a_position_or_from_the_other_side_of_the_world_is_recorded_as_it_is(case: Case):
    case.opens()
    assert case.sends(latitude=-35.0, longitude=-40.0, accuracy=1e9).status_code == 200
    (act,) = case.acts()
    assert (act.distance or 0) > 15_000_000
    assert act.accuracy == 10_000_000


def test_bodies_that_are_no_act_are_refused(case: Case):
    case.opens()
    for data in (b"", b"[]", b"null", b"{", b'"x"', b"[" * 100_000):
        answer = case.browser.client.post(f"{case.path}/record", data=data, content_type="application/json")
        assert answer.status_code in (400, 409), data[:10]
    assert case.browser.client.post(f"{case.path}/record", data={"nonce": NONCE}).status_code in (400, 409)
    assert case.acts() == []


def test_the_page_is_for_its_expert_in_the_first_browser(case: Case, app: Flask):
    case.opens()
    stranger = Browser(app.test_client())
    assert stranger.get(case.path).status_code == 403
    assert stranger.client.post(f"{case.path}/record", json={}).status_code in (403, 409)
    with case.house.database.unit() as uow:
        other = factories.person(uow)
    for person in (other, case.approver):
        link = case.link(person)
        assert stranger.get(link).status_code == 404
        assert stranger.client.post(f"{link}/undo", json={"seq": 1}).status_code in (403, 404)
    assert stranger.get(case.link(case.expert, purpose="letter").replace("letter", "check-in")).status_code == 410
    assert stranger.get(case.link(case.expert, "f" * 32)).status_code == 404


def test_the_expert_who_was_replaced_sees_nothing_any_more(case: Case):
    case.opens()
    case.sends()
    newcomer = dispatches.expert(case.house, case.organisation, case.approver, name="鈴木 次郎", kana="スズキ ジロウ")
    with case.house.database.unit() as uow:
        row = dispatch.lock(uow, case.id)
        assert row
        row.expert_id = newcomer.id
    assert case.opens().status_code == 404
    assert case.sends().status_code == 404
    case.path, case.browser = case.link(newcomer), Browser(case.app.test_client())
    assert "data-start" in case.opens().text
    case.house.clock.advance(minutes=1)
    assert case.sends(nonce="of-the-newcomer").get_json()["state"] == "in"
    with case.house.database.read() as uow:
        found = visits.view(uow, case.id, newcomer.id)
    assert found
    assert found.came
    assert found.came.by_id == newcomer.id


def test_the_undo_names_its_act_and_a_second_one_does_nothing(case: Case):
    case.opens()
    undo = case.sends().get_json()["undo"]
    assert undo["left"] == 600
    for odd in (None, "1", True, -1, 10**400, undo["seq"] + 1):
        assert case.undoes(odd).status_code == 409
    answer = case.undoes(undo["seq"])
    assert (answer.status_code, answer.get_json()["state"]) == (200, "before")
    assert case.undoes(undo["seq"]).status_code == 409
    assert [act.source for act in case.acts()] == [Source.GPS, Source.UNDONE]
    assert case.sends().get_json()["state"] == "before", "the undone act sent again by the phone stays undone"
    assert case.sends(nonce="a-second-check-in").get_json()["state"] == "in"
    assert ("visit.undo", "in") in case.audited()


def test_after_ten_minutes_only_the_secretariat_takes_it_back_and_the_expert_is_told(case: Case):
    case.opens()
    case.sends()
    case.house.clock.advance(minutes=10)
    assert case.undoes(case.acts()[0].seq).status_code == 409
    assert "10分が過ぎた" in case.undoes(case.acts()[0].seq).get_json()["error"]
    assert "data-undo-ask" in case.opens().text
    clerk = factories.office(case.house)
    with case.house.database.unit() as uow:
        after = usecase.undo(uow, clerk, case.id, case.house.clock(), reason="別の支援でした")
        assert case.expert.user_id in uow.told
    assert after.came is None
    with case.house.database.read() as uow:
        assert [note.text for note in visits.notes(uow, case.id)] == ["別の支援でした"]


def refusal(case: Case, actor: Actor, kind: type[Exception], **how: Any) -> None:
    with pytest.raises(kind), case.house.database.unit() as uow:
        usecase.undo(uow, actor, case.id, case.house.clock(), **how)


def test_who_may_not_undo_or_record(case: Case):
    case.opens()
    case.sends()
    refusal(case, case.approver.actor, NotAllowed)
    refusal(case, Actor("person", "0" * 32), NotFound)
    refusal(case, Actor("staff", staff_id="x", staff_role="reader"), NotAllowed)
    refusal(case, case.expert.actor, Stale, seq=99)
    refusal(case, case.expert.actor, NotPossible, end=End.OUT)
    with pytest.raises(NotAllowed), case.house.database.unit() as uow:
        usecase.record(uow, case.approver.actor, case.id, End.IN, Source.GPS, case.house.clock())
    assert len(case.acts()) == 1


def test_a_check_in_below_a_check_out_is_not_taken_back_and_times_stay_in_order(case: Case):
    def record(end: End, **how: Any) -> None:
        with case.house.database.unit() as uow:
            usecase.record(uow, case.expert.actor, case.id, end, Source.GPS, case.house.clock(), **how)

    with pytest.raises(NotPossible, match="not_in"):
        record(End.OUT)
    case.opens()
    case.sends()
    with pytest.raises(NotPossible, match="out_before_in"):
        record(End.OUT, at=case.house.clock() - timedelta(minutes=1))
    with pytest.raises(NotPossible, match="clock"):
        record(End.OUT, at=case.house.clock() + timedelta(minutes=3))
    case.house.clock.advance(minutes=5)
    record(End.OUT)
    with pytest.raises(NotPossible, match="already_out"):
        record(End.OUT)
    refusal(case, case.expert.actor, NotPossible)
    assert '"state": "out"' in case.opens().text
    with case.house.database.unit() as uow:
        usecase.undo(uow, case.expert.actor, case.id, case.house.clock(), end=End.OUT)
        after = usecase.undo(uow, case.expert.actor, case.id, case.house.clock())
    assert (after.came, after.went) == (None, None)


def test_a_check_out_two_days_later_is_to_be_declared(case: Case):
    case.opens()
    case.sends()
    case.house.clock.advance(days=2)
    with pytest.raises(NotPossible, match="out_too_late"), case.house.database.unit() as uow:
        usecase.record(uow, case.expert.actor, case.id, End.OUT, Source.GPS, case.house.clock())


def test_the_link_for_the_phones_own_browser_is_not_handed_on(case: Case, app: Flask):
    case.opens()
    with time_machine.travel(case.house.clock(), tick=False):
        link = case.browser.client.post(f"{case.path}/browser", json={}).get_json()["link"]
    assert link.endswith("?openExternalBrowser=1")
    other = Browser(app.test_client())
    path = link.removeprefix("http://localhost")
    page = other.get(path)
    assert page.status_code == 200
    assert "data-browser hidden" not in page.text
    answer = other.client.post(path.split("?")[0] + "/browser", json={})
    assert answer.get_json()["link"] == ""
