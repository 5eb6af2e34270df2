"""The answers to a dispatch that need words: other times, 辞退, 取り下げ, キャンセル, どれも合わない (`dispatch.mmd`).

Each ends with its one confirmation. A proposed time is as long as the organisation wished, unless its end is typed.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from bot.form import Answers, Form, Step
from models.rules.dispatch import CANCELLING, DECLINING, PROPOSALS_MAX, WORDS_MAX, Category
from models.rules.judgement import Accepted, Choice, Field, Judgement, Refused, as_text
from models.rules.normalise import tidy
from models.rules.request import judge_slot, latest_day, show_slot
from models.rules.wording import free_text

PROPOSE, DECLINE, CANCEL, WITHDRAW, NONE_FITS = (
    "dispatch_propose", "dispatch_decline", "dispatch_cancel", "dispatch_withdraw", "dispatch_none_fits",
)  # fmt: skip
TIMES = tuple(f"time_{at}" for at in range(1, PROPOSALS_MAX + 1))
LENGTH = "length"
"""How many minutes a time without an end takes: set when the form begins, never asked."""
SEND = "この内容で送る"


def propose(today: date) -> Form:
    """別の日程を提案する: up to five times, then a comment."""
    return Form(
        key=PROPOSE,
        version=1,
        title="別の日程の提案",
        steps=(*(_time(at, today) for at in range(1, PROPOSALS_MAX + 1)), PROPOSE_COMMENT),
        command="send_proposal",
        finish=SEND,
        review="form.review_proposal",
        numbered=False,
    )


def _time(at: int, today: date) -> Step:
    key, before = TIMES[at - 1], TIMES[at - 2] if at > 1 else ""

    def judge(text: str, answers: Answers) -> Judgement:
        judged = judge_slot(text, answers, today)
        others = [as_text(answers.get(other, "")) for other in TIMES if other != key]
        if isinstance(judged, Accepted) and as_text(judged.value) in others:
            return Refused("dispatch.same_time")
        return judged

    field = Field(
        key, f"候補日時{at}", "12月1日 13:00", judge, show_slot, optional=at > 1, kind="datetime",
    )  # fmt: skip
    return Step(
        key,
        "ask.propose_more" if before else "ask.propose_first",
        field,
        when=(lambda answers: bool(answers.get(before))) if before else _always,
        earliest=f"{today}T00:00",
        initial=f"{today + timedelta(days=7)}T10:00",
        latest=f"{latest_day(today)}T23:30",
    )


def _always(_answers: Answers) -> bool:
    return True


def _step(key: str, name: str, example: str, *, optional: bool = False) -> Step:
    field = free_text(key, name, example, most=WORDS_MAX, optional=optional, lines=True)
    return Step(key, f"ask.{key}", field)


def _category(step: str, name: str, categories: Sequence[Category]) -> Step:
    choices = tuple(Choice(category.label, category.key) for category in categories)
    labels = {choice.value: choice.label for choice in choices}
    keys = {word: key for key, label in labels.items() for word in (key, label)}

    def judge(text: str, _answers: Answers) -> Judgement:
        key = keys.get(tidy(text))
        return Accepted(key) if key else Refused("text.pick", {"choices": "、".join(labels.values())})

    field = Field(
        step, name, choices[0].label, judge, lambda value: labels.get(as_text(value), as_text(value)),
        choices=choices, kind="choice",
    )  # fmt: skip
    return Step(step, f"ask.{step}", field)


PROPOSE_COMMENT = _step("propose_comment", "支援機関へのコメント", "午前中でしたら調整できます", optional=True)
DECLINE_FORM = Form(
    key=DECLINE,
    version=1,
    title="派遣依頼の辞退",
    steps=(
        _category("decline_category", "辞退の区分", DECLINING),
        _step("decline_private", "事務局だけに伝える理由", "家族の介護のため", optional=True),
        _step("decline_comment", "依頼者へのコメント", "またの機会にお願いします", optional=True),
    ),
    command="send_decline",
    finish=SEND,
    review="form.review_decline",
)
CANCEL_FORM = Form(
    key=CANCEL,
    version=1,
    title="派遣のキャンセル",
    steps=(
        _category("cancel_category", "キャンセル区分", CANCELLING),
        _step("cancel_reason", "キャンセル理由", "急な体調不良のため"),
    ),
    command="send_cancel",
    finish=SEND,
    review="form.review_cancel",
)
WITHDRAW_FORM = Form(
    key=WITHDRAW,
    version=1,
    title="派遣依頼の取り下げ",
    steps=(
        _category("withdraw_category", "取り下げの区分", CANCELLING),
        _step("withdraw_reason", "取り下げの理由", "課題が解決したため"),
    ),
    command="send_withdraw",
    finish=SEND,
    review="form.review_withdraw",
)
NONE_FITS_FORM = Form(
    key=NONE_FITS,
    version=1,
    title="日程の調整",
    steps=(_step("none_fits_comment", "専門家と事務局へのコメント", "11月中は午後だけ空いています", optional=True),),
    command="send_none_fits",
    finish=SEND,
    review="form.review_none_fits",
    numbered=False,
)
ANSWERS: dict[str, Callable[[date], Form]] = {
    PROPOSE: propose,
    DECLINE: lambda _today: DECLINE_FORM,
    CANCEL: lambda _today: CANCEL_FORM,
    WITHDRAW: lambda _today: WITHDRAW_FORM,
    NONE_FITS: lambda _today: NONE_FITS_FORM,
}
"""By key, made for a Japanese day."""
