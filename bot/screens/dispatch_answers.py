"""派遣依頼 and the answers to a dispatch: what opens the menu's word, confirmations, receipts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.line.messages import Button, Card, Cards, Link, Message, Text
from bot.postbacks import CardTap
from bot.screens import dispatch
from bot.text import t
from models.rules.dispatch import Action, Side, is_near
from models.rules.errors import DomainError
from models.views.dispatch import DispatchView, SlotView

LATE_LABELS = (("15分", "15"), ("30分", "30"), ("60分", "60"))
CARDS_AT_ONCE = 5


def next_visit(card: Card, view: DispatchView, now: datetime) -> Card:
    """The card of the visit that comes next; on its day it says what to do there."""
    near = view.starts is not None and view.ends is not None and is_near(view.starts, view.ends, now)
    note = t("dispatch.next_today") if near else card.note
    return replace(
        card, alt=f"{t('dispatch.next')} {card.alt}", state=f"{t('dispatch.next')}（{card.state}）", note=note
    )


def no_visit() -> Message:
    """No date is fixed."""
    return Text(t("dispatch.next_none"))


def waiting(cards: Sequence[Card], total: int, key: str) -> tuple[Message, ...]:
    """What waits for an answer, side by side; `key`: waits or proposals. Says how many more there are."""
    if not cards:
        return ()
    shown = Cards(alt=t(f"dispatch.{key}_alt", count=total), cards=tuple(cards[:CARDS_AT_ONCE]))
    left = total - len(shown.cards)
    return (shown, Text(t("dispatch.waits_more", count=left))) if left > 0 else (shown,)


def confirm_fix(view: DispatchView, slot: SlotView, action: Action) -> Message:
    """The one confirmation before a date is fixed."""
    when = dispatch.span_words((slot.starts, slot.ends))
    words = t("dispatch.confirm_fix", when=when, business=view.business, title=view.title, number=view.number)
    tap = (
        CardTap("dispatch_take_yes", view.id, view.version, slot.id)
        if action is Action.TAKE_SLOT
        else CardTap("dispatch_accept_yes", view.id, view.version, slot.id)
    )
    return Text(words, (Button("日程を確定する", tap), Button("もどる", CardTap("dispatch", view.id))))


def receipt(card: Card, view: DispatchView, kind: str) -> Card:
    """The card after an answer, with what was done and the number. `kind`: fixed, proposed, declined, …"""
    span = (view.starts, view.ends) if view.starts and view.ends else None
    words = t(
        f"dispatch.{kind}_receipt",
        when=dispatch.span_words(span) if span else "",
        number=view.number,
        organisation=view.organisation,
    )
    return replace(card, alt=words, note=words)


def too_late(error: DomainError) -> Message:
    """Somebody was faster: who and when, and the way to how it stands now."""
    button = Button("いまの状態を見る", CardTap("dispatch", error.data["dispatch"]))
    return Text(t(error.code, **error.data), (button,))


def refused(error: DomainError) -> Message:
    """Why a time cannot be fixed, and what else can be done."""
    return Text(t(error.code, **error.data) + "\n" + t("dispatch.try_again"))


def mend_times(error: DomainError) -> Message:
    """Why a proposal cannot be sent as it is; the last look follows again."""
    return Text(t(error.code, **error.data) + "\n" + t("dispatch.mend_times"))


def late_told(view: DispatchView, minutes: int) -> Message:
    """遅れます was told; how long can be added."""
    said = t("dispatch.late_minutes", minutes=minutes) if minutes else t("dispatch.late_unknown")
    key = "dispatch.late_told" if view.contact.mail else "dispatch.late_told_person"
    words = t(key, organisation=view.organisation, business=view.business, minutes=said)
    call = (Link("担当者に電話する", f"tel:{view.contact.phone}"),) if view.contact.phone else ()
    if minutes:
        return Text(words, call)
    return Text(words + "\n" + t("dispatch.late_how_long"), (*_how_long(view), *call))


def late_before(view: DispatchView) -> Message:
    """They were told just now; how long can still be added."""
    return Text(t("dispatch.late_before") + t("dispatch.late_how_long"), _how_long(view))


def _how_long(view: DispatchView) -> tuple[Button, ...]:
    return tuple(dispatch.late_button(view.id, label, value) for label, value in LATE_LABELS)


def calendar(link: str) -> Message:
    """The way to the calendar's file; a card, so that the button stays."""
    words = t("dispatch.calendar")
    return Card(alt=words, title=t("dispatch.calendar_title"), note=words, buttons=(Link("カレンダーに入れる", link),))


def no_calendar() -> Message:
    """There is no date to put into a calendar."""
    return Text(t("dispatch.calendar_none"))


def side_note(side: Side) -> str:
    """Which cards wait: requests for the expert, proposals for the organisation."""
    return "waits" if side is Side.EXPERT else "proposals"
