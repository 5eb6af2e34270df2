"""A visit on LINE: what can be recorded today, what was recorded, and how good the record is, in words."""

from collections.abc import Sequence

from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, SendLocation, Text
from bot.postbacks import CardTap, MenuTap
from bot.text import t
from models.rules.calendar import format_datetime, to_jst
from models.rules.place import distance_words, map_link
from models.rules.visit import Grade, Reason, Source
from models.views.dispatch import PlannedView
from models.views.visit import ActView, VisitShown

SEND = SendLocation("位置情報を送る")


def grade_words(grade: Grade) -> str:
    """証跡A."""
    return t(f"visit.grade_{grade}")


def reason_words(reasons: Sequence[Reason]) -> str:
    """Why the evidence is not better, in one sentence."""
    return "、".join(t(f"visit.reason_{reason}") for reason in reasons)


def source_words(act: ActView) -> str:
    """How an end was recorded."""
    return t(f"visit.source_{act.source}") + (t("visit.offline") if act.offline else "")


def distance_line(act: ActView) -> str:
    """How far from the place, as far as it is known, and how sure the phone was."""
    if act.source not in (Source.GPS, Source.LOCATION):
        return t("visit.no_position")
    known = act.distance is not None
    words = t("visit.distance", distance=distance_words(act.distance or 0)) if known else t("visit.distance_unknown")
    return words + (t("visit.accuracy", accuracy=distance_words(act.accuracy)) if act.accuracy is not None else "")


def check_words(reasons: Sequence[Reason]) -> str:
    """What the check-in looks like so far."""
    return t("visit.looked_at", reasons=reason_words(reasons)) if reasons else t("visit.sound")


def span_words(view: PlannedView) -> str:
    """11月24日（火）13:00〜16:00; the end with its date when it is another day."""
    if view.starts is None or view.ends is None:
        return "－"
    same = to_jst(view.starts).date() == to_jst(view.ends).date()
    end = f"{to_jst(view.ends):%H:%M}" if same else format_datetime(view.ends)
    return f"{format_datetime(view.starts)}〜{end}"


def other_words(shown: VisitShown) -> str:
    """That another visit is still open; empty when none is."""
    view = shown.other
    if view is None or view.starts is None:
        return ""
    return t("visit.other_open", business=view.business, at=format_datetime(view.starts))


def card(shown: VisitShown, link: str, title: str = "") -> Card:
    """One visit of today: to be recorded (`link` opens the GPS page), or as it was recorded."""
    return _recorded(shown, title) if shown.came else _waiting(shown, link)


def photo_button(view: PlannedView) -> Button:
    """The way in where there is no position."""
    return Button("現地の写真で", CardTap("check_in_photo", view.id, view.version))


def _waiting(shown: VisitShown, link: str) -> Card:
    view = shown.dispatch
    point = view.place.point
    buttons: list[Action] = [Link("GPSでチェックイン", link), photo_button(view)]
    return Card(
        alt=f"{t('visit.title_in')}：{view.business}様",
        title=f"{view.business}様",
        state=t("visit.before"),
        tone="wait",
        rows=(
            Row(t("visit.row_time"), span_words(view)),
            Row(t("visit.row_place"), view.place.address),
            Row("件名", view.title),
        ),
        note="\n".join(part for part in (other_words(shown), t("visit.how")) if part),
        buttons=(*buttons, *([Link("地図を開く", map_link(point))] if point else [])),
        quick=(SEND,),
    )


def facts(shown: VisitShown) -> tuple[Row, ...]:
    """What was recorded: when, how far away, how, and whether anything is to be looked at."""
    came, went = shown.came, shown.went
    if came is None:
        return ()
    return (
        Row(t("visit.row_came"), format_datetime(came.at)),
        *([Row(t("visit.row_went"), format_datetime(went.at))] if went else []),
        Row(t("visit.row_distance"), distance_line(came)),
        Row(t("visit.row_source"), source_words(came)),
        Row(t("visit.row_check"), check_words(shown.reasons), tone="warn" if shown.reasons else "good"),
    )


def undo_words(shown: VisitShown) -> str:
    """Until when the check-in can be taken back; empty when it cannot."""
    return t("visit.undo_hint", at=f"{to_jst(shown.undo_until):%H:%M}") if shown.undo_until else ""


def _recorded(shown: VisitShown, title: str) -> Card:
    view, came, went = shown.dispatch, shown.came, shown.went
    state = t("visit.done" if went else "visit.during")
    buttons: list[Action] = [] if went else [Button("チェックアウト", MenuTap("チェックアウト"))]
    if shown.undo_until and came:
        buttons.append(Button("チェックインを取り消す", CardTap("undo_check_in", view.id, came.seq)))
    return Card(
        alt=f"{title or state}：{view.business}様 {format_datetime(came.at) if came else ''}",
        title=title or f"{view.business}様",
        state=f"{view.business}様" if title else state,
        tone="good",
        rows=facts(shown),
        note="\n".join(part for part in (undo_words(shown), other_words(shown)) if part),
        buttons=tuple(buttons),
    )


def today(visits: Sequence[VisitShown], links: Sequence[str]) -> Message:
    """All of today's visits: one as a card, several side by side to choose from."""
    cards = tuple(card(shown, link) for shown, link in zip(visits, links, strict=True))
    if len(cards) == 1:
        return cards[0]
    return Cards(t("visit.several", count=len(cards)), cards, (SEND,))


def receipt(shown: VisitShown, *, already: bool = False) -> Card:
    """What was recorded, or was recorded `already`."""
    return _recorded(shown, t("visit.already" if already else "visit.recorded_in"))


def none_today(following: PlannedView | None) -> Message:
    """There is nothing to record; `following` is the next visit."""
    if following is None or following.starts is None:
        return Text(t("visit.none_today"), (Button("派遣依頼", MenuTap("派遣依頼")),))
    words = t("visit.none_today_next", at=format_datetime(following.starts), business=following.business)
    return Text(words, (Button("派遣依頼", MenuTap("派遣依頼")),))


def which_here(visits: Sequence[VisitShown], here: str) -> Message:
    """To which of several visits a place that came (`here`) belongs."""
    buttons = [
        Button(
            f"{to_jst(shown.dispatch.starts):%H:%M} {shown.dispatch.business}" if shown.dispatch.starts else "－",
            CardTap("check_in_here", shown.dispatch.id, shown.dispatch.version, here),
        )
        for shown in visits
    ]
    return Text(t("visit.which_here"), tuple(buttons))


def ask_undo(shown: VisitShown, seq: int) -> Message:
    """The one confirmation before a check-in is taken back."""
    view = shown.dispatch
    words = t("visit.undo_ask", business=view.business, time=span_words(view))
    yes = Button("はい", CardTap("undo_check_in_yes", view.id, seq))
    return Text(words, (yes, Button("いいえ", CardTap("undo_check_in_no"))))


def place_asked() -> Message:
    """Asks for a location message."""
    return Text(t("visit.place_asked"), (SEND,))
