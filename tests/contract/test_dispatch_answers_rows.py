"""Every answer to a dispatch on both databases: what it refuses, what it writes, and whom it tells."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers.usecases.dispatch import answer, cancel
from models.rules.dispatch import PROPOSALS_MAX, WORDS_MAX, Status, Why
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import Actor
from models.rules.visit import End, Source
from models.views.dispatch import DispatchView
from storage import dispatch, organisations, outbox, visits
from storage.database import UnitOfWork
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.ledger import Ledger
from tests.support.own_pages import Pair

LONG = "長" * (WORDS_MAX + 1)


@pytest.fixture
def pair(house: House) -> Pair:
    return Pair(house)


def does(house: House, act: Callable[..., Any], *given: Any) -> Any:
    with house.database.unit() as uow:
        return act(uow, *given)


def refused(house: House, act: Callable[..., Any], *given: Any) -> DomainError:
    with pytest.raises(DomainError) as found, house.database.unit() as uow:
        act(uow, *given)
    return found.value


def told(house: House) -> list[tuple[str, str, str]]:
    """Who was told what since this was asked last: channel, side, act."""
    ledger = Ledger(house.database)
    rows = ledger.rows("SELECT channel, notice FROM outbox WHERE state = 'pending' AND notice IS NOT NULL ORDER BY seq")
    ledger.change("UPDATE outbox SET state = 'sent'")
    notices = [(channel, json.loads(notice)) for channel, notice in rows]
    return sorted({(channel, n["to"], n["act"]) for channel, n in notices if n["kind"] == "DispatchTold"})


def people_of(house: House, pair: Pair) -> dict[str, Actor]:
    with house.database.unit() as uow:
        stranger = factories.approver(uow, organisations.create(uow, "札幌商工会議所", "北海道", house.clock()))
        clerk = factories.staff_user(uow).actor
        reader = factories.staff_user(uow, "reader@example.jp", "reader").actor
    return {
        "expert": pair.expert.actor, "approver": pair.approver.actor, "stranger": stranger.actor, "clerk": clerk,
        "reader": reader,
    }  # fmt: skip


def test_each_answer_is_for_its_side_alone_and_strangers_find_nothing(house: House, pair: Pair):
    cast, now = people_of(house, pair), house.clock()
    asked, fixed = pair.asks(), pair.asks(Status.CONFIRMED)
    given = (asked.id, asked.version)
    acts: dict[str, tuple[str, Callable[..., Any], tuple[Any, ...]]] = {
        "take": ("expert", answer.take_slot, (*given, asked.wished[0].id, now)),
        "propose": ("expert", answer.propose, (*given, [dispatches.slot(now, 20)], "", now)),
        "decline": ("expert", answer.decline, (*given, "other", "", "", now)),
        "withdraw": ("approver", cancel.withdraw, (*given, "other", "やめます", now)),
        "late": ("expert", cancel.late, (fixed.id, 15, now)),
    }
    for name, (may, act, how) in acts.items():
        for who in set(cast) - {may}:
            wanted = NotFound if who == "stranger" else NotAllowed
            assert isinstance(refused(house, act, cast[who], *how), wanted), f"{who} {name}"
    cancelling = refused(house, cancel.cancel, cast["reader"], fixed.id, fixed.version, "other", "x", now)
    assert isinstance(cancelling, NotAllowed)
    assert told(house) == []


def test_a_time_is_one_of_those_offered_now(house: House, pair: Pair):
    now, expert = house.clock(), pair.expert.actor
    asked, other = pair.asks(), pair.asks()
    for slot_id in (other.wished[0].id, "", "x" * 32, "'; --"):
        assert (
            refused(house, answer.take_slot, expert, asked.id, asked.version, slot_id, now).code == "dispatch.no_slot"
        )
    late = asked.wished[0].starts + timedelta(minutes=1)
    assert (
        refused(house, answer.take_slot, expert, asked.id, asked.version, asked.wished[0].id, late).code
        == "booking.past"
    )
    made = does(house, answer.propose, expert, asked.id, 1, [dispatches.slot(now, 20)], "", now)
    again = does(house, _reproposed, made, now)
    assert (
        refused(house, answer.accept, pair.approver.actor, again.id, again.version, made.proposed[0].id, now).code
        == "dispatch.no_slot"
    ), "a proposal of an earlier round"


def _reproposed(uow: UnitOfWork, made: DispatchView, now: datetime) -> DispatchView:
    row = dispatch.lock(uow, made.id)
    assert row
    dispatch.add_slots(uow, row, "expert", [dispatches.slot(now, 25)])
    return dispatch.view_of(uow, row)


@pytest.mark.parametrize(
    ("days", "hour", "minutes", "code"),
    [
        (-1, 13, 60, "booking.past"),
        (3, 13, 0, "booking.order"),
        (3, 13, -60, "booking.order"),
        (3, 8, 13 * 60, "booking.too_long"),
        (120, 13, 60, "booking.after_february"),
        (800, 13, 60, "booking.too_far"),
        (7, 14, 60, "booking.busy"),
    ],
)
def test_a_proposal_that_could_not_be_fixed_is_refused_at_once(
    house: House, pair: Pair, days: int, hour: int, minutes: int, code: str
):
    now = house.clock()
    pair.asks(Status.CONFIRMED)
    asked = pair.asks(times=(dispatches.slot(now, 9),))
    times = [dispatches.slot(now, days, hour, minutes), dispatches.slot(now, 20)]
    assert refused(house, answer.propose, pair.expert.actor, asked.id, asked.version, times, "", now).code == code
    assert told(house) == []


def test_between_one_and_five_times_are_proposed_and_the_experts_own_days_off_do_not_matter(house: House, pair: Pair):
    now, expert = house.clock(), pair.expert.actor
    asked = pair.asks()
    for count in (0, PROPOSALS_MAX + 1):
        times = [dispatches.slot(now, 20 + more) for more in range(count)]
        assert (
            refused(house, answer.propose, expert, asked.id, asked.version, times, "", now).code == "dispatch.proposals"
        )
    sunday = dispatches.slot(now, 11, 7, 60)
    assert sunday[0].weekday() == 6
    made = does(house, answer.propose, expert, asked.id, 1, [sunday, sunday], "朝なら", now)
    assert [(slot.starts, slot.ends) for slot in made.proposed] == [sunday]
    assert told(house) == [("line", "organisation", "propose")]
    fixed = does(
        house,
        answer.accept,
        pair.approver.actor,
        made.id,
        made.version,
        made.proposed[0].id,
        now,
    )
    assert (fixed.status, fixed.starts) == (Status.CONFIRMED, sunday[0])
    assert told(house) == [("line", "expert", "accept"), ("mail", "business", "accept")]


def test_words_are_judged_and_kept_for_whom_they_are_meant(house: House, pair: Pair):
    now, expert = house.clock(), pair.expert.actor
    asked = pair.asks()
    does(house, factories.staff_user)
    cases = [
        (("nonsense", "", ""), "dispatch.no_category"),
        (("", "", ""), "dispatch.no_category"),
        (("other", LONG, ""), "dispatch.words_long"),
        (("other", "", LONG), "dispatch.words_long"),
    ]
    for said, code in cases:
        assert refused(house, answer.decline, expert, asked.id, asked.version, *said, now).code == code
    does(house, answer.decline, expert, asked.id, 1, "relation", " 顧問先です ", "すみません", now)
    assert told(house) == [("line", "organisation", "decline"), ("mail", "secretariat", "decline")]
    with house.database.read() as uow:
        seen, all_of_it = dispatch.view(uow, asked.id), dispatch.view(uow, asked.id, private=True)
    assert seen
    assert all_of_it
    assert (seen.words[0].private, all_of_it.words[0].private) == ("", "顧問先です")
    assert seen.words[0].comment == "すみません"
    kept = Ledger(house.database).rows("SELECT notice FROM outbox")
    assert not [row for row in kept if "顧問先" in str(row[0])]


def test_none_fits_gives_it_to_the_secretariat_and_a_reason_is_wanted_to_take_it_back(house: House, pair: Pair):
    now, approver = house.clock(), pair.approver.actor
    asked = pair.asks()
    does(house, factories.staff_user)
    times = [dispatches.slot(now, 20)]
    made = does(house, answer.propose, pair.expert.actor, asked.id, 1, times, "", now)
    told(house)
    settled = does(house, answer.none_fits, approver, made.id, made.version, "午後だけ", now)
    assert (settled.status, settled.why) == (Status.NEEDS_COORDINATION, Why.NO_AGREEMENT)
    assert told(house) == [("line", "expert", "none_fits"), ("mail", "secretariat", "none_fits")]
    assert (
        refused(house, cancel.withdraw, approver, made.id, settled.version, "solved", " ", now).code
        == "dispatch.no_reason"
    )
    gone = does(house, cancel.withdraw, approver, made.id, settled.version, "solved", "直った", now)
    assert gone.status is Status.CANCELLED
    assert told(house) == [("line", "expert", "withdraw"), ("mail", "secretariat", "withdraw")]
    with pytest.raises(Stale), house.database.unit() as uow:
        cancel.withdraw(uow, approver, made.id, settled.version, "solved", "直った", now)


@pytest.mark.parametrize("who", ["expert", "approver", "clerk"])
def test_a_cancellation_reaches_everybody_but_whoever_cancels(house: House, pair: Pair, who: str):
    cast, now = people_of(house, pair), house.clock()
    made = pair.asks(Status.CONFIRMED)
    assert (
        does(house, cancel.cancel, cast[who], made.id, made.version, "weather", "台風のため", now).status
        is Status.CANCELLED
    )
    own = {"expert": "expert", "approver": "organisation", "clerk": "secretariat"}[who]
    everybody = [("line", "expert"), ("line", "organisation"), ("mail", "business"), ("mail", "secretariat")]
    assert told(house) == [(channel, side, "cancel") for channel, side in everybody if side != own]
    notice = json.loads(Ledger(house.database).rows("SELECT notice FROM outbox WHERE notice LIKE '%台風%'")[0][0])
    assert (len(notice["times"]), len(notice["wished"]), notice["category"]) == (1, 3, "weather")


def test_a_visit_is_cancelled_until_its_day_is_over_or_somebody_came(house: House, pair: Pair):
    expert = pair.expert.actor
    first, second, third = (pair.asks(Status.CONFIRMED, times=(dispatches.slot(house.clock(), 7, hour, 60),))
                            for hour in (9, 11, 13))  # fmt: skip
    house.clock.advance(days=7, hours=10)
    now = house.clock()
    assert first.ends
    assert now > first.ends, "the planned end has passed, its day has not"

    def cancelling(made: DispatchView) -> tuple[Any, ...]:
        return cancel.cancel, expert, made.id, made.version, "other", "x", house.clock()

    assert does(house, *cancelling(first)).status is Status.CANCELLED
    with house.database.unit() as uow:
        row = visits.open_row(uow, second.id, pair.expert.id, now)
        visits.add_act(uow, expert, second.id, pair.expert.id, End.IN, Source.GPS, now, now)
        row.came_at = now
    assert refused(house, *cancelling(second)).code == "dispatch.cancel_checked_in"
    assert refused(house, cancel.late, expert, second.id, 15, now).code.startswith("dispatch.late_")
    house.clock.advance(days=1)
    assert refused(house, *cancelling(third)).code == "dispatch.cancel_over"


def test_being_late_is_told_on_the_day_alone_and_at_any_hour(house: House, pair: Pair):
    expert = pair.expert.actor
    made = pair.asks(Status.CONFIRMED, times=(dispatches.slot(house.clock(), 2, 8, 60),))

    def late(minutes: int) -> tuple[Any, ...]:
        return cancel.late, expert, made.id, minutes, house.clock()

    assert refused(house, *late(15)).code == "dispatch.late_not_today"
    house.clock.advance(days=1, hours=21)
    assert refused(house, *late(17)).code == "dispatch.late_minutes_only"
    assert does(house, *late(30))[1]
    assert told(house) == [("line", "organisation", "late"), ("mail", "business", "late")]
    assert not does(house, *late(30))[1]
    assert does(house, *late(60))[1]
    told(house)
    house.clock.advance(minutes=11)
    assert does(house, *late(30))[1]
    with house.database.read() as uow:
        assert outbox.due(uow, pair.approver.user_id, house.clock()), "seven in the morning of the visit"


def test_once_the_requester_has_left_all_approvers_are_told(house: House, pair: Pair):
    now = house.clock()
    asked = pair.asks()
    with house.database.unit() as uow:
        colleagues = [factories.approver(uow, pair.organisation) for _ in range(2)]
        organisations.end_approver(uow, pair.organisation, pair.approver.id, now)
    does(house, answer.decline, pair.expert.actor, asked.id, 1, "other", "", "", now)
    found = Ledger(house.database).rows(
        "SELECT recipient FROM outbox WHERE notice LIKE '%decline%' AND channel = 'line'"
    )
    assert {row[0] for row in found} == {each.user_id for each in colleagues}


def test_words_of_the_domain_are_refusals_not_failures(house: House, pair: Pair):
    now = house.clock()
    done = pair.asks(Status.COMPLETED)
    assert isinstance(
        refused(house, cancel.cancel, pair.expert.actor, done.id, done.version, "other", "x", now), NotPossible
    )
    assert isinstance(
        refused(house, cancel.late, pair.expert.actor, "no such id", 15, now), NotFound
    )  # fmt: skip
