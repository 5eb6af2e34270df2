"""A talk with the engine alone: no database, no LINE; `chat.says(…)`, `chat.taps(…)`, `chat.sees(…)`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from bot.emulator.validation import refuse_messages
from bot.engine import advance, begin, resume
from bot.form import Command, Form, Inbound, Misfit, PhotoBad, PhotoTaken, Tapped, Turn, Typed
from bot.forms.account import ACCOUNT_CODE, ACCOUNT_MAIL
from bot.forms.approval import REJECT, RETURN
from bot.forms.check_out import CHECK_OUT, CHECK_OUT_HERE, declaration
from bot.forms.dispatch import CANCEL_FORM, DECLINE_FORM, NONE_FITS_FORM, WITHDRAW_FORM, propose
from bot.forms.evidence import VISIT_ANSWER
from bot.forms.joining import APPROVER_NAME
from bot.forms.registration import ACCOUNT, PHOTOS, basic
from bot.forms.request import request_form
from bot.forms.search import SEARCH
from bot.forms.visit import CHECK_IN_PHOTO
from bot.line.messages import Message
from bot.postbacks import FormTap, decode
from bot.session import Session
from models.rules.fields import Value
from tests.support.world import words_of

TODAY = date(2026, 11, 24)
BASIC = basic(TODAY)
PROPOSE = propose(TODAY)
REQUEST = request_form(TODAY)
DECLARE = declaration(datetime(2026, 11, 24, 12, tzinfo=UTC))
FORMS = (
    BASIC,
    PHOTOS,
    ACCOUNT,
    RETURN,
    REJECT,
    APPROVER_NAME,
    ACCOUNT_MAIL,
    ACCOUNT_CODE,
    CHECK_IN_PHOTO,
    VISIT_ANSWER,
    REQUEST,
    CHECK_OUT,
    CHECK_OUT_HERE,
    DECLARE,
    PROPOSE,
    DECLINE_FORM,
    CANCEL_FORM,
    WITHDRAW_FORM,
    NONE_FITS_FORM,
    SEARCH,
)
GOOD: Mapping[str, Mapping[str, Value]] = {
    "basic": {
        "name": "山田 太郎",
        "kana": "ヤマダ タロウ",
        "birth_date": "1980-04-01",
        "phone": "090-1234-5678",
        "mail": "taro@example.jp",
        "affiliation": "山田経営研究所",
        "prefecture": "東京都",
        "requirement": "1",
        "qualifications": ["中小企業診断士"],
        "specialities": ["経営戦略", "販路開拓"],
    },
    "papers": {
        "requirement": "1",
        "qualifications": ["中小企業診断士"],
        "face": ["p1"],
        "identity": ["p2", "p3"],
        "certificate": ["p4"],
        "bankbook": ["p5"],
    },
    "account": {
        "bank": "0001",
        "branch": "240",
        "account_type": "1",
        "account_number": "1234567",
        "account_holder": "ヤマダ タロウ",
    },
    "detail": {
        "career_history": "2005年〜2015年 ○○製作所 生産管理課長\n2015年に独立",
        "support_record": "食品製造業の原価管理を1年支援し、粗利率が5%改善",
        "strengths": "現場を一緒に歩き、数字で見える改善を提案します",
        "employment": "self",
        "hours": "09:00-17:00",
        "weekly_off": ["土", "日", "祝日"],
    },
    "dispatch_propose": {
        "time_1": "2026-12-01T13:00-16:00",
        "time_2": "2026-12-02T09:00-12:00",
        "time_3": "2026-12-03T09:00-12:00",
        "time_4": "2026-12-04T09:00-12:00",
        "time_5": "2026-12-07T09:00-12:00",
        "propose_comment": "午前中でしたら調整できます",
    },
    "dispatch_decline": {
        "decline_category": "dates",
        "decline_private": "家族の介護のため",
        "decline_comment": "またの機会にお願いします",
    },
    "dispatch_cancel": {"cancel_category": "health", "cancel_reason": "急な体調不良のため"},
    "dispatch_withdraw": {"withdraw_category": "solved", "withdraw_reason": "課題が解決したため"},
    "dispatch_none_fits": {"none_fits_comment": "11月中は午後だけ空いています"},
    "return": {"items": ["identity"], "comment_identity": "有効期限が切れています"},
    "reject": {"reason": "登録要件を満たしていません"},
    "approver_name": {"name": "佐藤 恵"},
    "account_mail": {"mail": "taro@example.jp"},
    "account_code": {"code": "K7QX3M9T"},
    "check_out": {"minutes": "other", "minutes_other": "45"},
    "check_in_photo": {"place_photo": ["p1"], "photo_reason": "地下の会議室で位置を取得できない"},
    "check_out_here": {"here": "35.681236,139.767125"},
    "declare": {
        "came": "2026-11-24T13:00+09:00",
        "went": "2026-11-24T16:40+09:00",
        "minutes": "0",
        "reason": "押し忘れた",
    },
    "search": {"search_field": "販路開拓", "search_area": "関東"},
    "visit_answer": {"visit_answer": "地下の会議室にいたため、GPSの位置がずれました"},
    "request": {
        "business": "株式会社みほん製作所",
        "business_address": "東京都千代田区丸の内1-9-1",
        "title": "原価管理の見直し",
        "topic": "生産管理",
        "place": "東京都千代田区丸の内1-9-1",
        "length": "180",
        "slot_1": "2026-12-01T13:00-16:00",
        "slot_2": "2026-12-02T13:00-16:00",
        "slot_3": "",
        "expert": "any",
    },
}
"""A whole set of answers for each form."""


def actions_of(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Every button that these messages show, in order."""
    found: list[dict[str, Any]] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("action"), dict):
                found.append(node["action"])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for message in messages:
        walk(message.as_json())
    return found


