"""くわしく見る: one dispatch with all that a side may see of it, its visit, and the chain of who holds it."""

from flask import Blueprint, Response, make_response, render_template

from bot.screens.dispatch import accompany_words, facts_of, map_of, span_words, status_word
from bot.screens.dispatch_chain import step_words
from bot.screens.dispatch_chain import words as chain_words
from bot.screens.fee import duration, working
from bot.screens.fees import standing
from bot.screens.visit import reason_words, source_words
from bot.text import t
from handlers.links import DISPATCHES_FOR
from handlers.usecases.dispatch.read import read
from handlers.web.tickets import Opened, Purpose, opened, remember, this_browser
from models.rules.calendar import format_full
from models.rules.dispatch import CATEGORY_WORDS, FIXED, Side, Status
from models.rules.place import distance_words
from models.rules.visit import Reason
from models.views.dispatch_chain import said
from models.views.visit import ActView, AttendanceView, VisitView
from storage import dispatch_lists, fees, visits

DISPATCH = Purpose("dispatch", DISPATCHES_FOR)
OFFERED = frozenset({Status.COUNTER_PROPOSED, Status.NEEDS_COORDINATION})
"""While a dispatch stands here, the times the expert proposed matter."""


def routes(bp: Blueprint) -> None:
    """Put this page on the blueprint."""
    bp.add_url_rule("/dispatch/<token>", view_func=dispatch_page)


def dispatch_page(token: str) -> Response:
    """The dispatch that the link names."""
    browser = this_browser()
    with opened(DISPATCH, token, browser, first=True) as at:
        page = one(at, at.subject)
    return remember(make_response(page), browser)


def one(at: Opened, dispatch_id: str, list_token: str = "") -> str:
    """One dispatch as the person's side sees it. `list_token`: of the list it was opened from.

    Phone and mail of the business's contact are there for the expert once a time is fixed.
    """
    view, side = read(at.uow, at.actor, dispatch_id)
    links = dispatch_lists.chain(at.uow, view, side)
    visit = visits.view(at.uow, view.id, view.expert_id) if view.expert_id else None
    own = side is Side.EXPERT
    return render_template(
        "web/dispatch.html", view=view, expert=own, list_token=list_token, state=status_word(view.status),
        chain=chain_words(view, links), said=said(view, links, side), visit=_lines(visit, own=own),
        fee=fees.of_dispatch(at.uow, view.id, view.expert_id) if own else None,
        before=dispatch_lists.number_of(at.uow, view.predecessor_id), map=map_of(facts_of(view)),
        proposed=view.proposed if view.status in OFFERED else (), span=span_words, category=CATEGORY_WORDS,
        accompany=accompany_words(facts_of(view)), working=working, standing=standing, step=step_words,
        full=format_full, reachable=not own or view.status in FIXED,
    )  # fmt: skip


def _lines(visit: VisitView | None, *, own: bool) -> list[tuple[str, str]]:
    """The visit in lines; where it was recorded and how good that is concerns the expert (and the secretariat)."""
    if visit is None:
        return []
    ends = (("チェックイン", visit.came), ("チェックアウト", visit.went))
    lines = [(name, _recorded(act, own=own)) for name, act in ends if act]
    if visit.went and visit.non_payable is not None:
        lines.append(("対象外の時間", duration(visit.non_payable)))
    if visit.came:
        now = visit.went is not None and Reason.NOT_CERTIFIED not in visit.reasons
        lines.append(("事業者の確認", _certified(visit.attendance if now else None)))
    if own and visit.grade:
        reasons = f"（{reason_words(visit.reasons)}）" if visit.reasons else ""
        lines.append(("証跡", visit.grade + reasons))
    return lines


def _recorded(act: ActView, *, own: bool) -> str:
    if not own:
        return format_full(act.at)
    away = f"・支援場所から{distance_words(act.distance)}" if act.distance is not None else ""
    return f"{format_full(act.at)}\n{source_words(act)}{away}"


def _certified(attendance: AttendanceView | None) -> str:
    if attendance is None:
        return t("dispatch_list.not_certified")
    return t("dispatch_list.certified", name=attendance.name, at=format_full(attendance.at))
