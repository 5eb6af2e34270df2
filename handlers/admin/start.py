"""はじめ: what waits and since when, and what went wrong; every number leads to its list."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from handlers.admin.context import actor, now, services
from handlers.admin.listing import TABS, Listing
from models.rules.calendar import JST, business_days_between, to_jst
from models.rules.registration import State
from storage import inbox, organisations, outbox, registration

LATE_DAYS = 5
ON_START = ("secretariat", "agreed", "organisation", "returned")


@dataclass(frozen=True)
class Waiting:
    """One queue: where its list is, how many, since when the oldest, and how many for too long."""

    link: str
    state: State
    count: int
    oldest: datetime | None
    late: int = 0


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/", view_func=start)
    bp.add_url_rule("/troubles", view_func=troubles)


def late_before(today: date) -> datetime:
    """What waits since before this moment waits for more than five business days (`domain.md` 2, an assumption)."""
    day = today
    while business_days_between(day, today) <= LATE_DAYS:
        day -= timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time.min, JST).astimezone(UTC)


def start() -> ResponseReturnValue:
    """The first page."""
    limit = late_before(to_jst(now()).date())
    with services().database.read() as uow:
        found = registration.waiting(uow, actor())
        late = registration.count(uow, actor(), [State.ORGANISATION_REVIEW], before=limit)
        wrong = {**outbox.troubles(uow), "inbox": inbox.count_dead(uow)}
        lonely = organisations.count_without_approver(uow)
    queues = [_waiting(tab, found, late) for tab in ON_START]
    return render_template("admin/start.html", queues=queues, wrong=wrong, lonely=lonely)


def _waiting(tab: str, found: dict[State, tuple[int, datetime]], late: int) -> Waiting:
    state = TABS[tab][0]
    count, oldest = found.get(state, (0, None))
    agreed = state is State.TERMS_AGREED
    link = url_for("admin.letter_list") if agreed else url_for("admin.application_list", **Listing(tab).link())
    return Waiting(link, state, count, oldest, late if state is State.ORGANISATION_REVIEW else 0)


def troubles() -> ResponseReturnValue:
    """Messages that did not leave and events that could not be handled: when and why, never whose or what."""
    with services().database.read() as uow:
        messages = outbox.troubled(uow)
        events = [(datetime.fromtimestamp(at / 1000, UTC), error) for at, error in inbox.dead(uow)]
    return render_template("admin/troubles.html", messages=messages, events=events)
