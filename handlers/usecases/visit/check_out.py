"""チェックアウト: the minutes that are not paid, the business's signature or a link for later, the end, the fee.

All of it is one transaction, so that there is no signature without an end and no end without its minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers.usecases.dispatch import step
from handlers.usecases.visit import certify
from handlers.usecases.visit import record as recording
from handlers.usecases.visit.reckon import reckon, worked
from models.rules.calendar import format_datetime
from models.rules.check_out import MINUTES_MOST
from models.rules.dispatch import Action, Side, Status, report_deadline
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.permissions import VISITED, Actor, can
from models.rules.place import Point
from models.rules.reckoning import Span
from models.rules.visit import End, Source, is_today
from models.tables.dispatch import Dispatch
from models.views.check_out import CheckedOut, Leaving
from models.views.dispatch import DispatchView
from storage import attendances, audit, dispatch, papers, settings, visits
from storage.database import UnitOfWork

FORGOTTEN_FOR = timedelta(days=60)
"""How long back the menu offers a visit whose end is still missing."""


@dataclass(frozen=True)
class Signed:
    """The business's contact signed on the expert's phone; `file_key`: the drawing, sealed in the file store."""

    name: str
    file_key: str


@dataclass(frozen=True)
class Fix:
    """Where the phone was and when, as it says; see `record`. `at`: the time of LINE's own event."""

    source: Source
    point: Point | None = None
    accuracy: int | None = None
    phone_at: datetime | None = None
    waited: timedelta | None = None
    nonce: str | None = None
    at: datetime | None = None


def leaving(uow: UnitOfWork, actor: Actor, now: datetime) -> Sequence[Leaving]:
    """The expert's visits of which the end is missing: those under way first, then those that were forgotten."""
    if actor.person_id is None:
        return ()
    ids = attendances.without_end(uow, actor.person_id, VISITED, now - FORGOTTEN_FOR, now)
    found = [_aged(uow, read(uow, actor, dispatch_id), now) for dispatch_id in ids]
    return sorted((one for one in found if one.under_way or one.late), key=lambda one: not one.under_way)


def _aged(uow: UnitOfWork, one: Leaving, now: datetime) -> Leaving:
    """With what the time of day says of it."""
    starts, ends = one.dispatch.starts, one.dispatch.ends
    if starts is None or ends is None:
        return one
    late = now > ends + timedelta(minutes=settings.value(uow, "forgotten_minutes"))
    return replace(one, late=late, recordable=is_today(starts, ends, now))


