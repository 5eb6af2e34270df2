"""An approver's answer that needs words: 差し戻し (which items, why) and 否認 (why). Drawn in `approval.mmd`."""

from bot.form import Answers, Form, Step
from bot.forms.registration import ITEM_WORDS
from models.rules.fields import Choice, Field, Judgement
from models.rules.registration import Item
from models.rules.wording import free_text, one_of


def _items(answers: Answers) -> tuple[Choice, ...]:
    """The items of the application at hand; `available` is set when the form begins."""
    available = answers.get("available") or [item.value for item in Item]
    return tuple(Choice(ITEM_WORDS[item], item.value) for item in Item if item in available)


def _judge_items(text: str, answers: Answers) -> Judgement:
    return one_of({choice.label: choice.value for choice in _items(answers)})(text, answers)


def _named(item: Item) -> Step:
    def asked(answers: Answers) -> bool:
        return item in answers.get("items", ())

    field = free_text(f"comment_{item}", f"{ITEM_WORDS[item]}へのコメント", "有効期限が切れています")
    return Step(field.key, "ask.comment", field, when=asked)


ITEMS = Field(
    key="items",
    name="直してもらう項目",
    example="身分証明書",
    judge=_judge_items,
    show=lambda value: "、".join(ITEM_WORDS[Item(item)] for item in value),
    many=True,
    kind="many",
)

RETURN = Form(
    key="return",
    version=1,
    title="差し戻し",
    steps=(Step("items", "ask.items", ITEMS, choices=_items), *(_named(item) for item in Item)),
    command="return_application",
    finish="この内容で送る",
    review="form.review_return",
    numbered=False,
)

REJECT = Form(
    key="reject",
    version=1,
    title="否認",
    steps=(Step("reason", "ask.reject_reason", free_text("reason", "理由", "登録要件を満たしていません")),),
    command="reject_application",
    finish="この内容で送る",
    review="form.review_reject",
    numbered=False,
)
