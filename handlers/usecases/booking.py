"""The checks of a dispatch: shown before it is asked for, and insisted on when its date is fixed (`domain.md` 3, 6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from models.rules.booking import (
    EXPERTS_WISHES,
    ExpertFacts,
    Facts,
    Problem,
    Time,
    can_be_looked_up,
    counts_apart,
    limit_of,
)
from models.rules.booking import problems as judged
from models.rules.calendar import fiscal_year, to_jst
from models.rules.errors import NotPossible
from models.rules.profile import Hours
from models.views.dispatch import DispatchView
from storage import booking, businesses, profile, settings
from storage.database import UnitOfWork


def problems(
    uow: UnitOfWork, *, organisation_id: str, requester_id: str, business_id: str, expert_id: str, topic: str,
    times: Sequence[Time], now: datetime, but: str = "",
) -> tuple[Problem, ...]:  # fmt: skip
    """Everything in the way of a dispatch; empty ids: a business not kept yet, no expert named.

    `but`: the dispatch at hand, which does not count against itself. Reads alone; permissions are the caller's.
    """
    sound = [time for time in times if can_be_looked_up(time, now)]
    facts = Facts(
        organisation_id=organisation_id,
        requester_id=requester_id,
        expert=_expert(uow, expert_id, sound, now, but) if expert_id else None,
        visits=_visits(uow, business_id, topic, sound, but) if business_id else {},
        limit=limit_of(topic, settings.values(uow)),
    )
    return judged(times, facts, now)


def insist(
    uow: UnitOfWork, view: DispatchView, expert_id: str, starts: datetime, ends: datetime, now: datetime
) -> None:
    """At 決定: hold the expert and the business, look again, and refuse what the secretariat gave no leave for.

    The dispatch is locked already. NotPossible `booking.<code>`: the first problem. What the expert said beforehand
    (days off, hours, no requests) is not in the way here: whoever fixes the date has the expert's own yes.
    """
    profile.lock(uow, expert_id)
    businesses.lock(uow, view.business_id)
    found = problems(
        uow,
        organisation_id=view.organisation_id,
        requester_id=view.requester_id,
        business_id=view.business_id,
        expert_id=expert_id,
        topic=view.topic,
        times=[(starts, ends)],
        now=now,
        but=view.id,
    )
    for problem in found:
        left = problem.exceptable and problem.code in view.exceptions
        if problem.code not in EXPERTS_WISHES and not left:
            raise NotPossible(f"booking.{problem.code}", **problem.data)


def _expert(uow: UnitOfWork, expert_id: str, times: Sequence[Time], now: datetime, but: str) -> ExpertFacts:
    """The facts; somebody who never was an expert is not in force."""
    found = booking.expert_facts(uow, expert_id, times, to_jst(now).date(), but)
    nobody = frozenset[str]()
    return found or ExpertFacts(expert_id, False, None, False, frozenset(), Hours(), frozenset(), (), nobody, "")


def _visits(uow: UnitOfWork, business_id: str, topic: str, times: Sequence[Time], but: str) -> Mapping[int, int]:
    years = {fiscal_year(to_jst(starts).date()) for starts, _ in times}
    held = settings.values(uow)
    apart = counts_apart(topic, held) if held["visits_per_year_it"] else None
    return booking.visits(uow, business_id, years, apart=apart, but=but)
