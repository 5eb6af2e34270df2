"""Regional desks: a manager adds, changes and removes them; a prefecture belongs to one, and one serves all others."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.rules.desk import Plan, Served, judge_words, plan
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.judgement import Refused
from models.rules.permissions import Actor, can
from models.views.people import DeskView
from storage import audit, desks, staff
from storage.database import UnitOfWork


@dataclass(frozen=True)
class Typed:
    """A desk as it was typed: the words by field, the prefectures, and whether it serves all others."""

    words: Mapping[str, str]
    prefectures: tuple[str, ...] = ()
    others: bool = False


@dataclass(frozen=True)
class Saved:
    """What was kept and what moved to it; `faults` by field, and then nothing was kept."""

    desk: DeskView | None = None
    plan: Plan = field(default_factory=lambda: Plan(()))
    faults: Mapping[str, Refused] = field(default_factory=dict)


def stamp(known: Sequence[DeskView]) -> str:
    """What all desks look like now, in short: a form that was opened before another change is told so."""
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def save(uow: UnitOfWork, actor: Actor, desk_id: str, typed: Typed, seen: str, now: datetime) -> Saved:
    """Add a desk (`desk_id` empty) or change one; NotFound when it is gone, Stale when any desk changed meanwhile."""
    known = _known(uow, actor)
    if desk_id and not any(desk.id == desk_id for desk in known):
        raise NotFound
    if stamp(known) != seen:
        raise Stale("desk.changed_meanwhile")
    words, faults = judge_words(typed.words)
    if any(desk.name == words["name"] and desk.id != desk_id for desk in known):
        faults["name"] = Refused("desk.name_taken", {"name": words["name"]})
    serving = plan(desk_id, typed.prefectures, others=typed.others, desks=[_served(desk) for desk in known])
    if isinstance(serving, Refused):
        faults["prefectures"] = serving
    if isinstance(serving, Refused) or faults:
        return Saved(faults=faults)
    desk = DeskView(**words, prefectures=serving.prefectures, id=desk_id)
    return Saved(_keep(uow, actor, desk, serving, now), serving)


def _keep(uow: UnitOfWork, actor: Actor, desk: DeskView, serving: Plan, now: datetime) -> DeskView:
    action = "desk.change" if desk.id else "desk.add"
    if desk.id:
        desks.change(uow, desk)
    else:
        desk = replace(desk, id=desks.add(uow, desk))
    audit.record(uow, actor, action, ("desk", desk.id), now)
    for other in serving.others:
        desks.serve(uow, other.id, other.prefectures)
        audit.record(uow, actor, "desk.change", ("desk", other.id), now, detail=desk.id)
    return desk


def remove(uow: UnitOfWork, actor: Actor, desk_id: str, seen: str, now: datetime) -> DeskView:
    """Close a desk and return what it was; its prefectures go to the one of all others, which cannot be removed."""
    known = _known(uow, actor)
    desk = next((each for each in known if each.id == desk_id), None)
    if desk is None:
        raise NotFound
    if stamp(known) != seen:
        raise Stale("desk.changed_meanwhile")
    if not desk.prefectures:
        raise NotPossible("desk.others_stays")
    desks.remove(uow, desk_id)
    audit.record(uow, actor, "desk.remove", ("desk", desk_id), now)
    return desk


def _known(uow: UnitOfWork, actor: Actor) -> list[DeskView]:
    if not can(actor, "desk.manage"):
        raise NotAllowed
    staff.lock_managers(uow)
    return desks.everything(uow)


def _served(desk: DeskView) -> Served:
    return Served(desk.id, desk.name, desk.prefectures)
