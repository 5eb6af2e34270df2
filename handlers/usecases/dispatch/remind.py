"""What the clock does to dispatches: a planned end that passed, and reminders, each written once (`domain.md` 3, 4).

A job calls these for many at once. Each looks again at the locked row, so that a second run, another process or an
answer given meanwhile changes nothing. Permissions are asked of the system, which nobody can log in as.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from handlers.usecases.dispatch import step
from handlers.usecases.dispatch.step import NOTHING, Said
from handlers.usecases.dispatch.stranded import STRANDED
from models.rules.dispatch import Action, Side, Status
from models.rules.permissions import Actor, can
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView
from storage import dispatch, experts, outbox, reminders, visits
from storage.database import UnitOfWork

HOURS_BEFORE = timedelta(hours=2)
"""How long before the visit it is reminded of the second time."""
JUST_FIXED = timedelta(hours=1)
"""Whoever has fixed the date within this time needs no reminder of it."""


def pass_ends(uow: UnitOfWork, actor: Actor, ids: Sequence[str], now: datetime) -> int:
    """Planned ends that have passed: the report is due, whether or not the expert has checked out."""
    done = 0
    for row in _locked(uow, ids):
        if row.status == Status.CONFIRMED and row.ends and row.ends <= now:
            step.take(uow, actor, row, Action.END_PASSED, now)
            done += 1
    return done


def unanswered(uow: UnitOfWork, actor: Actor, ids: Sequence[str], now: datetime) -> int:
    """Who was asked and has not answered: the expert once more, and the requester is told; or the organisation."""
    done = 0
    for row in _locked(uow, ids):
        view = _due(uow, actor, row, reminders.UNANSWERED, row.status_since, now)
        if view is None or view.status not in reminders.WAITING:
            continue
        if view.status is Status.REQUESTED:
            for side in (Side.EXPERT, Side.ORGANISATION):
                step.tell(uow, side, view, "remind_unanswered", Side.SYSTEM, NOTHING, now)
        else:
            step.tell(uow, Side.ORGANISATION, view, Action.PROPOSE, Side.EXPERT, _proposed_with(view), now)
        done += 1
    return done


def _proposed_with(view: DispatchView) -> Said:
    """The comment the expert gave with the proposal that waits."""
    said = (words for words in view.words if words.at >= view.status_since)
    comments = [words.comment for words in said if words.action == Action.PROPOSE]
    return Said(comment=comments[-1] if comments else "")


def day_before(uow: UnitOfWork, actor: Actor, ids: Sequence[str], now: datetime) -> int:
    """Tomorrow's visits, to the expert and to an approver who comes along."""
    return sum(_before(uow, actor, row, reminders.DAY, "remind_day", now) for row in _locked(uow, ids))


def hours_before(uow: UnitOfWork, actor: Actor, ids: Sequence[str], now: datetime) -> int:
    """Visits that begin soon, at any hour."""
    return sum(_before(uow, actor, row, reminders.HOURS, "remind_hours", now) for row in _locked(uow, ids))


def _before(uow: UnitOfWork, actor: Actor, row: Dispatch, kind: str, act: str, now: datetime) -> bool:
    if row.status != Status.CONFIRMED or row.starts is None or row.starts <= now:
        return False
    view = _due(uow, actor, row, kind, row.starts, now)
    if view is None:
        return False
    held = visits.row_of(uow, row.id)
    came = held is not None and held.came_at is not None and held.expert_id == view.expert_id
    if not came and not experts.in_force(uow, view.expert_id, view.day):
        step.tell(uow, Side.SECRETARIAT, view, STRANDED, Side.SYSTEM, NOTHING, now)
    elif not came and now - view.status_since >= JUST_FIXED:
        for side in (Side.EXPERT, Side.ORGANISATION) if view.accompany else (Side.EXPERT,):
            _tell_now(uow, side, view, act, now)
    return True


def forgotten(uow: UnitOfWork, actor: Actor, ids: Sequence[str], now: datetime) -> int:
    """Visits that are still open some time after their planned end, to the expert, at any hour."""
    done = 0
    for row in _locked(uow, ids):
        held = visits.row_of(uow, row.id)
        opened = held and held.came_at and not held.went_at and held.expert_id == row.expert_id
        if not (opened and row.ends):
            continue
        view = _due(uow, actor, row, reminders.CHECKOUT, row.ends, now)
        if view:
            _tell_now(uow, Side.EXPERT, view, "remind_checkout", now)
            done += 1
    return done


def _locked(uow: UnitOfWork, ids: Sequence[str]) -> Iterator[Dispatch]:
    """In one order everywhere, so that two processes wait for each other and not crosswise."""
    for dispatch_id in sorted(ids):
        row = dispatch.lock(uow, dispatch_id)
        if row:
            yield row


def _due(
    uow: UnitOfWork, actor: Actor, row: Dispatch, kind: str, about: datetime, now: datetime
) -> DispatchView | None:
    """The view of what is to be reminded of, once: noted now; None when it was before, or is over meanwhile."""
    view = dispatch.view_of(uow, row)
    if not can(actor, "dispatch.remind", view.subject) or not reminders.write(uow, row.id, kind, about, now):
        return None
    return view


def _tell_now(uow: UnitOfWork, side: Side, view: DispatchView, act: str, now: datetime) -> None:
    """Even by night: this is about a visit that is near (`ux.md`)."""
    notice = step.told_notice(view, act, Side.SYSTEM, side, NOTHING)
    for account in step.accounts(uow, side, view):
        outbox.tell(uow, account, notice, now, asked=True)
