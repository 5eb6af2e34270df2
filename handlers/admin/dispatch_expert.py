"""専門家へ依頼する: the desk looks for an expert by the times and the place of the dispatch, checks, and asks."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.dispatch_settle import (
    Settled,
    TypedTime,
    against,
    grant,
    kept,
    read_settled,
    read_time,
    settle,
    shown,
    to_settle,
)
from handlers.admin.experts import PLACES, places
from handlers.admin.listing import row_id, whole
from handlers.usecases import expert_search
from handlers.usecases.dispatch import coordinate
from models.rules.booking import Problem, time_words
from models.rules.choosing import SPECIALITIES
from models.rules.dispatch import SLOTS_MAX
from models.rules.errors import NotFound, NotPossible
from models.rules.normalise import tidy
from models.rules.place import distance_words
from models.views.dispatch import DispatchView
from models.views.expert_search import ORDERS, Wanted
from storage import expert_lists
from storage.database import UnitOfWork

AT_ONCE = 20
WORDS_MAX = 60
ORDER_WORDS = {"near": "近い順", "visits": "派遣の多い順", "name": "氏名順"}


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/dispatches/<row_id:dispatch_id>/expert"
    bp.add_url_rule(one, view_func=dispatch_expert)
    bp.add_url_rule(one, view_func=ask_expert, methods=["POST"])


def dispatch_expert(dispatch_id: str) -> ResponseReturnValue:
    """Looked for, then chosen and checked against the times."""
    chosen = row_id(request.args.get("person", ""))
    return _chosen(dispatch_id, chosen, read_times(request.args)) if chosen else _search(dispatch_id)


def ask_expert(dispatch_id: str) -> ResponseReturnValue:
    """Send the request to that expert; a refusal shows the page with the times and all that was typed."""
    chosen, times = row_id(request.form.get("person", "")), read_times(request.form)
    settled = read_settled(request.form)
    if chosen is None:
        raise NotFound

    def act(uow: UnitOfWork) -> DispatchView:
        version = grant(uow, dispatch_id, settled)
        readable = [typed.time for typed in times if typed.time]
        if any(not typed.empty and typed.time is None for typed in times):
            raise NotPossible("coordinate.time")
        return coordinate.reassign(uow, actor(), dispatch_id, version, chosen, readable, settled.comment, now())

    return settle(
        dispatch_id,
        act,
        "coordinate.done_expert",
        lambda refused: _chosen(dispatch_id, chosen, times, refused),
        settled,
    )


def _search(dispatch_id: str) -> ResponseReturnValue:
    with services().database.read() as uow:
        view = to_settle(uow, dispatch_id)
        wanted, page = _wanted(view), max(whole(request.args.get("page", "")), 1)
        found = expert_search.search(uow, actor(), wanted, now(), limit=AT_ONCE, page=page - 1)
        general = against(uow, view, "", wanted.times)
    pages = min(-(-found.total // AT_ONCE), expert_search.MOST_PAGES) or 1
    asked = {name: value for name, value in request.args.items() if name in ("q", "field", "place", "order", "free")}
    return shown(
        "admin/dispatch_search.html", view, general, None, {}, wanted=wanted, found=found,
        page=min(page, pages), pages=pages, args={"dispatch_id": view.id, **asked}, fields=SPECIALITIES,
        places=PLACES, place=request.args.get("place", ""), orders=_orders(view), distance=distance_words,
        when=[time_words(*time) for time in wanted.times],
    )  # fmt: skip


def _wanted(view: DispatchView) -> Wanted:
    """What the address asks for; at first the dispatch's own field, as far as it is one."""
    args, field = request.args, request.args.get("field", view.topic)
    orders = _orders(view)
    place = args.get("place", "")
    return Wanted(
        speciality=field if field in SPECIALITIES else "",
        prefectures=places(place) if place in dict(PLACES) else (),
        words=tidy(args.get("q", ""))[:WORDS_MAX].strip(),
        times=expert_search.sound_times([(slot.starts, slot.ends) for slot in view.wished], now()),
        only_free="free" in args,
        near=view.place.point,
        order=args["order"] if args.get("order") in orders else next(iter(orders)),
    )


def _orders(view: DispatchView) -> Mapping[str, str]:
    """What can be sorted by; nobody is near a place that is not on the map."""
    return {order: ORDER_WORDS[order] for order in ORDERS if order != "near" or view.place.point}


def _chosen(
    dispatch_id: str, person_id: str, times: Sequence[TypedTime], settled: Settled | None = None
) -> ResponseReturnValue:
    with services().database.read() as uow:
        view = to_settle(uow, dispatch_id)
        person = expert_lists.one(uow, actor(), person_id)
        if person is None:
            raise NotFound
        chose = any(not each.empty for each in times)
        typed, left_out = (times, ()) if chose else _fitting(uow, view, person_id)
        readable = [each.time for each in typed if each.time]
        found = against(uow, view, person_id, readable) if readable else ()
    unreadable = any(not each.empty and each.time is None for each in typed)
    faults = {"day1": t("coordinate.time")} if unreadable else {}
    back = url_for("admin.dispatch_expert", dispatch_id=dispatch_id)
    return shown(
        "admin/dispatch_expert.html", view, found, settled, faults, typed=typed, person=person, readable=readable,
        back=back, left_out=left_out,
    )  # fmt: skip


def _fitting(uow: UnitOfWork, view: DispatchView, person_id: str) -> tuple[list[TypedTime], Sequence[Problem]]:
    """The wished times that lie ahead and suit the expert, or all of those where none does; and why others do not."""
    ahead = [(slot.starts, slot.ends) for slot in view.wished if slot.starts > now()][:SLOTS_MAX]
    found = [problem for problem in against(uow, view, person_id, ahead) if problem.slot]
    misfits = {problem.slot for problem in found}
    fitting = [time for at, time in enumerate(ahead, start=1) if at not in misfits]
    times = [TypedTime(*kept(*time).values()) for time in fitting or ahead]
    return times + [TypedTime()] * (SLOTS_MAX - len(times)), found if fitting else ()


def read_times(args: Mapping[str, str]) -> list[TypedTime]:
    """The inputs of up to three times."""
    return [read_time(args, str(at)) for at in range(1, SLOTS_MAX + 1)]
