"""A dispatch as a card: one layout for both sides, in the list, in a notice, and after an answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from bot.line.messages import Action, Button, Card, Link, Row
from bot.postbacks import CardTap, MenuTap
from bot.text import catalogue, t
from models.rules.calendar import deadline_short, format_date, format_datetime, format_full, to_jst
from models.rules.dispatch import CATEGORY_WORDS, ENDED, TRANSITIONS, Side, Status, is_near, report_deadline
from models.rules.dispatch import Action as Step
from models.rules.place import PlaceSource, Point, distance_words, map_link
from models.views.dispatch import DispatchView, SlotView, WordsView

Span = tuple[datetime, datetime]
"""From when to when, aware."""
TONE = {
    Status.REQUESTED: "wait",
    Status.COUNTER_PROPOSED: "wait",
    Status.NEEDS_COORDINATION: "warn",
    Status.CONFIRMED: "good",
    Status.REPORT_DUE: "warn",
    Status.REPORTED: "wait",
    Status.COMPLETED: "good",
    Status.DECLINED: "end",
    Status.CANCELLED: "end",
}
ANSWERS = (
    (Step.PROPOSE, "別の日程を提案する", CardTap("dispatch_propose")),
    (Step.DECLINE, "辞退する", CardTap("dispatch_decline")),
    (Step.NONE_FITS, "どれも合わない", CardTap("dispatch_none_fits")),
    (Step.WITHDRAW, "取り下げる", CardTap("dispatch_withdraw")),
    (Step.CANCEL, "キャンセルする", CardTap("dispatch_cancel")),
)
"""The answers besides choosing a time, and the words of their buttons."""
AGAIN = frozenset({Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED, *ENDED})
"""From here the organisation can ask once more."""
_ADDRESS_IN_LINK = 80


@dataclass(frozen=True)
class Facts:
    """What a card or a mail says of a dispatch. `times`: the fixed one when `fixed`, else what is wished.

    `wished`: what was wished besides a fixed time, where that is to be said too (002: when it is cancelled).
    """

    number: str
    received: datetime
    business: str
    organisation: str
    expert: str
    title: str
    topic: str
    place: str
    point: Point | None
    accompany: bool
    times: tuple[Span, ...]
    fixed: bool
    wished: tuple[Span, ...] = ()
    proposed: tuple[Span, ...] = ()
    contact: str = ""
    requester: str = ""
    wishes: str = ""
    distance: int | None = None
    category: str = ""
    comment: str = ""
    declined: bool = False

    @property
    def comment_name(self) -> str:
        """理由, where the comment says why; whoever declines gives the reason to the secretariat alone."""
        return t("dispatch.row_reason" if self.category and not self.declined else "dispatch.row_comment")


def status_word(status: Status) -> tuple[str, str]:
    """The word of 002 for a status, and the tone it is shown in."""
    return t(f"dispatch.status_{status}"), TONE[status]


def span_words(span: Span, *, year: bool = False) -> str:
    """11月28日（土）13:00〜16:00; an end after midnight is 翌1:00, a later one has its date. `year`: with it."""
    starts, ends = span
    return f"{format_full(starts) if year else format_datetime(starts)}〜{_end_words(starts, ends)}"


def _end_words(starts: datetime, ends: datetime) -> str:
    first, last = to_jst(starts), to_jst(ends)
    days = (last.date() - first.date()).days
    if days > 1:
        return format_datetime(ends)
    return t("dispatch.next_day", time=f"{last:%H:%M}") if days else f"{last:%H:%M}"


def slot_label(span: Span) -> str:
    """The words of a button that fixes a time."""
    day, first = to_jst(span[0]).date(), to_jst(span[0])
    return t("dispatch.slot_button", time=f"{deadline_short(day)}{first:%H:%M}〜{_end_words(*span)}")


def may(status: Status, action: Step, side: Side) -> bool:
    """Whether the table of steps names a side for an action while a dispatch stands at a status."""
    row = TRANSITIONS.get((status, action))
    return row is not None and side in row.by


def times_rows(facts: Facts) -> tuple[Row, ...]:
    """The fixed time, or what was wished and proposed so far, numbered when there are several."""
    if facts.fixed:
        return (*_numbered("dispatch.row_fixed", facts.times), *_numbered("dispatch.row_wished", facts.wished))
    wished = _numbered("dispatch.row_wished", facts.times)
    return (*wished, *_numbered("dispatch.row_proposed", facts.proposed))


def _numbered(key: str, spans: Sequence[Span]) -> tuple[Row, ...]:
    many = len(spans) > 1
    return tuple(Row(t(key) + (str(at) if many else ""), span_words(span)) for at, span in enumerate(spans, 1))


def rows(facts: Facts, side: Side) -> tuple[Row, ...]:
    """The rows of the card, as a side reads them."""
    found = [*times_rows(facts), Row(t("dispatch.row_business"), facts.business)]
    if side is not Side.EXPERT:
        found.append(Row(t("dispatch.row_expert"), facts.expert or t("dispatch.nobody_yet")))
    if side is not Side.ORGANISATION or facts.category:
        found.append(Row(t("dispatch.row_organisation"), facts.organisation))
    found.append(Row(t("dispatch.row_place"), place_words(facts)))
    if side is Side.EXPERT and facts.distance is not None and not facts.fixed:
        words = t("dispatch.distance", distance=distance_words(facts.distance))
        found.append(Row(t("dispatch.row_distance"), words))
    found += [
        Row(t("dispatch.row_topic"), facts.topic),
        Row(t("dispatch.row_accompany"), accompany_words(facts)),
    ]
    if facts.contact:
        found.append(Row(t("dispatch.row_contact"), t("dispatch.person", name=facts.contact)))
    found.append(Row(t("dispatch.row_number"), facts.number))
    if not facts.fixed or facts.category:
        found.append(Row(t("dispatch.row_received"), format_datetime(facts.received)))
    return (*found, *_said_rows(facts))


def _said_rows(facts: Facts) -> list[Row]:
    found: list[Row] = []
    if facts.wishes:
        found.append(Row(t("dispatch.row_wishes"), facts.wishes, wide=True))
    if facts.category:
        found.append(Row(t("dispatch.row_category"), CATEGORY_WORDS.get(facts.category, facts.category)))
    if facts.comment:
        found.append(Row(facts.comment_name, f"「{facts.comment}」", wide=True))
    return found


def place_words(facts: Facts) -> str:
    """The address, and whether it was found on the map."""
    return facts.place if facts.point else t("dispatch.place_unknown", place=facts.place)


def accompany_words(facts: Facts) -> str:
    """Who comes along."""
    if not facts.accompany:
        return t("dispatch.accompany_no")
    if not facts.requester:
        return t("dispatch.accompany_yes")
    return t("dispatch.accompany_person", organisation=facts.organisation, name=facts.requester)


def map_of(facts: Facts) -> Link:
    """Opens the phone's map at the place, or a search for the address where the place is not known."""
    if facts.point:
        return Link("地図を開く", map_link(facts.point))
    query = quote(facts.place[:_ADDRESS_IN_LINK])
    return Link("地図で探す", f"https://www.google.com/maps/search/?api=1&query={query}")


