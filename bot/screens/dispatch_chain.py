"""The chain of a dispatch in words, the same on LINE and on every page."""

from dataclasses import dataclass
from datetime import datetime

from bot.text import catalogue, t
from models.rules.calendar import deadline_short, format_datetime, format_full, to_jst
from models.rules.dispatch import Side
from models.views.dispatch import DispatchView
from models.views.dispatch_chain import ChainLink


@dataclass(frozen=True)
class LinkWords:
    """One link as it is read: what, by whom and when. `status` is done, now, todo or ended."""

    name: str
    text: str
    status: str


def words(view: DispatchView, links: tuple[ChainLink, ...]) -> tuple[LinkWords, ...]:
    """Each link of `storage.dispatch_lists.chain` in words; the year stands where it is another than before."""
    found: list[LinkWords] = []
    year = 0
    for link in links:
        at = _moment(link.at, year) if link.at else ""
        year = to_jst(link.at).year if link.at else year
        found.append(LinkWords(t(f"dispatch_chain.{link.key}"), _text(view, link, at), link.status))
    return tuple(found)


def _moment(at: datetime, year: int) -> str:
    return format_datetime(at) if to_jst(at).year == year else format_full(at)


def step_words(action: str) -> str:
    """What was done, for something that was said with it."""
    key = f"dispatch_chain.{action}"
    return t(key if key in catalogue() else "dispatch_chain.other")


def _text(view: DispatchView, link: ChainLink, at: str) -> str:
    if link.status == "todo":
        return t("dispatch_chain.todo")
    until = t("dispatch_chain.until", day=deadline_short(link.until)) if link.until else ""
    key = "now" if link.status == "now" else "done"
    return (t(f"dispatch_chain.{key}", who=holder(view, link), at=at) + until).strip()


def holder(view: DispatchView, link: ChainLink) -> str:
    """千代田商工会 佐藤さん, 山田さん, 事務局; several side by side."""
    return "・".join(_side(view, side, link.who) for side in link.holders)


def _side(view: DispatchView, side: Side, who: str) -> str:
    if side is Side.ORGANISATION:
        return t("dispatch_chain.member", organisation=view.organisation, name=who) if who else view.organisation
    if side is Side.EXPERT and who:
        return t("dispatch_chain.person", name=who)
    return t(f"dispatch_chain.by_{side}")
