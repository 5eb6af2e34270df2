"""Dispatches by the clock, on both databases: planned ends, and reminders, each written once whatever happens."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from handlers.jobs import dispatches as job
from handlers.jobs.dispatches import attend_dispatches
from handlers.usecases.dispatch import remind, step
from models.rules.calendar import JST
from models.rules.dispatch import Action, Side, Status
from models.rules.permissions import SYSTEM, Actor
from models.rules.visit import End, Source
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import dispatch, settings, visits
from storage.database import Database
from tests.support import dispatches
from tests.support.factories import House
from tests.support.ledger import Ledger
from tests.support.place import together


def at(text: str) -> datetime:
    """A Japanese time, such as 2026-11-25T13:00."""
    return datetime.fromisoformat(text).replace(tzinfo=JST).astimezone(UTC)


class Desk:
    """An organisation with an expert, and the job run at any time."""

    def __init__(self, house: House, approver: PersonView) -> None:
        self.house, self.approver = house, approver
        self.organisation = next(iter(approver.actor.organisations))
        self.expert = dispatches.expert(house, self.organisation, approver)
        self.ledger = Ledger(house.database)

    def ask(self, *times: str, status: Status = Status.CONFIRMED, hours: int = 3) -> DispatchView:
        wished = tuple((at(time), at(time) + timedelta(hours=hours)) for time in times)
        return dispatches.request(
            self.house, self.organisation, self.approver, self.expert, status=status, times=wished
        )

    def run(self, when: str) -> set[str]:
        self.house.clock.now = at(when)
        return attend_dispatches(self.house.database, self.house.clock.now)

    def told(self, act: str = "") -> list[tuple[str, str]]:
        """(act, to) of every notice of a dispatch, or to whom of one act."""
        found = []
        for (text,) in self.ledger.rows("SELECT notice FROM outbox WHERE notice LIKE '%DispatchTold%' ORDER BY seq"):
            from models.notices import DispatchTold, from_json

            notice = from_json(text)
            assert isinstance(notice, DispatchTold)
            if act in ("", notice.act):
                found.append((notice.act, notice.to))
        return found

    def status(self, view: DispatchView) -> Status:
        with self.house.database.read() as uow:
            found = dispatch.view(uow, view.id)
        assert found
        return found.status

    def come(self, view: DispatchView, when: str) -> None:
        """The expert checks in."""
        with self.house.database.unit() as uow:
            held = visits.open_row(uow, view.id, self.expert.id, at(when))
            visits.add_act(uow, self.expert.actor, view.id, self.expert.id, End.IN, Source.GPS, at(when), at(when))
            held.came_at = at(when)

    def leave(self, view: DispatchView, when: str) -> None:
        with self.house.database.unit() as uow:
            held = visits.open_row(uow, view.id, self.expert.id, at(when))
            held.went_at = at(when)


@pytest.fixture
def desk(house: House, approver: PersonView) -> Desk:
    return Desk(house, approver)


# --- planned ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "hours", "before", "after"),
    [
        ("2026-12-01T13:00", 3, "2026-12-01T15:59", "2026-12-01T16:00"),
        ("2026-12-01T22:00", 4, "2026-12-02T01:59", "2026-12-02T02:00"),
        ("2026-12-31T22:00", 3, "2027-01-01T00:59", "2027-01-01T01:00"),
        ("2027-03-31T21:00", 3, "2027-03-31T23:59", "2027-04-01T00:00"),
        ("2028-02-29T13:00", 2, "2028-02-29T14:59", "2028-02-29T15:00"),
    ],
    ids=["same day", "across midnight", "across the year", "end of the fiscal year", "29 February"],
)
def test_a_report_is_due_from_the_planned_end_on(desk: Desk, starts: str, hours: int, before: str, after: str):
    view = desk.ask(starts, hours=hours)
    desk.run(before)
    assert desk.status(view) is Status.CONFIRMED
    desk.run(after)
    assert desk.status(view) is Status.REPORT_DUE
    entries = desk.ledger.rows(
        "SELECT actor_kind, from_state, to_state FROM audit WHERE action = 'dispatch.end_passed'"
    )
    assert [tuple(entry) for entry in entries] == [("system", "confirmed", "report_due")]
    desk.run(after)
    assert len(desk.ledger.rows("SELECT 1 FROM audit WHERE action = 'dispatch.end_passed'")) == 1


def test_an_end_that_passed_long_ago_is_found_by_a_late_run(desk: Desk):
    views = [desk.ask(f"2026-12-0{day}T13:00") for day in (1, 2, 3)]
    desk.run("2027-06-01T09:00")
    assert {desk.status(view) for view in views} == {Status.REPORT_DUE}
    assert desk.told("remind_hours") == []


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.CONFIRMED])
def test_nothing_else_is_moved_by_the_clock(desk: Desk, status: Status):
    view = desk.ask("2026-12-01T13:00", status=status)
    desk.run("2027-01-10T09:00")
    assert desk.status(view) is status


# --- nobody answers -------------------------------------------------------------------------------


def test_an_unanswered_request_is_reminded_of_once_after_two_business_days(desk: Desk):
    desk.house.clock.now = at("2026-11-18T10:00")  # Wednesday; Monday 23 November is a holiday
    desk.ask("2026-12-10T13:00", status=Status.REQUESTED)
    assert desk.run("2026-11-23T23:59") == set(), "Thursday and Friday are two business days, and not more"
    assert desk.run("2026-11-24T00:00") == {desk.expert.user_id, desk.approver.user_id}
    assert desk.told() == [("remind_unanswered", "expert"), ("remind_unanswered", "organisation")]
    assert desk.run("2026-11-27T00:00") == set()
    waits = desk.ledger.rows("SELECT not_before FROM outbox WHERE notice LIKE '%remind_unanswered%'")
    assert {str(row[0])[:16] for row in waits} <= {"2026-11-23 23:00"}, "quiet by night: 8:00 in Japan"


def test_a_setting_says_how_long_an_answer_is_waited_for(desk: Desk):
    desk.house.clock.now = at("2026-11-18T10:00")
    desk.ask("2026-12-10T13:00", status=Status.REQUESTED)
    with desk.house.database.unit() as uow:
        settings.change(uow, "unanswered_after_days", 5, None, desk.house.clock())
    assert desk.run("2026-11-26T23:00") == set()
    assert desk.run("2026-11-28T09:00")


def test_who_is_asked_anew_is_reminded_anew(desk: Desk):
    desk.house.clock.now = at("2026-11-18T10:00")
    view = desk.ask("2026-12-10T13:00", status=Status.REQUESTED)
    desk.run("2026-11-26T09:00")
    with desk.house.database.unit() as uow:
        row = dispatch.lock(uow, view.id)
        assert row
        dispatch.set_status(uow, row, Status.REQUESTED, at("2026-11-26T10:00"))
    desk.run("2026-11-30T09:00")
    assert len(desk.told("remind_unanswered")) == 2
    desk.run("2026-12-02T09:00")
    assert len(desk.told("remind_unanswered")) == 4


def test_a_proposal_that_waits_is_shown_to_the_organisation_once_more(desk: Desk):
    desk.house.clock.now = at("2026-11-18T10:00")
    view = desk.ask("2026-12-10T13:00", status=Status.REQUESTED)
    with desk.house.database.unit() as uow:
        row, seen = step.open_for(uow, desk.expert.actor, view.id)
        dispatch.add_slots(uow, row, "expert", [(at("2026-12-11T10:00"), at("2026-12-11T12:00"))])
        said = step.Said(comment="午前なら伺えます")
        step.take(uow, desk.expert.actor, row, Action.PROPOSE, desk.house.clock.now, said=said, before=seen)
    desk.run("2026-11-25T09:00")
    assert desk.told() == [("propose", "organisation"), ("propose", "organisation")]
    again = desk.ledger.rows("SELECT notice FROM outbox WHERE notice LIKE '%propose%' ORDER BY seq")[-1][0]
    assert "午前なら伺えます" in again
    desk.run("2026-11-27T09:00")
    assert len(desk.told()) == 2


# --- before the visit -----------------------------------------------------------------------------


def test_tomorrows_visit_is_reminded_of_at_five_in_the_afternoon(desk: Desk):
    desk.ask("2026-12-02T13:00")
    assert desk.run("2026-12-01T16:59") == set()
    assert desk.run("2026-12-01T17:00")
    assert sorted(desk.told()) == [("remind_day", "expert"), ("remind_day", "organisation")]
    assert desk.run("2026-12-01T17:01") == set()
    assert desk.run("2026-12-01T19:59") == set()


@pytest.mark.parametrize(
    ("starts", "now", "due"),
    [
        ("2026-12-01T00:00", "2026-11-30T17:00", True),
        ("2026-12-01T23:59", "2026-11-30T17:00", True),
        ("2026-12-02T00:00", "2026-11-30T17:00", False),
        ("2027-01-01T10:00", "2026-12-31T17:00", True),
        ("2028-02-29T10:00", "2028-02-28T17:00", True),
        ("2028-03-01T10:00", "2028-02-28T17:00", False),
        ("2027-03-01T10:00", "2027-02-28T17:00", True),
        ("2026-12-01T10:00", "2026-11-30T20:00", False),
    ],
)
def test_tomorrow_is_a_day_of_the_japanese_calendar(
    house: House, approver: PersonView, starts: str, now: str, due: bool
):  # fmt: skip
    house.clock.now = at(now) - timedelta(days=3)
    desk = Desk(house, approver)
    desk.ask(starts)
    desk.run(now)
    assert bool(desk.told("remind_day")) is due


def test_two_hours_before_even_at_dawn(desk: Desk):
    desk.ask("2026-12-02T08:00")
    assert desk.run("2026-12-02T05:59") == set()
    assert desk.run("2026-12-02T06:00")
    assert ("remind_hours", "expert") in desk.told()
    waits = desk.ledger.rows("SELECT not_before FROM outbox WHERE notice LIKE '%remind_hours%'")
    assert {str(row[0])[:16] for row in waits} == {"2026-12-01 21:00"}, "on the day of the visit nothing waits for 8:00"
    assert desk.run("2026-12-02T07:00") == set()


def test_who_has_checked_in_or_has_just_fixed_the_date_needs_no_reminder(desk: Desk):
    came = desk.ask("2026-12-02T13:00")
    desk.come(came, "2026-12-02T10:50")
    desk.run("2026-12-02T11:00")
    assert desk.told("remind_hours") == []
    desk.house.clock.now = at("2026-12-03T12:30")
    desk.ask("2026-12-03T13:00")
    desk.run("2026-12-03T12:31")
    assert desk.told("remind_hours") == []


def test_a_new_date_is_reminded_of_anew(desk: Desk):
    view = desk.ask("2026-12-02T13:00")
    desk.run("2026-12-01T17:00")
    with desk.house.database.unit() as uow:
        row = dispatch.lock(uow, view.id)
        assert row
        dispatch.fix_time(uow, row, at("2026-12-05T13:00"), at("2026-12-05T15:00"))
    desk.run("2026-12-02T17:00")
    assert len(desk.told("remind_day")) == 2
    desk.run("2026-12-04T17:00")
    assert len(desk.told("remind_day")) == 4


# --- forgotten check-outs -------------------------------------------------------------------------


def test_a_forgotten_check_out_is_reminded_of_half_an_hour_after_the_planned_end(desk: Desk):
    view = desk.ask("2026-12-02T21:00", hours=4)
    desk.come(view, "2026-12-02T20:55")
    desk.run("2026-12-03T01:29")
    assert desk.told("remind_checkout") == []
    assert desk.status(view) is Status.REPORT_DUE
    assert desk.run("2026-12-03T01:30") == {desk.expert.user_id}
    assert desk.told("remind_checkout") == [("remind_checkout", "expert")]
    desk.run("2026-12-03T09:00")
    assert len(desk.told("remind_checkout")) == 1


def test_who_has_checked_out_or_never_came_is_not_reminded_of_a_check_out(desk: Desk):
    gone, nobody = desk.ask("2026-12-02T10:00", hours=2), desk.ask("2026-12-02T13:00", hours=2)
    desk.come(gone, "2026-12-02T10:00")
    desk.leave(gone, "2026-12-02T12:00")
    desk.run("2026-12-02T20:00")
    assert desk.told("remind_checkout") == []
    assert desk.status(nobody) is Status.REPORT_DUE


# --- many, at once, and broken --------------------------------------------------------------------


def test_one_that_cannot_be_done_keeps_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 3)
    views = [desk.ask(f"2026-12-0{day}T13:00", hours=1) for day in range(1, 9)]
    whole = step.take

    def broken(uow, actor, row, *rest, **more):
        if row.id == views[2].id:
            raise ValueError("never shown")
        return whole(uow, actor, row, *rest, **more)

    monkeypatch.setattr(step, "take", broken)
    desk.run("2027-01-01T00:00")
    assert [desk.status(view) for view in views].count(Status.REPORT_DUE) == 7
    assert desk.status(views[2]) is Status.CONFIRMED
    monkeypatch.undo()
    desk.run("2027-01-01T00:01")
    assert desk.status(views[2]) is Status.REPORT_DUE


def test_two_processes_at_once_remind_once(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "AT_ONCE", 2)
    views = [desk.ask("2026-12-02T13:00", status=status) for status in [Status.CONFIRMED, Status.REQUESTED] * 4]
    other = Database(desk.house.database.url, desk.house.database.vault)
    now = at("2026-12-01T17:00")
    together(lambda: attend_dispatches(desk.house.database, now), lambda: attend_dispatches(other, now))
    other.close()
    attend_dispatches(desk.house.database, now)
    assert len(views) == 8
    assert len(desk.told("remind_day")) == 8
    assert len(desk.told("remind_unanswered")) == 8


def test_a_process_that_lost_its_lease_stops(desk: Desk):
    view = desk.ask("2026-12-02T13:00")
    assert attend_dispatches(desk.house.database, at("2026-12-03T00:00"), lambda: False) == set()
    assert desk.status(view) is Status.CONFIRMED


@pytest.mark.parametrize("actor", [Actor("person", person_id="x"), Actor("staff", staff_id="x", staff_role="manager")])
def test_nobody_but_the_clock_reminds(desk: Desk, actor: Actor):
    view = desk.ask("2026-12-02T13:00")
    acts: Sequence = (remind.unanswered, remind.day_before, remind.hours_before, remind.forgotten)
    for act in acts:
        with desk.house.database.unit() as uow:
            assert act(uow, actor, [view.id], at("2026-12-02T12:00")) == 0


def test_a_dispatch_that_moved_on_meanwhile_is_left_alone(desk: Desk):
    view = desk.ask("2026-12-02T13:00", status=Status.CANCELLED)
    for act in (remind.pass_ends, remind.unanswered, remind.day_before, remind.hours_before, remind.forgotten):
        with desk.house.database.unit() as uow:
            assert act(uow, SYSTEM, [view.id, "0" * 32], at("2026-12-02T12:00")) == 0
    assert desk.told() == []


def test_an_approver_who_stays_at_the_office_is_not_reminded(desk: Desk):
    view = desk.ask("2026-12-02T13:00")
    desk.ledger.change("UPDATE dispatches SET accompany = :no WHERE id = :id", no=False, id=view.id)
    desk.run("2026-12-01T17:00")
    assert desk.told() == [("remind_day", Side.EXPERT)]
