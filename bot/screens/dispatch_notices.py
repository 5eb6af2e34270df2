"""What people are told of a dispatch and its visit: on LINE as the card of `bot.screens.dispatch`, else by mail.

A mail holds what 002 puts into its mails: number, received at, business, organisation, title, times; when somebody
cancels, the category and the reason too.
"""

from datetime import date, datetime

from bot.line.messages import Action, Button, Card, Message, Row
from bot.postbacks import CardTap, MenuTap
from bot.screens import dispatch as screens
from bot.screens.dispatch import Facts, Span
from bot.text import catalogue, t
from models.notices import DispatchTold, VisitTold
from models.rules.calendar import deadline_short, format_datetime, format_full
from models.rules.dispatch import CATEGORY_WORDS, STEPS, Side, Status
from models.rules.place import Point

WAITING = frozenset({"request", "reassign", "remind_unanswered"})
"""Acts that ask the expert for an answer."""
REMINDERS = ("remind_unanswered", "remind_day", "remind_hours", "remind_checkout")
VISIT_ACTS = ("certify", "certified", "accept", "ask", "reject", "corrected", "undone")
TODAY = frozenset({"remind_hours", "late"})
_STATUS: dict[str, Status] = {
    **{row.action: row.target for row in STEPS},
    "request": Status.REQUESTED,
    "remind_unanswered": Status.REQUESTED,
    "late": Status.CONFIRMED,
    "remind_day": Status.CONFIRMED,
    "remind_hours": Status.CONFIRMED,
    "remind_checkout": Status.REPORT_DUE,
    "released": Status.CANCELLED,
}
"""Where a dispatch stands after an act."""
_VISIT_STATES = {"ask": ("ask", "warn"), "reject": ("reject", "warn"), "corrected": ("changed", "wait"),
                 "undone": ("changed", "wait")}  # fmt: skip


def words(notice: DispatchTold | VisitTold) -> str:
    """The first sentence: what happened, and what is wanted."""
    return _visit_words(notice) if isinstance(notice, VisitTold) else _dispatch_words(notice)


def render(notice: DispatchTold | VisitTold) -> Message:
    """The card on LINE; its buttons stay when later messages arrive."""
    return _visit_card(notice) if isinstance(notice, VisitTold) else _dispatch_card(notice)


def mail(notice: DispatchTold | VisitTold, admin_link: str) -> tuple[str, str]:
    """Subject and text: for a business or the secretariat, or for somebody whom LINE does not reach."""
    return _visit_mail(notice) if isinstance(notice, VisitTold) else _dispatch_mail(notice, admin_link)


# --- a dispatch -----------------------------------------------------------------------------------


def _status(notice: DispatchTold) -> Status:
    if notice.act == "request" and notice.to == Side.SECRETARIAT:
        return Status.NEEDS_COORDINATION
    return _STATUS.get(notice.act, Status.REQUESTED)


def _spans(pairs: tuple[str, ...]) -> tuple[Span, ...]:
    return tuple(_span(pair) for pair in pairs)


def _span(pair: str) -> Span:
    starts, _, ends = pair.partition("/")
    return datetime.fromisoformat(starts), datetime.fromisoformat(ends)


def _facts(notice: DispatchTold) -> Facts:
    latitude, _, longitude = notice.point.partition(",")
    return Facts(
        number=notice.number,
        received=datetime.fromisoformat(notice.received),
        business=notice.business,
        organisation=notice.organisation,
        expert=notice.expert,
        title=notice.title,
        topic=notice.topic,
        place=notice.place,
        point=Point(float(latitude), float(longitude)) if longitude else None,
        accompany=notice.accompany,
        times=_spans(notice.times),
        fixed=notice.fixed,
        wished=_spans(notice.wished),
        proposed=_spans(notice.proposed),
        contact=notice.contact,
        category="" if notice.act == "late" else notice.category,
        comment=notice.comment,
        declined=notice.act == "decline",
        distance=notice.distance if notice.distance >= 0 else None,
    )


