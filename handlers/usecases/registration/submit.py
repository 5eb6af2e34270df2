"""承認依頼 and 取り下げ: the applicant hands in, or takes back."""

from datetime import datetime

from handlers.usecases import step
from handlers.usecases.registration.draft import of_age, open_for
from models.notices import ApplicationSubmitted, ApplicationWithdrawn
from models.rules.calendar import to_jst
from models.rules.errors import Incomplete
from models.rules.permissions import Actor
from models.rules.registration import Action, Item, missing_items
from models.views.registration import ApplicationView
from storage import outbox, people, registration, registration_views
from storage.database import UnitOfWork


def submit(uow: UnitOfWork, actor: Actor, application_id: str, now: datetime) -> ApplicationView:
    """Send the application to the inviting organisation; Incomplete names what is missing, a second tap NotAllowed."""
    row, view = open_for(uow, actor, application_id, "application.submit")
    missing = missing_items(view.answers, view.paper_counts())
    if missing or not of_age(view, now):
        raise Incomplete(missing or (Item.BASIC,))
    again = view.number != ""
    if not again:
        year = to_jst(now).year
        row.number = f"R-{year}-{registration.next_number(uow, f'application-{year}'):06d}"
    sorted_papers = [paper.id for paper in view.papers if paper.kind in view.items]
    registration.add_submission(uow, row.id, view.answers, sorted_papers, now)
    row.submitted_at, row.reopened = now, ""
    people.set_mail(uow, view.person_id, str(view.answers["mail"]))
    people.set_name(uow, view.person_id, view.name)
    step.take(uow, actor, row, Action.SUBMIT, now)
    notice = ApplicationSubmitted(row.id, row.version, row.number or "", view.name, again=again)
    for approver in _first_told(uow, view):
        outbox.tell(uow, approver, notice, now)
    return registration_views.view_of(uow, row)


def _first_told(uow: UnitOfWork, view: ApplicationView) -> list[str]:
    """The inviter while still an approver of the organisation; otherwise all its approvers at once."""
    able = [p for p in people.approvers_of(uow, view.organisation_id) if p.id != view.person_id and p.user_id]
    inviter = [person.user_id for person in able if person.id == view.inviter_id and not person.blocked]
    return inviter or [person.user_id for person in able]


def withdraw(uow: UnitOfWork, actor: Actor, application_id: str, now: datetime) -> ApplicationView:
    """Take the application back: it is a draft again, with everything still filled in."""
    row, view = open_for(uow, actor, application_id, "application.withdraw")
    row.reopened = ""
    step.take(uow, actor, row, Action.WITHDRAW, now)
    for approver in _first_told(uow, view):
        outbox.tell(uow, approver, ApplicationWithdrawn(view.number, view.name), now)
    return registration_views.view_of(uow, row)
