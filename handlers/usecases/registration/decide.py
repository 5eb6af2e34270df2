"""Both approval stages: approve, return, reject. The stage follows from the state; who may answer from permissions."""

from collections.abc import Mapping
from datetime import datetime

from handlers.usecases import step, tell
from handlers.usecases.appointment import tell_terms
from models.notices import (
    ApplicationApproved,
    ApplicationOutcome,
    ApplicationRejected,
    ApplicationReturned,
    ApplicationWaits,
    Notice,
)  # fmt: skip
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import Actor, can
from models.rules.registration import IN_REVIEW, Action, Item, Stage, State, stage_of
from models.tables.registration import Application
from models.views.registration import ApplicationView
from storage import audit, outbox, papers, registration, registration_views, staff
from storage.database import UnitOfWork


def read(uow: UnitOfWork, actor: Actor, application_id: str, action: str = "application.read") -> ApplicationView:
    """The application for somebody who may see it; NotFound for everybody else, so that nothing is given away."""
    view = registration_views.load(uow, application_id)
    if view is None or not can(actor, action, view.subject):
        raise NotFound
    return view


def read_papers(uow: UnitOfWork, actor: Actor, application_id: str, now: datetime) -> ApplicationView:
    """The application with its photos, for a reviewer; every view is audited."""
    view = read(uow, actor, application_id, "papers.read")
    audit.record(uow, actor, "papers.view", ("application", view.id), now)
    return view


def approve(uow: UnitOfWork, actor: Actor, application_id: str, version: int, now: datetime) -> ApplicationView:
    """Say yes for one stage; every item gets this stage's OK."""
    row, view, stage = _open(uow, actor, application_id, version)
    verdicts = dict.fromkeys([item.value for item in view.items], "ok")
    return _decide(uow, actor, row, view, stage, Action.APPROVE, verdicts, {}, now)


def return_(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, comments: Mapping[str, str], now: datetime
) -> ApplicationView:
    """Send it back for the items named in `comments` (item → words; "" for the whole); the others keep their OK."""
    row, view, stage = _open(uow, actor, application_id, version)
    named = [item for item in view.items if item in comments]
    if not named:
        raise NotPossible("approval.no_items")
    if not all(comments[item].strip() for item in named):
        raise NotPossible("approval.no_comment")
    row.reopened = ",".join(named)
    verdicts = {item.value: "return" if item in named else "ok" for item in view.items}
    return _decide(uow, actor, row, view, stage, Action.RETURN, verdicts, comments, now)


def reject(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, reason: str, now: datetime
) -> ApplicationView:
    """Say no, with a reason the applicant reads."""
    row, view, stage = _open(uow, actor, application_id, version)
    if not reason.strip():
        raise NotPossible("approval.no_reason")
    return _decide(uow, actor, row, view, stage, Action.REJECT, {}, {"": reason.strip()}, now)


def _open(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int
) -> tuple[Application, ApplicationView, Stage]:
    """Lock the application for a decision; Stale says who was faster."""
    row = registration.lock(uow, application_id)
    if row is None:
        raise NotFound
    view = registration_views.view_of(uow, row)
    if not can(actor, "application.read", view.subject):
        raise NotFound
    if view.state not in IN_REVIEW:
        raise _already(view)
    if view.version != version:
        raise _already(view)
    stage = stage_of(view.state)
    if not can(actor, "application.decide", view.subject):
        raise NotAllowed(_why_not(actor, view, stage))
    return row, view, stage


def _why_not(actor: Actor, view: ApplicationView, stage: Stage) -> str:
    decided_before = any(actor.person_id in who for key, who in view.subject.deciders.items() if key != stage.key)
    if actor.person_id and decided_before:
        return "approval.both_stages"
    return "approval.other_stage" if actor.kind == "person" else "error.not_allowed"


def _already(view: ApplicationView) -> Stale:
    if not view.decisions or view.state is State.ORGANISATION_REVIEW:
        return Stale("approval.changed")
    last = view.decisions[-1]
    return Stale("approval.decided", who=last.decider, at=last.decided_at.isoformat(), answer=last.answer)


def _decide(
    uow: UnitOfWork,
    actor: Actor,
    row: Application,
    view: ApplicationView,
    stage: Stage,
    answer: Action,
    verdicts: Mapping[str, str],
    comments: Mapping[str, str],
    now: datetime,
) -> ApplicationView:
    digests = registration_views.digests(uow, view.answers, papers.current(uow, row.id))
    sealed = {item: (verdict, digests[item]) for item, verdict in verdicts.items()}
    round_ = registration.rounds(uow, row.id)
    registration.add_decision(uow, row.id, round_, stage.key, answer, actor, now, sealed, comments)
    returned = ",".join(item for item, verdict in verdicts.items() if verdict == "return")
    target = step.take(uow, actor, row, answer, now, returned)
    _tell(uow, row, view, stage, answer, comments, target, now)
    return registration_views.view_of(uow, row)


def _tell(
    uow: UnitOfWork,
    row: Application,
    view: ApplicationView,
    stage: Stage,
    answer: Action,
    comments: Mapping[str, str],
    target: State,
    now: datetime,
) -> None:
    tell.person(uow, view.person_id, _for_applicant(view, stage, answer, comments), now)
    if target is State.TERMS_SENT:
        tell_terms(uow, row, now)
    if target is State.SECRETARIAT_REVIEW:
        for address in staff.mails_of_clerks(uow):
            outbox.tell(uow, address, ApplicationWaits(view.number, view.organisation), now, channel=outbox.MAIL)
    if stage.key == "secretariat":
        tell.inviter(uow, row, ApplicationOutcome(view.number, view.name, answer), now)


def _for_applicant(view: ApplicationView, stage: Stage, answer: Action, comments: Mapping[str, str]) -> Notice:
    if answer is Action.APPROVE:
        return ApplicationApproved(view.number, stage.key, view.organisation)
    if answer is Action.REJECT:
        return ApplicationRejected(view.number, stage.key, view.organisation, comments[""])
    items = tuple((item.value, comments[item]) for item in Item if item in comments)
    return ApplicationReturned(view.number, stage.key, view.organisation, items, comments.get("", ""))
