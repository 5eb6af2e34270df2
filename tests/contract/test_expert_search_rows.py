"""The search for experts on both databases: who is found, in which order, who is free, in how many statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from handlers.usecases import commission, expert_search
from models.rules.booking import Time, is_free
from models.rules.calendar import JST
from models.rules.dispatch import Status
from models.rules.errors import NotAllowed
from models.rules.fields import Value
from models.rules.permissions import Actor
from models.rules.place import Point
from models.rules.profile import Hours
from models.rules.registration import State
from models.tables.appointment import CommissionLetter
from models.tables.expert import Expert
from models.tables.registration import Application
from models.tables.visit import Visit
from models.views.expert_search import Found, FoundExpert, Wanted
from models.views.people import PersonView
from storage import organisations, profile
from storage.database import Database, UnitOfWork
from tests.support import dispatches, factories
from tests.support.factories import House

SAPPORO, OSAKA = Point(43.0642, 141.3469), Point(34.7, 135.5)


class Market:
    """An organisation whose approver looks for experts."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)

    def expert(self, name: str = "山田 太郎", **answers: Value) -> PersonView:
        kana = answers.pop("kana", "ヤマダ タロウ")
        return dispatches.expert(self.house, self.organisation, self.approver, name=name, kana=kana, **answers)

    def finds(self, limit: int = 10, page: int = 0, actor: Actor | None = None, **wanted: object) -> Found:
        asked = Wanted(**wanted)  # pyright: ignore[reportArgumentType]
        with self.house.database.read() as uow:
            who = actor or self.approver.actor
            return expert_search.search(uow, who, asked, self.house.clock(), limit=limit, page=page)

    def names(self, **wanted: object) -> list[str]:
        return [expert.name for expert in self.finds(**wanted).experts]  # pyright: ignore[reportArgumentType]

    def one(self, **wanted: object) -> FoundExpert:
        (expert,) = self.finds(**wanted).experts  # pyright: ignore[reportArgumentType]
        return expert

    def slot(self, days: int = 13, hour: int = 13, minutes: int = 180) -> Time:
        return dispatches.slot(self.house.clock(), days, hour, minutes)

    def visited(self, expert: PersonView, times: int) -> None:
        for number in range(times):
            view = dispatches.request(
                self.house, self.organisation, self.approver, expert, status=Status.COMPLETED,
                times=(self.slot(-10 - number),), business=f"店{number}", corporate_number="",
            )  # fmt: skip
            with self.house.database.unit() as uow:
                at = self.house.clock()
                uow.session.add(
                    Visit(dispatch_id=view.id, expert_id=expert.id, came_at=at, evidence="clear", evidence_since=at)
                )

    def changes(self, expert: PersonView, **values: object) -> None:
        with self.house.database.unit() as uow:
            uow.session.execute(update(Expert).where(Expert.person_id == expert.id).values(**values))


@pytest.fixture
def market(house: House) -> Market:
    return Market(house)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_by_field_region_and_name(market: Market):
    market.expert("山田 太郎", specialities=["経営戦略"], prefecture="東京都")
    market.expert("佐藤 花子", kana="サトウ ハナコ", specialities=["経営戦略", "創業"], prefecture="大阪府")
    assert market.finds().total == 2
    assert market.names(speciality="創業") == ["佐藤 花子"]
    assert market.names(prefectures=("東京都", "千葉県")) == ["山田 太郎"]
    assert market.names(words="さとう は", order="name") == ["佐藤 花子"]
    assert market.names(words="太郎") == ["山田 太郎"]
    assert sorted(market.names(order="name")) == ["佐藤 花子", "山田 太郎"]
    for words in ("%", "_", "\\", "火星", "　"):
        assert market.names(words=words) == []
    assert market.names(speciality="創業", prefectures=("東京都",)) == []


def test_what_is_shown_and_what_is_hidden(market: Market):
    person = market.expert(qualifications=["中小企業診断士"], strengths="現場で考えます")
    shown = market.one()
    assert (shown.qualifications, shown.strengths, shown.affiliation) == (
        ("中小企業診断士",),
        "現場で考えます",
        "山田経営研究所",
    )
    assert (shown.prefecture, shown.visits, shown.rating, shown.distance, shown.free) == ("東京都", 0, None, None, ())
    market.changes(person, hidden="affiliation,career_history,qualifications,strengths,support_record")
    shown = market.one()
    assert (shown.qualifications, shown.strengths, shown.affiliation, shown.career_history) == ((), "", "", "")
    assert shown.specialities == ("経営戦略", "販路開拓")