def offers(
    dispatch_id: str, version: int, status: Status, side: Side, found: Iterable[tuple[str, Span]]
) -> tuple[Action, ...]:
    """A button for each time that the side can fix now; `found`: ids of slots with their times."""
    if may(status, Step.TAKE_SLOT, side):
        tap = CardTap("dispatch_take", dispatch_id, version)
    elif may(status, Step.ACCEPT, side):
        tap = CardTap("dispatch_accept", dispatch_id, version)
    else:
        return ()
    return tuple(Button(slot_label(span), replace(tap, value=slot)) for slot, span in found)


def answers(dispatch_id: str, version: int, status: Status, side: Side) -> tuple[Action, ...]:
    """A button for each other answer of the side."""
    return tuple(
        Button(label, replace(tap, subject=dispatch_id, version=version))
        for action, label, tap in ANSWERS
        if may(status, action, side)
    )


def calendar_button(dispatch_id: str) -> Button:
    """Asks for the calendar file of a fixed visit."""
    return Button("カレンダーに入れる", CardTap("dispatch_calendar", dispatch_id))


def late_button(dispatch_id: str, label: str = "遅れます", minutes: str = "") -> Button:
    """Tells everybody waiting that the expert is late, in one tap."""
    return Button(label, CardTap("dispatch_late", dispatch_id, 0, minutes))


