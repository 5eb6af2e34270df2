"""くわしく探す: experts by field, region, name, free time and distance; the request at hand lends times and place."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request

from bot.screens import search as words
from bot.text import t
from handlers.links import EXPERTS_FOR
from handlers.usecases import expert_search
from handlers.usecases.dispatch import request as request_usecase
from handlers.web.context import services
from handlers.web.tickets import Opened, Purpose, opened, remember, this_browser
from models.rules.booking import LONGEST, Time, can_be_looked_up, time_words
from models.rules.calendar import JST
from models.rules.choosing import SPECIALITIES
from models.rules.errors import NotFound, NotPossible
from models.rules.finding import prefectures_of, speciality_of
from models.rules.judgement import as_text
from models.rules.normalise import tidy
from models.rules.permissions import can
from models.rules.place import Point
from models.rules.regions import REGIONS
from models.rules.request import ANYBODY
from models.tables.base import ROW_ID
from models.views.expert_search import ORDERS, Wanted
from models.views.request import DraftView

EXPERTS = Purpose("experts", EXPERTS_FOR)
PER_PAGE = 20
TYPED = ("field", "area", "q", "order", "free", "day", "from", "to")
WORDS_MAX = 60
ORDER_WORDS = {"near": "支援の場所に近い順", "visits": "派遣の多い順", "name": "五十音順"}


@dataclass(frozen=True)
class Asked:
    """What an address asks for. `typed`: the form as it stands; `own`: the times are the request's.

    `fault`: what is wrong with a time that was typed.
    """

    typed: Mapping[str, str]
    wanted: Wanted
    own: bool
    page: int = 1
    fault: str = ""

    def link(self, **changes: Any) -> dict[str, Any]:
        """Arguments of an address that asks the same with some changes; the page is the first one."""
        asked = {**self.typed, "s": "1", **changes}
        return {key: value for key, value in asked.items() if value}


@dataclass(frozen=True)
class Hand:
    """The request one is writing, if any, with what it lends the search."""

    draft: DraftView | None = None
    times: tuple[Time, ...] = field(default=())
    near: Point | None = None

    @property
    def chosen(self) -> str:
        """The expert it names."""
        named = as_text(self.draft.answers.get("expert", "")) if self.draft else ""
        return "" if named == ANYBODY else named


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/experts/<token>", view_func=experts_page)
    bp.add_url_rule("/experts/<token>", view_func=experts_ask, methods=["POST"])


def experts_page(token: str) -> Response:
    """The search with its result."""
    browser = this_browser()
    with opened(EXPERTS, token, browser, first=True) as at:
        page = _page(at, token)
    return remember(make_response(page), browser)


def experts_ask(token: str) -> Response:
    """この専門家に依頼: into the request at hand, or a new one; then its page. Whoever cannot be asked is said so."""
    browser, person_id = this_browser(), request.form.get("person_id", "")
    try:
        with opened(EXPERTS, token, browser, write=True) as at:
            draft = _choose(at, person_id)
    except NotPossible as refused:
        with opened(EXPERTS, token, browser) as at:
            return make_response(_page(at, token, t(refused.code, **refused.data)), 409)
    return make_response(redirect(_request_path(draft), 303))


def _request_path(draft: DraftView) -> str:
    """The request's page at this very address: a form may lead nowhere else (its policy says so), not even to LIFF."""
    return urlsplit(services().links.direct("request", draft.person_id, draft.id)).path


def _choose(at: Opened, person_id: str) -> DraftView:
    _guard(at)
    if not ROW_ID.fullmatch(person_id) or person_id == at.actor.person_id:
        raise NotPossible("search.chosen_gone")
    return request_usecase.choose_expert(at.uow, at.actor, person_id, services().clock())


def _guard(at: Opened) -> None:
    """The page is its opener's own, while they approve for anybody."""
    if at.subject != at.actor.person_id or not can(at.actor, "experts.search"):
        raise NotFound


def _page(at: Opened, token: str, refused: str = "") -> str:
    _guard(at)
    now = services().clock()
    hand = _at_hand(at, now)
    asked = read(request.args, hand, now)
    found = expert_search.search(at.uow, at.actor, asked.wanted, now, limit=PER_PAGE, page=asked.page - 1)
    pages = min(max(ceil(found.total / PER_PAGE), 1), expert_search.MOST_PAGES)
    asked = asked if asked.page <= pages else replace(asked, page=1)
    return render_template(
        "web/experts.html", token=token, asked=asked, found=found, pages=pages, hand=hand, refused=refused,
        fields=SPECIALITIES, regions=REGIONS, orders={key: ORDER_WORDS[key] for key in orders_of(hand)},
        slots=words.slots, area=words.area, visits=words.visits, nobody=t("search.nobody_page"),
        time_words=lambda pair: time_words(*pair), capped=pages == expert_search.MOST_PAGES,
    )  # fmt: skip


def _at_hand(at: Opened, now: datetime) -> Hand:
    times, near = expert_search.at_hand(at.uow, at.actor, now)
    return Hand(request_usecase.own(at.uow, at.actor), times, near)


def read(args: Mapping[str, str], hand: Hand, now: datetime) -> Asked:
    """What the arguments of an address ask for; the first look goes by the request at hand."""
    typed = {key: tidy(args.get(key, ""))[:WORDS_MAX].strip() for key in TYPED}
    if "s" not in args:
        topic = as_text(hand.draft.answers.get("topic", "")) if hand.draft else ""
        typed |= {"field": topic if topic in SPECIALITIES else "", "free": "1" if hand.times else ""}
    times, fault = (hand.times, "") if hand.times else _own_time(typed, now)
    order = typed["order"] if typed["order"] in orders_of(hand) else orders_of(hand)[0]
    typed |= {"order": order, "free": "1" if typed["free"] and times else ""}
    number = args.get("page", "")
    wanted = Wanted(
        speciality=speciality_of(typed["field"]), prefectures=prefectures_of(typed["area"]), words=typed["q"],
        times=times, only_free=bool(typed["free"]), near=hand.near, order=order,
    )  # fmt: skip
    page = max(int(number), 1) if re.fullmatch("[0-9]{1,6}", number) else 1
    return Asked(typed, wanted, own=bool(hand.times), page=page, fault=fault)


def orders_of(hand: Hand) -> tuple[str, ...]:
    """What the result may be sorted by; by distance only where the request names a place."""
    return tuple(order for order in ORDERS if order != "near" or hand.near)


def _own_time(typed: Mapping[str, str], now: datetime) -> tuple[tuple[Time, ...], str]:
    """The time that was typed, for somebody who has no request with times yet; and what is wrong with it."""
    given = [typed[key] for key in ("day", "from", "to")]
    if not any(given):
        return (), ""
    try:
        day = datetime.fromisoformat(given[0]).date()
        starts, ends = (datetime.combine(day, time.fromisoformat(text), JST) for text in given[1:])
    except ValueError:
        return (), t("search.bad_time")
    sound = can_be_looked_up((starts, ends), now)
    return (((starts, ends),), "") if sound else ((), t("search.bad_time_range", hours=str(LONGEST.seconds // 3600)))
