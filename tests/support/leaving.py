"""A visit that is under way, and the ways to end it, for tests."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.usecases.visit import certify, check_out, declare
from handlers.usecases.visit.record import record
from models.rules.dispatch import Status
from models.rules.place import Point
from models.rules.visit import End, Source
from models.views.check_out import CheckedOut
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from models.views.visit import VisitView
from storage import dispatch, visits
from tests.support import dispatches, factories
from tests.support.factories import House

LINK = "http://localhost/p/certify/token"


@dataclass
class Visiting:
    """A confirmed dispatch at 13:00–16:00 of the house's day, its expert and its approver."""

    house: House
    dispatch: DispatchView
    expert: PersonView
    approver: PersonView

    @property
    def starts(self) -> datetime:
        assert self.dispatch.starts
        return self.dispatch.starts

    def at(self, minutes: int) -> datetime:
        """That many minutes after the planned beginning; the house's clock goes there."""
        self.house.clock.now = self.starts + timedelta(minutes=minutes)
        return self.house.clock.now

    def comes(self, minutes: int = 0, point: Point = dispatches.OFFICE, source: Source = Source.GPS) -> VisitView:
        at = self.at(minutes)
        with self.house.database.unit() as uow:
            return record(
                uow, self.expert.actor, self.dispatch.id, End.IN, source, at, point=point, accuracy=12
            )  # fmt: skip

    def leaves(
        self, minutes: int = 180, *, rested: int | None = 0, signed: bool = False, point: Point = dispatches.OFFICE,
        nonce: str | None = None, link: str = LINK,
    ) -> CheckedOut:  # fmt: skip
        at = self.at(minutes)
        fix = check_out.Fix(Source.GPS, point, 12, nonce=nonce)
        name = check_out.Signed("田中 一郎", "signatures/one") if signed else None
        with self.house.database.unit() as uow:
            return check_out.check_out(
                uow, self.expert.actor, self.dispatch.id, fix, at, minutes=rested, signed=name, link=link
            )

    def declares(
        self, went: int, now: int, *, came: int | None = None, rested: int = 0, reason: str = "押し忘れた"
    ) -> CheckedOut:
        began = self.starts + timedelta(minutes=came) if came is not None else None
        said = declare.Declared(began, self.starts + timedelta(minutes=went), rested, reason)
        at = self.at(now)
        with self.house.database.unit() as uow:
            return declare.declare(uow, self.expert.actor, self.dispatch.id, said, at, LINK)

    def confirms(self, version: int | None = None, name: str = "田中 一郎") -> VisitView:
        with self.house.database.unit() as uow:
            seen = self.visit.version if version is None else version
            return certify.confirm(uow, self.dispatch.id, seen, name, self.house.clock())

    @property
    def visit(self) -> VisitView:
        with self.house.database.read() as uow:
            found = visits.view(uow, self.dispatch.id, self.expert.id)
        assert found
        return found

    @property
    def status(self) -> Status:
        with self.house.database.read() as uow:
            found = dispatch.view(uow, self.dispatch.id)
        assert found
        return found.status


def visiting(house: House, *, point: Point | None = dispatches.OFFICE, mail: str = "tanaka@example.jp") -> Visiting:
    """A confirmed dispatch whose slot begins today at 13:00 in Tokyo."""
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    expert = dispatches.expert(house, organisation, approver)
    times = (dispatches.slot(house.clock(), 0),)
    made = dispatches.request(
        house, organisation, approver, expert, status=Status.CONFIRMED, times=times, point=point, mail=mail
    )
    return Visiting(house, made, expert, approver)
