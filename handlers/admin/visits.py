"""支援の記録: visits whose evidence somebody has to look at; several are accepted at once for the same reason."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.visit import grade_words
from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor, now, services
from handlers.admin.listing import row_id, whole
from handlers.admin.lists import Asked, Choice, Column, ListPage
from handlers.usecases.visit import judge
from models.rules.errors import NotPossible
from models.rules.permissions import DECIDES
from models.rules.visit import Evidence, Grade, Reason
from models.views.evidence import EvidenceRow
from storage import evidence
from storage.database import UnitOfWork
from storage.evidence import Wanted

MOST = 10_000
COUNTED_TO = 1_000
TABS = (
    Evidence.WAITING, Evidence.ASKED, Evidence.ACCEPTED, Evidence.REJECTED, Evidence.CLEAR, Evidence.OPEN,
)  # fmt: skip


def state_words(state: Evidence) -> str:
    """確認待ち and so on."""
    return t(f"evidence.state_{state}")


def why(row: EvidenceRow) -> str:
    """What keeps it from being an A, in short; an A that waits was objected to by the business."""
    if not row.reasons and row.evidence in (Evidence.WAITING, Evidence.ASKED):
        return t("evidence.objected")
    return "、".join(t(f"evidence.short_{reason}") for reason in row.reasons)


def wanted(asked: Asked) -> Wanted:
    """What an address asks for."""
    return Wanted(Evidence(asked["state"]), asked.words, asked["grade"], asked["reason"])


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[EvidenceRow]:
    return evidence.listed(uow, actor(), wanted(asked), asked.order, limit, offset)


def _stream(uow: UnitOfWork, asked: Asked) -> Iterator[EvidenceRow]:
    return evidence.stream(uow, actor(), wanted(asked), asked.order)


VISITS = ListPage[EvidenceRow](
    endpoint="visit_list",
    title="支援の記録",
    columns=(
        Column("pick", "選ぶ", lambda _: "", exported=False),
        Column("number", "番号", lambda row: row.number),
        Column("business", "事業者", lambda row: row.business),
        Column("expert", "専門家", lambda row: row.expert or "（氏名なし）"),
        Column("organisation", "支援機関", lambda row: row.organisation, shown=False),
        Column("title", "件名", lambda row: row.title, shown=False),
        Column("came", "チェックイン", lambda row: row.came_at, sortable=True),
        Column("went", "チェックアウト", lambda row: row.went_at),
        Column("grade", "証跡", lambda row: row.grade or ""),
        Column("why", "理由", why),
        Column("yen", "謝金（円）", lambda row: row.yen, sortable=True, number=True),
        Column("state", "状態", lambda row: state_words(row.evidence), shown=False),
        Column("since", "いつから", lambda row: row.since, sortable=True),
        Column("id", "ID", lambda row: row.dispatch_id, shown=False),
    ),
    count=lambda uow, asked: evidence.count(uow, actor(), wanted(asked), MOST),
    rows=_rows, stream=_stream, order="since", searched="番号・件名・事業者・専門家", here="dispatch", head="business",
    most=MOST, none="合う支援はありません。番号（D-）の全部を入れると、どの状態のものも見つかります。",
    link=lambda row, asked: url_for("admin.visit", visit_id=row.dispatch_id, **asked.link()),
    template="admin/visits.html",
    filters=(
        Choice("state", "状態", [(each.value, each.value) for each in TABS], default=Evidence.WAITING, shown=False),
        Choice("reason", "理由", [(each.value, t(f"evidence.short_{each}")) for each in Reason]),
        Choice("grade", "証跡", [(each.value, grade_words(each)) for each in Grade]),
    ),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/visits", VISITS, visit_list)
    bp.add_url_rule("/visits", view_func=accept_visits, methods=["POST"])


def visit_list(error: str = "") -> ResponseReturnValue:
    """One tab of the list; where one reason is chosen, several can be accepted at once."""
    asked = lists.read(VISITS, request.args)
    choosing = asked["state"] == Evidence.WAITING and bool(asked["reason"]) and actor().staff_role in DECIDES
    hide = () if choosing else ("pick",)
    empty = t(f"evidence.empty_{asked['state']}")
    return lists.show(
        VISITS, 422 if error else 200, hide, _tabs, choosing=choosing, error=error, state_words=state_words,
        empty=empty,
    )  # fmt: skip


def _tabs(uow: UnitOfWork) -> Mapping[str, Any]:
    counts = evidence.counts(uow, actor(), COUNTED_TO)
    return {"tabs": {state: _some(counts.get(state, 0)) for state in TABS}}


def _some(number: int) -> str:
    return f"{COUNTED_TO:,}+" if number > COUNTED_TO else str(number)


def accept_visits() -> ResponseReturnValue:
    """証跡を認める for all that were ticked; what changed meanwhile is left and counted."""
    asked = lists.read(VISITS, request.args)
    chosen = _chosen(request.form.getlist("visit"))
    if not chosen:
        return visit_list(t("evidence.none_chosen"))
    try:
        with services().database.unit() as uow:
            done = judge.accept_many(uow, actor(), chosen, asked["reason"], now())
    except NotPossible as refused:
        return visit_list(t(refused.code))
    services().told(uow.told)
    said = [t("evidence.done_many", done=done.done)] if done.done else []
    flash("".join([*said, *([t("evidence.left_many", left=done.left)] if done.left else [])]))
    return redirect(url_for("admin.visit_list", **asked.link()))


def _chosen(values: Sequence[str]) -> dict[str, int]:
    """The versions that were shown, by id; anything else is left out, and so is what is more than a page."""
    found: dict[str, int] = {}
    for value in values[: lists.PER_PAGE]:
        parts = re.fullmatch(r"([^.]+)\.([0-9]+)", value)
        if parts and row_id(parts[1]):
            found[parts[1]] = whole(parts[2])
    return found
