"""Forged, old and doubled buttons: answered politely, and nothing changes."""

import json

import pytest

from bot.postbacks import CardTap, FormTap, encode
from tests.support import photos
from tests.support.drafts import application_of, filled, joined, submitted
from tests.support.ledger import Ledger
from tests.support.town import Town
from tests.support.world import Phone

FORGED = (
    "",
    "x",
    "[]",
    "{}",
    "null",
    "0",
    "[1]",
    '"menu"',
    '["menu"]',
    '["menu",5]',
    '["menu","ない"]',
    '["menu","承認待ち","x"]',
    '["form"]',
    '["form","basic"]',
    '["form","basic","1","answer","x"]',
    '["form","basic",true,"answer","x"]',
    '["form","basic",1.0,"answer","x"]',
    '["form","basic",NaN,"answer","x"]',
    '["form","nope",1,"answer","x"]',
    '["form","basic",-1,"finish",""]',
    '["form","return",0,"finish",""]',
    '["form","reject",0,"answer","x"]',
    '["form","approver_name",0,"finish",""]',
    '["card"]',
    '["card",""]',
    '["card","nope"]',
    '["card",["approve"]]',
    '["card","approve"]',
    '["card","approve_yes"]',
    '["card","approve_yes","x"]',
    '["card","approve_yes","x",1]',
    '["card","return","x",1]',
    '["card","reject","x",1]',
    '["card","application","x"]',
    '["card","application"]',
    '["card","submit_yes","x",1]',
    '["card","withdraw_yes","x",1]',
    '["card","resume","nope"]',
    '["card","resume"]',
    '["card","section","",0,"nope"]',
    '["card","section"]',
    '["card","sort","x",0,"face"]',
    '["card","sort","",0,""]',
    '["card","approve_yes","\\u0000",1]',
    '["card","application","\\u0000"]',
    '["card","sort","\\u0000",0,"face"]',
    '["card","submit_yes","\\ud800",1]',
    '["card","approve","' + "x" * 900 + '",1]',
    "[" * 900,
    '["card","approve_yes","x",' + "9" * 300 + "]",
    '["form","basic",' + "9" * 300 + ',"answer","x"]',
    '["menu","\\u0000"]',
    "\u0000",
    "\ud800",
    "act=approve&id=1",
)


@pytest.mark.parametrize("data", FORGED, ids=lambda data: repr(data[:48]))
def test_a_forged_or_old_button_changes_nothing_and_is_answered(town: Town, data: str):
    phone = town.world.phone("偽造 太郎")
    if not phone.history():
        joined(town.world, town.approver, "偽造 太郎")
    before = town.ledger.domain()
    town.taps_data(phone, data)
    assert phone.answers, "no answer"
    assert town.ledger.domain() == before


@pytest.mark.parametrize(
    "act", ["answer", "date", "page", "edit", "finish", "retake", "done", "skip", "back", "nope", ""]
)
def test_a_forged_button_with_the_right_revision_is_still_judged(town: Town, act: str):
    phone = joined(town.world, town.approver, f"正規 {act}")
    phone.taps("基本情報")
    phone.says("正規 太郎")
    answers = application_of(town.world, phone).answers
    for value in ("\u0000", "\ud800", "x" * 200, "", "[]", "9999-99-99"):
        phone.seen = phone._last()
        revision = _revision(town, phone)
        town.taps_data(phone, json.dumps(["form", "basic", revision, act, value]), date=value)
        assert phone.answers, (act, value)
    assert application_of(town.world, phone).answers == answers


def _revision(town: Town, phone: Phone) -> int:
    with town.world.service.database.read() as uow:
        sealed = Ledger(town.world.service.database).one(
            "SELECT session FROM conversations WHERE user_id = :user", user=phone.user_id
        )
        state = uow.vault.open_json(bytes(sealed))
    return int((state.get("running") or state["paused"][0])["revision"])