def _dispatch_words(notice: DispatchTold) -> str:
    key = f"dispatch.told_{notice.act}_{notice.to}"
    times = _spans(notice.times)
    return t(
        key if key in catalogue() else "dispatch.told_other",
        number=notice.number,
        business=notice.business,
        organisation=notice.organisation,
        title=notice.title,
        expert=notice.expert,
        when=screens.span_words(times[0]) if times else "",
        who=_who(notice),
        until=_until(notice.answer_by),
        minutes=_minutes(notice.category),
    )


def _who(notice: DispatchTold) -> str:
    return t(
        f"dispatch.by_{notice.by}", expert=notice.expert, organisation=notice.organisation, business=notice.business
    )


def _until(answer_by: str) -> str:
    return t("dispatch.until", day=deadline_short(date.fromisoformat(answer_by))) if answer_by else ""


def _minutes(said: str) -> str:
    return t("dispatch.late_minutes", minutes=said) if said.isdecimal() else t("dispatch.late_unknown")


def _dispatch_card(notice: DispatchTold) -> Card:
    status, facts = _status(notice), _facts(notice)
    word, tone = screens.status_word(status)
    side = Side(notice.to)
    buttons = _dispatch_buttons(notice, status, side, facts)
    return Card(
        alt=words(notice),
        title=notice.title,
        state=word,
        tone=tone,
        rows=screens.rows(facts, side),
        note=words(notice),
        buttons=buttons,
        ranked=len(notice.slots) < 2,
    )


def _dispatch_buttons(notice: DispatchTold, status: Status, side: Side, facts: Facts) -> tuple[Action, ...]:
    detail = Button(t("dispatch.detail_button"), CardTap("dispatch", notice.dispatch_id))
    spans = facts.proposed if status is Status.COUNTER_PROPOSED else facts.times
    open_ids = zip(notice.slots, spans, strict=False)
    if (asked := notice.act in WAITING and side is Side.EXPERT) or notice.act == "propose":
        found = screens.offers(notice.dispatch_id, notice.version, status, side, open_ids)
        others = screens.answers(notice.dispatch_id, notice.version, status, side)
        return (*found, *others[:2], detail) if asked else (*found, *others[:1], detail)
    if notice.act == "remind_checkout":
        return (Button("チェックアウト", MenuTap("チェックアウト")), detail)
    if status is Status.CONFIRMED and side is Side.EXPERT:
        return (*_before_the_visit(notice, facts), detail)
    if status is Status.CONFIRMED and side is Side.ORGANISATION and notice.act != "late":
        return (screens.calendar_button(notice.dispatch_id), detail)
    if status in screens.AGAIN and side is Side.ORGANISATION:
        return (screens.again_button(notice.dispatch_id), detail)
    return (detail,)


def _before_the_visit(notice: DispatchTold, facts: Facts) -> tuple[Action, ...]:
    """Around a fixed visit: the calendar when it was fixed, on its day check-in and 遅れます."""
    if notice.act in TODAY:
        check_in = Button("チェックイン", MenuTap("チェックイン"))
        return (check_in, screens.late_button(notice.dispatch_id), screens.map_of(facts))
    return (screens.calendar_button(notice.dispatch_id), screens.map_of(facts))


def _dispatch_mail(notice: DispatchTold, admin_link: str) -> tuple[str, str]:
    about = f"dispatch.about_{notice.act}"
    what = t(about if about in catalogue() else "dispatch.about_other")
    business = notice.to == Side.BUSINESS
    subject = t("dispatch.subject_business" if business else "dispatch.subject", number=notice.number, what=what)
    body = f"{words(notice)}\n\n{_fields(_mail_rows(notice))}"
    return subject, _letter(notice, body, admin_link)


def _letter(notice: DispatchTold, body: str, admin_link: str) -> str:
    match notice.to:
        case Side.BUSINESS:
            head = t("dispatch.mail_head_business", business=notice.business, contact=notice.contact)
            return f"{head}\n{body}" + t("dispatch.mail_end_business", organisation=notice.organisation)
        case Side.SECRETARIAT:
            link = f"{admin_link}dispatches/{notice.dispatch_id}"
            return body + t("dispatch.mail_end_secretariat", link=link)
        case _:
            return body + t("notice.mail_end")


