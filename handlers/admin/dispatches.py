"""派遣: every dispatch, by status, searched by number, day, business, organisation and words of the title."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.dispatch import span_words, status_word
from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor, now
from handlers.admin.lists import Asked, Choice, Column, Day, ListPage, Text
from models.rules.calendar import format_date, late_before, to_jst
from models.rules.dispatch import Side, Status
from models.views.dispatch_list import DispatchRow, usual_order
from storage import dispatch_lists, reminders, settings
from storage.database import UnitOfWork
from storage.dispatch_lists import COUNTED_TO, Wanted

MOST = 10_000
USUAL = "usual"
"""The order of a tab: who waits longest first, the next visit first, or the newest first."""
UNANSWERED = "unanswered"
TABS: Mapping[str, tuple[Status, ...]] = {
    Status.NEEDS_COORDINATION.value: (Status.NEEDS_COORDINATION,),
    UNANSWERED: reminders.WAITING,
    **{
        status.value: (status,)
        for status in (
            Status.REQUESTED, Status.COUNTER_PROPOSED, Status.CONFIRMED, Status.REPORT_DUE,
            Status.REPORTED, Status.COMPLETED, Status.DECLINED, Status.CANCELLED,
        )
    },
    "all": (),
}  # fmt: skip
WAITS = (Status.NEEDS_COORDINATION, *reminders.WAITING, Status.REPORT_DUE, Status.REPORTED)
"""Where somebody has to do something: the oldest comes first."""


def tab_name(tab: str) -> str:
    """What a tab is called: its status in words."""
    if tab == UNANSWERED:
        return t("coordinate.unanswered")
    return status_word(TABS[tab][0])[0] if TABS[tab] else "すべて"


def why_empty(tab: str) -> str:
    """What will fill a tab."""
    return t(f"coordinate.empty_{tab}")


def year_of(text: str) -> int | None:
    """2026 of 2026, ２０２６ or 2026年度."""
    found = re.fullmatch(r"(20[0-9]{2})(年度?)?", unicodedata.normalize("NFKC", text).strip())
    return int(found[1]) if found else None


def _wanted(uow: UnitOfWork, asked: Asked) -> Wanted:
    late = asked["state"] == UNANSWERED
    return Wanted(
        side=Side.SECRETARIAT,
        words=asked.words,
        statuses=TABS[asked["state"]],
        first=asked.day("from"),
        last=asked.day("to"),
        year=year_of(asked["year"]),
        business=asked["business"],
        organisation=asked["organisation"],
        since_before=unanswered_since(uow) if late else None,
    )


def unanswered_since(uow: UnitOfWork) -> datetime:
    """Whoever was asked before this moment has not answered for longer than the setting allows."""
    return late_before(to_jst(now()).date(), settings.value(uow, "unanswered_after_days"))


@dataclass(frozen=True)
class Queue:
    """What the desk looks after: its list's tab, how many (counted no further than MOST), since when the oldest."""

    tab: str
    count: int
    oldest: datetime | None


def queues(uow: UnitOfWork) -> list[Queue]:
    """What waits for the desk, and what nobody has answered for too long."""
    late = Wanted(Side.SECRETARIAT, statuses=reminders.WAITING, since_before=unanswered_since(uow))
    wanted = {
        Status.NEEDS_COORDINATION.value: Wanted(Side.SECRETARIAT, statuses=TABS[Status.NEEDS_COORDINATION.value]),
        UNANSWERED: late,
    }
    found: list[Queue] = []
    for tab, each in wanted.items():
        first = dispatch_lists.listed(uow, actor(), each, "since", 1)
        count = dispatch_lists.count(uow, actor(), each, MOST) if first else 0
        found.append(Queue(tab, count, first[0].status_since if first else None))
    return found


def _order(asked: Asked) -> str:
    if asked.order.removeprefix("-") != USUAL:
        return asked.order
    status = next(iter(TABS[asked["state"]]), None)
    return "since" if status in WAITS else usual_order(status)


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[DispatchRow]:
    return dispatch_lists.listed(uow, actor(), _wanted(uow, asked), _order(asked), limit, offset)


