"""Recording either end of a visit, taking a record back, and which visits can be recorded now (`domain.md` 4).

Nothing is refused for being far away or late: it is graded. What is refused: a second record of the same end, an end of
another day, and an act whose time cannot be right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.usecases.dispatch import step
from handlers.usecases.visit.reckon import reckon
from models.notices import VisitTold
from models.rules.calendar import format_datetime, to_jst
from models.rules.dispatch import Side, Status
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import VISITED, Actor, DispatchSubject, can, side_of
from models.rules.place import Point, metres
from models.rules.visit import Clocked, End, Limits, Source, clocked, is_today, reasons_of
from models.views.dispatch import DispatchView, PlannedView
from models.views.visit import ActView, VisitShown, VisitView
from storage import audit, dispatch, experts, outbox, settings, visit_days, visit_photos, visits
from storage.database import UnitOfWork

CLOSED = {
    Status.REQUESTED: "visit.closed_unfixed",
    Status.COUNTER_PROPOSED: "visit.closed_unfixed",
    Status.NEEDS_COORDINATION: "visit.closed_unfixed",
    Status.REPORTED: "visit.closed_reported",
    Status.COMPLETED: "visit.closed_reported",
    Status.DECLINED: "visit.closed_ended",
    Status.CANCELLED: "visit.closed_ended",
}
"""Why a visit cannot be recorded, by the dispatch's status."""
AFTERWARDS = frozenset({Source.DECLARED})
"""Sources that speak of a time gone by."""


@dataclass(frozen=True)
class SentPhoto:
    """A photo that was judged, sealed and stored beforehand, and the LINE message it came with."""

    file_key: str
    message_id: str | None = None


def record(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, end: End, source: Source, now: datetime, *,
    at: datetime | None = None, phone_at: datetime | None = None, waited: timedelta | None = None,
    point: Point | None = None, accuracy: int | None = None, nonce: str | None = None, reason: str = "",
    photo: SentPhoto | None = None,
) -> VisitView:  # fmt: skip
    """Record an end of a visit by its expert, and reckon the visit anew; the same `nonce` counts once.

    When it counts: `at` (LINE's event, or the time that is declared), else the server's clock, or the phone's for an
    act that it kept (`phone_at`, `waited`; see `clocked`). NotPossible `visit.already_in` or `_out` (`at`) says that
    this end is recorded already. The dispatch's own step (CHECK_OUT) is the caller's.
    """
    row = step.held(uow, actor, dispatch_id)
    expert_id = row.expert_id or ""
    if nonce and visits.act_named(uow, row.id, nonce) is not None:
        return _held(uow, row.id, expert_id)
    _may(uow, actor, dispatch.subject_of(row), end, now)
    clock = Clocked(at, offline=False) if at else clocked(now, phone_at, waited=waited)
    if clock is None:
        raise NotPossible("visit.clock")
    visit = visits.row_of(uow, row.id)
    before = visits.view_of(uow, visit, expert_id) if visit else None
    _fits((row.starts, row.ends), before, end, source, clock.at, now)
    visits.carry_on(uow, visit, row.id, expert_id, now)
    place = dispatch.place_of(row).point
    seq = visits.add_act(
        uow, actor, row.id, expert_id, end, source, clock.at, now, phone_at=phone_at, offline=clock.offline,
        distance=metres(point, place) if point and place else None, accuracy=accuracy, point=point, nonce=nonce,
    )  # fmt: skip
    if reason:
        visits.add_note(uow, actor, row.id, source, reason, now, seq)
    if photo:
        visit_photos.add(uow, row.id, seq, photo.file_key, photo.message_id, now)
    audit.record(uow, actor, "visit.in" if end is End.IN else "visit.out", ("dispatch", row.id), now, detail=source)
    return reckon(uow, actor, row, now)


def _held(uow: UnitOfWork, dispatch_id: str, expert_id: str) -> VisitView:
    found = visits.view(uow, dispatch_id, expert_id)
    if found is None:
        raise NotFound
    return found


def _may(uow: UnitOfWork, actor: Actor, subject: DispatchSubject, end: End, now: datetime) -> None:
    """The expert of a dispatch whose date is fixed, and for check-in while the commission is in force."""
    if subject.status not in VISITED and side_of(actor, subject) is Side.EXPERT:
        raise NotPossible(CLOSED[subject.status])
    if not can(actor, "visit.record", subject):
        raise NotAllowed("visit.not_yours")
    if end is End.IN and not experts.in_force(uow, subject.expert_id or "", to_jst(now).date()):
        raise NotPossible("visit.resting")


def insist_open(uow: UnitOfWork, actor: Actor, shown: VisitShown, now: datetime) -> None:
    """Refuse what `record` would refuse of a check-in made now, before anybody is asked for more."""
    view = shown.dispatch
    _may(uow, actor, view.subject, End.IN, now)
    _fits((view.starts, view.ends), shown.visit, End.IN, Source.PHOTO, now, now)


