"""派遣状況 and the lists behind it: how many dispatches stand where, and one card for each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens.dispatch import span_words, status_word
from bot.text import t
from models.rules.calendar import age_in_words, format_date
from models.rules.dispatch import ENDED, OPEN, Side, Status
from models.views.dispatch_list import MINE, DispatchRow

SHOWN = 10
"""How many cards stand side by side."""
BUTTONS = 2
"""How many statuses have a button on the card, besides the page's."""


def overview(counts: Mapping[Status, int], most: int, side: Side, link: str) -> Message:
    """How many stand where; what is wanted of this side comes first. `most`: where counting ends."""
    held = [status for status in Status if counts[status]]
    if not held:
        return _nothing(side)
    first = [status for status in MINE[side] if status in held]
    rest = [status for status in held if status not in first]
    going = sum(counts[status] for status in OPEN)
    title = t(f"dispatch_list.title_{side}")
    return Card(
        alt=t("dispatch_list.alt", title=title, count=number_words(going, most)),
        title=title,
        state=t("dispatch_list.open", count=number_words(going, most)),
        tone="wait" if going else "end",
        rows=tuple(
            Row(status_word(status)[0], number_words(counts[status], most), "warn" if status in first else "plain")
            for status in held
        ),
        buttons=(
            *(_button("dispatch_list.see", status, counts[status], most, side) for status in (first or rest)[:BUTTONS]),
            Link("一覧・検索を開く", link),
        ),
        quick=tuple(_button("dispatch_list.tab", status, counts[status], most, side) for status in (*first, *rest)),
    )


def _nothing(side: Side) -> Message:
    ask = (Button("派遣を依頼", MenuTap("派遣を依頼")),) if side is Side.ORGANISATION else ()
    return Text(t(f"dispatch_list.none_{side}"), ask)


def number_words(number: int, most: int) -> str:
    """12件; 1,000件以上 where counting ended."""
    return t("dispatch_list.many" if number >= most else "dispatch_list.items", count=f"{number:,}")


def _button(key: str, status: Status, number: int, most: int, side: Side) -> Button:
    word, _ = status_word(status)
    return Button(t(key, status=word, count=number_words(number, most)), to_list(side, status))


def to_list(side: Side, status: Status, page: int = 0) -> CardTap:
    """Leads to one page of the dispatches of a status."""
    return CardTap("dispatches", "", 0, f"{side}:{status}:{page}")


def back(side: Side) -> Button:
    """To the menu's word of the side."""
    word = "派遣依頼" if side is Side.EXPERT else "派遣状況"
    return Button(word, MenuTap(word))


def listed(
    rows: Sequence[DispatchRow], status: Status, side: Side, place: tuple[int, int, int], now: datetime
) -> tuple[Message, ...]:
    """One page of a status as cards. `place`: the page, how many there are in all, and where counting ended."""
    page, total, most = place
    word, _ = status_word(status)
    if not rows:
        return (Text(t("dispatch_list.none_left", status=word), (back(side),)),)
    count = number_words(total, most)
    cards = tuple(_card(row, side, now) for row in rows)
    shown = Cards(alt=t("dispatch_list.list_alt", status=word, count=count), cards=cards)
    if total <= SHOWN:
        return (shown,)
    first = page * SHOWN + 1
    words = t("dispatch_list.more", status=word, count=count, first=first, last=first + len(rows) - 1)
    return (shown, Text(words, (*_onwards(status, side, page, total), back(side))))


def _onwards(status: Status, side: Side, page: int, total: int) -> tuple[Action, ...]:
    before = (Button("まえの10件", to_list(side, status, page - 1)),) if page else ()
    after = (Button("つぎの10件", to_list(side, status, page + 1)),) if (page + 1) * SHOWN < total else ()
    return (*after, *before)


def _card(row: DispatchRow, side: Side, now: datetime) -> Card:
    word, tone = status_word(row.status)
    organisation = Row(t("dispatch_list.organisation"), row.organisation)
    expert = Row(t("dispatch_list.expert"), row.expert or t("dispatch_list.nobody"))
    return Card(
        alt="",
        title=row.title,
        state=word,
        tone=tone,
        rows=(
            Row(*when(row)),
            Row(t("dispatch_list.business"), row.business),
            organisation if side is Side.EXPERT else expert,
            Row(t("dispatch_list.number"), row.number),
        ),
        note=t("dispatch_list.waiting", age=age_in_words(now - row.status_since)) if row.status in OPEN else "",
        buttons=(Button("内容を見る", CardTap("dispatch", row.id)),),
    )


def when(row: DispatchRow, *, year: bool = False) -> tuple[str, str]:
    """What the day is, and the day: the fixed time (with its `year`), or the first one that is wished."""
    if row.starts and row.ends and row.status not in ENDED:
        return t("dispatch_list.fixed"), span_words((row.starts, row.ends), year=year)
    return t("dispatch_list.wished"), t("dispatch_list.wished_day", day=format_date(row.day))
