"""A visit's sum on either database: grade, evidence and fee after each act, whatever came in between."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from handlers.usecases.dispatch import step
from handlers.usecases.visit import certify, check_out, declare, record
from handlers.usecases.visit.reckon import reckon, worked
from models.notices import DispatchTold, VisitTold, from_json
from models.rules.dispatch import Action, Status
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.fee import fee, schedule_on
from models.rules.permissions import SYSTEM
from models.rules.place import Point
from models.rules.reckoning import Span
from models.rules.visit import End, Evidence, Grade, Reason, Source
from models.tables.conversation import OutboxRow
from models.tables.visit import FeeRecord
from storage import attendances, dispatch, visits
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.leaving import LINK, Visiting, visiting

FAR = Point(35.70, 139.767125)


@pytest.fixture
def at(house: House) -> Visiting:
    return visiting(house)


def mails(house: House) -> list[VisitTold]:
    with house.database.read() as uow:
        rows = uow.session.scalars(select(OutboxRow.notice).order_by(OutboxRow.seq)).all()
    notices = [from_json(text) for text in rows if text]
    return [notice for notice in notices if isinstance(notice, VisitTold)]


def fees(at: Visiting) -> list[int]:
    with at.house.database.read() as uow:
        return list(uow.session.scalars(select(FeeRecord.yen).order_by(FeeRecord.seq)))


def test_signed_on_the_phone_is_an_a_and_needs_nobodys_look(at: Visiting) -> None:
    at.comes()
    out = at.leaves(220, rested=10, signed=True)
    assert (out.visit.grade, out.visit.reasons, out.visit.evidence) == (Grade.A, (), Evidence.CLEAR)
    assert (out.fee.yen, out.visit.yen, out.certified, out.mailed) == (18_480, 18_480, True, False)
    assert at.status is Status.REPORT_DUE
    assert out.visit.attendance
    assert (out.visit.attendance.name, out.visit.attendance.signed) == ("田中 一郎", True)
    assert mails(at.house) == []


def test_later_confirmed_a_b_becomes_an_a_and_the_expert_is_told(at: Visiting) -> None:
    at.comes()
    out = at.leaves(180)
    assert (out.visit.grade, out.visit.reasons) == (Grade.B, (Reason.NOT_CERTIFIED,))
    assert (out.visit.evidence, out.mailed, out.certified) == (Evidence.WAITING, True, False)
    asked = mails(at.house)[-1]
    assert (asked.act, asked.to, asked.link, asked.yen) == ("certify", "business", LINK, 15_840)
    after = at.confirms()
    assert (after.grade, after.evidence, after.yen) == (Grade.A, Evidence.CLEAR, 15_840)
    assert (mails(at.house)[-1].act, mails(at.house)[-1].to) == ("certified", "expert")
    assert fees(at) == [15_840]


def test_a_link_confirms_once_and_only_what_was_seen(at: Visiting) -> None:
    at.comes()
    out = at.leaves(180)
    with pytest.raises(Stale, match=r"certify\.changed"):
        at.confirms(out.visit.version - 1)
    for name in ("", "　", "あ" * 51):
        with pytest.raises(NotPossible, match="text"):
            at.confirms(name=name)
    at.confirms()
    with pytest.raises(NotPossible, match=r"certify\.done"):
        at.confirms()


def test_nothing_to_confirm_before_the_end_or_after_a_cancellation(at: Visiting) -> None:
    at.comes()
    with pytest.raises(NotFound, match=r"certify\.not_yet"), at.house.database.read() as uow:
        certify.read(uow, at.dispatch.id)
    at.leaves(180)
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        clerk = factories.office_in(uow)
        step.take(uow, clerk, row, Action.NOT_HELD, at.house.clock())
        after = reckon(uow, clerk, row, at.house.clock())
    assert after.yen == 0
    assert fees(at) == [15_840, 0]
    with pytest.raises(NotFound, match=r"certify\.over"), at.house.database.read() as uow:
        certify.read(uow, at.dispatch.id)


def test_far_away_is_graded_and_waits(at: Visiting) -> None:
    at.comes(point=FAR)
    out = at.leaves(180, signed=True)
    assert (out.visit.grade, out.visit.reasons, out.visit.evidence) == (Grade.B, (Reason.FAR,), Evidence.WAITING)


def test_the_same_act_sent_twice_counts_once(at: Visiting) -> None:
    at.comes()
    first = at.leaves(180, nonce="n1", signed=True)
    again = at.leaves(185, nonce="n1", signed=True)
    assert again.visit == first.visit
    assert fees(at) == [15_840]
    with pytest.raises(NotPossible, match=r"visit\.already_out"):
        at.leaves(190, nonce="n2")


def test_nothing_to_leave_without_a_check_in(at: Visiting) -> None:
    with pytest.raises(NotPossible, match=r"visit\.not_in"):
        at.leaves(180)


@pytest.mark.parametrize("minutes", [-1, 721, 10**12])
def test_minutes_that_no_visit_has_are_refused(at: Visiting, minutes: int) -> None:
    at.comes()
    with pytest.raises(NotPossible, match=r"check_out\.minutes"):
        at.leaves(180, rested=minutes)
    assert at.visit.went is None


def test_more_minutes_off_than_there_was_time_pay_nothing(at: Visiting) -> None:
    at.comes()
    assert at.leaves(100, rested=120, signed=True).fee.yen == 0


def test_strangers_cannot_check_out(at: Visiting) -> None:
    at.comes()
    own = at.expert
    at.expert = at.approver
    with pytest.raises(NotAllowed):
        at.leaves(180)
    with at.house.database.unit() as uow:
        organisation = at.dispatch.organisation_id
        stranger = factories.person(uow)
    assert organisation
    at.expert = stranger
    with pytest.raises(NotFound):
        at.leaves(180)
    at.expert = own
    assert at.visit.went is None


def test_a_forgotten_end_is_declared_graded_c_and_confirmed_by_the_business(at: Visiting) -> None:
    at.comes()
    out = at.declares(190, 600, rested=30)
    assert (out.visit.grade, out.visit.evidence) == (Grade.C, Evidence.WAITING)
    assert set(out.visit.reasons) == {Reason.DECLARED, Reason.NOT_CERTIFIED}
    assert (out.fee.yen, out.mailed, at.status) == (13_200, True, Status.REPORT_DUE)
    after = at.confirms()
    assert (after.grade, after.evidence, after.reasons) == (Grade.C, Evidence.WAITING, (Reason.DECLARED,))


def test_a_dead_phones_visit_is_declared_at_both_ends(at: Visiting) -> None:
    with pytest.raises(NotPossible, match=r"declare\.no_beginning"):
        at.declares(180, 300)
    out = at.declares(180, 300, came=0)
    assert (out.visit.grade, out.fee.yen) == (Grade.C, 15_840)


@pytest.mark.parametrize(("went", "came", "code"), [(301, 0, "ahead"), (100, -1441, "far"), (100, 101, "order")])
def test_times_that_cannot_be_are_refused(at: Visiting, went: int, came: int, code: str) -> None:
    with pytest.raises(NotPossible, match=rf"declare\.{code}"):
        at.declares(went, 300, came=came)
    with pytest.raises(AssertionError):
        assert at.visit


def test_a_recorded_check_in_counts_and_not_a_declared_one(at: Visiting) -> None:
    at.comes(10)
    with pytest.raises(NotPossible, match=r"declare\.order"):
        at.declares(5, 300, came=0)
    out = at.declares(180, 300, came=-60)
    assert (out.fee.minutes, out.visit.came and out.visit.came.source) == (170, Source.GPS)


def test_declaring_again_and_again_ends(at: Visiting) -> None:
    at.comes()
    for minutes in range(declare.DECLARED_MOST):
        at.declares(100 + minutes, 300)
    with pytest.raises(NotPossible, match=r"declare\.enough"):
        at.declares(180, 300)


def test_an_expert_who_was_replaced_leaves_nothing_behind(at: Visiting) -> None:
    """The first one checked in and rested; the second one's visit is his own, and the first one's gives no fee."""
    at.comes()
    with at.house.database.unit() as uow:
        check_out.keep_minutes(uow, at.expert.actor, at.dispatch.id, 30, at.at(10))
    other = dispatches.expert(at.house, at.dispatch.organisation_id, at.approver, name="鈴木 次郎")
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        row.expert_id = other.id
    first = at.expert
    at.expert = other
    with pytest.raises(NotPossible, match=r"visit\.not_in"):
        at.leaves(100)
    at.comes(60)
    out = at.leaves(180, rested=None, signed=True)
    assert (out.fee.minutes, out.fee.non_payable, out.visit.grade) == (120, 0, Grade.A)
    at.expert = first
    with pytest.raises(NotFound):
        at.leaves(190)


@given(st.lists(st.sampled_from(["leave", "sign", "declare", "undo", "confirm", "minutes"]), min_size=1, max_size=6))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_order_of_acts_the_fee_is_the_rule_for_what_counts(tmp_path_factory, acts: list[str]) -> None:
    house = factories.open_house(tmp_path_factory.mktemp("order"))
    at = visiting(house)
    at.comes(3)
    for turn, act in enumerate(acts, 1):
        minute = 170 + turn * 2
        with suppress(NotPossible):
            _do(at, act, minute)
        _holds(at)
    house.database.close()


def _do(at: Visiting, act: str, minute: int) -> None:
    match act:
        case "leave" | "sign":
            at.leaves(minute, rested=minute % 7, signed=act == "sign")
        case "declare":
            at.declares(minute - 20, minute, rested=minute % 11)
        case "confirm":
            with suppress(NotFound):
                at.confirms()
        case "minutes":
            with at.house.database.unit() as uow:
                check_out.keep_minutes(uow, at.expert.actor, at.dispatch.id, minute % 13, at.at(minute))
        case _:
            with at.house.database.unit() as uow:
                record.undo(uow, at.expert.actor, at.dispatch.id, at.at(minute), end=End.OUT)


def _holds(at: Visiting) -> None:
    """The fee that counts is the rule's for the two ends that count; without both there is none to be paid."""
    visit = at.visit
    with at.house.database.read() as uow:
        held = attendances.newest_fee(uow, at.dispatch.id)
        covered = attendances.of_dispatch(uow, at.dispatch.id)
    if visit.came is None or visit.went is None:
        assert not visit.yen
        assert held is None or held.yen == 0
        return
    rule = fee(visit.came.at, visit.went.at, visit.non_payable or 0, schedule_on(held.day if held else at.dispatch.day))
    assert held
    assert (held.yen, visit.yen) == (rule.yen, rule.yen)
    span = Span(visit.came.at, visit.went.at, visit.non_payable or 0)
    assert (Reason.NOT_CERTIFIED in visit.reasons) != any(one.span.covers(span) for one in covered)
    assert visit.evidence is not Evidence.CLEAR or visit.grade is Grade.A


