"""A forgotten check-out, or a visit whose phone was dead: declared afterwards with a reason (`domain.md` 4).

What is declared is graded C, the business is asked to confirm it, and the secretariat accepts it or not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.usecases.dispatch import step
from handlers.usecases.visit.check_out import leave, set_minutes
from models.rules.check_out import REASON_MOST
from models.rules.errors import NotAllowed, NotPossible
from models.rules.permissions import Actor, can
from models.rules.visit import End, Evidence, Source
from models.tables.dispatch import Dispatch
from models.views.check_out import CheckedOut
from models.views.visit import VisitView
from storage import attendances, audit, visits
from storage.database import UnitOfWork

AROUND = timedelta(hours=24)
"""How far a declared time may lie from what was planned, and how long a declared visit may be."""

DECLARED_MOST = 5
"""How often one visit can be declared: the business gets a mail each time."""


@dataclass(frozen=True)
class Declared:
    """What somebody says of a visit afterwards. `came` counts only where no check-in was recorded."""

    came: datetime | None
    went: datetime
    minutes: int
    reason: str


def declare(
    uow: UnitOfWork, actor: Actor, dispatch_id: str, said: Declared, now: datetime, link: str = ""
) -> CheckedOut:
    """Record what was said as acts of its own; `link`: for the business, to confirm.

    NotPossible: a time that lies ahead or far from the plan, an end before its beginning, no reason, or evidence the
    secretariat already settled.
    """
    row, view = step.open_for(uow, actor, dispatch_id)
    if not can(actor, "visit.record", view.subject):
        raise NotAllowed("check_out.not_now")
    if attendances.notes_of(uow, dispatch_id, "declared") >= DECLARED_MOST:
        raise NotPossible("declare.enough")
    held = visits.view(uow, dispatch_id, view.expert_id)
    recorded = held.came if held else None
    came = recorded.at if recorded else said.came
    if came is None:
        raise NotPossible("declare.no_beginning")
    _judge(held, row, came, said, now)
    visits.open_row(uow, dispatch_id, view.expert_id, now)
    if recorded is None:
        _add(uow, actor, row, End.IN, came, now)
    seq = _add(uow, actor, row, End.OUT, said.went, now)
    visits.add_note(uow, actor, dispatch_id, "declared", said.reason, now, seq)
    set_minutes(uow, actor, row, said.minutes, now)
    return leave(uow, actor, row, view, now, link)


def _add(uow: UnitOfWork, actor: Actor, row: Dispatch, end: End, at: datetime, now: datetime) -> int:
    audit.record(uow, actor, "visit.declare", ("dispatch", row.id), now, detail=end)
    return visits.add_act(uow, actor, row.id, row.expert_id or "", end, Source.DECLARED, at, now)


def _judge(held: VisitView | None, row: Dispatch, came: datetime, said: Declared, now: datetime) -> None:
    if held and held.evidence in (Evidence.ACCEPTED, Evidence.REJECTED):
        raise NotPossible("declare.settled")
    if not 0 < len(said.reason) <= REASON_MOST:
        raise NotPossible("declare.reason", most=str(REASON_MOST))
    if said.went > now:
        raise NotPossible("declare.ahead")
    if said.went < came:
        raise NotPossible("declare.order")
    planned = row.starts or came
    if said.went - came > AROUND or abs(came - planned) > AROUND:
        raise NotPossible("declare.far")
