"""Telling one person on LINE, and the approver who invited an applicant; who has no account is told nothing."""

from datetime import datetime

from models.notices import Notice
from models.tables.registration import Application
from storage import outbox, people
from storage.database import UnitOfWork


def person(uow: UnitOfWork, person_id: str | None, notice: Notice, now: datetime, *, asked: bool = False) -> None:
    """Tell a person, if they have an account; `asked`: at once, for what they did themselves."""
    found = people.by_id(uow, person_id) if person_id else None
    if found and found.user_id:
        outbox.tell(uow, found.user_id, notice, now, asked=asked)


def inviter(uow: UnitOfWork, row: Application, notice: Notice, now: datetime) -> None:
    """Tell the approver who invited the person, or those who took the place."""
    for account in inviters_of(uow, row):
        outbox.tell(uow, account, notice, now)


def inviters_of(uow: UnitOfWork, row: Application) -> list[str]:
    """The inviter's account; where no approver of the organisation invited (any more), all its approvers'."""
    found = people.by_id(uow, row.inviter_id) if row.inviter_id else None
    if found and row.organisation_id in found.actor.organisations:
        return [found.user_id] if found.user_id else []
    others = people.approvers_of(uow, row.organisation_id)
    return [each.user_id for each in others if each.user_id and each.id != row.person_id]
