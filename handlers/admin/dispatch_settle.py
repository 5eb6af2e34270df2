"""Settling a dispatch for both sides: a time (決定) with the checks shown before, and the last step of all settling.

What is chosen stands in the address, so it can be looked at again and sent to a colleague; the words and the
exceptions are typed on the last step, which is the one confirmation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from bot.screens import booking as booking_words
from bot.screens.dispatch import span_words, status_word
from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.dispatch import fault_of
from handlers.admin.listing import clean, whole
from handlers.usecases.dispatch import coordinate
from handlers.usecases.dispatch.read import read
from models.rules.booking import EXPERTS_WISHES, Problem
from models.rules.calendar import JST, to_jst
from models.rules.dispatch import WORDS_MAX, Side
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import can, side_of
from models.views.dispatch import DispatchView
from storage.database import UnitOfWork

FOUND_AT_ONCE = 20
WORDS_OF_SEARCH = 60
Time = tuple[datetime, datetime]


@dataclass(frozen=True)
class TypedTime:
    """A time as three inputs give it; an end before the beginning is the next day's."""

    day: str = ""
    begins: str = ""
    ends: str = ""

    @property
    def empty(self) -> bool:
        """Nothing was typed."""
        return not (self.day or self.begins or self.ends)

    @property
    def time(self) -> Time | None:
        """From when to when; None when it cannot be read."""
        try:
            day = date.fromisoformat(self.day)
            begins, ends = (datetime.combine(day, time.fromisoformat(each), JST) for each in (self.begins, self.ends))
            return begins, ends if ends > begins else ends + timedelta(days=1)
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True)
class Settled:
    """What a last step sends besides the choice, and why it was refused."""

    comment: str = ""
    excepted: frozenset[str] = frozenset()
    why: str = ""
    stale: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/dispatches/<row_id:dispatch_id>"
    bp.add_url_rule(f"{one}/time", view_func=dispatch_time)
    bp.add_url_rule(f"{one}/time", view_func=fix_time, methods=["POST"])


# --- a time for both ------------------------------------------------------------------------------


def dispatch_time(dispatch_id: str) -> ResponseReturnValue:
    """日時を決める: the times that were offered with what stands against each, and any other."""
    return _time_page(dispatch_id, read_time(request.args))


def fix_time(dispatch_id: str) -> ResponseReturnValue:
    """決定; a refusal shows the page with the time and all that was typed."""
    typed, settled = read_time(request.form), read_settled(request.form)

    def act(uow: UnitOfWork) -> DispatchView:
        version = grant(uow, dispatch_id, settled)
        if typed.time is None:
            raise NotPossible("coordinate.time")
        return coordinate.set_time(uow, actor(), dispatch_id, version, *typed.time, settled.comment, now())

    return settle(
        dispatch_id, act, "coordinate.done_time", lambda refused: _time_page(dispatch_id, typed, refused), settled
    )


def _time_page(dispatch_id: str, typed: TypedTime, settled: Settled | None = None) -> ResponseReturnValue:
    with services().database.read() as uow:
        view = to_settle(uow, dispatch_id)
        each = [(slot, against(uow, view, view.expert_id, [(slot.starts, slot.ends)])) for slot in view.slots]
        found = against(uow, view, view.expert_id, [typed.time]) if typed.time else ()
    offered = [(slot, [problem for problem in problems if problem.slot]) for slot, problems in each]
    general = {problem.code: problem for _, problems in each for problem in problems if not problem.slot}
    faults = {} if typed.empty or typed.time else {"day": t("coordinate.time")}
    return shown(
        "admin/dispatch_time.html", view, found, settled, faults, typed=typed, offered=offered, kept=kept,
        general=[*general.values()],
    )  # fmt: skip


def kept(starts: datetime, ends: datetime) -> dict[str, str]:
    """A time as the arguments of an address."""
    return {"day": to_jst(starts).date().isoformat(), "from": f"{to_jst(starts):%H:%M}", "to": f"{to_jst(ends):%H:%M}"}


def read_time(args: Mapping[str, str], at: str = "") -> TypedTime:
    """The three inputs of a time; `at`: which of several."""
    return TypedTime(*(clean(args.get(f"{name}{at}", ""))[:20] for name in ("day", "from", "to")))


# --- what both have in common ---------------------------------------------------------------------


def read_settled(form: MultiDict[str, str]) -> Settled:
    """The words and the exceptions of a last step."""
    excepted = frozenset(form.getlist("except"))
    return Settled(clean(form.get("comment", "")), excepted, clean(form.get("reason", "")))


def to_settle(uow: UnitOfWork, dispatch_id: str) -> DispatchView:
    """What a clerk may settle, now or before; NotAllowed for a reader."""
    view, _ = read(uow, actor(), dispatch_id)
    if side_of(actor(), view.subject) is not Side.SECRETARIAT:
        raise NotAllowed
    return view


def against(uow: UnitOfWork, view: DispatchView, expert_id: str, times: Sequence[Time]) -> tuple[Problem, ...]:
    """What stands against these times with that expert ("" for nobody yet), without what was excepted before."""
    found = coordinate.problems(uow, view, expert_id, times, now())
    held = coordinate.holding(uow, view, expert_id)
    return tuple(problem for problem in found if problem.code not in held)


def grant(uow: UnitOfWork, dispatch_id: str, settled: Settled) -> int:
    """Grant what was ticked; returns the version the next step goes by."""
    version = whole(request.form.get("version", ""))
    if not settled.excepted:
        return version
    return coordinate.except_(uow, actor(), dispatch_id, version, settled.excepted, settled.why, now()).version


def settle(
    dispatch_id: str, act: Callable[[UnitOfWork], DispatchView], done: str,
    page: Callable[[Settled], ResponseReturnValue], settled: Settled,
) -> ResponseReturnValue:  # fmt: skip
    """Do it and go back to the dispatch, or show the page again with why not."""
    try:
        with services().database.unit() as uow:
            view = act(uow)
    except NotFound:
        raise
    except DomainError as error:
        fault = t("coordinate.no_why") if error.code == "dispatch.no_reason" else fault_of(error)
        name = FIELDS.get(error.code, "")
        return page(replace(settled, stale=isinstance(error, Stale), faults={name: fault}))
    services().told(uow.told)
    flash(t(done, number=view.number, expert=view.expert))
    return redirect(url_for("admin.dispatch", dispatch_id=dispatch_id))


FIELDS = {"dispatch.no_reason": "reason", "dispatch.words_long": "comment", "coordinate.time": "day"}
"""By code of a refusal: the input it is about."""


def shown(
    template: str, view: DispatchView, problems: Sequence[Problem], settled: Settled | None, faults: Mapping[str, str],
    **values: Any,
) -> ResponseReturnValue:  # fmt: skip
    """A page of settling; it has the last step unless something stands against it that nobody can except."""
    settled = settled or Settled()
    page = render_template(
        template, view=view, problems=problems, settled=settled, faults={**faults, **settled.faults},
        state=status_word(view.status)[0], most=WORDS_MAX,
        may=can(actor(), "dispatch.set_time", view.subject), span=span_words,
        may_except=can(actor(), "dispatch.except", view.subject), wishes=EXPERTS_WISHES,
        reason=booking_words.reason, remedy=booking_words.remedy, **values,
    )  # fmt: skip
    wrong = settled.faults or faults
    return page, (409 if settled.stale else 422) if wrong else 200