def test_only_who_is_in_force_and_takes_requests(market: Market):
    person = market.expert()
    assert market.finds().total == 1
    market.changes(person, accepting=False)
    assert market.finds() == Found((), 0)
    market.changes(person, accepting=True)
    with market.house.database.unit() as uow:
        shown = profile.view(uow, person.id, market.house.clock().date())
        assert shown
        row = uow.session.get_one(Application, shown.application_id)
        clerk = factories.office_in(uow)
        commission.suspend(uow, clerk, row.id, row.version, "確認のため", market.house.clock())
    assert market.finds() == Found((), 0)


@pytest.mark.parametrize("state", [State.TERMS_SENT, State.RENEWAL_DUE, State.COMMISSIONED])
def test_somebody_appointed_again_is_still_found_until_the_letter_runs_out(market: Market, state: State):
    market.expert()
    with market.house.database.unit() as uow:
        uow.session.execute(update(Application).values(state=state))
    assert market.finds().total == 1
    with market.house.database.unit() as uow:
        uow.session.execute(update(CommissionLetter).values(ends=date(2026, 11, 17)))
    assert market.finds().experts == ()
    with market.house.database.unit() as uow:
        uow.session.execute(update(CommissionLetter).values(ends=date(2026, 11, 18)))
    assert market.finds().total == 1


def test_nobody_finds_oneself_and_strangers_find_nobody(market: Market):
    person = market.expert()
    with market.house.database.unit() as uow:
        organisations.add_approver(uow, market.organisation, person.id, market.house.clock())
        clerk = factories.office_in(uow)
    both = Actor("person", person_id=person.id, organisations=frozenset({market.organisation}))
    assert market.finds(actor=both) == Found((), 0)
    assert market.finds(actor=clerk).total == 1
    for stranger in (person.actor, Actor("system"), Actor("business"), Actor("staff", staff_role="reader")):
        with pytest.raises(NotAllowed):
            market.finds(actor=stranger)


def test_orders(market: Market):
    tokyo = market.expert("東 一", kana="ヒガシ ハジメ", prefecture="東京都")
    osaka = market.expert("西 二", kana="ニシ ツグ", prefecture="大阪府")
    kyoto = market.expert("京 三", kana="キョウ サン", prefecture="京都府")
    more = market.expert("浪 四", kana="ナミ ヨン", prefecture="大阪府")
    market.visited(tokyo, 3)
    market.visited(more, 1)
    assert market.names(order="visits")[:2] == ["東 一", "浪 四"]
    assert market.names(order="near", near=OSAKA) == ["浪 四", "西 二", "京 三", "東 一"]
    assert market.names(order="near", near=OSAKA, speciality="経営戦略")[0] == "浪 四"
    near = {expert.name: expert.distance for expert in market.finds(near=OSAKA).experts}
    assert near["西 二"] is not None
    assert near["西 二"] < 5_000 < near["京 三"] < 60_000 < near["東 一"]  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
    assert market.names(order="near") == market.names(order="visits")
    assert [one.visits for one in market.finds(order="visits").experts] == [3, 1, 0, 0]
    assert {osaka.id, kyoto.id} < {one.person_id for one in market.finds(order="name").experts}


def test_pages_hold_everybody_once(market: Market):
    for number in range(7):
        market.expert(f"山田 {'一二三四五六七'[number]}郎", prefecture=("東京都", "大阪府")[number % 2])
    for order in ("near", "visits", "name"):
        pages = [market.finds(3, page, order=order, near=SAPPORO) for page in range(3)]
        assert [page.total for page in pages] == [7, 7, 7]
        assert len({one.person_id for page in pages for one in page.experts}) == 7
    assert market.finds(3, 50).experts == market.finds(3, 0).experts
    assert market.finds(3, -1).experts == market.finds(3, 0).experts


