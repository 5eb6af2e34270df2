"""Visits: acts as they reached us, what they add up to, certifications, decisions, fees. Appended, never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from models.rules.calendar import to_jst
from models.rules.fee import Fee, Schedule
from models.rules.permissions import Actor
from models.rules.place import Point
from models.rules.visit import End, Evidence, Grade, Reason, Source
from models.tables.base import new_id
from models.tables.visit import (
    Attendance,
    FeeRecord,
    Signature,
    Visit,
    VisitAct,
    VisitNote,
    VisitPosition,
)
from models.views.visit import ActView, AttendanceView, NoteView, VisitView
from storage.database import UnitOfWork


def row_of(uow: UnitOfWork, dispatch_id: str) -> Visit | None:
    """The sum of a dispatch's acts; the dispatch's own lock guards it."""
    return uow.session.get(Visit, dispatch_id, populate_existing=True)


def open_row(uow: UnitOfWork, dispatch_id: str, expert_id: str, now: datetime) -> Visit:
    """The same, begun with the first act; what a former expert said of it goes."""
    return carry_on(uow, row_of(uow, dispatch_id), dispatch_id, expert_id, now)


def carry_on(uow: UnitOfWork, found: Visit | None, dispatch_id: str, expert_id: str, now: datetime) -> Visit:
    """`open_row` for whoever has looked already."""
    if found is None:
        found = Visit(dispatch_id=dispatch_id, expert_id=expert_id, evidence=Evidence.OPEN, evidence_since=now)
        uow.session.add(found)
    if found.expert_id != expert_id:
        found.expert_id, found.non_payable = expert_id, None
    uow.session.flush()
    return found


def add_act(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, expert_id: str, end: End, source: Source, at: datetime,
    now: datetime, *, phone_at: datetime | None = None, offline: bool = False, distance: int | None = None,
    accuracy: int | None = None, point: Point | None = None, undoes: int | None = None, nonce: str | None = None,
) -> int:  # fmt: skip
    """Record an end; returns the act's number. A nonce that was used before is refused (Conflict): look first."""
    act = VisitAct(
        dispatch_id=dispatch_id, expert_id=expert_id, end=end, source=source, at=at, received_at=now,
        phone_at=phone_at, offline=offline, distance=distance, accuracy=accuracy, undoes=undoes, nonce=nonce,
        by_kind=actor.kind, by_id=actor.id,
    )  # fmt: skip
    uow.session.add(act)
    uow.session.flush()
    if point:
        uow.session.add(VisitPosition(act_seq=act.seq, latitude=point.latitude, longitude=point.longitude, at=now))
        uow.session.flush()
    return act.seq


def act_named(uow: UnitOfWork, dispatch_id: str, nonce: str) -> int | None:
    """The act that a phone already sent under this name."""
    return uow.session.scalar(select(VisitAct.seq).where(VisitAct.dispatch_id == dispatch_id, VisitAct.nonce == nonce))


def acts(uow: UnitOfWork, dispatch_id: str) -> tuple[ActView, ...]:
    """Every act of a dispatch, in the order it reached us."""
    return _acts(uow, [dispatch_id]).get(dispatch_id, ())


def _acts(uow: UnitOfWork, dispatch_ids: Sequence[str]) -> dict[str, tuple[ActView, ...]]:
    rows = uow.session.execute(
        select(VisitAct, VisitPosition)
        .outerjoin(VisitPosition, VisitPosition.act_seq == VisitAct.seq)
        .where(VisitAct.dispatch_id.in_(dispatch_ids))
        .order_by(VisitAct.seq)
    )
    found: dict[str, tuple[ActView, ...]] = {}
    for act, position in rows:
        found[act.dispatch_id] = (*found.get(act.dispatch_id, ()), _act(act, position))
    return found


def _act(act: VisitAct, position: VisitPosition | None) -> ActView:
    return ActView(
        seq=act.seq,
        expert_id=act.expert_id,
        end=End(act.end),
        source=Source(act.source),
        at=act.at,
        received_at=act.received_at,
        offline=act.offline,
        distance=act.distance,
        accuracy=act.accuracy,
        point=Point(position.latitude, position.longitude) if position else None,
        undoes=act.undoes,
        by_kind=act.by_kind,
        by_id=act.by_id,
    )


def counting(found: Sequence[ActView], expert_id: str, end: End) -> ActView | None:
    """The newest record of an end that nobody took back, among the acts of the expert who holds the dispatch now."""
    undone = {act.undoes for act in found}
    held = [
        act
        for act in found
        if act.end is end and act.source is not Source.UNDONE and act.seq not in undone and act.expert_id == expert_id
    ]
    return held[-1] if held else None


def view(uow: UnitOfWork, dispatch_id: str, expert_id: str) -> VisitView | None:
    """The visit of the expert who holds the dispatch; None before the first act."""
    row = row_of(uow, dispatch_id)
    return view_of(uow, row, expert_id) if row else None