def test_other_peoples_applications_cannot_be_touched(town: Town):
    mine = filled(town.world, town.approver, "自分 太郎")
    other = submitted(town.world, town.approver, "他人 花子")
    stranger = town.world.approver("別の 担当", "よその商工会")
    theirs = application_of(town.world, other)
    before = town.ledger.domain()
    for phone in (mine, stranger):
        for act in ("application", "approve", "approve_yes", "return", "reject", "submit_yes", "withdraw_yes"):
            town.taps_data(phone, encode(CardTap(act, theirs.id, theirs.version)))
            assert phone.answers, act
            phone.sees_not("他人 花子", theirs.number)
        town.taps_data(phone, encode(CardTap("sort", theirs.papers[0].id, 0, "face")))
        assert phone.answers
    town.taps_data(other, encode(CardTap("approve_yes", theirs.id, theirs.version)))
    assert other.answers
    assert town.ledger.domain() == before


def test_a_photo_sorted_as_something_that_is_no_paper(town: Town):
    phone = joined(town.world, town.approver, "整理 太郎")
    phone.sends(photos.jpeg(1200, 800, "loose"))
    phone.sees("この写真は何ですか")
    (paper,) = application_of(town.world, phone).papers
    for kind in ("basic", "account", "unsorted", "nope", "\u0000", "FACE"):
        town.taps_data(phone, encode(CardTap("sort", paper.id, 0, kind)))
        assert phone.answers, kind
        assert [held.kind for held in application_of(town.world, phone).papers] == ["unsorted"]


def test_a_second_tap_on_submit_sends_one_application(town: Town):
    phone = filled(town.world, town.approver, "二度 押子")
    phone.taps("承認依頼を送る")
    button = next(a for a in town.world.platform.actions_of(phone.user_id) if a.get("label") == "この内容で送る")
    with town.world.platform.hold() as held:
        for _ in range(3):
            town.world.platform.tap(phone.user_id, button)
    assert town.world.platform.send_events(held) == [200]
    phone.seen = phone._last()
    town.world.settle()
    view = application_of(town.world, phone)
    assert (view.state, len(town.ledger.rows("SELECT 1 FROM submissions WHERE application_id = :id", id=view.id))) == (
        "organisation_review",
        1,
    )
    shown = "\n".join(phone.answers)
    assert shown.count("承認依頼を送りました") == 1
    assert shown.count("もう送ってあります") == 2


def test_a_second_tap_on_approve_decides_once_and_says_who_was_faster(town: Town):
    applicant = submitted(town.world, town.approver, "二重 承認")
    view = application_of(town.world, applicant)
    for _ in range(2):
        town.taps_data(town.approver, encode(CardTap("approve_yes", view.id, view.version)))
    town.approver.sees("承認済み")
    decisions = town.ledger.rows("SELECT answer FROM decisions WHERE application_id = :id", id=view.id)
    assert [row[0] for row in decisions] == ["approve"]
    assert application_of(town.world, applicant).state == "secretariat_review"


def test_an_old_form_button_changes_no_answer(town: Town):
    phone = joined(town.world, town.approver, "古い 釦子")
    phone.taps("基本情報")
    old = _revision(town, phone)
    phone.says("古い 釦子")
    phone.says("フルイ ボタンコ")
    town.taps_data(phone, encode(FormTap("basic", old, "answer", "上書き 太郎")))
    phone.sees("前の質問", "生年月日")
    assert application_of(town.world, phone).answers == {"name": "古い 釦子", "kana": "フルイ ボタンコ"}


def test_an_old_card_in_the_middle_of_a_form_leaves_the_form_open_or_offers_it_again(town: Town):
    phone = joined(town.world, town.approver, "途中 札子")
    phone.taps("基本情報")
    before = application_of(town.world, phone)
    town.taps_data(phone, encode(CardTap("submit_yes", before.id, before.version - 1)))
    assert application_of(town.world, phone).state == "draft"
    offered = any("続き" in label for label in phone.labels)
    phone.says("途中 札子")
    assert offered or application_of(town.world, phone).answers == {"name": "途中 札子"}


def test_a_text_that_arrives_after_a_newer_one_answers_nothing(town: Town):
    phone = joined(town.world, town.approver, "遅れて 着子")
    phone.taps("基本情報")
    with town.world.platform.hold() as held:
        town.world.platform.say(phone.user_id, "古い 答え")
        town.world.platform.say(phone.user_id, "遅れて 着子")
    first, second = held
    town.world.platform.send_events([second])
    town.world.settle()
    phone.seen = phone._last()
    town.world.platform.send_events([first])
    town.world.settle()
    phone.sees("遅れて届いた", "フリガナ")
    assert application_of(town.world, phone).answers == {"name": "遅れて 着子"}
