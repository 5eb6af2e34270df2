"""Builds the view of one application from its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, select

from models.rules.fields import Value
from models.rules.permissions import ApplicationSubject
from models.rules.registration import APPOINTING, COMMISSION, FIELDS_OF, STAGES, Item, State
from models.tables.person import Person
from models.tables.registration import Application, Decision, DecisionComment, ItemVerdict, Paper
from models.tables.staff import Staff
from models.views.registration import ApplicationView, DecisionView, PaperView
from storage import appointment, audit, organisations, papers, registration
from storage.database import UnitOfWork

_LETTERED = APPOINTING | COMMISSION | {State.ENDED}
_APPOINTED = _LETTERED | {State.WITHDRAWN}
_PASSES = {
    "application.agree": "terms",
    "application.issue": "letter",
    "application.accept": "acceptance",
    "application.continue": "renewal",
}


def load(uow: UnitOfWork, application_id: str) -> ApplicationView | None:
    """The application with its papers, decisions and what is fine; who may see it is the caller's question."""
    row = uow.session.get(Application, application_id)
    return view_of(uow, row) if row else None


def latest(uow: UnitOfWork, person_id: str) -> ApplicationView | None:
    """The person's newest application."""
    found = registration.latest_id(uow, person_id)
    return load(uow, found) if found else None


def view_of(uow: UnitOfWork, row: Application) -> ApplicationView:
    """The view of a row that is at hand.

    It is made once a version and transaction: whatever changes an application or its papers counts the version up.
    """
    made: dict[tuple[str, int], tuple[Application, ApplicationView]] = uow.session.info.setdefault("views", {})
    if (row.id, row.version) not in made:
        made[row.id, row.version] = (row, _view_of(uow, row))
    return made[row.id, row.version][1]


def _view_of(uow: UnitOfWork, row: Application) -> ApplicationView:
    answers: dict[str, Value] = uow.vault.open_json(row.answers)
    held = papers.current(uow, row.id)
    decisions, deciders = _decisions(uow, row.id)
    inviter = uow.session.get(Person, row.inviter_id) if row.inviter_id else None
    judged = _judged(uow, row.id) if decisions else ()
    fine, unmended, same = _fine(judged, digests(uow, answers, held) if judged else {})
    state = State(row.state)
    ends = appointment.accepted_until(uow, row.id) if state in _LETTERED else None
    again = ends is not None and state in APPOINTING
    subject = ApplicationSubject(row.person_id, row.organisation_id, state, deciders, renewing=again)
    return ApplicationView(
        id=row.id,
        number=row.number or "",
        version=row.version,
        state=State(row.state),
        state_since=row.state_since,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        organisation=organisations.name_of(uow, row.organisation_id),
        inviter_id=row.inviter_id,
        inviter=(inviter.name or "") if inviter else "",
        answers=answers,
        papers=tuple(_paper(paper) for paper in held),
        reopened=tuple(row.reopened.split(",")) if row.reopened else (),
        submitted_at=row.submitted_at,
        rounds=max((decision.round for decision in decisions), default=0),
        decisions=decisions,
        subject=subject,
        fine=fine,
        unmended=unmended,
        ends=ends,
        passed=_passed(uow, row.id) if state in _APPOINTED else {},
        lettered=row.state == State.WITHDRAWN and appointment.letter_of(uow, row.id) is not None,
        same=same,
    )


def _passed(uow: UnitOfWork, application_id: str) -> dict[str, datetime]:
    """When each step of the appointment was last passed, by the step's key."""
    times = audit.last_times(uow, ("application", application_id), _PASSES)
    return {_PASSES[action]: at for action, at in times.items()}


def _paper(paper: Paper) -> PaperView:
    return PaperView(paper.id, paper.kind, paper.file_key, paper.width, paper.height, paper.added_at)


def digests(uow: UnitOfWork, answers: Mapping[str, Value], held: list[Paper]) -> dict[str, str]:
    """A keyed digest of each item's present content, so that a change is noticed without keeping the content."""
    found: dict[str, str] = {}
    for item in Item:
        fields = FIELDS_OF.get(item)
        if fields:
            content = repr([answers.get(field.key) for field in fields])
        else:
            content = repr(sorted(paper.sha256 for paper in held if paper.kind == item))
        found[item] = uow.vault.digest(f"{item}:{content}")
    return found


def _decisions(uow: UnitOfWork, application_id: str) -> tuple[tuple[DecisionView, ...], dict[str, frozenset[str]]]:
    """What was decided, and by stage the humans who did: a user of the secretariat by the person linked to it."""
    rows = uow.session.execute(
        select(Decision, Person.name, Staff.name, Staff.person_id)
        .outerjoin(Person, Person.id == Decision.person_id)
        .outerjoin(Staff, Staff.id == Decision.staff_id)
        .where(Decision.application_id == application_id)
        .order_by(Decision.decided_at)
    ).all()
    if not rows:
        return (), {}
    deciders: dict[str, set[str]] = {stage.key: set() for stage in STAGES}
    for row, _, _, linked in rows:
        human = row.person_id or linked
        if human:
            deciders[row.stage].add(human)
    verdicts, comments = _items(uow, [row.id for row, *_ in rows])
    views = tuple(
        _decision(row, (user if row.staff_id else person) or "", verdicts.get(row.id, {}), comments.get(row.id, {}))
        for row, person, user, _ in rows
    )
    return views, {stage: frozenset(who) for stage, who in deciders.items()}


def _decision(row: Decision, decider: str, verdicts: Mapping[str, str], comments: Mapping[str, str]) -> DecisionView:
    return DecisionView(row.round, row.stage, row.answer, row.decided_at, decider, verdicts, comments)


Words = dict[str, dict[str, str]]


def _items(uow: UnitOfWork, decision_ids: list[str]) -> tuple[Words, Words]:
    verdicts: Words = {}
    comments: Words = {}
    for row in uow.session.scalars(select(ItemVerdict).where(ItemVerdict.decision_id.in_(decision_ids))):
        verdicts.setdefault(row.decision_id, {})[row.item] = row.verdict
    for row in uow.session.scalars(select(DecisionComment).where(DecisionComment.decision_id.in_(decision_ids))):
        comments.setdefault(row.decision_id, {})[row.item] = row.comment
    return verdicts, comments


def _judged(uow: UnitOfWork, application_id: str) -> Sequence[Row[str, str, str, str]]:
    return uow.session.execute(
        select(Decision.stage, ItemVerdict.item, ItemVerdict.verdict, ItemVerdict.digest)
        .join(Decision, Decision.id == ItemVerdict.decision_id)
        .where(Decision.application_id == application_id)
        .order_by(Decision.round, Decision.decided_at)
    ).all()


def _fine(
    judged: Sequence[Row[str, str, str, str]], now_held: Mapping[str, str]
) -> tuple[dict[str, frozenset[str]], frozenset[str], dict[str, frozenset[str]]]:
    """What still holds exactly what was judged: by stage its OKs; whatever was returned last; by stage its returns."""
    last: dict[tuple[str, str], str] = {}
    latest: dict[str, bool] = {}
    for stage, item, verdict, digest in judged:
        unchanged = now_held.get(item) == digest
        last[stage, item] = verdict if unchanged else "changed"
        latest[item] = verdict == "return" and unchanged

    def by_stage(verdict: str) -> dict[str, frozenset[str]]:
        found = [pair for pair, held in last.items() if held == verdict]
        return {stage.key: frozenset(item for key, item in found if key == stage.key) for stage in STAGES}

    return by_stage("ok"), frozenset(item for item, same in latest.items() if same), by_stage("return")
