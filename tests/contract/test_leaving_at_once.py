"""The end of a visit on both databases, from several devices at the same moment: one counts, one is paid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers.usecases.visit import certify, check_out, declare
from models.rules.dispatch import Status
from models.rules.errors import NotPossible
from models.rules.visit import Reason, Source
from models.tables.visit import Attendance, FeeRecord, VisitAct
from models.views.check_out import CheckedOut
from storage.database import UnitOfWork
from tests.support import dispatches
from tests.support.factories import House
from tests.support.leaving import Visiting, visiting
from tests.support.together import together


@pytest.fixture
def at(house: House) -> Visiting:
    made = visiting(house)
    made.comes()
    made.at(180)
    return made


def leaves(at: Visiting, nonce: str) -> Callable[[UnitOfWork], Any]:
    fix = check_out.Fix(Source.GPS, dispatches.OFFICE, 12, nonce=nonce)
    signed = check_out.Signed("田中 一郎", f"signatures/{nonce}")
    now = at.house.clock()
    return lambda uow: check_out.check_out(uow, at.expert.actor, at.dispatch.id, fix, now, minutes=0, signed=signed)


def counted(at: Visiting) -> tuple[int, int, int]:
    """Ends, certifications and fees that are stored."""
    with at.house.database.read() as uow:
        ends = uow.session.scalar(select(func.count()).where(VisitAct.end == "out")) or 0
        certified = uow.session.scalar(select(func.count()).select_from(Attendance)) or 0
        return ends, certified, uow.session.scalar(select(func.count()).select_from(FeeRecord)) or 0


def test_two_phones_that_leave_at_once(at: Visiting) -> None:
    found = together(at.house.database, leaves(at, "one"), leaves(at, "two"))
    assert sorted(type(one).__name__ for one in found) == ["CheckedOut", "NotPossible"]
    assert next(one.code for one in found if isinstance(one, NotPossible)) == "visit.already_out"
    assert counted(at) == (1, 1, 1)


def test_one_act_that_comes_twice_at_once(at: Visiting) -> None:
    found = together(at.house.database, *(leaves(at, "same") for _ in range(3)))
    assert all(isinstance(one, CheckedOut) for one in found)
    assert counted(at) == (1, 1, 1)


def test_a_business_that_presses_twice_at_once(at: Visiting) -> None:
    at.leaves(180)
    version, now = at.visit.version, at.house.clock()
    acts = [lambda uow: certify.confirm(uow, at.dispatch.id, version, "田中 一郎", now)] * 3
    found = together(at.house.database, *acts)
    assert sorted(type(one).__name__ for one in found) == ["NotPossible", "NotPossible", "VisitView"]
    assert counted(at)[1] == 1


def test_a_declaration_while_the_business_confirms(at: Visiting) -> None:
    """Whichever is first: what the business did not see is never certified."""
    at.leaves(180)
    version, now = at.visit.version, at.at(200)
    said = declare.Declared(None, at.starts + timedelta(minutes=190), 0, "まちがえた")
    together(
        at.house.database,
        lambda uow: certify.confirm(uow, at.dispatch.id, version, "田中 一郎", now),
        lambda uow: declare.declare(uow, at.expert.actor, at.dispatch.id, said, now),
    )
    assert Reason.NOT_CERTIFIED in at.visit.reasons
    assert at.visit.yen == 15_840


def test_two_visits_of_one_expert_that_end_at_once_are_not_both_an_a(house: House, at: Visiting) -> None:
    times = ((at.starts, at.starts + timedelta(hours=3)),)
    organisation = at.dispatch.organisation_id
    other = dispatches.request(house, organisation, at.approver, at.expert, status=Status.CONFIRMED, times=times)
    second = Visiting(house, other, at.expert, at.approver)
    second.comes(1)
    house.clock.now = at.starts + timedelta(minutes=180)
    first, later = together(house.database, leaves(at, "one"), leaves(second, "two"))
    overlapping = [Reason.OVERLAP in one.visit.reasons for one in (first, later)]
    assert sorted(overlapping) == [False, True]