def views(uow: UnitOfWork, experts: Mapping[str, str]) -> dict[str, VisitView]:
    """The same for several dispatches, by id, of the expert who holds each; the number of statements hangs on none."""
    rows = uow.session.scalars(
        select(Visit).where(Visit.dispatch_id.in_(experts)).execution_options(populate_existing=True)
    )
    return {each.dispatch_id: each for each in _views(uow, [(row, experts[row.dispatch_id]) for row in rows.all()])}


def view_of(uow: UnitOfWork, row: Visit, expert_id: str) -> VisitView:
    """The same of its row as it stands now."""
    return _views(uow, [(row, expert_id)])[0]


def _views(uow: UnitOfWork, held: Sequence[tuple[Visit, str]]) -> list[VisitView]:
    """Nobody certifies a visit before its check-out, so that there is nothing to look for."""
    found = _acts(uow, [row.dispatch_id for row, _ in held]) if held else {}
    left = [key for key, acts in found.items() if any(act.end is End.OUT for act in acts)]
    certified = _attendances(uow, left) if left else {}
    return [
        sum_of(
            row,
            counting(found.get(row.dispatch_id, ()), expert_id, End.IN),
            counting(found.get(row.dispatch_id, ()), expert_id, End.OUT),
            certified.get(row.dispatch_id),
        )
        for row, expert_id in held
    ]


def sum_of(row: Visit, came: ActView | None, went: ActView | None, attendance: AttendanceView | None) -> VisitView:
    """The row as it stands now, with the acts that count and the certification."""
    return VisitView(
        dispatch_id=row.dispatch_id,
        expert_id=row.expert_id,
        version=row.version,
        came=came,
        went=went,
        non_payable=row.non_payable,
        grade=Grade(row.grade) if row.grade else None,
        reasons=tuple(Reason(code) for code in row.reasons.split(",") if code),
        evidence=Evidence(row.evidence),
        evidence_since=row.evidence_since,
        attendance=attendance,
        certified=row.certified_at is not None,
        yen=row.yen,
    )


def _attendances(uow: UnitOfWork, dispatch_ids: Sequence[str]) -> dict[str, AttendanceView]:
    """The newest certification of each by its business."""
    rows = uow.session.execute(
        select(Attendance, Signature)
        .outerjoin(Signature, Signature.attendance_id == Attendance.id)
        .where(Attendance.dispatch_id.in_(dispatch_ids))
        .order_by(Attendance.at.desc(), Attendance.id)
    )
    found: dict[str, AttendanceView] = {}
    for row, signature in rows:
        signed = bool(signature and signature.file_key)
        each = AttendanceView(row.id, row.how, signature.name if signature else "", row.at, signed)
        found.setdefault(row.dispatch_id, each)
    return found


def add_note(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, kind: str, words: str, now: datetime, act_seq: int | None = None
) -> None:
    """Keep words about a visit, apart from its acts, for they are erased."""
    uow.session.add(
        VisitNote(
            id=new_id(), dispatch_id=dispatch_id, act_seq=act_seq, kind=kind, text=words, by_kind=actor.kind,
            by_id=actor.id, at=now,
        )
    )  # fmt: skip
    uow.session.flush()


def notes(uow: UnitOfWork, dispatch_id: str) -> tuple[NoteView, ...]:
    """All words about a visit, oldest first."""
    rows = uow.session.scalars(
        select(VisitNote).where(VisitNote.dispatch_id == dispatch_id).order_by(VisitNote.at, VisitNote.id)
    )
    return tuple(NoteView(row.kind, row.text, row.by_kind, row.at, row.act_seq) for row in rows)


def add_fee(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, expert_id: str, times: tuple[datetime, datetime], fee: Fee,
    now: datetime,
) -> None:  # fmt: skip
    """Store a fee with its inputs and its schedule; a correction is simply the next one."""
    schedule = fee.schedule
    uow.session.add(
        FeeRecord(
            dispatch_id=dispatch_id, expert_id=expert_id, day=to_jst(times[0]).date(), starts=times[0], ends=times[1],
            non_payable=fee.non_payable, schedule_from=schedule.starts, yen_per_hour=schedule.yen_per_hour,
            unit_minutes=schedule.unit_minutes, cap_yen=schedule.cap_yen, payable=fee.payable, units=fee.units,
            yen=fee.yen, at=now, by_kind=actor.kind, by_id=actor.id,
        )
    )  # fmt: skip
    uow.session.flush()


def schedule_of(row: FeeRecord) -> Schedule:
    """The schedule a stored fee was worked out by, as it was then."""
    return Schedule(row.schedule_from, row.yen_per_hour, row.unit_minutes, row.cap_yen, "stored")