def _mail_rows(notice: DispatchTold) -> list[Row]:
    """The fields of 002, in its order and words."""
    facts = _facts(notice)
    found: list[Row] = []
    if facts.category:
        found.append(Row(t("dispatch.row_category"), CATEGORY_WORDS.get(facts.category, facts.category)))
    if facts.comment:
        found.append(Row(facts.comment_name, facts.comment))
    found += [
        Row(t("dispatch.row_number"), facts.number),
        Row(t("dispatch.row_received"), format_full(facts.received)),
        Row(t("dispatch.row_business_name"), facts.business),
        Row(t("dispatch.row_organisation"), facts.organisation),
        Row(t("dispatch.row_title"), facts.title),
    ]
    key = "dispatch.row_fixed" if facts.fixed else "dispatch.row_wished"
    found += [Row(t(key), screens.span_words(span, year=True)) for span in facts.times]
    found += [Row(t("dispatch.row_wished"), screens.span_words(span, year=True)) for span in facts.wished]
    proposed = () if facts.fixed else facts.proposed
    found += [Row(t("dispatch.row_proposed"), screens.span_words(span, year=True)) for span in proposed]
    found += [Row(t("dispatch.row_expert"), facts.expert)] if facts.expert else []
    found += [Row(t("dispatch.row_place"), facts.place), Row(t("dispatch.row_topic"), facts.topic)]
    return [*found, Row(t("dispatch.row_accompany"), screens.accompany_words(facts))]


def _fields(rows: list[Row]) -> str:
    return "".join(t("dispatch.mail_field", name=row.name, value=row.value) for row in rows)


# --- its visit ------------------------------------------------------------------------------------


def _when(notice: VisitTold) -> str:
    if not notice.when:
        return ""
    began, ended = _span(notice.when)
    return screens.span_words((began, ended)) if ended > began else format_datetime(began)


def _visit_words(notice: VisitTold) -> str:
    key = f"visit_told.{notice.act}_{notice.to}"
    return t(
        key if key in catalogue() else "visit_told.other",
        number=notice.number,
        business=notice.business,
        title=notice.title,
        expert=notice.expert,
        when=_when(notice),
    )


def _visit_rows(notice: VisitTold) -> list[Row]:
    found = [Row(t("dispatch.row_number"), notice.number), Row(t("dispatch.row_business"), notice.business)]
    if notice.when:
        found.append(Row(t("visit_told.row_when"), _when(notice)))
    if notice.yen:
        found.append(Row(t("visit_told.row_fee"), t("fee.yen", yen=f"{notice.yen:,}")))
    if notice.comment:
        found.append(Row(t("dispatch.row_comment"), f"「{notice.comment}」", wide=True))
    return found


def _visit_card(notice: VisitTold) -> Card:
    state, tone = _VISIT_STATES.get(notice.act, ("done", "good"))
    detail = Button(t("dispatch.detail_button"), CardTap("dispatch", notice.dispatch_id))
    answer = Button("回答する", CardTap("answer_visit", notice.dispatch_id))
    return Card(
        alt=words(notice),
        title=t("visit_told.title"),
        state=t(f"visit_told.state_{state}"),
        tone=tone,
        rows=tuple(_visit_rows(notice)),
        note=words(notice),
        buttons=(answer, detail) if notice.act == "ask" else (detail,),
    )


def _visit_mail(notice: VisitTold) -> tuple[str, str]:
    asked = notice.act == "certify"
    what = t("visit_told.about_certify" if asked else "visit_told.about_other")
    subject = t("visit_told.subject", number=notice.number, what=what)
    rows = _visit_rows(notice)
    if asked:
        rows = [row for row in rows if row.name != t("visit_told.row_fee")]
    if notice.link:
        rows.append(Row(t("visit_told.row_link"), notice.link))
    body = f"{words(notice)}\n\n{_fields(rows)}"
    if notice.to == Side.BUSINESS:
        head = t("visit_told.mail_head", business=notice.business)
        return subject, f"{head}\n{body}" + t("visit_told.mail_end")
    return subject, body + t("notice.mail_end")
