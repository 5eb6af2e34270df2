"""一覧・検索: a person's dispatches by status with counts, searched, earlier years included, on each side they have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import ceil
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from bot.screens.dispatch import status_word
from bot.screens.dispatch_lists import number_words, when
from bot.text import t
from handlers.links import DISPATCHES_FOR
from handlers.usecases.dispatch.read import sides
from handlers.web.dispatch import one
from handlers.web.tickets import Opened, Purpose, opened, remember, this_browser
from models.rules.dispatch import OPEN, Side, Status
from models.rules.errors import NotFound
from models.rules.normalise import tidy
from models.views.dispatch_list import MINE, usual_order
from storage import dispatch_lists
from storage.dispatch_lists import COUNTED_TO, Wanted

DISPATCHES = Purpose("dispatches", DISPATCHES_FOR)
PER_PAGE = 20
WORDS_MAX = 60
GOING, ALL = "open", "all"
TYPED = ("q", "business", "organisation", "from", "to", "year")


@dataclass(frozen=True)
class Asked:
    """What an address asks for: whose list, which tab (`open`, `all` or a status), what is searched, which page.

    `typed`: the search as it stands in the form; `faults`: what of it could not be used.
    """

    side: Side
    tab: str
    wanted: Wanted
    typed: Mapping[str, str]
    faults: tuple[str, ...]
    page: int = 1

    @property
    def statuses(self) -> tuple[Status, ...]:
        """What the tab holds; empty for all."""
        if self.tab == ALL:
            return ()
        return tuple(status for status in Status if status in OPEN) if self.tab == GOING else (Status(self.tab),)

    @property
    def order(self) -> str:
        """How the tab is sorted."""
        return usual_order(None if self.tab == ALL else self.statuses[0])

    def link(self, **changes: Any) -> dict[str, Any]:
        """Arguments of an address that asks the same with some changes; the page is the first one."""
        asked = {"as": str(self.side), "status": self.tab, **self.typed, **changes}
        return {key: value for key, value in asked.items() if value}


@dataclass(frozen=True)
class Tab:
    """One tab: its value in the address, its word and how many it holds. `mine`: something is wanted of this side."""

    value: str
    word: str
    number: int
    mine: bool = False


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/dispatches/<token>", view_func=dispatches_page)
    bp.add_url_rule("/dispatches/<token>/<row_id:dispatch_id>", view_func=listed_dispatch_page)


def dispatches_page(token: str) -> Response:
    """The list."""
    browser = this_browser()
    with opened(DISPATCHES, token, browser, first=True) as at:
        page = _list(at, token)
    return remember(make_response(page), browser)


def listed_dispatch_page(token: str, dispatch_id: str) -> Response:
    """One of them, under the list's own link."""
    browser = this_browser()
    with opened(DISPATCHES, token, browser) as at:
        page = one(at, dispatch_id, token)
    return remember(make_response(page), browser)


def _list(at: Opened, token: str) -> str:
    held = sides(at.uow, at.actor)
    if at.subject != at.actor.person_id or not held:
        raise NotFound
    years = {side: dispatch_lists.years(at.uow, at.actor, side) for side in held}
    asked = read(request.args, held, years)
    counts = dispatch_lists.counts(at.uow, at.actor, asked.wanted)
    tabs = _tabs(asked, counts)
    total = next(tab.number for tab in tabs if tab.value == asked.tab)
    asked = replace(asked, page=min(asked.page, pages(total)))
    rows = _rows(at, asked) if total else []
    capped = max(counts[status] for status in asked.statuses or Status) >= COUNTED_TO
    return render_template(
        "web/dispatches.html", token=token, asked=asked, held=held, tabs=tabs, rows=rows,
        pages=pages(total), years=years[asked.side], going=GOING, all=ALL, side_words=_side_words,
        status_word=status_word, when=when, count=lambda number: number_words(number, COUNTED_TO),
        several=len(at.actor.organisations) > 1, capped=capped, ever=bool(years[asked.side]),
    )  # fmt: skip


def _rows(at: Opened, asked: Asked) -> Any:
    wanted = replace(asked.wanted, statuses=asked.statuses)
    return dispatch_lists.listed(at.uow, at.actor, wanted, asked.order, PER_PAGE, (asked.page - 1) * PER_PAGE)


def pages(total: int) -> int:
    """How many pages there are; an empty list has one."""
    return max(ceil(total / PER_PAGE), 1)


def _side_words(side: Side) -> str:
    return t(f"dispatch_list.side_{side}")


def _tabs(asked: Asked, counts: Mapping[Status, int]) -> tuple[Tab, ...]:
    """進行中, each status that holds any (and the one that is open), すべて."""
    going = sum(counts[status] for status in OPEN)
    each = (
        Tab(status, status_word(status)[0], counts[status], mine=status in MINE[asked.side])
        for status in Status
        if counts[status] or asked.tab == status
    )
    everything = Tab(ALL, t("dispatch_list.all"), sum(counts.values()))
    return (Tab(GOING, t("dispatch_list.going"), going), *each, everything)


def read(args: Mapping[str, str], held: tuple[Side, ...], years: Mapping[Side, tuple[int, ...]]) -> Asked:
    """What the arguments of an address ask for; whatever makes no sense is left out, and said where it was typed."""
    side = next((side for side in held if side == args.get("as")), held[0])
    typed = {key: tidy(args.get(key, ""))[:WORDS_MAX].strip() for key in TYPED}
    first, last = _day(typed["from"]), _day(typed["to"])
    odd = [typed[key] for key in ("from", "to") if typed[key] and not _day(typed[key])]
    faults = [t("dispatch_list.bad_day", day=text) for text in odd]
    if first and last and first > last:
        faults.append(t("dispatch_list.bad_period"))
    year = int(typed["year"]) if typed["year"] in map(str, years[side]) else None
    usual = ALL if any(typed.values()) else GOING
    tab, number = args.get("status", usual), args.get("page", "")
    wanted = Wanted(
        side, typed["q"], first=first, last=last, year=year, business=typed["business"],
        organisation=typed["organisation"],
    )  # fmt: skip
    return Asked(
        side=side,
        tab=tab if tab in {GOING, ALL, *Status} else usual,
        wanted=wanted,
        typed=typed | {"year": str(year or "")},
        faults=tuple(faults),
        page=max(int(number), 1) if re.fullmatch("[0-9]{1,6}", number) else 1,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
    except ValueError:
        return None
