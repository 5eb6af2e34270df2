"""What a visit's acts add up to now: grade and reasons, who looks at it, and the fee with its inputs.

Called inside the transaction of whatever changed an act, a certification or the minutes that are not paid. It looks at
what is stored alone, so that the order in which things reached us does not matter.
"""

from datetime import datetime

from models.rules.calendar import to_jst
from models.rules.dispatch import ENDED
from models.rules.errors import NotFound
from models.rules.fee import Fee, fee, schedule_on, whole_minute
from models.rules.permissions import Actor
from models.rules.reckoning import Judged, Span, evidence_after
from models.rules.visit import Evidence, Grade, Limits, Reason, grade
from models.tables.dispatch import Dispatch
from models.tables.visit import FeeRecord, Visit
from models.views.visit import VisitView
from storage import attendances, audit, profile, settings, visits
from storage.database import UnitOfWork


def reckon(uow: UnitOfWork, actor: Actor, row: Dispatch, now: datetime) -> VisitView:
    """Work out the visit of a dispatch (whose row is locked) anew and keep it; returns how it stands.

    NotFound before the first act. NotPossible (a code of `fee.…`) when the acts make no visit: out before in, say.
    """
    uow.session.flush()
    if row.expert_id is None:
        raise NotFound
    profile.lock(uow, row.expert_id)
    visit = visits.row_of(uow, row.id)
    if visit is None:
        raise NotFound
    found = visits.view_of(uow, visit, row.expert_id)
    before = _sum(visit)
    _count(uow, actor, row, visit, found, now)
    if before != _sum(visit):
        visit.version += 1
    if before[:4] != _sum(visit)[:4]:
        moved = (before[0], visit.evidence)
        audit.record(uow, actor, "visit.reckon", ("dispatch", row.id), now, moved=moved, detail=visit.grade)
    uow.session.flush()
    return visits.sum_of(visit, found.came, found.went, found.attendance)


def worked(uow: UnitOfWork, dispatch_id: str) -> Fee | None:
    """The fee that counts now with its working, by the schedule it was worked out with; None before there is one."""
    held = attendances.newest_fee(uow, dispatch_id)
    return fee(held.starts, held.ends, held.non_payable, visits.schedule_of(held)) if held else None


def _sum(visit: Visit) -> tuple[str, str | None, str, int | None, datetime | None, datetime | None, datetime | None]:
    seen = (visit.came_at, visit.went_at, visit.certified_at)
    return (visit.evidence, visit.grade, visit.reasons, visit.yen, *seen)


def _count(uow: UnitOfWork, actor: Actor, row: Dispatch, visit: Visit, found: VisitView, now: datetime) -> None:
    """Fill the row with what counts now."""
    came, went = found.came, found.went
    span = Span(came.at, went.at, visit.non_payable or 0) if came and went else None
    fee_so_far = attendances.newest_fee(uow, row.id) if visit.yen is not None else None
    was = _judged(visit, fee_so_far)
    visit.expert_id = row.expert_id or visit.expert_id
    visit.came_at, visit.went_at = came.at if came else None, went.at if went else None
    certified = _certify(uow, visit, span)
    judged = _grade(uow, row, found, span, certified=certified) if span else None
    visit.grade = judged.grade if judged else None
    visit.reasons = ",".join(judged.reasons) if judged else ""
    evidence = evidence_after(Evidence(visit.evidence), was, judged)
    if evidence is Evidence.CLEAR and attendances.objected(uow, row.id):
        evidence = Evidence.WAITING
    if evidence != visit.evidence:
        visit.evidence, visit.evidence_since = evidence, now
    visit.yen = _pay(uow, actor, row, fee_so_far, span, now)


def _judged(visit: Visit, held: FeeRecord | None) -> Judged | None:
    """What it added up to before: the times are those that the fee was worked out from."""
    if held is None or visit.grade is None:
        return None
    reasons = tuple(Reason(code) for code in visit.reasons.split(",") if code)
    return Judged(Span(held.starts, held.ends, held.non_payable), Grade(visit.grade), reasons)


def _certify(uow: UnitOfWork, visit: Visit, span: Span | None) -> bool:
    """Whether the business certified what is recorded now; who saw other times has to look again."""
    sought = attendances.of_dispatch(uow, visit.dispatch_id) if span else ()
    visit.certified_at = next((one.at for one in sought if span and one.span.covers(span)), None)
    return visit.certified_at is not None


def _grade(uow: UnitOfWork, row: Dispatch, found: VisitView, span: Span, *, certified: bool) -> Judged | None:
    if found.came is None or found.went is None:
        return None
    limits = Limits(*(settings.value(uow, key) for key in ("visit_radius", "visit_accuracy", "visit_window")))
    overlaps = attendances.overlapping(uow, row.expert_id or "", row.id, span.came, span.went)
    slot = (row.starts or span.came, row.ends or span.went)
    how, reasons = grade(found.came.record, found.went.record, slot, limits, certified=certified, overlaps=overlaps)
    return Judged(span, how, reasons)


def _pay(
    uow: UnitOfWork, actor: Actor, row: Dispatch, held: FeeRecord | None, span: Span | None, now: datetime
) -> int | None:
    """The fee, stored when its inputs are new; a visit that was taken back after it had one gets 0 yen.

    The same inputs keep the fee they had: a new rate changes no old one.
    """
    if row.status in ENDED or span is None:
        if held is None:
            return None
        span = Span(held.starts, held.starts, 0)
    start, end = whole_minute(span.came), whole_minute(span.went)
    inputs = (row.expert_id, start, end, span.non_payable)
    if held and inputs == (held.expert_id, held.starts, held.ends, held.non_payable):
        return held.yen
    worked = fee(start, end, span.non_payable, schedule_on(to_jst(start).date()))
    visits.add_fee(uow, actor, row.id, row.expert_id or "", (start, end), worked, now)
    return worked.yen
