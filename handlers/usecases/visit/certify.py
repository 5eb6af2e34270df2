"""The business confirms a visit by a one-time link, or says that something is wrong with it."""

from datetime import datetime

from handlers.usecases.visit.reckon import reckon
from models.notices import VisitTold
from models.rules.calendar import format_full
from models.rules.check_out import NAME, WRONG
from models.rules.dispatch import ENDED, Side
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.judgement import Accepted, Field, Refused
from models.rules.permissions import BUSINESS, can
from models.rules.reckoning import Span
from models.rules.visit import Evidence
from models.tables.dispatch import Dispatch
from models.views.check_out import Leaving
from models.views.dispatch import DispatchView
from models.views.visit import VisitView
from storage import attendances, audit, dispatch, outbox, people, visits
from storage.database import UnitOfWork

DISAGREES_MOST = 3
"""How often a business may say that something is wrong; then it is for the secretariat to call."""


def ask(uow: UnitOfWork, view: DispatchView, visit: VisitView, link: str, now: datetime) -> bool:
    """Ask the business by mail to confirm by `link`; whether there was an address to ask."""
    if not (link and view.contact.mail):
        return False
    outbox.tell(uow, view.contact.mail, _told(view, visit, "certify", Side.BUSINESS, link), now, channel=outbox.MAIL)
    return True


def read(uow: UnitOfWork, dispatch_id: str) -> Leaving:
    """What a business's link shows; NotFound once the dispatch ended, or before both ends are recorded."""
    view = dispatch.view(uow, dispatch_id)
    if view is None or view.status in ENDED:
        raise NotFound("certify.over")
    visit = visits.view(uow, dispatch_id, view.expert_id)
    if visit is None or visit.came is None or visit.went is None:
        raise NotFound("certify.not_yet")
    return Leaving(view, visit, visit.certified)


def confirm(uow: UnitOfWork, dispatch_id: str, version: int, name: str, now: datetime) -> VisitView:
    """The business confirms what the page showed at `version`, by the name of whoever does.

    NotPossible: confirmed before (certify.done), no name. Stale: corrected meanwhile, so there is something new to see.
    """
    row, at, span = _open(uow, dispatch_id, version)
    who = _worded(NAME, name)
    attendances.add(uow, dispatch_id, "link", span, who, now)
    audit.record(uow, BUSINESS, "visit.certify", ("dispatch", dispatch_id), now, detail="link")
    after = reckon(uow, BUSINESS, row, now)
    expert = people.by_id(uow, at.dispatch.expert_id)
    if expert and expert.user_id:
        outbox.tell(uow, expert.user_id, _told(at.dispatch, after, "certified", Side.EXPERT), now)
    return after


def disagree(uow: UnitOfWork, dispatch_id: str, version: int, words: str, now: datetime) -> None:
    """The business says what is wrong: kept for the secretariat, which looks at the visit (again)."""
    _row, _at, _span = _open(uow, dispatch_id, version)
    said = _worded(WRONG, words)
    if attendances.notes_of(uow, dispatch_id, "disagreed") >= DISAGREES_MOST:
        raise NotPossible("certify.said_enough")
    visits.add_note(uow, BUSINESS, dispatch_id, "disagreed", said, now)
    visit = visits.row_of(uow, dispatch_id)
    if visit is None:
        raise NotFound("certify.not_yet")
    moved = (visit.evidence, Evidence.WAITING)
    if visit.evidence != Evidence.WAITING:
        visit.evidence, visit.evidence_since = Evidence.WAITING, now
    visit.version += 1
    audit.record(uow, BUSINESS, "visit.disagree", ("dispatch", dispatch_id), now, moved=moved)
    uow.session.flush()


def _open(uow: UnitOfWork, dispatch_id: str, version: int) -> tuple[Dispatch, Leaving, Span]:
    """The locked dispatch whose visit a business may confirm now."""
    row = dispatch.lock(uow, dispatch_id)
    at = read(uow, dispatch_id)
    visit = at.visit
    if row is None or visit is None or visit.came is None or visit.went is None:
        raise NotFound("certify.over")
    if not can(BUSINESS, "visit.certify", at.dispatch.subject):
        raise NotAllowed("certify.over")
    if at.certified:
        signed = visit.attendance
        raise NotPossible("certify.done", at=format_full(signed.at) if signed else "")
    if visit.version != version:
        raise Stale("certify.changed")
    return row, at, Span(visit.came.at, visit.went.at, visit.non_payable or 0)


def _worded(field: Field, text: str) -> str:
    """The words, tidied; NotPossible with the field's own sentence."""
    match field.judge(text, {}):
        case Accepted(value):
            return str(value)
        case Refused(code, data):
            raise NotPossible(code, **data)
        case _:
            raise NotPossible("certify.changed")


def _told(view: DispatchView, visit: VisitView, act: str, to: Side, link: str = "") -> VisitTold:
    when = f"{visit.came.at.isoformat()}/{visit.went.at.isoformat()}" if visit.came and visit.went else ""
    return VisitTold(
        dispatch_id=view.id, act=act, to=to, number=view.number, business=view.business, title=view.title,
        expert=view.expert, when=when, link=link, yen=visit.yen or 0,
    )  # fmt: skip
