"""The secretariat settles a dispatch: a time for both, another expert, the end, taking it into its own hands.

Each word of it reaches everybody concerned; what is for the secretariat alone is `private`.
"""

from collections.abc import Collection
from datetime import datetime

from handlers.usecases import booking
from handlers.usecases.dispatch import step
from handlers.usecases.dispatch.answer import Times, open_as, words
from handlers.usecases.dispatch.cancel import reason
from handlers.usecases.dispatch.step import NOTHING, Said
from handlers.usecases.visit.record import undo
from models.rules.booking import EXCEPTABLE, OF_EXPERT, Problem
from models.rules.dispatch import SLOTS_MAX, UNASKED, Action, Side, Why
from models.rules.errors import NotAllowed, NotPossible
from models.rules.fee import fee, schedule_on
from models.rules.permissions import Actor, can
from models.rules.visit import End, Evidence
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView
from storage import audit, dispatch, profile, visits
from storage.database import UnitOfWork

RELEASED = "released"
"""What an expert is told who was asked before somebody else is."""


def problems(uow: UnitOfWork, view: DispatchView, expert_id: str, times: Times, now: datetime) -> tuple[Problem, ...]:
    """What the checks find against these times with that expert, exceptions that were granted included."""
    return booking.problems(
        uow, organisation_id=view.organisation_id, requester_id=view.requester_id, business_id=view.business_id,
        expert_id=expert_id, topic=view.topic, times=times, now=now, but=view.id,
    )  # fmt: skip


def holding(uow: UnitOfWork, view: DispatchView, expert_id: str) -> frozenset[str]:
    """The exceptions that hold with that expert ("" for nobody yet): not what was granted for another one before."""
    if expert_id in ("", view.expert_id):
        return frozenset(view.exceptions)
    fresh = dispatch.granted_since(uow, view.id, view.status_since)
    return frozenset(code for code in view.exceptions if code in fresh or code not in OF_EXPERT)


def except_(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, codes: Collection[str], why: str, now: datetime
) -> DispatchView:
    """Let this dispatch have what the checks would refuse (`codes` of problems), with a reason that is kept.

    NotPossible for a problem that nobody may except. Whoever asked for the dispatch does not grant it.
    """
    row, view = step.open_for(uow, actor, dispatch_id, version)
    if not can(actor, "dispatch.except", view.subject):
        raise NotAllowed("dispatch.not_yours")
    kept = reason(why)
    if not codes or not EXCEPTABLE.issuperset(codes):
        raise NotPossible("coordinate.no_exception")
    for code in sorted(codes):
        dispatch.add_exception(uow, row.id, code, kept, actor.staff_id, now)
    row.version += 1
    audit.record(uow, actor, "dispatch.except", ("dispatch", row.id), now, detail=",".join(sorted(codes)))
    return dispatch.view_of(uow, row, private=True)


def set_time(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, starts: datetime, ends: datetime, comment: str,
    now: datetime,
) -> DispatchView:  # fmt: skip
    """決定 for both, at a time the two agreed to with the secretariat; NotPossible when a check stands against it."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.SET_TIME)
    if not view.expert_id:
        raise NotPossible("coordinate.no_expert")
    booking.insist(uow, view, view.expert_id, starts, ends, now)
    dispatch.fix_time(uow, row, starts, ends)
    return step.take(uow, actor, row, Action.SET_TIME, now, said=Said(comment=words(comment)), before=view)


def reassign(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, expert_id: str, times: Times, comment: str,
    now: datetime,
) -> DispatchView:  # fmt: skip
    """Ask an expert, the same or another one, with up to three times; whoever was asked before is told so.

    Nobody asks the own self.
    """
    row, view = open_as(uow, actor, dispatch_id, version, Action.REASSIGN)
    if expert_id == actor.person_id:
        raise NotAllowed("dispatch.not_yours")
    if profile.lock(uow, expert_id) is None:
        raise NotPossible("coordinate.no_expert")
    if not 1 <= len(times) <= SLOTS_MAX:
        raise NotPossible("coordinate.no_times", most=str(SLOTS_MAX))
    held = holding(uow, view, expert_id)
    for problem in problems(uow, view, expert_id, times, now):
        if problem.code not in held:
            raise NotPossible(f"booking.{problem.code}", **problem.data)
    dispatch.drop_exceptions(uow, row.id, frozenset(view.exceptions) - held)
    dispatch.give_to(uow, row, expert_id)
    dispatch.add_slots(uow, row, Side.ORGANISATION, times)
    after = step.take(uow, actor, row, Action.REASSIGN, now, said=Said(comment=words(comment)), before=view)
    if view.expert_id not in ("", expert_id) and view.why not in UNASKED:
        step.tell(uow, Side.EXPERT, view, RELEASED, Side.SECRETARIAT, NOTHING, now)
    return after


def end(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, comment: str, private: str, now: datetime
) -> DispatchView:
    """No expert and no time was found: the request ends as declined, with the reason for everybody."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.END)
    said = Said(private=words(private), comment=reason(comment))
    return step.take(uow, actor, row, Action.END, now, said=said, before=view)


def reopen(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, comment: str, private: str, now: datetime
) -> DispatchView:
    """The secretariat takes it into its own hands; a fixed time is free again once everybody was told of it.

    What was recorded of the visit is taken back: whoever comes another day is paid from then on.
    """
    row, view = open_as(uow, actor, dispatch_id, version, Action.REOPEN)
    said = Said(private=words(private), comment=reason(comment))
    _take_back(uow, actor, view, said.comment, now)
    step.take(uow, actor, row, Action.REOPEN, now, said=said, why=Why.REOPENED, before=view)
    dispatch.free_time(uow, row)
    return dispatch.view_of(uow, row, private=True)


def _take_back(uow: UnitOfWork, actor: Actor, view: DispatchView, why: str, now: datetime) -> None:
    recordable = can(actor, "visit.undo", view.subject)
    for end in (End.OUT, End.IN):
        held = visits.view(uow, view.id, view.expert_id) if recordable else None
        if held and (held.went if end is End.OUT else held.came):
            undo(uow, actor, view.id, now, end=end, reason=why)


def not_held(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, comment: str, private: str, now: datetime
) -> DispatchView:
    """The visit did not take place: cancelled, and what its records came to is 0 yen, as a row of its own."""
    row, view = open_as(uow, actor, dispatch_id, version, Action.NOT_HELD)
    said = Said(private=words(private), comment=reason(comment))
    _unpaid(uow, actor, row, now)
    return step.take(uow, actor, row, Action.NOT_HELD, now, said=said, before=view)


def _unpaid(uow: UnitOfWork, actor: Actor, row: Dispatch, now: datetime) -> None:
    """A visit that was recorded by mistake counts no minute any more and waits for nobody's look."""
    held = visits.row_of(uow, row.id)
    if held is None:
        return
    if held.yen and held.came_at:
        nothing = fee(held.came_at, held.came_at, 0, schedule_on(row.day))
        visits.add_fee(uow, actor, row.id, held.expert_id, (held.came_at, held.came_at), nothing, now)
        held.yen = 0
    held.evidence, held.evidence_since = Evidence.REJECTED, now
    held.version += 1
