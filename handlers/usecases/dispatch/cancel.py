"""Taking back: a request by its organisation, a fixed date by either side or the secretariat; and being late.

A fixed date can be cancelled up to and including its day, until check-in (`domain.md` 3).
"""

from datetime import datetime, timedelta

from handlers.usecases.dispatch import step
from handlers.usecases.dispatch.answer import category_of, open_as, words
from handlers.usecases.dispatch.step import Said
from models.rules.calendar import to_jst
from models.rules.dispatch import CANCELLING, Action, Side, is_near
from models.rules.errors import NotAllowed, NotPossible
from models.rules.permissions import Actor, can
from models.views.dispatch import DispatchView
from storage import audit, dispatch_moves, visits
from storage.database import UnitOfWork

LATE_MINUTES = (15, 30, 60)
"""What can be told of being late, in minutes; 0 for not known."""
TOLD_AGAIN = timedelta(minutes=10)
"""A second tap within this time tells nobody again."""


def withdraw(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, category: str, comment: str, now: datetime
) -> DispatchView:
    """取り下げる: the organisation takes a request back that is not fixed yet."""
    row, _ = open_as(uow, actor, dispatch_id, version, Action.WITHDRAW)
    said = Said(category_of(category, CANCELLING), comment=reason(comment))
    return step.take(uow, actor, row, Action.WITHDRAW, now, said=said)


def cancel(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, category: str, comment: str, now: datetime
) -> DispatchView:
    """キャンセルする: a fixed date, with category and reason; everybody concerned is told."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.CANCEL)
    if to_jst(now).date() > view.day:
        raise NotPossible("dispatch.cancel_over")
    if _checked_in(uow, view):
        raise NotPossible("dispatch.cancel_checked_in")
    said = Said(category_of(category, CANCELLING), comment=reason(comment))
    return step.take(uow, actor, row, Action.CANCEL, now, said=said)


def reason(text: str) -> str:
    """Words that must be there (002: キャンセル理由)."""
    kept = words(text)
    if not kept:
        raise NotPossible("dispatch.no_reason")
    return kept


def late(uow: UnitOfWork, actor: Actor, dispatch_id: str, minutes: int, now: datetime) -> tuple[DispatchView, bool]:
    """遅れます: the organisation and the business are told; False when they were told just now.

    `minutes`: one of LATE_MINUTES, or 0 when the expert cannot say. Changes nothing of the dispatch.
    """
    _, view = step.open_for(uow, actor, dispatch_id)
    if not can(actor, "dispatch.late", view.subject):
        raise NotAllowed("dispatch.late_not_now")
    if minutes not in (0, *LATE_MINUTES):
        raise NotPossible("dispatch.late_minutes_only")
    if view.starts is None or view.ends is None or not is_near(view.starts, view.ends, now):
        raise NotPossible("dispatch.late_not_today")
    if _checked_in(uow, view):
        raise NotPossible("dispatch.late_checked_in")
    if dispatch_moves.told_since(uow, view.id, "dispatch.late", str(minutes), now - TOLD_AGAIN):
        return view, False
    audit.record(uow, actor, "dispatch.late", ("dispatch", view.id), now, detail=str(minutes))
    said = Said(category=str(minutes) if minutes else "")
    for told in (Side.ORGANISATION, Side.BUSINESS):
        step.tell(uow, told, view, "late", Side.EXPERT, said, now)
    return view, True


def _checked_in(uow: UnitOfWork, view: DispatchView) -> bool:
    visit = visits.view(uow, view.id, view.expert_id) if view.expert_id else None
    return visit is not None and visit.came is not None
