"""One dispatch for the secretariat: all of it with the words that are for the desk alone, its chain, and its steps.

Ending, taking into the desk's own hands, cancelling and 実施なし are here; time and expert have pages of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens import booking as booking_words
from bot.screens import dispatch_chain
from bot.screens.dispatch import facts_of as card_facts
from bot.screens.dispatch import map_of, span_words, status_word
from bot.text import t
from handlers.admin import lists
from handlers.admin.again import dangerous
from handlers.admin.context import actor, now, services
from handlers.admin.dispatches import DISPATCHES
from handlers.admin.listing import clean, whole
from handlers.admin.lists import Asked
from handlers.usecases.dispatch import coordinate
from handlers.usecases.dispatch.cancel import cancel
from handlers.usecases.dispatch.read import read
from models.rules.booking import Problem
from models.rules.dispatch import CANCELLING, CATEGORY_WORDS, UNASKED, WORDS_MAX, Action, Side, Status
from models.rules.errors import DomainError, NotFound, Stale
from models.rules.permissions import Actor, can
from models.views.dispatch import DispatchView
from storage import dispatch, dispatch_lists, visits
from storage.database import UnitOfWork

Take = Callable[[UnitOfWork, Actor, str, int, "Typed", datetime], DispatchView]


@dataclass(frozen=True)
class Typed:
    """A step as it was sent, and why it was not taken. `field`: the input that is wrong, empty for the whole."""

    act: str = ""
    comment: str = ""
    private: str = ""
    category: str = ""
    fault: str = ""
    field: str = ""


@dataclass(frozen=True)
class Act:
    """Something a clerk may do to a dispatch: its button, what is asked before it, and what it does."""

    key: str
    action: Action
    button: str
    question: str
    note: str
    take: Take
    private: bool = True
    grave: bool = True


def _cancel(uow: UnitOfWork, who: Actor, id_: str, version: int, typed: Typed, at: datetime) -> DispatchView:
    return cancel(uow, who, id_, version, typed.category, typed.comment, at)


def _with(use_case: Callable[..., DispatchView]) -> Take:
    return lambda uow, who, id_, version, typed, at: use_case(uow, who, id_, version, typed.comment, typed.private, at)


ACTS: Mapping[str, Act] = {
    act.key: act
    for act in (
        Act(
            "reopen", Action.REOPEN, "事務局で調整する", "事務局で調整しますか？",
            "いまの日程と依頼をいったん止め、事務局が日時と専門家を決め直します。関係する方すべてに知らせます。",
            _with(coordinate.reopen),
        ),
        Act(
            "end", Action.END, "調整を終える", "この依頼を終えますか？",
            "日時も専門家も決めずに終えます。取り消せません。支援機関には、もう一度依頼できることを知らせます。",
            _with(coordinate.end),
        ),
        Act(
            "cancel", Action.CANCEL, "キャンセルする", "この派遣をキャンセルしますか？",
            "取り消せません。専門家・支援機関・事業者に、区分と理由を知らせます。", _cancel, private=False,
        ),
        Act(
            "not_held", Action.NOT_HELD, "実施なしにする", "実施されなかったと記録しますか？",
            "取り消せません。派遣はキャンセルになり、謝金は0円です。記録があっても支払いません。",
            _with(coordinate.not_held),
        ),
    )
}  # fmt: skip
FIELDS = {"dispatch.no_category": "category", "dispatch.no_reason": "comment", "dispatch.words_long": "comment"}
"""By code of a refusal: the input it is about."""


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/dispatches/<row_id:dispatch_id>"
    bp.add_url_rule(one, "dispatch", dispatch_page)
    bp.add_url_rule(f"{one}/<any(reopen,end):act>", view_func=dispatch_step, methods=["POST"])
    bp.add_url_rule(f"{one}/<any(cancel,not_held):act>", view_func=dispatch_stop, methods=["POST"])


def dispatch_page(dispatch_id: str) -> ResponseReturnValue:
    """The page of one dispatch."""
    return page(dispatch_id, lists.read(DISPATCHES, request.args))


def dispatch_step(dispatch_id: str, act: str) -> ResponseReturnValue:
    """Take it into the desk's own hands, or end what could not be settled."""
    return _take(dispatch_id, ACTS[act])