def test_a_declaration_corrects_a_check_out_that_came_too_late(at: Visiting) -> None:
    at.comes()
    at.leaves(400, signed=True)
    assert fees(at) == [31_680]
    out = at.declares(180, 420)
    assert (out.visit.yen, out.visit.grade) == (15_840, Grade.C)
    assert fees(at) == [31_680, 15_840]
    assert out.certified, "the business signed for a longer time, so it signed for this one"
    longer = at.declares(410, 430)
    assert (longer.visit.yen, longer.certified) == (31_680, False)


def test_what_the_secretariat_settled_is_not_declared_anew(at: Visiting) -> None:
    at.comes()
    at.leaves(180)
    with at.house.database.unit() as uow:
        row = visits.row_of(uow, at.dispatch.id)
        assert row
        row.evidence = Evidence.ACCEPTED
    with pytest.raises(NotPossible, match=r"declare\.settled"):
        at.declares(170, 300)
    assert at.confirms().evidence is Evidence.ACCEPTED


def test_an_end_taken_back_takes_the_fee_back(at: Visiting) -> None:
    at.comes()
    at.leaves(180, signed=True)
    with at.house.database.unit() as uow:
        record.undo(uow, at.expert.actor, at.dispatch.id, at.at(185), end=End.OUT)
    assert (at.visit.grade, at.visit.evidence, at.visit.went) == (None, Evidence.OPEN, None)
    assert fees(at) == [15_840, 0]
    assert at.visit.yen == 0
    assert at.leaves(186).fee.yen == 15_840


