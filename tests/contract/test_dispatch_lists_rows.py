"""Lists of dispatches on both databases: who sees what, found as a plain look through all rows would find it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from models.rules.calendar import fiscal_year
from models.rules.dispatch import UNASKED, Side, Status, Why
from models.rules.normalise import search_key
from models.rules.permissions import SYSTEM, Actor
from models.rules.visit import Evidence
from models.views.dispatch import DispatchView
from models.views.dispatch_list import DispatchRow
from storage import dispatch, dispatch_lists, fees
from storage.dispatch_lists import Wanted
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.own_pages import Pair
from tests.support.statements import counted

TITLES = ("原価管理の見直し", "ECサイトの立ち上げ", "100%自動化", "事業_承継")
BUSINESSES = ("株式会社みほん製作所", "さくら食品")


class Town:
    """Two organisations, two experts, and forty dispatches between them over two years."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.first = Pair(house)
        with house.database.unit() as uow:
            self.elsewhere = factories.organisation(uow, "横浜商工会", "神奈川県")
            self.colleague = factories.approver(uow, self.elsewhere, "高橋 次郎")
            self.clerk = factories.staff_user(uow).actor
        self.second = dispatches.expert(house, self.first.organisation, self.first.approver, name="鈴木 花子")
        self.views = [self._make(at) for at in range(40)]

    def _make(self, at: int) -> DispatchView:
        self.house.clock.advance(minutes=1)
        status = list(Status)[at % 9]
        organisation, asker = (
            (self.first.organisation, self.first.approver) if at % 3 else (self.elsewhere, self.colleague)
        )
        why = list(Why)[at % 4] if status is Status.NEEDS_COORDINATION else None
        return dispatches.request(
            self.house, organisation, asker, (self.first.expert, self.second, None)[at % 5 % 3], status=status, why=why,
            title=TITLES[at % 4], business=BUSINESSES[at % 2], corporate_number="",
            times=(dispatches.slot(self.house.clock(), at * 17 - 400),),
        )  # fmt: skip

    def seen(self, actor: Actor, wanted: Wanted) -> set[str]:
        """What the actor may see and finds, by looking at every one."""
        return {view.id for view in self.views if _on_side(view, actor, wanted.side) and _fits(view, wanted)}


def _on_side(view: DispatchView, actor: Actor, side: Side) -> bool:
    if actor.kind == "staff":
        return side is Side.SECRETARIAT and (not actor.person_id or view.expert_id != actor.person_id)
    if side is Side.EXPERT:
        return view.expert_id == actor.person_id and view.why not in UNASKED
    return side is Side.ORGANISATION and view.organisation_id in actor.organisations


def _fits(view: DispatchView, wanted: Wanted) -> bool:
    keys = [search_key(word) for word in wanted.words.split()]
    held = search_key(view.title + view.business)
    return (
        (all(key in held for key in keys) or (bool(wanted.words) and wanted.words in view.number))
        and (not wanted.statuses or view.status in wanted.statuses)
        and (wanted.first is None or view.day >= wanted.first)
        and (wanted.last is None or view.day <= wanted.last)
        and (wanted.year is None or fiscal_year(view.day) == wanted.year)
        and search_key(wanted.business) in search_key(view.business)
        and wanted.organisation in view.organisation
    )


WANTED: tuple[dict[str, Any], ...] = (
    {},
    {"words": "原価"},
    {"words": "みほん 原価"},
    {"words": "100%"},
    {"words": "業_承"},
    {"words": "どこにもない"},
    {"words": "D-2026-000007"},
    {"words": "00001"},
    {"statuses": (Status.REQUESTED,)},
    {"statuses": (Status.CONFIRMED, Status.COMPLETED), "business": "さくら"},
    {"first": date(2026, 1, 1), "last": date(2026, 12, 31)},
    {"year": 2025},
    {"year": 2026, "words": "サイト", "statuses": (Status.DECLINED, Status.CANCELLED)},
    {"organisation": "横浜"},
    {"organisation": "%"},
)


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def test_every_side_finds_exactly_what_is_its_own(town: Town):
    staff_and_expert = replace(town.clerk, person_id=town.first.expert.id)
    reader = replace(town.clerk, staff_role="reader")
    people = (town.first.approver.actor, town.colleague.actor, town.first.expert.actor, town.second.actor)
    both = replace(town.first.approver.actor, organisations=frozenset({town.first.organisation, town.elsewhere}))
    nobody = Actor("person", person_id="0" * 32)
    found_some = 0
    with town.house.database.read() as uow:
        for actor in (*people, both, nobody, Actor("person"), town.clerk, reader, staff_and_expert, SYSTEM):
            for side in Side:
                for asked in WANTED:
                    wanted = Wanted(side, **asked)
                    expected = town.seen(actor, wanted)
                    rows = dispatch_lists.listed(uow, actor, wanted, limit=100)
                    assert {row.id for row in rows} == expected, (actor, wanted)
                    assert dispatch_lists.count(uow, actor, wanted) == len(expected)
                    counts = dispatch_lists.counts(uow, actor, wanted)
                    anywhere = town.seen(actor, replace(wanted, statuses=()))
                    assert sum(counts.values()) == len(anywhere)
                    found_some += len(rows)
    assert found_some > 500


