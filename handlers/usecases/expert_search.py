"""専門家を探す: for whoever may ask for a dispatch or settle one, by the times and the place of the request at hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from handlers.usecases.dispatch import request
from models.rules.booking import Time, can_be_looked_up
from models.rules.calendar import to_jst
from models.rules.errors import NotAllowed
from models.rules.permissions import Actor, can
from models.rules.place import Point
from models.rules.request import times_of
from models.views.expert_search import Found, Wanted
from storage import expert_search
from storage.database import UnitOfWork

MOST_PAGES = 100
"""Nobody turns more pages; a search that finds more is to be narrowed down."""


def search(uow: UnitOfWork, actor: Actor, wanted: Wanted, now: datetime, *, limit: int = 10, page: int = 0) -> Found:
    """One page of experts, the first is 0; a page past the end is the first one. NotAllowed for all others.

    Times that are none (over, absurd) are left out: `free` of what is found goes by `sound_times`.
    """
    if not can(actor, "experts.search"):
        raise NotAllowed("search.approvers_only")
    sound = replace(wanted, times=sound_times(wanted.times, now))
    today, offset = to_jst(now).date(), min(max(page, 0), MOST_PAGES) * limit
    found = expert_search.search(uow, actor, sound, today, limit, offset)
    return found if found.experts or not offset else expert_search.search(uow, actor, sound, today, limit)


def sound_times(times: Sequence[Time], now: datetime) -> tuple[Time, ...]:
    """The times somebody can be free at."""
    return tuple(time for time in times if can_be_looked_up(time, now))


def at_hand(uow: UnitOfWork, actor: Actor, now: datetime) -> tuple[tuple[Time, ...], Point | None]:
    """The times and the place of the request one is writing, as far as they are known."""
    draft = request.own(uow, actor) if can(actor, "dispatch.request") else None
    if draft is None:
        return (), None
    return sound_times(times_of(draft.answers), now), request.place_of(draft.answers).point
