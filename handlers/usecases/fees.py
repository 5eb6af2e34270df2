"""謝金: what an expert earned, for the expert alone."""

from datetime import date

from models.rules.calendar import fiscal_year
from models.rules.errors import NotFound
from models.rules.permissions import Actor, can
from models.views.fee_list import Earned, FeeSummary, summary, this_year, year_days
from storage import fees
from storage.database import UnitOfWork


def own_summary(uow: UnitOfWork, actor: Actor, today: date) -> FeeSummary:
    """The latest visit, this month and this fiscal year of the actor."""
    person_id = _person(actor)
    found = fees.of_expert(uow, person_id, *this_year(today))
    newest = found[0] if found else fees.newest(uow, person_id)
    return summary(today, found, newest)


def own_year(uow: UnitOfWork, actor: Actor, person_id: str, year: int) -> Earned:
    """What the actor earned in a fiscal year; NotFound when `person_id` is somebody else."""
    if _person(actor) != person_id:
        raise NotFound
    return Earned(tuple(fees.of_expert(uow, person_id, *year_days(year))))


def own_years(uow: UnitOfWork, actor: Actor, today: date) -> tuple[int, ...]:
    """The fiscal years that can be looked at, this one first."""
    return tuple(sorted({fiscal_year(today), *fees.years(uow, _person(actor))}, reverse=True))


def _person(actor: Actor) -> str:
    if not can(actor, "fees.read") or actor.person_id is None:
        raise NotFound
    return actor.person_id
