"""The registration card's sections in the chat (`domain.md` 2.3): 基本情報, 写真, 口座. Drawn in `registration.mmd`."""

from datetime import date
from functools import lru_cache

from bot.form import Answers, Form, Step
from models.rules import fields
from models.rules.fields import Accepted, Choice, Field, Judgement, Value
from models.rules.regions import REGIONS
from models.rules.registration import PAPERS, Item, needs_career

ITEM_WORDS = {
    Item.BASIC: "基本情報",
    Item.FACE: "顔写真",
    Item.IDENTITY: "身分証明書",
    Item.CERTIFICATE: "資格証明書",
    Item.CAREER: "実務経歴",
    Item.BANKBOOK: "通帳",
    Item.ACCOUNT: "口座",
    Item.DETAIL: "詳細申請",
}
SECTION_WORDS = {"basic": "基本情報", "papers": "写真", "account": "口座", "detail": "詳細申請"}
"""In the order of the card. 詳細申請 is filled in on a page; the others are forms of the chat."""
PAPER_ITEMS = tuple(PAPERS)
BASIC_KEYS = tuple(field.key for field in fields.BASIC)

_GROUPS = {
    region.name: tuple(Choice(prefecture, prefecture) for prefecture in region.prefectures) for region in REGIONS
}


def _keep(_text: str, _answers: Answers) -> Judgement:
    return Accepted([])


def _count(value: Value) -> str:
    return f"{len(value)}枚"


def _photos(item: Item) -> Step:
    field = Field(key=item, name=ITEM_WORDS[item], example="", judge=_keep, show=_count, many=True)

    def asked(answers: Answers) -> bool:
        third = Item.CAREER if needs_career(answers) else Item.CERTIFICATE
        wanted = item not in (Item.CERTIFICATE, Item.CAREER) or item is third
        return wanted and item in answers.get("only", PAPER_ITEMS)

    return Step(item, f"ask.{item}", field, photos=PAPERS[item].most, when=asked)


@lru_cache(maxsize=4)
def basic(today: date) -> Form:
    """基本情報, with the birth date judged against `today` (Asia/Tokyo)."""
    return Form(
        key="basic",
        version=1,
        title="基本情報",
        steps=tuple(_basic_step(key, today) for key in BASIC_KEYS),
        command="finish_section",
    )


def _basic_step(key: str, today: date) -> Step:
    field = fields.dated(fields.FIELD_BY_KEY[key], today)
    if key == "birth_date":
        return Step(key, "ask.birth_date", field, latest=today.isoformat())
    return Step(key, f"ask.{key}", field, groups=_GROUPS if key == "prefecture" else {})


PHOTOS = Form(
    key="papers",
    version=1,
    title="写真",
    steps=tuple(_photos(item) for item in PAPER_ITEMS),
    command="finish_section",
)

ACCOUNT = Form(
    key="account",
    version=1,
    title="口座",
    steps=tuple(
        Step(field.key, f"ask.{field.key}", field, depends=("bank",) if field.key == "branch" else ())
        for field in fields.ACCOUNT
    ),
    command="finish_section",
)


def section(key: str, today: date) -> Form:
    """The form of a section: basic, papers or account."""
    return {"papers": PHOTOS, "account": ACCOUNT}.get(key) or basic(today)


def section_of(item: Item) -> str:
    """The section in which an item is filled in."""
    return {Item.BASIC: "basic", Item.ACCOUNT: "account", Item.DETAIL: "detail"}.get(item, "papers")
