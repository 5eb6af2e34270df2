"""One step of a dispatch's lifecycle: who may, the new status, the audit entry, and everybody who is told.

The table of `models.rules.dispatch` says all of it; a use case adds what the step writes.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from models.notices import DispatchTold
from models.rules.calendar import add_business_days, format_datetime, to_jst
from models.rules.dispatch import ENDED, UNASKED, Action, Side, Status, Why, step
from models.rules.errors import NotAllowed, NotFound, Stale
from models.rules.permissions import Actor, can, side_of
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView, SlotView
from storage import audit, dispatch, dispatch_moves, outbox, people, settings, staff
from storage.database import UnitOfWork


@dataclass(frozen=True)
class Said:
    """What is said with a step. `private` reaches the secretariat alone, `comment` everybody concerned."""

    category: str = ""
    private: str = ""
    comment: str = ""


NOTHING = Said()


def held(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> Dispatch:
    """The locked row; NotFound for whoever may not see it."""
    row = dispatch.lock(uow, dispatch_id)
    if row is None or not can(actor, "dispatch.read", dispatch.subject_of(row)):
        raise NotFound
    return row


def open_for(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int | None = None
) -> tuple[Dispatch, DispatchView]:
    """The locked row and its view. NotFound for whoever may not see it; Stale when it has moved since `version`."""
    row = held(uow, actor, dispatch_id)
    view = dispatch.view_of(uow, row, private=actor.kind == "staff")
    if version is not None and view.version != version:
        raise too_late(uow, actor, view)
    return row, view


def too_late(uow: UnitOfWork, actor: Actor, view: DispatchView) -> Stale:
    """What to tell somebody who answers a dispatch that has moved meanwhile: who moved it, and when (`ux.md`)."""
    move = dispatch_moves.newest(uow, view.id)
    if move is None:
        return Stale("dispatch.changed", dispatch=view.id)
    at = format_datetime(move.at)
    if move.by and move.by == actor.id:
        return Stale("dispatch.decided_own", dispatch=view.id, at=at)
    if move.kind == "staff":
        return Stale("dispatch.decided_secretariat", dispatch=view.id, at=at)
    if move.kind != "person" or not move.who:
        return Stale("dispatch.decided_somebody", dispatch=view.id, at=at)
    of = "" if move.by == view.expert_id else view.organisation
    return Stale("dispatch.decided" if of else "dispatch.decided_expert", dispatch=view.id, at=at, who=move.who, of=of)


def take(
    uow: UnitOfWork, actor: Actor, row: Dispatch, action: Action, now: datetime, *, said: Said = NOTHING,
    why: Why | None = None, before: DispatchView | None = None,
) -> DispatchView:  # fmt: skip
    """Move the locked row on. What the step writes was written before; `before`: the view from before that.

    NotPossible when its status has no such step, NotAllowed when the table does not name the actor's side.
    Everybody the table names is told, except for whoever acts; an expert who is no longer in it is told by `before`.
    One who was named and never asked has no part in it once it ends.
    """
    view = before or dispatch.view_of(uow, row)
    found = step(view.status, action)
    if not can(actor, f"dispatch.{action}", view.subject):
        raise NotAllowed("dispatch.not_yours")
    side = side_of(actor, view.subject) or Side.SYSTEM
    if said != NOTHING:
        dispatch.add_words(
            uow, row.id, action, side, now, category=said.category, private=said.private, comment=said.comment
        )
    unasked = view.why in UNASKED and found.target in ENDED
    if unasked:
        row.expert_id = None
    dispatch.set_status(uow, row, found.target, now, why)
    moved = (view.status, found.target)
    audit.record(uow, actor, f"dispatch.{action}", ("dispatch", row.id), now, moved=moved, detail=said.category or why)
    after = dispatch.view_of(uow, row, private=actor.kind == "staff")
    for told in sorted(found.tells - {side}):
        tell(uow, told, after, action, side, said, now)
    return after


def tell(
    uow: UnitOfWork, told: Side, view: DispatchView, action: Action | str, by: Side, said: Said, now: datetime
) -> None:
    """Tell one side that the dispatch moved: the expert and the organisation on LINE, the others by mail.

    On the day of the visit even by night (`ux.md`).
    """
    notice = told_notice(view, action, by, told, said)
    if told is Side.EXPERT and view.status is Status.REQUESTED:
        notice = replace(notice, answer_by=_answer_by(uow, view, now).isoformat())
    if told is Side.BUSINESS:
        if view.contact.mail:
            outbox.tell(uow, view.contact.mail, notice, now, channel=outbox.MAIL)
    elif told is Side.SECRETARIAT:
        for address in staff.mails_of_clerks(uow):
            outbox.tell(uow, address, notice, now, channel=outbox.MAIL)
    else:
        today = view.starts is not None and to_jst(view.starts).date() == to_jst(now).date()
        for account in accounts(uow, told, view):
            outbox.tell(uow, account, notice, now, asked=today)


def _answer_by(uow: UnitOfWork, view: DispatchView, now: datetime) -> date:
    """When an answer is hoped for: after some business days, and before the first time that is wished."""
    today = to_jst(now).date()
    until = add_business_days(today, settings.value(uow, "unanswered_after_days"))
    ahead = [to_jst(slot.starts).date() for slot in view.wished if slot.starts > now]
    return max(today, min([until, *(day - timedelta(days=1) for day in ahead)]))


def accounts(uow: UnitOfWork, side: Side, view: DispatchView) -> list[str]:
    """The LINE accounts behind a side: the expert's, or the requester's (once they left, all approvers')."""
    if side is Side.EXPERT:
        found = [people.by_id(uow, view.expert_id)] if view.expert_id else []
    else:
        requester = people.by_id(uow, view.requester_id)
        stays = requester is not None and view.organisation_id in requester.actor.organisations
        found = [requester] if stays else people.approvers_of(uow, view.organisation_id)
    return [person.user_id for person in found if person and person.user_id]


def told_notice(view: DispatchView, action: Action | str, by: Side, told: Side, said: Said) -> DispatchTold:
    """What 002 wants everybody concerned to be told: number, received at, business, organisation, title, times.

    Whoever is asked anew reads nothing of what somebody else proposed before.
    """
    fixed = (_span(view.starts, view.ends),) if view.starts and view.ends else ()
    wished = tuple(_span(slot.starts, slot.ends) for slot in view.wished)
    point, proposed = view.place.point, () if view.status is Status.REQUESTED else view.proposed
    return DispatchTold(
        dispatch_id=view.id,
        version=view.version,
        act=action,
        by=by,
        to=told,
        number=view.number,
        received=view.received_at.isoformat(),
        business=view.business,
        organisation=view.organisation,
        title=view.title,
        topic=view.topic_other or view.topic,
        times=fixed or wished,
        wished=wished if fixed and view.status in ENDED else (),
        slots=tuple(slot.id for slot in _to_be_fixed(view)),
        proposed=tuple(_span(slot.starts, slot.ends) for slot in proposed),
        fixed=bool(fixed),
        expert=view.expert,
        place=view.place.address,
        point=f"{point.latitude:.6f},{point.longitude:.6f}" if point else "",
        accompany=view.accompany,
        contact=view.contact.name,
        category=said.category,
        comment=said.comment,
        distance=-1 if view.away is None else view.away,
    )


def _to_be_fixed(view: DispatchView) -> tuple[SlotView, ...]:
    """The times one of which would fix the dispatch now."""
    return {Status.REQUESTED: view.wished, Status.COUNTER_PROPOSED: view.proposed}.get(view.status, ())


def _span(starts: datetime, ends: datetime) -> str:
    return f"{starts.isoformat()}/{ends.isoformat()}"
