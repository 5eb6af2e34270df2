"""One application as pages lay it out: groups of typed fields, badges, what stands beside which photo, the chain.

Pure: a view goes in, small values for the templates come out. Both the secretariat's and the approver's page use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.forms.registration import ITEM_WORDS
from bot.text import t
from models.rules.fields import ACCOUNT, FIELD_BY_KEY, display, holder_differs
from models.rules.registration import FIELDS_OF, Item, State
from models.views.chain import chain
from models.views.registration import ApplicationView, PaperView


@dataclass(frozen=True)
class Line:
    """One typed field: its Japanese name, what a person reads, and whether it calls for a second look."""

    key: str
    name: str
    value: str
    warn: bool = False


@dataclass(frozen=True)
class Badge:
    """How an item stands. `tone` is good, warn or plain."""

    words: str
    tone: str


@dataclass(frozen=True)
class Group:
    """One item with its typed fields or its photos."""

    item: Item
    word: str
    badge: Badge | None
    lines: tuple[Line, ...]
    photos: tuple[PaperView, ...]


@dataclass(frozen=True)
class Shot:
    """One photo in the viewer's row of tabs, with the typed fields to compare it with."""

    id: str
    item: Item
    label: str
    width: int
    height: int
    beside: tuple[Line, ...]


@dataclass(frozen=True)
class Link:
    """A step of 登録状況 in words. `status` is done, now, returned, rejected, declined or todo."""

    status: str
    name: str
    holder: str
    since: datetime | None


@dataclass(frozen=True)
class Answered:
    """One decision in words; `comments` are (item or "", words)."""

    stage: str
    answer: str
    kind: str
    who: str
    at: datetime
    comments: tuple[tuple[str, str], ...]


BESIDE: Mapping[Item, tuple[str, ...]] = {
    Item.FACE: ("name",),
    Item.IDENTITY: ("name", "kana", "birth_date"),
    Item.CERTIFICATE: ("name", "requirement", "qualifications"),
    Item.CAREER: ("name", "requirement", "affiliation"),
    Item.BANKBOOK: (*(field.key for field in ACCOUNT), "kana"),
}


def differs(view: ApplicationView) -> bool:
    """Whether an account holder was typed who is not the applicant by フリガナ."""
    kana, holder = (str(view.answers.get(key, "")) for key in ("kana", "account_holder"))
    return bool(kana and holder) and holder_differs(kana, holder)


def again(view: ApplicationView) -> bool:
    """Whether it was returned before, so that reviewers look at what changed."""
    return any(decision.answer == "return" for decision in view.decisions)


def groups(view: ApplicationView, stage: str) -> tuple[Group, ...]:
    """Every item in the card's order; badges as the reviewers of `stage` need them."""
    return tuple(
        Group(item, ITEM_WORDS[item], badge(view, item, stage), _lines_of(view, item), view.papers_of(item))
        for item in view.items
    )


def badge(view: ApplicationView, item: Item, stage: str) -> Badge | None:
    """How the item stands for the reviewers of `stage`; None while nobody has judged the item."""
    if view.state is State.RETURNED and item in view.reopened:
        return Badge("差し戻し中", "warn")
    if item in view.fine.get(stage, frozenset()):
        return Badge("この段階で確認済み", "good")
    if item in view.unmended or item in view.same.get(stage, frozenset()):
        return Badge("差し戻し後、変更なし", "warn")
    judged_here = any(decision.stage == stage and item in decision.items for decision in view.decisions)
    fine_elsewhere = any(item in fine for fine in view.fine.values())
    if item in view.judged and (judged_here or not fine_elsewhere):
        return Badge("変更あり", "warn")
    return None


def lines(view: ApplicationView, keys: tuple[str, ...]) -> tuple[Line, ...]:
    """The typed fields of these keys that have an answer."""
    odd = differs(view)
    return tuple(
        Line(
            key,
            FIELD_BY_KEY[key].name,
            display(FIELD_BY_KEY[key], view.answers[key], view.answers),
            warn=odd and key == "account_holder",
        )
        for key in keys
        if view.answers.get(key)
    )


def _lines_of(view: ApplicationView, item: Item) -> tuple[Line, ...]:
    return lines(view, tuple(field.key for field in FIELDS_OF.get(item, ())))


def shots(view: ApplicationView) -> tuple[Shot, ...]:
    """The photos of the application, in the card's order."""
    found: list[Shot] = []
    for item in view.items:
        held = view.papers_of(item)
        for place, paper in enumerate(held, 1):
            label = ITEM_WORDS[item] + (f" {place}/{len(held)}" if len(held) > 1 else "")
            beside = lines(view, BESIDE[item])
            found.append(Shot(paper.id, item, label, paper.width, paper.height, beside))
    return tuple(found)


def steps(view: ApplicationView) -> tuple[Link, ...]:
    """登録状況 with each step, who holds it and since when."""
    known = {"applicant": "ご本人", "secretariat": t("chain.secretariat_name")}
    return tuple(
        Link(step.status, t(f"chain.{step.key}"), known.get(step.holder, step.holder), step.since)
        for step in chain(view)
    )


def answers(view: ApplicationView) -> tuple[Answered, ...]:
    """What was decided so far, newest first."""
    return tuple(
        Answered(
            stage=t(f"chain.{decision.stage}"),
            answer=t(f"answer.{decision.answer}"),
            kind=decision.answer,
            who=decision.decider or t("approval.somebody"),
            at=decision.decided_at,
            comments=_comments(decision.comments),
        )
        for decision in reversed(view.decisions)
    )


def _comments(comments: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    named = tuple((ITEM_WORDS[item], comments[item]) for item in Item if item in comments)
    return (*named, ("", comments[""])) if comments.get("") else named