def _stream(uow: UnitOfWork, asked: Asked) -> Iterator[DispatchRow]:
    return dispatch_lists.stream(uow, actor(), _wanted(uow, asked), _order(asked))


def _day(row: DispatchRow) -> date:
    return to_jst(row.starts).date() if row.starts else row.day


def day_words(row: DispatchRow) -> str:
    """The fixed time, or the first wished day; with the year where it is not this one."""
    other_year = row.day.year != to_jst(now()).year
    if row.starts and row.ends:
        return span_words((row.starts, row.ends), year=other_year)
    day = format_date(row.day)
    return t("coordinate.wished_day", day=day if other_year else day.partition("年")[2])


DISPATCHES = ListPage[DispatchRow](
    endpoint="dispatch_list",
    title="派遣",
    columns=(
        Column("number", "番号", lambda row: row.number),
        Column("title", "件名", lambda row: row.title),
        Column("business", "事業者", lambda row: row.business),
        Column("organisation", "支援機関", lambda row: row.organisation),
        Column("expert", "専門家", lambda row: row.expert or t("dispatch.nobody_yet")),
        Column("day", "派遣日", _day, sortable=True),
        Column("starts", "開始", lambda row: row.starts, shown=False),
        Column("ends", "終了", lambda row: row.ends, shown=False),
        Column("topic", "支援課題", lambda row: row.topic, shown=False),
        Column("state", "状態", lambda row: status_word(row.status)[0]),
        Column("since", "いつから", lambda row: row.status_since, sortable=True),
        Column("received", "受付", lambda row: row.received_at, sortable=True, shown=False),
        Column("grade", "証跡", lambda row: row.grade or "", shown=False),
        Column("yen", "謝金（円）", lambda row: row.yen, number=True, shown=False),
        Column("id", "ID", lambda row: row.id, shown=False),
    ),
    count=lambda uow, asked: dispatch_lists.count(uow, actor(), _wanted(uow, asked), MOST),
    rows=_rows, stream=_stream, order=USUAL, searched="番号・件名・事業者", here="dispatch", head="title", most=MOST,
    none="合う派遣はありません。番号（D-）か、件名・事業者の一部でさがせます。状態を「すべて」にすると、終わったものも見つかります。",
    link=lambda row, asked: url_for("admin.dispatch", dispatch_id=row.id, **asked.link()),
    template="admin/dispatches.html",
    filters=(
        Choice("state", "状態", [(tab, tab) for tab in TABS], default=Status.NEEDS_COORDINATION.value, shown=False),
        Day("from", "派遣日（から）"),
        Day("to", "派遣日（まで）"),
        Text("year", "年度", "例：2026"),
        Text("business", "事業者", "一部"),
        Text("organisation", "支援機関", "一部"),
    ),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/dispatches", DISPATCHES, dispatch_list)


def dispatch_list() -> ResponseReturnValue:
    """One tab of the list: searched, sorted, paged."""
    return lists.show(DISPATCHES, also=_tabs, tab_name=tab_name, why_empty=why_empty, day_words=day_words)


def _tabs(uow: UnitOfWork) -> Mapping[str, Any]:
    """By tab, how many of what is searched for; and since when an answer is missing for too long."""
    asked = lists.read(DISPATCHES, request.args)
    late_since = unanswered_since(uow)
    wanted = replace(_wanted(uow, asked), since_before=None)
    late = replace(wanted, statuses=TABS[UNANSWERED], since_before=late_since)
    counts = dispatch_lists.counts(uow, actor(), wanted)
    tabs = {tab: _some(counts[statuses[0]]) if statuses else "" for tab, statuses in TABS.items()}
    tabs[UNANSWERED] = _some(dispatch_lists.count(uow, actor(), late, COUNTED_TO))
    return {"tabs": tabs, "late_since": late_since}


def _some(number: int) -> str:
    return f"{number}+" if number >= COUNTED_TO else str(number)
