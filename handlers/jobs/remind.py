"""Tells an organisation's other approvers of an application that waits for too long (a setting, in business days)."""

from datetime import datetime, timedelta

from models.notices import ApplicationSubmitted
from models.rules.calendar import add_business_days, to_jst
from models.rules.registration import State
from storage import outbox, people, registration, settings
from storage.database import Database


def remind(database: Database, now: datetime) -> set[str]:
    """Write the reminders that are due; returns whom they go to."""
    with database.unit() as uow:
        days = settings.value(uow, "colleagues_after_days")
        for row in registration.waiting_since_before(uow, State.ORGANISATION_REVIEW, now - timedelta(days=days)):
            since = to_jst(row.state_since).date()
            if to_jst(now).date() <= add_business_days(since, days):
                continue
            notice = ApplicationSubmitted(row.id, row.version, row.number or "", row.name, reminder=True, waited=days)
            for approver in people.approvers_of(uow, row.organisation_id):
                if approver.id != row.person_id and approver.user_id:
                    outbox.tell(uow, approver.user_id, notice, now)
            row.reminded_at = now
        return uow.told