def _fits(
    planned: tuple[datetime | None, datetime | None], held: VisitView | None, end: End, source: Source, at: datetime,
    now: datetime,
) -> None:  # fmt: skip
    """Whether this end is still to be recorded, and at that time."""
    starts, ends = planned
    came, went = (held.came, held.went) if held else (None, None)
    if end is End.IN and came:
        raise NotPossible("visit.already_in", at=format_datetime(came.at))
    if end is End.OUT and came is None:
        raise NotPossible("visit.not_in")
    if end is End.OUT and went:
        raise NotPossible("visit.already_out", at=format_datetime(went.at))
    if end is End.OUT and came and at < came.at:
        raise NotPossible("visit.out_before_in", at=format_datetime(came.at))
    if end is End.IN and went and at > went.at:
        raise NotPossible("visit.in_after_out", at=format_datetime(went.at))
    if at > now + timedelta(minutes=2):
        raise NotPossible("visit.clock")
    if source in AFTERWARDS or starts is None or ends is None or is_today(starts, ends, at):
        return
    if end is End.OUT:
        raise NotPossible("visit.out_too_late")
    raise NotPossible("visit.not_today", at=format_datetime(starts))


def undo(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, now: datetime, *, end: End = End.IN, seq: int | None = None,
    reason: str = "",
) -> VisitView:  # fmt: skip
    """Take the record of an end back, as a row of its own: its expert for some minutes, the secretariat afterwards.

    `seq`: the act that was seen; Stale when another one counts by now. The secretariat gives its `reason`, and the
    expert is told of it.
    """
    row, view = step.open_for(uow, actor, dispatch_id)
    if not can(actor, "visit.undo", view.subject):
        raise NotPossible(CLOSED[view.status]) if view.status not in VISITED else NotAllowed("visit.not_yours")
    held = visits.view(uow, row.id, view.expert_id)
    act = (held.came if end is End.IN else held.went) if held else None
    if held is None or act is None:
        raise NotPossible("visit.nothing_to_undo")
    if seq is not None and act.seq != seq:
        raise Stale("visit.changed")
    if end is End.IN and held.went:
        raise NotPossible("visit.undo_out_first")
    if actor.kind != "staff" and now >= undo_until(uow, act):
        raise too_late_to_undo(uow)
    undone = visits.add_act(uow, actor, row.id, view.expert_id, end, Source.UNDONE, now, now, undoes=act.seq)
    if reason:
        visits.add_note(uow, actor, row.id, Source.UNDONE, reason, now, undone)
    audit.record(uow, actor, "visit.undo", ("dispatch", row.id), now, detail=end)
    if actor.kind == "staff":
        _tell(uow, view, act, reason, now)
    return reckon(uow, actor, row, now)


def _tell(uow: UnitOfWork, view: DispatchView, act: ActView, reason: str, now: datetime) -> None:
    when = f"{act.at.isoformat()}/{act.at.isoformat()}"
    notice = VisitTold(
        view.id, "undone", Side.EXPERT, view.number, view.business, view.title, view.expert, when, reason
    )
    for account in step.accounts(uow, Side.EXPERT, view):
        outbox.tell(uow, account, notice, now)


def undo_until(uow: UnitOfWork, act: ActView) -> datetime:
    """Until when its expert may take an act back: some minutes from when it reached us; never what staff corrected."""
    if act.by_kind == "staff":
        return act.received_at
    return act.received_at + timedelta(minutes=settings.value(uow, "undo_minutes"))


def too_late_to_undo(uow: UnitOfWork) -> NotPossible:
    """Only the secretariat can take it back by now."""
    return NotPossible("visit.undo_over", minutes=str(settings.value(uow, "undo_minutes")))


def limits_of(uow: UnitOfWork) -> Limits:
    """Radius, accuracy and window as they are set now."""
    return Limits(*(settings.value(uow, key) for key in ("visit_radius", "visit_accuracy", "visit_window")))


def today_for(uow: UnitOfWork, actor: Actor, now: datetime) -> tuple[VisitShown, ...]:
    """The expert's visits that can be recorded now, by time: those of today, and across midnight."""
    if actor.kind != "person" or actor.person_id is None:
        return ()
    today = to_jst(now).date()
    near = visit_days.between(uow, actor.person_id, today - timedelta(days=2), today + timedelta(days=1))
    found = [view for view in near if view.starts and view.ends and is_today(view.starts, view.ends, now)]
    held = visits.views(uow, {view.id: view.expert_id for view in found}) if found else {}
    still_open = visit_days.still_open(uow, actor.person_id, now) if found else ()
    return tuple(_shown(uow, view, held.get(view.id), still_open, now) for view in found)


def own(uow: UnitOfWork, actor: Actor, dispatch_id: str, now: datetime) -> VisitShown:
    """One dispatch and its visit, for its expert alone; NotFound for everybody else."""
    view = visit_days.one(uow, dispatch_id)
    if view is None or side_of(actor, view.subject) is not Side.EXPERT:
        raise NotFound
    still_open = visit_days.still_open(uow, view.expert_id, now)
    return _shown(uow, view, visits.view(uow, view.id, view.expert_id), still_open, now)


def afterwards(uow: UnitOfWork, before: VisitShown, visit: VisitView, now: datetime) -> VisitShown:
    """The same visit once `record` has returned what it is now; nothing but its own acts changed by that."""
    return _shown(uow, before.dispatch, visit, (before.other,) if before.other else (), now)


def _shown(
    uow: UnitOfWork, view: PlannedView, visit: VisitView | None, still_open: Sequence[PlannedView], now: datetime
) -> VisitShown:
    came = visit.came if visit else None
    planned = view.starts or now
    until = undo_until(uow, came) if came and visit and not visit.went and view.status in VISITED else None
    return VisitShown(
        dispatch=view,
        visit=visit,
        undo_until=until if until and now < until else None,
        reasons=reasons_of(came.record, planned, limits_of(uow)) if came else (),
        other=next((one for one in still_open if one.id != view.id), None),
    )