@dangerous
def dispatch_stop(dispatch_id: str, act: str) -> ResponseReturnValue:
    """Cut off a fixed visit, or its fee."""
    return _take(dispatch_id, ACTS[act])


def _take(dispatch_id: str, act: Act) -> ResponseReturnValue:
    """Do it with the words that were typed; a refusal shows the page as it is now, and the words."""
    asked, version = lists.read(DISPATCHES, request.args), whole(request.form.get("version", ""))
    words = [clean(request.form.get(name, "")) for name in ("comment", "comment_desk", "category")]
    typed = Typed(act.key, *words)
    try:
        with services().database.unit() as uow:
            view = act.take(uow, actor(), dispatch_id, version, typed, now())
    except NotFound:
        raise
    except DomainError as error:
        return refused(dispatch_id, asked, typed, error)
    services().told(uow.told)
    flash(t(f"coordinate.done_{act.key}", number=view.number))
    return redirect(url_for("admin.dispatch", dispatch_id=dispatch_id, **asked.link()))


def refused(dispatch_id: str, asked: Asked, typed: Typed, error: DomainError) -> ResponseReturnValue:
    """The page as it is now, why nothing was done, and what was typed."""
    told = Typed(typed.act, typed.comment, typed.private, typed.category, fault_of(error), FIELDS.get(error.code, ""))
    return page(dispatch_id, asked, told, 409 if isinstance(error, Stale) else 422)


def fault_of(error: DomainError) -> str:
    """Why it was not done; for what moved meanwhile, by whom and when."""
    words = t(error.code, **error.data)
    return words + t("coordinate.not_done") if isinstance(error, Stale) else words


def page(dispatch_id: str, asked: Asked, typed: Typed | None = None, status: int = 200) -> ResponseReturnValue:
    """The page, with what a refused step said; NotFound for whoever may not see it."""
    with services().database.read() as uow:
        view, _ = read(uow, actor(), dispatch_id)
        found = _found(uow, view)
    typed = typed or Typed()
    word, tone = status_word(view.status)
    shown = render_template(
        "admin/dispatch.html", view=view, asked=asked, typed=typed, state=word, tone=tone, **found,
        acts=[act for act in ACTS.values() if can(actor(), f"dispatch.{act.action}", view.subject)],
        may_settle=can(actor(), "dispatch.set_time", view.subject), most=WORDS_MAX, cancelling=CANCELLING,
        categories=CATEGORY_WORDS, span=span_words, reason=booking_words.reason, remedy=booking_words.remedy,
        map=map_of(card_facts(view)), said_by=said_by, said_with=said_with, needs=Status.NEEDS_COORDINATION,
        unasked=view.why in UNASKED,
    )  # fmt: skip
    return shown, status


def _found(uow: UnitOfWork, view: DispatchView) -> dict[str, Any]:
    links = dispatch_lists.chain(uow, view, Side.SECRETARIAT)
    before = dispatch.view(uow, view.predecessor_id) if view.predecessor_id else None
    return {
        "chain": dispatch_chain.words(view, links),
        "problems": standing(uow, view),
        "visit": visits.view(uow, view.id, view.expert_id) if view.expert_id else None,
        "before": before,
    }


def standing(uow: UnitOfWork, view: DispatchView) -> Sequence[Problem]:
    """What stands against the wished times with the expert at hand, while the desk has to settle it."""
    if view.status is not Status.NEEDS_COORDINATION:
        return ()
    times = [(slot.starts, slot.ends) for slot in view.wished]
    found = coordinate.problems(uow, view, view.expert_id, times, now())
    return [problem for problem in found if problem.code not in view.exceptions]


def said_by(view: DispatchView, side: str) -> str:
    """Whose words they are; an expert has no name here, for another one may hold the dispatch by now."""
    return view.organisation if side == Side.ORGANISATION else t(f"dispatch_chain.by_{side}")


def said_with(action: str) -> str:
    """What was done with the words."""
    return t(f"dispatch_chain.{action}")