def test_free_times_are_shown_and_asked_for(market: Market):
    person = market.expert(weekly_off=["土", "日", "祝日"])
    tuesday, wednesday, saturday = market.slot(13), market.slot(14), market.slot(17)
    assert market.one(times=(tuesday, wednesday, saturday)).free == (True, True, False)
    assert market.names(times=(saturday,), only_free=True) == []
    assert market.names(times=(saturday, tuesday), only_free=True) == ["山田 太郎"]
    dispatches.request(
        market.house, market.organisation, market.approver, person, status=Status.CONFIRMED, times=(tuesday,)
    )
    assert market.one(times=(tuesday, wednesday)).free == (False, True)
    assert market.names(times=(tuesday,), only_free=True) == []
    touching = (tuesday[1], tuesday[1] + timedelta(hours=1))
    assert market.names(times=(touching,), only_free=True) == ["山田 太郎"]
    with market.house.database.unit() as uow:
        row = profile.lock(uow, person.id)
        assert row
        profile.set_days_off(uow, row, {wednesday[0].date()}, ())
    assert market.one(times=(tuesday, wednesday)).free == (False, False)
    labour_thanksgiving = market.slot(5)
    assert market.one(times=(labour_thanksgiving,)).free == (False,)


def test_times_that_are_none_are_left_out(market: Market):
    market.expert()
    far = (datetime(9999, 12, 31, 1, tzinfo=JST), datetime(9999, 12, 31, 2, tzinfo=JST))
    for time in (market.slot(-1), far, market.slot(13)[::-1]):
        assert market.one(times=(time,), only_free=True).free == ()


def test_the_number_of_statements_does_not_grow(market: Market, database: Database):
    for number in range(6):
        person = market.expert(f"山田 {'一二三四五六'[number]}郎")
        dispatches.request(
            market.house, market.organisation, market.approver, person, status=Status.CONFIRMED,
            times=(market.slot(13 + number),), business=f"店{number}", corporate_number="",
        )  # fmt: skip
    times = (market.slot(13), market.slot(14), market.slot(15))
    for limit in (1, 6):
        for order in ("near", "visits", "name"):
            with statements(database) as seen:
                found = market.finds(limit, times=times, only_free=True, order=order, near=OSAKA)
            assert len(found.experts) >= 1
            assert len([statement for statement in seen if "SELECT" in statement]) == 4


MINUTE = timedelta(minutes=1)
TIMES = st.tuples(st.integers(0, 40 * 48), st.integers(1, 24)).map(
    lambda pair: (
        datetime(2026, 11, 19, tzinfo=JST) + pair[0] * 30 * MINUTE,
        datetime(2026, 11, 19, tzinfo=JST) + (pair[0] + pair[1]) * 30 * MINUTE,
    )
)
HOURS = st.sampled_from([Hours(), Hours(0, 1440), Hours(600, 1440), Hours(0, 720), Hours(780, 900)])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(TIMES, min_size=1, max_size=3),
    weekly_off=st.frozensets(st.integers(0, 7), max_size=3),
    hours=HOURS,
    days_off=st.frozensets(st.dates(date(2026, 11, 19), date(2026, 12, 31)), max_size=8),
    busy=TIMES,
)
def test_the_database_and_the_rule_say_the_same_of_any_time(
    house: House, times: list[Time], weekly_off: frozenset[int], hours: Hours, days_off: frozenset[date], busy: Time
):
    market, person = _one(house)
    with house.database.unit() as uow:
        _says(uow, person.id, weekly_off, hours, days_off)
        dispatch_row = _busy(uow, market, person, busy)
    found = market.finds(times=tuple(times), only_free=True)
    expected = tuple(is_free(time, weekly_off, hours, days_off, [busy]) for time in times)
    assert found.total == int(any(expected))
    assert [expert.free for expert in found.experts] == ([expected] if any(expected) else [])
    assert dispatch_row


_MADE: dict[int, tuple[Market, PersonView]] = {}


def _one(house: House) -> tuple[Market, PersonView]:
    if id(house) not in _MADE:
        market = Market(house)
        person = market.expert()
        dispatches.request(house, market.organisation, market.approver, person, status=Status.CONFIRMED)
        _MADE[id(house)] = (market, person)
    return _MADE[id(house)]


def _says(uow: UnitOfWork, person_id: str, weekly_off: frozenset[int], hours: Hours, days: frozenset[date]) -> None:
    row = profile.lock(uow, person_id)
    assert row
    profile.set_times(row, weekly_off, hours)
    profile.set_days_off(uow, row, (), profile.days_off(uow, person_id, date(2026, 1, 1)))
    profile.set_days_off(uow, row, days, ())


def _busy(uow: UnitOfWork, market: Market, person: PersonView, time: Time) -> str:
    from models.tables.dispatch import Dispatch

    values = {"starts": time[0], "ends": time[1], "day": time[0].astimezone(JST).date()}
    uow.session.execute(update(Dispatch).where(Dispatch.expert_id == person.id).values(**values))
    return person.id
