"""The answers to a request: the expert takes a time, proposes others or declines; the organisation takes one or none.

A time is fixed under the locks of dispatch, expert and business (`booking.insist`): however many press at once, no
expert is booked twice and no business gets a visit too many.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from handlers.usecases import booking
from handlers.usecases.dispatch import step
from handlers.usecases.dispatch.step import Said
from models.rules.booking import EXPERTS_WISHES, OF_TIMES
from models.rules.dispatch import DECLINING, PROPOSALS_MAX, WORDS_MAX, Action, Category, Side, Why
from models.rules.dispatch import step as lifecycle
from models.rules.errors import NotAllowed, NotPossible
from models.rules.permissions import Actor, can
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView, SlotView
from storage import dispatch
from storage.database import UnitOfWork

Times = Sequence[tuple[datetime, datetime]]


def take_slot(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, slot_id: str, now: datetime
) -> DispatchView:
    """日程を確定する: the expert takes one of the wished times."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.TAKE_SLOT)
    return _fix(uow, actor, row, view, Action.TAKE_SLOT, slot_of(view.wished, slot_id), now)


def accept(uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, slot_id: str, now: datetime) -> DispatchView:
    """日程を確定する: the organisation takes one of the proposed times."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.ACCEPT)
    return _fix(uow, actor, row, view, Action.ACCEPT, slot_of(view.proposed, slot_id), now)


def propose(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, times: Times, comment: str, now: datetime
) -> DispatchView:
    """別の日程を提案する: up to five times that could be fixed as they are, and a comment for the organisation."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.PROPOSE)
    wanted = sorted(set(times))
    if not 1 <= len(wanted) <= PROPOSALS_MAX:
        raise NotPossible("dispatch.proposals", most=str(PROPOSALS_MAX))
    said = Said(comment=words(comment))
    check_times(uow, view, wanted, now)
    dispatch.add_slots(uow, row, Side.EXPERT, wanted)
    return step.take(uow, actor, row, Action.PROPOSE, now, said=said)


def check_times(uow: UnitOfWork, view: DispatchView, times: Times, now: datetime) -> None:
    """NotPossible `booking.<code>` for the first thing that would keep one of these times from being fixed.

    The expert's own days off and hours are not: whoever proposes a time says yes to it.
    """
    found = booking.problems(
        uow, organisation_id=view.organisation_id, requester_id=view.requester_id, business_id=view.business_id,
        expert_id=view.expert_id, topic=view.topic, times=times, now=now, but=view.id,
    )  # fmt: skip
    for problem in found:
        if problem.code in OF_TIMES - EXPERTS_WISHES and problem.code not in view.exceptions:
            raise NotPossible(f"booking.{problem.code}", **problem.data)


def decline(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, category: str, private: str, comment: str,
    now: datetime,
) -> DispatchView:  # fmt: skip
    """辞退する: `private` reaches the secretariat alone, `comment` the requester (002)."""
    row, _ = open_as(uow, actor, dispatch_id, version, Action.DECLINE)
    said = Said(category_of(category, DECLINING), words(private), words(comment))
    return step.take(uow, actor, row, Action.DECLINE, now, said=said)


def none_fits(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, comment: str, now: datetime
) -> DispatchView:
    """どれも合わない: the secretariat settles it for both."""
    row, _ = open_as(uow, actor, dispatch_id, version, Action.NONE_FITS)
    said = Said(comment=words(comment))
    return step.take(uow, actor, row, Action.NONE_FITS, now, said=said, why=Why.NO_AGREEMENT)


def open_as(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int | None, action: Action
) -> tuple[Dispatch, DispatchView]:
    """The locked row for an action that the actor may take now; says so before anything else is looked at."""
    row, view = step.open_for(uow, actor, dispatch_id, version)
    lifecycle(view.status, action)
    if not can(actor, f"dispatch.{action}", view.subject):
        raise NotAllowed("dispatch.not_yours")
    return row, view


def slot_of(slots: Iterable[SlotView], slot_id: str) -> SlotView:
    """The one of these times that was chosen; NotPossible for any other."""
    found = next((slot for slot in slots if slot.id == slot_id), None)
    if found is None:
        raise NotPossible("dispatch.no_slot")
    return found


def category_of(key: str, categories: Iterable[Category]) -> str:
    """The key, if it is one of these."""
    if key not in {category.key for category in categories}:
        raise NotPossible("dispatch.no_category")
    return key


def words(text: str) -> str:
    """Words as they are kept; NotPossible when there are too many."""
    kept = text.strip()
    if len(kept) > WORDS_MAX:
        raise NotPossible("dispatch.words_long", most=str(WORDS_MAX))
    return kept


def _fix(
    uow: UnitOfWork, actor: Actor, row: Dispatch, view: DispatchView, action: Action, slot: SlotView, now: datetime
) -> DispatchView:
    """決定."""
    booking.insist(uow, view, view.expert_id, slot.starts, slot.ends, now)
    dispatch.fix_time(uow, row, slot.starts, slot.ends)
    return step.take(uow, actor, row, action, now)