def read(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> Leaving:
    """One visit for its expert; NotFound for whoever is not, NotAllowed once it is reported or ended."""
    view = dispatch.view(uow, dispatch_id)
    if view is None or not can(actor, "dispatch.read", view.subject):
        raise NotFound
    if not can(actor, "visit.record", view.subject):
        raise NotAllowed("check_out.not_now")
    return _leaving(uow, view)


def _leaving(uow: UnitOfWork, view: DispatchView) -> Leaving:
    visit = visits.view(uow, view.id, view.expert_id)
    return Leaving(view, visit, visit is not None and visit.certified)


def done(uow: UnitOfWork, at: Leaving) -> CheckedOut | None:
    """The receipt of a visit that has both ends; None while one is missing."""
    return _receipt(uow, at, mailed=False)


def is_known(uow: UnitOfWork, dispatch_id: str, nonce: str) -> bool:
    """Whether the phone sent this act before."""
    return visits.act_named(uow, dispatch_id, nonce[:64]) is not None


def keep_minutes(uow: UnitOfWork, actor: Actor, dispatch_id: str, minutes: int, now: datetime) -> Leaving:
    """How many minutes of the visit under way are not paid; asked again, the last answer counts."""
    row, view = _held(uow, actor, dispatch_id)
    found = _under_way(uow, view)
    set_minutes(uow, actor, row, minutes, now)
    return found


def check_out(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, fix: Fix, now: datetime, *, minutes: int | None = None,
    signed: Signed | None = None, link: str = "",
) -> CheckedOut:  # fmt: skip
    """Record the end of a visit. `minutes`: not paid, those kept before when None; `link`: where the business confirms.

    The same nonce again changes nothing. NotPossible: no check-in (visit.not_in), already out
    (visit.already_out), and whatever `record` refuses.
    """
    row, view = _held(uow, actor, dispatch_id)
    if fix.nonce and visits.act_named(uow, dispatch_id, fix.nonce) is not None:
        found = done(uow, _leaving(uow, view))
        if found:
            return _kept(uow, found, signed)
    _under_way(uow, view)
    if minutes is not None:
        set_minutes(uow, actor, row, minutes, now)
    left = recording.record(
        uow, actor, dispatch_id, End.OUT, fix.source, now, at=fix.at, phone_at=fix.phone_at, waited=fix.waited,
        point=fix.point, accuracy=fix.accuracy, nonce=fix.nonce,
    )  # fmt: skip
    if signed and left.came and left.went:
        span = Span(left.came.at, left.went.at, left.non_payable or 0)
        attendances.add(uow, dispatch_id, "signature", span, signed.name, now, file_key=signed.file_key)
        audit.record(uow, actor, "visit.certify", ("dispatch", dispatch_id), now, detail="signature")
    return leave(uow, actor, row, view, now, link)


def _kept(uow: UnitOfWork, found: CheckedOut, signed: Signed | None) -> CheckedOut:
    """The drawing of an act that came twice is not deleted for having been stored twice."""
    if signed and attendances.holds(uow, signed.file_key):
        papers.forget_doomed(uow, [signed.file_key])
    return found


def leave(
    uow: UnitOfWork, actor: Actor, row: Dispatch, view: DispatchView, now: datetime, link: str
) -> CheckedOut:  # fmt: skip
    """What follows a recorded end: the dispatch's step, grade and fee, and the business is asked unless it signed.

    The organisation hears that the support has ended also where the clock was faster (END_PASSED tells nobody).
    """
    if view.status is Status.CONFIRMED:
        view = step.take(uow, actor, row, Action.CHECK_OUT, now, before=view)
    elif len([act for act in visits.acts(uow, row.id) if act.end is End.OUT and not act.undoes]) == 1:
        step.tell(uow, Side.ORGANISATION, view, Action.CHECK_OUT, Side.EXPERT, step.NOTHING, now)
    visit = reckon(uow, actor, row, now)
    mailed = not visit.certified and certify.ask(uow, view, visit, link, now)
    receipt = _receipt(uow, Leaving(view, visit, visit.certified), mailed=mailed)
    if receipt is None:
        raise NotPossible("visit.not_in")
    return receipt


def _held(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> tuple[Dispatch, DispatchView]:
    row, view = step.open_for(uow, actor, dispatch_id)
    if not can(actor, "visit.record", view.subject):
        raise NotAllowed("check_out.not_now")
    return row, view


def _under_way(uow: UnitOfWork, view: DispatchView) -> Leaving:
    """The visit as it is under way; NotPossible where there is no end to record."""
    found = _leaving(uow, view)
    if found.visit is None or found.visit.came is None:
        raise NotPossible("visit.not_in")
    if found.visit.went:
        raise NotPossible("visit.already_out", at=format_datetime(found.visit.went.at))
    return found


def set_minutes(uow: UnitOfWork, actor: Actor, row: Dispatch, minutes: int, now: datetime) -> None:
    """Keep the minutes that are not paid on the visit; NotPossible for a number that no visit has."""
    if not 0 <= minutes <= MINUTES_MOST:
        raise NotPossible("check_out.minutes", most=str(MINUTES_MOST))
    visit = visits.open_row(uow, row.id, row.expert_id or "", now)
    if visit.non_payable != minutes:
        visit.non_payable = minutes
        visit.version += 1
        audit.record(uow, actor, "visit.minutes", ("dispatch", row.id), now, detail=str(minutes))
        uow.session.flush()


def _receipt(uow: UnitOfWork, at: Leaving, *, mailed: bool) -> CheckedOut | None:
    if at.visit is None or at.visit.came is None or at.visit.went is None:
        return None
    fee = worked(uow, at.dispatch.id)
    return fee and CheckedOut(at.dispatch, at.visit, fee, report_deadline(at.dispatch.day), at.certified, mailed)