def test_orders_pages_and_streams_agree(town: Town):
    actor, wanted = town.clerk, Wanted(Side.SECRETARIAT)
    keys = {
        "day": lambda row: (row.day, row.id),
        "received": lambda row: (row.received_at, row.id),
        "since": lambda row: (row.status_since, row.id),
    }
    with town.house.database.read() as uow:
        for name, key in keys.items():
            for order in (name, f"-{name}"):
                every = dispatch_lists.listed(uow, actor, wanted, order, limit=100)
                assert every == sorted(every, key=key, reverse=order.startswith("-"))
                parts: list[DispatchRow] = []
                for offset in range(0, 45, 7):
                    parts += dispatch_lists.listed(uow, actor, wanted, order, 7, offset)
                assert parts == every
                assert list(dispatch_lists.stream(uow, actor, wanted, order)) == every
        assert dispatch_lists.count(uow, actor, wanted, most=5) == 6
        assert set(dispatch_lists.counts(uow, actor, wanted, most=3).values()) == {3}
        assert dispatch_lists.years(uow, actor, Side.SECRETARIAT) == (2027, 2026, 2025)
        assert dispatch_lists.years(uow, Actor("person", person_id="0" * 32), Side.EXPERT) == ()


def test_words_that_few_and_that_many_hold_give_the_same_list(town: Town, monkeypatch: pytest.MonkeyPatch):
    """Found by the index of words when they are few, met along the order when they are many."""
    asked = [Wanted(Side.SECRETARIAT, "原価"), Wanted(Side.SECRETARIAT, "原価", (Status.REQUESTED, Status.COMPLETED))]
    lists: list[list[list[DispatchRow]]] = []
    for rare in (dispatch_lists.RARE, 0):
        monkeypatch.setattr(dispatch_lists, "RARE", rare)
        with town.house.database.read() as uow:
            lists.append(
                [
                    dispatch_lists.listed(uow, town.clerk, wanted, order, 4, offset)
                    for wanted in asked
                    for order in ("since", "-day")
                    for offset in (0, 2)
                ]
            )
    assert lists[0] == lists[1]
    assert all(lists[0][::2])


def test_the_number_of_statements_does_not_grow_with_the_rows(town: Town):
    for limit in (1, 40):
        for wanted, most in ((Wanted(Side.SECRETARIAT), 2), (Wanted(Side.SECRETARIAT, "原価"), 3)):
            with town.house.database.read() as uow, counted(town.house.database) as run:
                dispatch_lists.listed(uow, town.clerk, wanted, limit=limit)
                dispatch_lists.counts(uow, town.clerk, wanted)
            assert len(run) == most


def test_names_and_the_visit_belong_to_the_row(town: Town):
    view = next(view for view in town.views if view.expert_id == town.first.expert.id and view.starts)
    assert view.starts
    town.first.visited(view, view.starts, 90, evidence=Evidence.WAITING)
    with town.house.database.read() as uow:
        (row,) = dispatch_lists.listed(uow, town.clerk, Wanted(Side.SECRETARIAT, view.number))
    assert (row.number, row.title, row.business) == (view.number, view.title, view.business)
    assert (row.organisation, row.expert, row.expert_id) == (view.organisation, "山田 太郎", view.expert_id)
    assert (row.starts, row.ends, row.day, row.version) == (view.starts, view.ends, view.day, view.version)
    assert (row.yen, row.evidence) == (7_920, Evidence.WAITING)


def test_fees_are_summed_by_their_newest_row_alone(town: Town):
    view = next(view for view in town.views if view.expert_id == town.first.expert.id and view.starts)
    assert view.starts
    for minutes in (90, 120, 60):
        town.first.visited(view, view.starts, minutes)
    with town.house.database.read() as uow:
        (found,) = fees.of_expert(uow, town.first.expert.id, view.day, view.day)
        assert found.fee.yen == 5_280
        assert fees.of_dispatch(uow, view.id, town.first.expert.id) == found == fees.newest(uow, town.first.expert.id)
        assert fees.of_dispatch(uow, view.id, town.second.id) is None
        assert not fees.of_expert(uow, town.first.expert.id, view.day + timedelta(days=1), date(2099, 1, 1))
        assert fees.years(uow, town.first.expert.id) == (fiscal_year(view.day),)
        assert fees.years(uow, town.second.id) == ()
    with town.house.database.unit() as uow:
        row = dispatch.lock(uow, view.id)
        assert row
        dispatch.set_status(uow, row, Status.CANCELLED, town.house.clock())
        assert fees.newest(uow, town.first.expert.id) is None
