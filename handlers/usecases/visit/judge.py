"""The secretariat's look at a visit: accept its evidence, ask, reject, correct a time; and the expert's answer.

Each is a row of its own and leaves the acts as they were; a correction is the next act.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.usecases.dispatch import step
from handlers.usecases.visit.reckon import reckon
from models.notices import VisitTold
from models.rules import evidence as rules
from models.rules.dispatch import Side
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.evidence import HELD, Answer
from models.rules.fee import whole_minute
from models.rules.permissions import Actor, can
from models.rules.visit import End, Evidence, Reason, Source
from models.tables.dispatch import Dispatch
from models.tables.visit import Visit
from models.views.dispatch import DispatchView
from models.views.evidence import EvidenceView
from models.views.visit import VisitView
from storage import attendances, audit, dispatch, evidence, evidence_view, outbox, visits
from storage.database import UnitOfWork

WRITTEN = {Answer.ACCEPT: "visit.accept", Answer.ASK: "visit.ask", Answer.REJECT: "visit.reject"}
"""What the audit calls an answer."""
CORRECTED = "corrected"


@dataclass(frozen=True)
class Times:
    """A visit as the secretariat says it was; None for an end nobody knows of."""

    came: datetime | None
    went: datetime | None
    non_payable: int


@dataclass(frozen=True)
class Several:
    """How many visits were accepted at once, and how many were left as they are."""

    done: int
    left: int


def read(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> EvidenceView:
    """A visit with everything behind it, for staff; NotFound before a date was fixed, and for a visit of one's own."""
    view = dispatch.view(uow, dispatch_id, private=True)
    if view is None or not can(actor, "evidence.read", view.subject):
        raise NotFound
    found = evidence_view.load(uow, view)
    if found.visit is None and view.status not in HELD:
        raise NotFound
    return found


def look(uow: UnitOfWork, actor: Actor, dispatch_id: str, now: datetime) -> EvidenceView:
    """The same, opened by somebody: a signature or a photo is seen, so that is written down."""
    found = read(uow, actor, dispatch_id)
    if found.pictures or any(each.file_key for each in found.certificates):
        audit.record(uow, actor, "evidence.view", ("dispatch", dispatch_id), now)
    return found


def accept(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, comment: str, now: datetime
) -> VisitView:  # fmt: skip
    """証跡を認める; a comment may go with it."""
    return _judge(uow, actor, dispatch_id, version, Answer.ACCEPT, comment, now)


def ask(uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, question: str, now: datetime) -> VisitView:
    """質問する: the expert gets it on LINE and answers there."""
    return _judge(uow, actor, dispatch_id, version, Answer.ASK, question, now)


def reject(uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, reason: str, now: datetime) -> VisitView:
    """証跡を認めない, with a reason that the expert reads."""
    return _judge(uow, actor, dispatch_id, version, Answer.REJECT, reason, now)


def accept_many(uow: UnitOfWork, actor: Actor, chosen: Mapping[str, int], reason: str, now: datetime) -> Several:
    """Accept all that were `chosen` (version by id) for one `reason`; what moved on, or has it not, is left alone, and
    so is what a business objected to: somebody has to read that.
    """
    if reason not in {*Reason}:
        raise NotPossible("evidence.choose_reason")
    done = 0
    for dispatch_id, version in sorted(chosen.items()):
        try:
            _judge(uow, actor, dispatch_id, version, Answer.ACCEPT, "", now, among=reason)
        except NotAllowed:
            raise
        except DomainError:
            continue
        done += 1
    return Several(done, len(chosen) - done)


def _judge(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, answer: Answer, words: str, now: datetime,
    among: str = "",
) -> VisitView:  # fmt: skip
    _, view, visit = _open(uow, actor, dispatch_id, version, "visit.judge")
    if visit is None or (among and not _alike(uow, visit, among)):
        raise NotPossible("evidence.not_possible")
    _sayable(words, required=answer is not Answer.ACCEPT)
    before = Evidence(visit.evidence)
    after = rules.judged(before, answer)
    evidence.settle(uow, visit, after, now)
    evidence.add_decision(uow, dispatch_id, answer, actor.staff_id, now)
    if words:
        visits.add_note(uow, actor, dispatch_id, answer, words, now)
    audit.record(uow, actor, WRITTEN[answer], ("dispatch", dispatch_id), now, moved=(before, after))
    return _told(uow, view, answer, words, now)


def _alike(uow: UnitOfWork, visit: Visit, reason: str) -> bool:
    return reason in visit.reasons.split(",") and not attendances.objected(uow, visit.dispatch_id)


def answer(uow: UnitOfWork, actor: Actor, dispatch_id: str, words: str, now: datetime) -> VisitView:
    """The expert answers what was asked; the visit goes back to those that wait for a look."""
    row, view = step.open_for(uow, actor, dispatch_id)
    visit = visits.row_of(uow, row.id)
    if not can(actor, "visit.answer", view.subject):
        raise NotAllowed("visit.not_yours")
    if visit is None or visit.evidence != Evidence.ASKED or view.status not in HELD:
        raise Stale("evidence.not_asked")
    _sayable(words, required=True)
    evidence.settle(uow, visit, Evidence.WAITING, now)
    visits.add_note(uow, actor, row.id, "answer", words, now)
    moved = (Evidence.ASKED, Evidence.WAITING)
    audit.record(uow, actor, "visit.answer", ("dispatch", row.id), now, moved=moved)
    return _seen(uow, view)


