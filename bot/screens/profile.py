"""プロフィール of a commissioned expert: the card, and what was changed by a tap."""

from collections.abc import Collection
from datetime import date

from bot.line.messages import Action, Button, Card, Link, Message, Row
from bot.postbacks import CardTap, MenuTap
from bot.screens.registration import state_word
from bot.text import t
from models.rules.calendar import deadline_short
from models.rules.profile import Hours, clock, weekly_off_words
from models.views.profile import ProfileView

DAYS_SHOWN = 3
STOP, RESUME = "off", "on"
ITEMS = {"basic": "change.basic", "account": "change.account"}


def card(view: ProfileView, link: str, note: str = "") -> Message:
    """Where the profile stands, the way to its page, and the switch; `note`: what was just done."""
    state, tone = standing(view)
    rows = [
        Row(t("profile.name"), view.name),
        Row(t("profile.state"), state_word(view.state)),
        Row(t("profile.weekly_off"), weekly_off_words(view.weekly_off)),
        Row(t("profile.hours"), hours_words(view.hours)),
        Row(t("profile.days_off"), days_words(view.days_off)),
    ]
    if view.waiting:
        rows.append(Row(t("profile.waiting"), "、".join(item_word(change.item) for change in view.waiting), "wait"))
    return Card(
        alt=note or t("profile.alt", state=state),
        title=t("profile.title"),
        state=state,
        tone=tone,
        rows=tuple(rows),
        note="\n".join(part for part in (note, t("profile.note")) if part),
        buttons=(Link("プロフィールを開く", link), *_switch(view), Button("登録状況", MenuTap("登録状況"))),
    )


def _switch(view: ProfileView) -> tuple[Action, ...]:
    """The value says what will be, so that an old button still does what is written on it."""
    if view.halted:
        return ()
    if view.accepting:
        return (Button("受付を止める", CardTap("accepting", view.person_id, 0, STOP)),)
    return (Button("受付を再開する", CardTap("accepting", view.person_id, 0, RESUME)),)


def standing(view: ProfileView) -> tuple[str, str]:
    """受付中, 受付停止中 or 停止中, with its tone."""
    if view.halted:
        return t("profile.halted_word"), "end"
    return (t("profile.accepting"), "good") if view.accepting else (t("profile.not_accepting"), "warn")


def hours_words(hours: Hours) -> str:
    """9:00〜17:00."""
    return t("profile.hours_words", opens=clock(hours.opens), closes=clock(hours.closes))


def days_words(days: Collection[date]) -> str:
    """The next few days off, and how many more there are."""
    if not days:
        return t("profile.no_days_off")
    first = "、".join(deadline_short(day) for day in sorted(days)[:DAYS_SHOWN])
    more = len(days) - DAYS_SHOWN
    return t("profile.more_days_off", days=first, count=more) if more > 0 else first


def item_word(item: str) -> str:
    """氏名・フリガナ or 口座."""
    return t(ITEMS[item])