def test_two_visits_at_once_are_told_by_the_later_one(house: House, at: Visiting) -> None:
    times = ((at.starts, at.starts + timedelta(hours=3)),)
    organisation = at.dispatch.organisation_id
    other = dispatches.request(house, organisation, at.approver, at.expert, status=Status.CONFIRMED, times=times)
    second = Visiting(house, other, at.expert, at.approver)
    at.comes()
    second.comes(30)
    assert at.leaves(150, signed=True).visit.grade is Grade.A
    out = second.leaves(180, signed=True)
    assert (out.visit.grade, out.visit.reasons) == (Grade.B, (Reason.OVERLAP,))


def test_a_business_that_disagrees_brings_it_before_the_secretariat(at: Visiting) -> None:
    at.comes()
    at.leaves(180)
    for _ in range(certify.DISAGREES_MOST):
        with at.house.database.unit() as uow:
            certify.disagree(uow, at.dispatch.id, at.visit.version, "15時に終わりました", at.house.clock())
    assert at.visit.evidence is Evidence.WAITING
    with pytest.raises(NotPossible, match=r"certify\.said_enough"), at.house.database.unit() as uow:
        certify.disagree(uow, at.dispatch.id, at.visit.version, "まだ違います", at.house.clock())


def test_the_stored_fee_is_the_rule_for_its_inputs(at: Visiting) -> None:
    at.comes(-7)
    at.leaves(201, rested=20)
    at.declares(190, 300, rested=25)
    with at.house.database.read() as uow:
        rows = uow.session.scalars(select(FeeRecord).order_by(FeeRecord.seq)).all()
        shown = worked(uow, at.dispatch.id)
        assert attendances.newest_fee(uow, at.dispatch.id) is rows[-1]
    for row in rows:
        assert row.yen == fee(row.starts, row.ends, row.non_payable, schedule_on(row.day)).yen
    assert shown
    assert (shown.minutes, shown.non_payable, shown.yen) == (197, 25, rows[-1].yen)


def test_the_organisation_hears_of_the_end_once_even_if_the_clock_was_faster(at: Visiting) -> None:
    at.comes()
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        step.take(uow, SYSTEM, row, Action.END_PASSED, at.at(181))
    at.leaves(190)
    at.declares(200, 210)
    with at.house.database.read() as uow:
        rows = uow.session.execute(select(OutboxRow.recipient, OutboxRow.notice)).all()
    found = [(who, from_json(text)) for who, text in rows if text]
    told = [(who, one.to) for who, one in found if isinstance(one, DispatchTold) and one.act == "check_out"]
    assert told == [(at.approver.user_id, "organisation")]