def question(uow: UnitOfWork, actor: Actor, dispatch_id: str) -> tuple[DispatchView, str]:
    """What the secretariat wants to know of the expert's visit; Stale once it was answered or settled."""
    view = dispatch.view(uow, dispatch_id)
    if view is None or not can(actor, "visit.answer", view.subject):
        raise NotFound
    visit = visits.row_of(uow, dispatch_id)
    if visit is None or visit.evidence != Evidence.ASKED or view.status not in HELD:
        raise Stale("evidence.not_asked")
    asked = [note for note in visits.notes(uow, dispatch_id) if note.kind == Answer.ASK]
    return view, asked[-1].text if asked else ""


def correct(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, times: Times, reason: str, now: datetime
) -> VisitView:  # fmt: skip
    """Put wrong times right: what differs is recorded as a new act with the reason, and reckoned anew.

    An end that is known cannot be made unknown here: that is `record.undo`.
    """
    row, view, visit = _open(uow, actor, dispatch_id, version, "visit.correct")
    if row.expert_id is None:
        raise NotPossible("evidence.no_expert")
    _sayable(reason, required=True)
    held = visits.view(uow, row.id, row.expert_id)
    moved, minutes = _changed(held, times)
    if not moved and not minutes:
        raise NotPossible("evidence.unchanged")
    rules.corrected(times.came, times.went, times.non_payable, now)
    visit = visit or visits.open_row(uow, row.id, row.expert_id, now)
    seqs = [
        visits.add_act(uow, actor, row.id, row.expert_id, end, Source.CORRECTED, at, now) for end, at in moved.items()
    ]
    visit.non_payable = times.non_payable
    visit.version += 1
    visits.add_note(uow, actor, row.id, CORRECTED, reason, now, seqs[-1] if seqs else None)
    what = [*moved, *(["non_payable"] if minutes else [])]
    audit.record(uow, actor, "visit.correct", ("dispatch", row.id), now, detail=",".join(what))
    reckon(uow, actor, row, now)
    return _told(uow, view, CORRECTED, reason, now)


def _changed(held: VisitView | None, times: Times) -> tuple[dict[End, datetime], bool]:
    """The ends that are said to have been at another minute, and whether other minutes are not paid."""
    moved: dict[End, datetime] = {}
    for end, act, at in (
        (End.IN, held.came if held else None, times.came),
        (End.OUT, held.went if held else None, times.went),
    ):
        if act and at is None:
            raise NotPossible("evidence.end_missing")
        if at and (act is None or whole_minute(act.at) != whole_minute(at)):
            moved[end] = at
    return moved, times.non_payable != ((held.non_payable if held else None) or 0)


def _open(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, version: int, action: str
) -> tuple[Dispatch, DispatchView, Visit | None]:
    """The locked dispatch and its visit as it was seen; Stale once it changed."""
    row, view = step.open_for(uow, actor, dispatch_id)
    if not can(actor, action, view.subject):
        raise NotPossible("evidence.over") if view.status not in HELD else NotAllowed
    visit = visits.row_of(uow, row.id)
    if (visit.version if visit else 0) != version:
        raise Stale("evidence.changed")
    return row, view, visit


def _sayable(words: str, *, required: bool) -> None:
    if required and not words:
        raise NotPossible("evidence.no_words")
    if len(words) > rules.WORDS_MAX:
        raise NotPossible("evidence.too_many_words", most=str(rules.WORDS_MAX), length=str(len(words)))


def _seen(uow: UnitOfWork, view: DispatchView) -> VisitView:
    found = visits.view(uow, view.id, view.expert_id)
    if found is None:
        raise NotFound
    return found


def _told(uow: UnitOfWork, view: DispatchView, act: str, words: str, now: datetime) -> VisitView:
    """Tell the expert what was said or done, with the times and the fee as they are now; the organisation of new times.

    Nobody is paid for the organisation's part, so that it hears of no fee; and none is named that is not paid.
    """
    found = _seen(uow, view)
    paid = 0 if found.evidence is Evidence.REJECTED else found.yen or 0
    for side in (Side.EXPERT, Side.ORGANISATION) if act == CORRECTED else (Side.EXPERT,):
        comment, yen = (words, paid) if side is Side.EXPERT else ("", 0)
        notice = VisitTold(
            view.id, act, side, view.number, view.business, view.title, view.expert, _when(found), comment, yen=yen
        )
        for account in step.accounts(uow, side, view):
            outbox.tell(uow, account, notice, now)
    return found


def _when(found: VisitView) -> str:
    """What is recorded now as start and end; an open visit has the same for both."""
    ends = [act.at.isoformat() for act in (found.came, found.went) if act]
    return f"{ends[0]}/{ends[-1]}" if ends else ""
