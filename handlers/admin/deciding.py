"""What was typed into the forms of a decision, and how a refusal is explained beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from werkzeug.datastructures import MultiDict

from bot.forms.registration import ITEM_WORDS
from bot.text import t
from handlers.admin.listing import clean, whole
from models.rules.calendar import format_datetime
from models.rules.errors import DomainError, Stale
from models.rules.permissions import Actor, can
from models.rules.registration import Item, State
from models.rules.wording import FREE_TEXT_MAX
from models.views.registration import ApplicationView

SENTENCES = {
    "approval.changed": "staff.changed",
    "approval.both_stages": "staff.both_stages",
    "approval.no_items": "staff.no_items",
    "approval.no_reason": "staff.no_reason",
    "error.not_allowed": "staff.not_allowed",
}


@dataclass(frozen=True)
class Typed:
    """A decision as it was typed. `comments` by item, "" for the whole; `faults` by name of the input."""

    answer: str = ""
    version: int = 0
    items: tuple[Item, ...] = ()
    comments: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)

    def for_return(self) -> dict[str, str]:
        """The comments of the chosen items, and the one on the whole."""
        chosen = {item.value: self.comments.get(item, "") for item in self.items}
        return chosen | ({"": self.comments[""]} if self.comments.get("") else {})

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """Everything that was typed, with what it was typed for."""
        pairs = [(ITEM_WORDS[item], self.comments.get(item, "")) for item in Item]
        pairs += [("全体", self.comments.get("", "")), ("理由", self.reason)]
        return tuple((name, words) for name, words in pairs if words)


def read_typed(answer: str, form: MultiDict[str, str]) -> Typed:
    """The form of a decision, with what is missing or too long in it."""
    items = tuple(item for item in Item if item in form.getlist("item"))
    comments = {item.value: clean(form.get(f"comment_{item}", "")) for item in Item}
    comments[""] = clean(form.get("comment", ""))
    reason = clean(form.get("reason", ""))
    faults = {"return": _return_faults(items, comments), "reject": _reason_faults(reason)}.get(answer, {})
    return Typed(answer, whole(form.get("version", "")), items, comments, reason, faults)


def _return_faults(items: tuple[Item, ...], comments: Mapping[str, str]) -> dict[str, str]:
    faults = {} if items else {"items": t("staff.no_items")}
    for item in items:
        if not comments[item]:
            faults[f"comment_{item}"] = t("staff.no_comment", item=ITEM_WORDS[item])
    lengths = {f"comment_{item}": comments[item] for item in items} | {"comment": comments[""]}
    return faults | _too_long(lengths)


def _reason_faults(reason: str) -> dict[str, str]:
    return _too_long({"reason": reason}) if reason else {"reason": t("staff.no_reason")}


def _too_long(words: Mapping[str, str]) -> dict[str, str]:
    return {
        name: t("staff.too_long", limit=FREE_TEXT_MAX, length=len(text))
        for name, text in words.items()
        if len(text) > FREE_TEXT_MAX
    }


def explain(error: DomainError, typed: Typed, view: ApplicationView) -> Mapping[str, str]:
    """Sentences by name of the input; "" is about the whole."""
    if typed.faults:
        return typed.faults
    if isinstance(error, Stale) and error.code == "approval.decided":
        at = format_datetime(datetime.fromisoformat(error.data["at"]))
        answer = t(f"answer.{error.data['answer']}")
        return {"": t("staff.decided", who=error.data["who"] or view.organisation, at=at, answer=answer)}
    return {"": t(SENTENCES.get(error.code, "staff.changed"))}


def why_not(actor: Actor, view: ApplicationView) -> str:
    """Why this user is not offered the answers."""
    if view.state is State.TERMS_AGREED:
        return "" if can(actor, "letters.manage") else t("staff.reader_letters")
    if view.state is not State.SECRETARIAT_REVIEW:
        return t("staff.not_here") if view.state is State.ORGANISATION_REVIEW else ""
    if not can(actor, "approver_code.issue"):
        return t("staff.reader")
    return t("staff.both_stages")