def again_button(dispatch_id: str) -> Button:
    """A new request made from this one."""
    return Button("もう一度依頼する", CardTap("ask_again", dispatch_id))


def facts_of(view: DispatchView) -> Facts:
    """What the card says of a view."""
    last = last_words(view)
    fixed = (view.starts, view.ends) if view.starts and view.ends else None
    return Facts(
        number=view.number,
        received=view.received_at,
        business=view.business,
        organisation=view.organisation,
        expert=view.expert,
        title=view.title,
        topic=view.topic_other or view.topic,
        place=view.place.address,
        point=view.place.point if view.place.source is not PlaceSource.UNKNOWN else None,
        accompany=view.accompany,
        times=(fixed,) if fixed else _spans(view.wished),
        fixed=fixed is not None,
        wished=_spans(view.wished) if fixed and view.status in ENDED else (),
        proposed=() if fixed or view.status is Status.REQUESTED else _spans(view.proposed),
        contact=view.contact.name,
        requester=view.requester,
        wishes=view.wishes,
        distance=view.away,
        category=last.category if last and view.status in ENDED else "",
        comment=last.comment if last and view.status in (*ENDED, Status.COUNTER_PROPOSED) else "",
        declined=last is not None and last.action == Step.DECLINE,
    )


def _spans(slots: Iterable[SlotView]) -> tuple[Span, ...]:
    return tuple((slot.starts, slot.ends) for slot in slots)


def last_words(view: DispatchView) -> WordsView | None:
    """What was said with the step that led to where it stands; what was said before may have been to somebody else."""
    return view.words[-1] if view.words and view.words[-1].at >= view.status_since else None


def card(view: DispatchView, side: Side, *, link: str = "", now: datetime, note: str = "") -> Card:
    """The dispatch as a side sees it, with what the side can do now. `link`: to its page; `note`: instead of ours."""
    word, tone = status_word(view.status)
    facts = facts_of(view)
    choices = _open_offers(view, side, now)
    more: tuple[Action, ...] = (Link("くわしく見る", link),) if link else ()
    return Card(
        alt=f"{word} {view.number} {view.title}",
        title=view.title,
        state=word,
        tone=tone,
        rows=rows(facts, side),
        note=note or note_of(view, side),
        buttons=(
            *choices,
            *_on_the_day(view, facts, side, now),
            *answers(view.id, view.version, view.status, side),
            *((again_button(view.id),) if side is Side.ORGANISATION and view.status in AGAIN else ()),
            *more,
        ),
        ranked=len(choices) < 2,
    )


def _open_offers(view: DispatchView, side: Side, now: datetime) -> tuple[Action, ...]:
    """The times that can still be fixed: none that has begun."""
    slots = view.proposed if view.status is Status.COUNTER_PROPOSED else view.wished
    ahead = [(slot.id, (slot.starts, slot.ends)) for slot in slots if slot.starts > now]
    return offers(view.id, view.version, view.status, side, ahead)


def _on_the_day(view: DispatchView, facts: Facts, side: Side, now: datetime) -> tuple[Action, ...]:
    """What one needs around a fixed visit: check-in and 遅れます on its day, map, phone, calendar."""
    if view.status is not Status.CONFIRMED or view.starts is None or view.ends is None:
        return ()
    if side is not Side.EXPERT:
        return (calendar_button(view.id),)
    near = is_near(view.starts, view.ends, now)
    today: tuple[Action, ...] = (Button("チェックイン", MenuTap("チェックイン")), late_button(view.id)) if near else ()
    phone = (Link("担当者に電話する", f"tel:{view.contact.phone}"),) if view.contact.phone else ()
    return (*today, map_of(facts), *phone, calendar_button(view.id))


def note_of(view: DispatchView, side: Side) -> str:
    """Where it stands and what comes next, in a sentence."""
    if view.status in ENDED:
        return ""
    keys = (f"dispatch.note_{view.status}_{side}", f"dispatch.note_{view.status}")
    key = next((key for key in keys if key in catalogue()), "")
    day = format_date(report_deadline(view.day))
    return t(key, day=day) if key else ""
