"""The secretariat asks about a visit, the expert answers on LINE; and what both hear of the other answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.postbacks import CardTap, encode
from handlers.usecases.visit import check_out, judge
from handlers.usecases.visit.record import record
from models.rules.dispatch import Status
from models.rules.permissions import Actor
from models.rules.visit import End, Evidence, Source
from models.views.evidence import EvidenceView
from tests.support import dispatches
from tests.support.experts import clerk, commissioned, look_away
from tests.support.judging import FAR
from tests.support.requests import house_of, person_of
from tests.support.world import Phone, World


@dataclass
class Asked:
    """A visit that was recorded far away, its expert's phone, and a clerk."""

    world: World
    expert: Phone
    approver: Phone
    id: str

    def deed(self, act: Callable[..., Any], *words: Any) -> None:
        """The clerk does it, and everybody is told."""
        self.world.clock.forward(minutes=1)
        with self.world.service.database.unit() as uow:
            who = clerk(uow)
            seen = judge.read(uow, who, self.id).version
            act(uow, who, self.id, seen, *words, self.world.clock())
        self.world.settle()

    @property
    def found(self) -> EvidenceView:
        with self.world.service.database.read() as uow:
            return judge.read(uow, Actor("staff", staff_id="x", staff_role="reader"), self.id)

    @property
    def evidence(self) -> Evidence:
        assert self.found.visit
        return self.found.visit.evidence


@pytest.fixture
def asked(world: World) -> Asked:
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    inviter, person = person_of(world, approver), person_of(world, expert)
    slot = dispatches.slot(world.clock(), 0)
    made = dispatches.request(
        house_of(world), min(inviter.actor.organisations), inviter, person, status=Status.CONFIRMED, times=(slot,)
    )
    with world.service.database.unit() as uow:
        world.clock.now = slot[0]
        record(uow, person.actor, made.id, End.IN, Source.GPS, slot[0], point=FAR, accuracy=12)
        world.clock.now = slot[1]
        fix = check_out.Fix(Source.GPS, FAR, 12)
        check_out.check_out(uow, person.actor, made.id, fix, slot[1], minutes=0)
    world.clock.now = slot[1] + timedelta(hours=1)
    look_away(world)
    return Asked(world, expert, approver, made.id)


def test_a_question_is_answered_on_line(asked: Asked):
    expert = asked.expert
    asked.deed(judge.ask, "支援場所から離れているのはなぜですか？")
    expert.sees("【要対応】", "質問", "支援場所から離れているのはなぜですか？")
    expert.taps("回答する")
    expert.sees("事務局からの質問です", "支援場所から離れているのはなぜですか？", "質問への回答")
    expert.says("")
    asked.world.clock.forward(minutes=1)
    expert.says("裏口の\n会議室にいました")
    expert.sees("この内容で事務局に回答します", "会議室にいました")
    expert.taps("この内容で送る")
    expert.sees("回答を事務局に送りました")
    assert asked.evidence is Evidence.WAITING
    assert [note.kind for note in asked.found.notes] == ["ask", "answer"]
    asked.deed(judge.accept, "")
    expert.sees("事務局が支援の記録を確認しました")


def test_an_old_question_wants_no_answer(asked: Asked):
    expert = asked.expert
    asked.deed(judge.ask, "なぜですか？")
    expert.taps("回答する")
    asked.deed(judge.accept, "電話でうかがいました")
    expert.says("裏口にいました")
    expert.taps("この内容で送る")
    expert.sees("回答は必要ありません")
    expert.says("こんにちは")
    expert.sees_not("質問への回答")
    assert [note.kind for note in asked.found.notes] == ["ask", "accept"]
    assert asked.evidence is Evidence.ACCEPTED


def test_a_second_question_replaces_the_first_and_the_first_button_asks_the_second(asked: Asked):
    expert = asked.expert
    asked.deed(judge.ask, "ひとつめの質問")
    asked.deed(judge.ask, "ふたつめの質問")
    expert.taps("回答する")
    expert.sees("ふたつめの質問")


def test_a_stranger_with_the_button_is_told_nothing(asked: Asked):
    asked.deed(judge.ask, "なぜですか？")
    other = asked.world.phone("通りがかり")
    other.follows()
    data = encode(CardTap("answer_visit", asked.id))
    for phone in (other, asked.approver):
        tap = asked.world.platform.make_event(phone.user_id, "postback", postback={"data": data, "params": {}})
        phone.seen = phone._last()
        body = json.dumps({"destination": "U" + "0" * 32, "events": [tap]})
        assert asked.world.platform.send_raw(body.encode(), None) == 200
        asked.world.settle()
        phone.sees("見つかりませんでした")
        phone.sees_not("なぜですか")


def test_a_rejection_and_a_correction_are_said_with_reason_and_fee(asked: Asked):
    asked.deed(judge.reject, "支援の場所ではありません")
    asked.expert.sees("認められない", "支援の場所ではありません")
    act = asked.found.visit
    assert act
    assert act.came
    assert act.went
    times = judge.Times(act.came.at, act.came.at + timedelta(minutes=90), 0)
    asked.deed(judge.correct, times, "事業者に確かめました")
    asked.expert.sees("事務局が支援の時刻を直しました", "事業者に確かめました", "7,920円")
    asked.approver.sees("事務局が支援の時刻を直しました")
    asked.approver.sees_not("7,920円", "事業者に確かめました")