def check_messages(messages: Iterable[Message]) -> None:
    """Fails on what LINE would refuse; the lists are split into sends of five."""
    bodies = [message.as_json() for message in messages]
    for at in range(0, len(bodies), 5):
        refuse_messages({"messages": bodies[at : at + 5]})


@dataclass
class Chat:
    """One form being talked through."""

    form: Form
    session: Session | None = None
    turn: Turn = field(default_factory=lambda: Turn(None))
    answers: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._take(resume(self.form, self.session) if self.session else begin(self.form, self.answers))

    def _take(self, turn: Turn) -> None:
        check_messages(turn.replies)
        self.turn, self.session = turn, turn.session

    def meets(self, inbound: Inbound) -> None:
        assert self.session is not None, "the form is over"
        self._take(advance(self.form, self.session, inbound))

    def says(self, *texts: str) -> None:
        for text in texts:
            self.meets(Typed(text))

    def button(self, label: str) -> FormTap:
        for action in actions_of(self.turn.replies):
            if action.get("label") == label and "data" in action:
                tap = decode(action["data"])
                assert isinstance(tap, FormTap)
                return tap
        raise AssertionError(f"no button 「{label}」 among {self.labels}")

    def taps(self, *labels: str, date: str = "") -> None:
        for label in labels:
            self.meets(Tapped(self.button(label), date))

    def sends(self, *papers: str, album: str = "", new: bool = True) -> None:
        for paper in papers:
            self.meets(PhotoTaken(paper, new, album, len(papers) if album else 1))

    def sends_bad(self, code: str, **data: str) -> None:
        self.meets(PhotoBad(code, data))

    def sends_misfit(self, code: str) -> None:
        self.meets(Misfit(code))

    @property
    def kept(self) -> Mapping[str, Value]:
        assert self.session is not None, "the form is over"
        return self.session.answers

    @property
    def at(self) -> str:
        assert self.session is not None, "the form is over"
        return self.session.step

    @property
    def command(self) -> Command:
        assert self.turn.command is not None, "the form is not over"
        return self.turn.command

    @property
    def labels(self) -> list[str]:
        return [action["label"] for action in actions_of(self.turn.replies)]

    @property
    def words(self) -> str:
        return "\n".join(words_of(message.as_json()) for message in self.turn.replies)

    def sees(self, *parts: str) -> None:
        for part in parts:
            assert part in self.words, f"「{part}」 is not in:\n{self.words}"

    def sees_not(self, *parts: str) -> None:
        for part in parts:
            assert part not in self.words, f"「{part}」 is in:\n{self.words}"
