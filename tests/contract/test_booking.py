"""The checks with a real database behind them: what counts, whose leave counts, and two who fix a date at once."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest

from handlers.usecases import booking, commission
from models.rules.booking import Time
from models.rules.dispatch import Status, Why
from models.rules.errors import NotPossible
from models.tables.dispatch import Dispatch
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import dispatch, organisations, people, profile, registration, settings
from storage.database import Database
from tests.support import dispatches, factories
from tests.support.factories import House


class Town:
    """An organisation with an approver, and an expert who can be dispatched."""

    def __init__(self, house: House, **answers: str) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.other = factories.organisation(uow, "札幌商工会議所", "北海道")
            self.approver = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver, **answers)

    def asks(self, status: Status = Status.REQUESTED, *times: Time, **more: str) -> DispatchView:
        topic, name = more.get("topic", "生産管理"), more.get("business", "")
        return dispatches.request(
            self.house, self.organisation, self.approver, self.expert, status=status, times=times, topic=topic,
            corporate_number="" if name else dispatches.CORPORATE_NUMBER, business=name or dispatches.BUSINESS,
        )  # fmt: skip

    def found(self, *times: Time, view: DispatchView | None = None, **more: str) -> list[str]:
        with self.house.database.read() as uow:
            problems = booking.problems(
                uow, organisation_id=more.get("organisation", self.organisation), requester_id=self.approver.id,
                business_id=view.business_id if view else "", expert_id=more.get("expert", self.expert.id),
                topic=more.get("topic", "生産管理"), times=times, now=self.house.clock(), but=more.get("but", ""),
            )  # fmt: skip
        return [problem.code for problem in problems]

    def fixes(self, view: DispatchView, time: Time, expert: PersonView | None = None) -> str:
        """Fix a date as a use case does; the code of the refusal, or ""."""
        try:
            with self.house.database.unit() as uow:
                row = dispatch.lock(uow, view.id)
                assert row
                now = self.house.clock()
                held = dispatch.view_of(uow, row)
                booking.insist(uow, held, (expert or self.expert).id, *time, now)
                dispatch.fix_time(uow, row, *time)
                dispatch.set_status(uow, row, Status.CONFIRMED, now)
        except NotPossible as refused:
            return refused.code.removeprefix("booking.")
        return ""

    def slot(self, days: int = 7, hour: int = 13, minutes: int = 180) -> Time:
        return dispatches.slot(self.house.clock(), days, hour, minutes)

    def leaves(self, view: DispatchView, problem: str) -> None:
        with self.house.database.unit() as uow:
            dispatch.add_exception(uow, view.id, problem, "特に必要なため", None, self.house.clock())

    def sets(self, key: str, value: int) -> None:
        with self.house.database.unit() as uow:
            settings.change(uow, key, value, None, self.house.clock())


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def test_a_free_expert_and_a_new_business_have_nothing_in_the_way(town: Town):
    assert town.found(town.slot()) == []
    assert town.found(town.slot(), expert="") == []


def test_what_the_expert_said_is_looked_up(town: Town):
    tuesday = town.slot(6)
    with town.house.database.unit() as uow:
        row = profile.lock(uow, town.expert.id)
        assert row
        profile.set_days_off(uow, row, {tuesday[0].date()}, ())
    assert town.found(tuesday) == ["day_off"]
    assert town.found(town.slot(3)) == ["weekly_off"]
    assert town.found(town.slot(7, 8, 60)) == ["hours"]
    with town.house.database.unit() as uow:
        row = profile.lock(uow, town.expert.id)
        assert row
        profile.set_accepting(row, accepting=False)
    assert town.found(town.slot()) == ["not_accepting"]


def test_only_fixed_dispatches_make_busy_and_not_the_one_at_hand(town: Town):
    time = town.slot()
    for status in (Status.REQUESTED, Status.COUNTER_PROPOSED, Status.DECLINED, Status.CANCELLED):
        town.asks(status, time, business="別の商店")
    assert town.found(time) == []
    fixed = town.asks(Status.CONFIRMED, time, business="別の商店")
    assert town.found(time) == ["busy"]
    assert town.found((time[0] - timedelta(hours=3), time[0]), (time[1], time[1] + timedelta(hours=1))) == []
    assert town.found(time, but=fixed.id) == []


def test_a_fixed_dispatch_across_midnight_makes_busy_on_both_days(town: Town):
    night = (town.slot(7, 22)[0], town.slot(8, 2)[0])
    town.asks(Status.CONFIRMED, night, business="別の商店")
    assert "busy" in town.found(town.slot(8, 1, 120))


def test_exclusions_are_looked_up(town: Town):
    with town.house.database.unit() as uow:
        organisations.add_approver(uow, town.other, town.expert.id, town.house.clock())
    assert town.found(town.slot()) == []
    assert town.found(town.slot(), organisation=town.other) == ["own_organisation"]


@pytest.mark.parametrize("employment", ["support", "public"])
def test_the_employer_is_looked_up(house: House, employment: str):
    town = Town(house, employment=employment)
    assert town.found(town.slot()) == [f"employed_{employment}"]


def test_somebody_who_is_no_expert_is_not_in_force(town: Town):
    assert town.found(town.slot(), expert=town.approver.id) == ["own_person", "not_in_force"]


def test_a_suspended_or_ended_commission_is_not_in_force(town: Town):
    with town.house.database.unit() as uow:
        shown = profile.view(uow, town.expert.id, town.house.clock().date())
        assert shown
        application = registration.lock(uow, shown.application_id)
        assert application
        version = application.version
        clerk = factories.office_in(uow)
        commission.suspend(uow, clerk, shown.application_id, version, "確認のため", town.house.clock())
    assert town.found(town.slot()) == ["not_in_force"]


def test_the_commission_must_last_until_the_day(town: Town):
    april = town.slot(140)
    assert april[0].date() > date(2027, 3, 31)
    assert town.found(april) == ["commission_ends"]


def test_three_visits_a_year_and_what_counts(town: Town):
    first = town.asks(Status.COMPLETED, town.slot(2))
    town.asks(Status.REQUESTED, town.slot(9))
    town.asks(Status.CANCELLED, town.slot(10))
    town.asks(Status.DECLINED, town.slot(11))
    assert town.found(town.slot(13), view=first) == []
    town.asks(Status.NEEDS_COORDINATION, town.slot(12), town.slot(200))
    assert town.found(town.slot(13), view=first) == ["visits_year"]
    april = town.found(town.slot(140), view=first)
    assert "visits_year" not in april


def test_it_counts_apart_once_it_has_a_limit(town: Town):
    first = town.asks(Status.REQUESTED, town.slot(2), topic="IT活用")
    town.asks(Status.REQUESTED, town.slot(5), topic="IT活用")
    town.asks(Status.REQUESTED, town.slot(6))
    assert town.found(town.slot(), view=first, topic="IT活用") == ["visits_year"]
    town.sets("visits_per_year_it", 3)
    assert town.found(town.slot(), view=first, topic="IT活用") == []
    assert town.found(town.slot(), view=first) == []


def test_of_two_requests_for_the_last_visit_the_first_has_it(town: Town):
    for days in (2, 5):
        town.asks(Status.COMPLETED, town.slot(days))
    first, second = (town.asks(Status.REQUESTED, town.slot(days)) for days in (7, 8))
    assert town.fixes(second, town.slot(8)) == "visits_year"
    assert town.fixes(first, town.slot(7)) == ""
    assert town.fixes(second, town.slot(8)) == "visits_year"
    town.leaves(second, "visits_year")
    assert town.fixes(second, town.slot(8)) == ""


def test_a_date_is_not_fixed_for_what_is_past_long_or_taken(town: Town):
    view = town.asks()
    town.asks(Status.CONFIRMED, town.slot(8), business="別の商店")
    assert town.fixes(view, town.slot(-1)) == "past"
    assert town.fixes(view, town.slot(7, 8, 800)) == "too_long"
    assert town.fixes(view, town.slot(8, 14)) == "busy"
    town.leaves(view, "busy")
    assert town.fixes(view, town.slot(8, 14)) == "busy", "no leave is given to be at two places"


def test_the_experts_own_wishes_are_not_in_the_way_of_a_fixed_date(town: Town):
    view = town.asks()
    saturday = town.slot(3)
    assert town.found(saturday) == ["weekly_off"]
    assert town.fixes(view, saturday) == ""


def test_the_facts_take_a_constant_number_of_statements(town: Town, database: Database):
    from sqlalchemy import event

    seen: list[str] = []
    view = town.asks()
    for days in (8, 9, 10):
        town.asks(Status.CONFIRMED, town.slot(days), business="別の商店")

    def count(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    town.found(town.slot(8), town.slot(9), town.slot(10), view=view)
    event.remove(database.engine, "before_cursor_execute", count)
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 6


def both(one: tuple[Town, DispatchView, Time], other: tuple[Town, DispatchView, Time]) -> list[str]:
    """Fix two dates in two transactions that begin together; what each gave, sorted."""
    gate, found = Barrier(2), list[str]()

    def run(town: Town, view: DispatchView, time: Time) -> None:
        gate.wait()
        found.append(town.fixes(view, time))

    threads = [Thread(target=run, args=each) for each in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(found)


def test_two_at_once_never_book_an_expert_twice(town: Town):
    for days in range(5, 9):
        time = town.slot(days, 13)
        later = (time[0] + timedelta(minutes=90), time[1] + timedelta(minutes=90))
        views = [town.asks(Status.REQUESTED, time, business=f"{days}番目の{which}") for which in ("商店", "工場")]
        assert both((town, views[0], time), (town, views[1], later)) == ["", "busy"]


def test_two_at_once_never_fix_a_fourth_visit(town: Town):
    with town.house.database.unit() as uow:
        held = people.by_id(uow, town.approver.id)
    assert held
    colleague = dispatches.expert(town.house, town.organisation, held)
    for days in (2, 5):
        town.asks(Status.COMPLETED, town.slot(days))
    views = [town.asks(Status.REQUESTED, town.slot(days)) for days in (7, 8)]
    with town.house.database.unit() as uow:
        row = uow.session.get_one(Dispatch, views[1].id)
        row.expert_id = colleague.id
    assert both((town, views[0], town.slot(7)), (town, views[1], town.slot(8))) == ["", "visits_year"]


def test_a_request_that_waits_for_the_secretariat_counts_too(town: Town):
    for days in (2, 5, 6):
        view = town.asks(Status.NEEDS_COORDINATION, town.slot(days))
    assert view.why is None or view.why in Why
    assert town.found(town.slot(), view=view) == ["visits_year"]
