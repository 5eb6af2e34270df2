"""Erasing what was said, drawn, photographed and located around dispatches; numbers, times, distances, fees stay.

A person leaves traces on the dispatches they were the expert of and on those they did something to, as the audit says.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, CompoundSelect, and_, delete, exists, or_, select, union, update

from models.rules.dispatch import ENDED, Status
from models.rules.evidence import SETTLED
from models.rules.visit import Evidence
from models.tables.audit import AuditEntry
from models.tables.dispatch import Dispatch, DispatchDetail, DispatchDraft, DispatchException, DispatchWords
from models.tables.visit import Attendance, Signature, Visit, VisitAct, VisitNote, VisitPhoto, VisitPosition
from storage import papers
from storage.database import UnitOfWork

AHEAD = (Status.REQUESTED, Status.COUNTER_PROPOSED, Status.NEEDS_COORDINATION, Status.CONFIRMED)
"""A dispatch that stands here is still to take place."""
OVER = (*sorted(ENDED), Status.COMPLETED)
NO_CONTACT = {"wishes": "", "topic_other": "", "contact_name": "", "contact_phone": "", "contact_mail": ""}


def touched(person_id: str) -> CompoundSelect[str]:
    """The dispatches a person was the expert of or did something to."""
    done = select(AuditEntry.subject_id).where(AuditEntry.actor_id == person_id, AuditEntry.subject_kind == "dispatch")
    return union(select(Dispatch.id).where(Dispatch.expert_id == person_id), done)


def is_awaited(uow: UnitOfWork, person_id: str) -> bool:
    """Whether the person is the expert of a dispatch that is still to take place."""
    ahead = select(Dispatch.id).where(Dispatch.expert_id == person_id, Dispatch.status.in_(AHEAD))
    return uow.session.scalar(ahead.limit(1)) is not None


def numbers_of(uow: UnitOfWork, person_id: str) -> list[str]:
    """The numbers of the dispatches the person is the expert of."""
    return list(uow.session.scalars(select(Dispatch.number).where(Dispatch.expert_id == person_id)))


# --- a person -------------------------------------------------------------------------------------


def erase_of_person(uow: UnitOfWork, person_id: str, now: datetime) -> None:
    """Where the person was, what they sent and said, and what was said of their visits."""
    acts = select(VisitAct.seq).where(VisitAct.dispatch_id.in_(touched(person_id)), VisitAct.expert_id == person_id)
    visits = select(Visit.dispatch_id).where(Visit.expert_id == person_id)
    uow.session.execute(delete(VisitPosition).where(VisitPosition.act_seq.in_(acts)))
    _erase_photos(uow, VisitPhoto.act_seq.in_(acts), now)
    about = or_(VisitNote.dispatch_id.in_(visits), VisitNote.act_seq.in_(acts), VisitNote.by_id == person_id)
    uow.session.execute(delete(VisitNote).where(VisitNote.dispatch_id.in_(touched(person_id)), about))
    _erase_signatures(uow, visits, now)
    own = exists().where(
        AuditEntry.subject_kind == "dispatch", AuditEntry.subject_id == DispatchWords.dispatch_id,
        AuditEntry.at == DispatchWords.at, AuditEntry.actor_id == person_id,
    )  # fmt: skip
    uow.session.execute(
        update(DispatchWords)
        .where(DispatchWords.dispatch_id.in_(touched(person_id)), own)
        .values(private="", comment="")
        .execution_options(synchronize_session=False)
    )
    uow.session.execute(delete(DispatchDraft).where(DispatchDraft.person_id == person_id))


def _erase_photos(uow: UnitOfWork, which: ColumnElement[bool], now: datetime) -> None:
    keys = list(uow.session.scalars(select(VisitPhoto.file_key).where(which)))
    uow.session.execute(delete(VisitPhoto).where(which).execution_options(synchronize_session=False))
    _doom(uow, keys, now)


def _erase_signatures(uow: UnitOfWork, dispatch_ids: object, now: datetime) -> None:
    """Name and drawing; that, how and when the business certified stays."""
    of = Signature.attendance_id.in_(select(Attendance.id).where(Attendance.dispatch_id.in_(dispatch_ids)))  # type: ignore[arg-type]
    keys = list(uow.session.scalars(select(Signature.file_key).where(of, Signature.file_key.is_not(None))))
    uow.session.execute(
        update(Signature).where(of).values(name="", file_key=None).execution_options(synchronize_session=False)
    )
    _doom(uow, [key for key in keys if key], now)


def _doom(uow: UnitOfWork, keys: Sequence[str], now: datetime) -> None:
    """Have the files deleted that no other visit holds: the same bytes may have been sent for two."""
    held = union(
        select(Signature.file_key).where(Signature.file_key.in_(keys)),
        select(VisitPhoto.file_key).where(VisitPhoto.file_key.in_(keys)),
    )
    papers.doom(uow, sorted(set(keys) - set(uow.session.scalars(held))), now)


# --- what is over ---------------------------------------------------------------------------------


def erase_positions(uow: UnitOfWork, before: datetime, limit: int = 5000) -> int:
    """Positions of visits that were settled, or whose dispatch ended, before `before`; returns how many."""
    settled = and_(Visit.evidence.in_([*SETTLED, Evidence.OPEN]), Visit.evidence_since < before)
    ended = and_(Dispatch.status.in_(sorted(ENDED)), Dispatch.status_since < before)
    due = (
        select(VisitPosition.act_seq)
        .join(VisitAct, VisitAct.seq == VisitPosition.act_seq)
        .join(Visit, Visit.dispatch_id == VisitAct.dispatch_id)
        .join(Dispatch, Dispatch.id == VisitAct.dispatch_id)
        .where(VisitPosition.at < before, or_(settled, ended))
        .order_by(VisitPosition.at)
        .limit(limit)
    )
    gone = list(uow.session.scalars(due))
    if gone:
        uow.session.execute(delete(VisitPosition).where(VisitPosition.act_seq.in_(gone)))
    return len(gone)


def due(uow: UnitOfWork, before: datetime, limit: int) -> list[str]:
    """Dispatches that were over before `before` and still hold words of somebody."""
    held = exists().where(
        DispatchDetail.dispatch_id == Dispatch.id,
        or_(*(getattr(DispatchDetail, column) != "" for column in NO_CONTACT)),
    )
    over = select(Dispatch.id).where(Dispatch.status.in_(OVER), Dispatch.status_since < before, held)
    return list(uow.session.scalars(over.order_by(Dispatch.status_since).limit(limit)))


def erase_dispatches(uow: UnitOfWork, ids: Sequence[str], now: datetime) -> None:
    """All words, contacts, drawings, photos and positions of these dispatches; the rest stays."""
    acts = select(VisitAct.seq).where(VisitAct.dispatch_id.in_(ids))
    uow.session.execute(delete(VisitPosition).where(VisitPosition.act_seq.in_(acts)))
    _erase_photos(uow, VisitPhoto.dispatch_id.in_(ids), now)
    _erase_signatures(uow, ids, now)
    uow.session.execute(delete(VisitNote).where(VisitNote.dispatch_id.in_(ids)))
    uow.session.execute(update(DispatchDetail).where(DispatchDetail.dispatch_id.in_(ids)).values(**NO_CONTACT))
    words = update(DispatchWords).where(DispatchWords.dispatch_id.in_(ids))
    uow.session.execute(words.values(private="", comment=""))
    excepted = update(DispatchException).where(DispatchException.dispatch_id.in_(ids))
    uow.session.execute(excepted.values(reason=""))


def drop_drafts(uow: UnitOfWork, before: datetime) -> int:
    """Requests that were begun and not touched since `before`; returns how many."""
    old = delete(DispatchDraft).where(DispatchDraft.updated_at < before).returning(DispatchDraft.id)
    return len(uow.session.scalars(old).all())
