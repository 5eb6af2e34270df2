"""Invitations: issue a code, take it back, and join with one (`domain.md` 2.1)."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.usecases import tell
from models.notices import InvitationUsed
from models.rules.calendar import format_date, to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible, TooManyAttempts
from models.rules.invitation import EXPERT, CodeState, code_in, new_code
from models.rules.permissions import Actor, can
from models.rules.registration import COMMISSION, ENDED
from models.views.organisation import CodeView
from models.views.people import InvitationView, PersonView
from storage import (
    audit,
    imports,
    invitations,
    organisations,
    papers,
    registration,
    registration_views,
    settings,
    staff,
)
from storage.database import UnitOfWork

TRIES, TRIES_WITHIN = 5, timedelta(minutes=15)
WHY_NOT = {
    CodeState.USED: "invitation.revoke_used",
    CodeState.REVOKED: "invitation.revoke_done",
    CodeState.EXPIRED: "invitation.revoke_expired",
}


@dataclass(frozen=True)
class Joined:
    """What a code opened. `application_id` is set for an expert; not `new`: the draft starts from earlier answers."""

    kind: str
    organisation: str
    application_id: str | None = None
    new: bool = True


def open_until(uow: UnitOfWork, now: datetime) -> datetime:
    """Until when a code issued now can be used."""
    return now + timedelta(days=settings.value(uow, "invitation_days"))


def issue(uow: UnitOfWork, actor: Actor, organisation_id: str, kind: str, now: datetime) -> str:
    """A new single-use code `XXXX-XXXX`. Approvers invite experts to their own organisation; staff invite approvers."""
    action = "invitation.issue" if kind == EXPERT else "approver_code.issue"
    own = kind != EXPERT or organisation_id in actor.organisations
    if not can(actor, action) or not own:
        raise NotAllowed
    code = new_code(secrets.choice)
    bare = code.replace("-", "")
    invitation = organisations.add_invitation(
        uow,
        bare,
        kind,
        organisation_id,
        actor.person_id if kind == EXPERT else None,
        now,
        open_until(uow, now),
    )
    audit.record(uow, actor, f"invitation.issue_{kind}", ("invitation", invitation), now, detail=organisation_id)
    return code


def own(uow: UnitOfWork, actor: Actor, limit: int, offset: int, now: datetime) -> tuple[list[CodeView], int]:
    """The actor's own invitations, the newest first, and how many there are."""
    if not can(actor, "invitation.revoke") or actor.person_id is None:
        raise NotAllowed
    codes = invitations.issued_by(uow, actor.person_id, now, limit, offset)
    return codes, invitations.count_issued_by(uow, actor.person_id)


def revocable(uow: UnitOfWork, actor: Actor, invitation_id: str, now: datetime) -> CodeView:
    """An invitation that the actor may take back, locked; NotPossible says what has become of it.

    Its issuer may, and the secretariat; NotFound for everybody else, so that nothing is given away.
    """
    code = invitations.lock(uow, invitation_id)
    allowed = can(actor, "invitation.revoke") and (
        actor.kind == "staff" or (code is not None and code.issued_by == actor.person_id)
    )
    if code is None or not allowed:
        raise NotFound
    state = code.state(now)
    if state is not CodeState.OPEN:
        ended = code.used_at or code.revoked_at or code.expires_at
        raise NotPossible(WHY_NOT[state], at=format_date(to_jst(ended).date()))
    return code


def revoke(uow: UnitOfWork, actor: Actor, invitation_id: str, now: datetime) -> CodeView:
    """Take a code back that nobody has used; nobody can join with it afterwards."""
    code = revocable(uow, actor, invitation_id, now)
    if not invitations.revoke(uow, code.id, now):
        raise NotPossible
    audit.record(uow, actor, "invitation.revoke", ("invitation", code.id), now, detail=code.organisation_id)
    return code


def check(uow: UnitOfWork, person: PersonView, text: str, now: datetime) -> InvitationView:
    """The invitation behind a typed code; guessing is counted and slowed down.

    The count must survive the refusal, so the caller commits also when this raises a DomainError.
    """
    if staff.count_attempts(uow, "code", person.id, now - TRIES_WITHIN) >= TRIES:
        raise TooManyAttempts("invitation.too_many")
    code = code_in(text)
    found = organisations.find_invitation(uow, code) if code else None
    if found is None:
        staff.note_attempt(uow, "code", person.id, now)
        raise NotPossible("invitation.unknown")
    invitation, view = found
    if invitation.used_at is not None:
        raise NotPossible("invitation.used_by_you" if invitation.used_by == person.id else "invitation.used")
    if invitation.revoked_at is not None:
        raise NotPossible("invitation.revoked")
    if invitation.expires_at <= now:
        raise NotPossible("invitation.expired", organisation=view.organisation)
    return view


def join(uow: UnitOfWork, person: PersonView, view: InvitationView, now: datetime) -> Joined:
    """Spend a code that `check` found good: an approver becomes a member, an expert gets a draft."""
    joined = (
        _join_as_expert(uow, person, view, now) if view.kind == EXPERT else _join_as_approver(uow, person, view, now)
    )
    if not organisations.use_invitation(uow, view.id, person.id, now):
        raise NotPossible("invitation.used")
    staff.forget_attempts(uow, "code", person.id)
    audit.record(uow, person.actor, "invitation.use", ("invitation", view.id), now, detail=view.kind)
    return joined


def _join_as_approver(uow: UnitOfWork, person: PersonView, view: InvitationView, now: datetime) -> Joined:
    if not organisations.add_approver(uow, view.organisation_id, person.id, now):
        raise NotPossible("invitation.already_member", organisation=view.organisation)
    return Joined(view.kind, view.organisation)


def _join_as_expert(uow: UnitOfWork, person: PersonView, view: InvitationView, now: datetime) -> Joined:
    if view.organisation_id in person.actor.organisations:
        raise NotPossible("invitation.own_organisation", organisation=view.organisation)
    registration.lock(uow, registration.latest_id(uow, person.id) or "")  # retention may be erasing it just now
    before = registration_views.latest(uow, person.id)
    if before and (before.state in COMMISSION or before.subject.renewing):
        raise NotPossible("commission.already")
    if before and before.state not in ENDED:
        raise NotPossible("invitation.already_applying", organisation=before.organisation)
    answers = imports.take_answers(uow, view.id) | dict(before.answers if before else {})
    application = registration.create(uow, person.id, view.organisation_id, view.issued_by, view.id, now, answers)
    if before:
        papers.copy(uow, before.id, application, now)
    tell.person(uow, view.issued_by, InvitationUsed(view.organisation), now)
    audit.record(uow, person.actor, "application.create", ("application", application), now, moved=(None, "draft"))
    return Joined(view.kind, view.organisation, application, new=not answers)
