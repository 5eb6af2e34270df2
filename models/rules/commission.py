"""A commission by the calendar: its period, whether it is in force, and when the expert is asked to continue.

A commission letter runs to 31 March (`domain.md` 2). Days are those of Asia/Tokyo.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from models.rules.calendar import fiscal_year
from models.rules.registration import APPOINTING, State


def year_end(day: date) -> date:
    """The last day of the fiscal year a day lies in."""
    return date(fiscal_year(day) + 1, 3, 31)


def period_after(last: date | None, today: date) -> tuple[date, date]:
    """The first and last day of the next letter. `last`: the last day of the newest accepted one.

    While that one is in force, the next fiscal year; otherwise from today to the fiscal year's end.
    """
    starts = last + timedelta(days=1) if last is not None and last >= today else today
    return starts, year_end(starts)


class Force(StrEnum):
    """Whether somebody is an expert now. `NONE`: was never commissioned."""

    NONE = "none"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    OVER = "over"


@dataclass(frozen=True)
class Standing:
    """Whether a commission is in force, and its last day (of a suspended one: that of its letter)."""

    force: Force
    last_day: date | None = None

    @property
    def has_expert_menu(self) -> bool:
        """Whether the expert's words are offered: a suspended expert keeps them and is told why they rest."""
        return self.force in (Force.IN_FORCE, Force.SUSPENDED)


NEVER = Standing(Force.NONE)


def standing(state: State, since: date, ends: date | None, today: date) -> Standing:
    """Where the commission stands that rests on an application in `state` since `since`.

    `ends`: the last day of its newest accepted letter. What ended before its letter did, ended on the day it moved.
    """
    serving = state in APPOINTING or state in (State.ACTIVE, State.RENEWAL_DUE, State.SUSPENDED)
    if serving and (ends is None or ends >= today):
        return Standing(Force.SUSPENDED if state is State.SUSPENDED else Force.IN_FORCE, ends)
    if serving:
        return Standing(Force.OVER, ends)
    return Standing(Force.OVER, min(ends or since, since))


class Due(StrEnum):
    """What the calendar asks for: ask the expert, ask again, or end what has run out."""

    ASK = "ask"
    REMIND = "remind"
    LAPSE = "lapse"


def due(
    state: State, since: date, ends: date, today: date, *, ask_days: int, remind_days: int, reminded: bool = False
) -> Due | None:
    """What is due today for a commission whose newest accepted letter ends on `ends`.

    Whoever was asked on or after the day of the reminder is not reminded on top of it.
    """
    if ends < today:
        return Due.LAPSE if state in (State.ACTIVE, State.RENEWAL_DUE, State.SUSPENDED) else None
    if state is State.ACTIVE and today >= ends - timedelta(days=ask_days):
        return Due.ASK
    remind_on = ends - timedelta(days=remind_days)
    waiting = state is State.RENEWAL_DUE and not reminded and since < remind_on
    return Due.REMIND if waiting and today >= remind_on else None
