"""An approver and an expert with dispatches of every kind, and the pages each opens from LINE."""

from datetime import datetime, timedelta

import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from models.rules.dispatch import Status
from models.rules.fee import fee, schedule_on
from models.rules.permissions import SYSTEM
from models.rules.visit import Evidence, Grade
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import audit, visits
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.visitors import Browser


class Pair:
    """One organisation with an approver, one expert, and what they have with each other."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.expert = dispatches.expert(house, self.organisation, self.approver)

    def asks(self, status: Status = Status.REQUESTED, **how: object) -> DispatchView:
        """A dispatch that stands at a status."""
        return dispatches.request(self.house, self.organisation, self.approver, self.expert, status=status, **how)  # pyright: ignore[reportArgumentType]

    def moved(self, view: DispatchView, action: str, by: PersonView | None, states: tuple[str, str]) -> None:
        """An entry of the audit, as the use cases write it."""
        actor = by.actor if by else SYSTEM
        with self.house.database.unit() as uow:
            audit.record(uow, actor, f"dispatch.{action}", ("dispatch", view.id), self.house.clock(), moved=states)

    def visited(
        self, view: DispatchView, start: datetime, minutes: int, non_payable: int = 0, *,
        evidence: Evidence = Evidence.CLEAR, by: PersonView | None = None,
    ) -> None:  # fmt: skip
        """A fee of a visit, stored the way a check-out stores it."""
        end, expert = start + timedelta(minutes=minutes), by or self.expert
        worked = fee(start, end, non_payable, schedule_on(start.date()))
        with self.house.database.unit() as uow:
            row = visits.open_row(uow, view.id, expert.id, end)
            row.came_at, row.went_at, row.non_payable, row.yen = start, end, non_payable, worked.yen
            row.grade, row.evidence = Grade.A if evidence is Evidence.CLEAR else Grade.B, evidence
            visits.add_fee(uow, expert.actor, view.id, expert.id, (start, end), worked, end)


def path_of(house: House, purpose: str, person: PersonView, subject: str = "") -> str:
    """The address behind a link made now; the subject is the person unless named."""
    with time_machine.travel(house.clock(), tick=False):
        return house.services.links.page(purpose, person.id, subject or person.id).removeprefix("http://localhost")


class Opened:
    """A browser that opened somebody's link."""

    def __init__(self, app: Flask, path: str) -> None:
        self.browser, self.path = Browser(app.test_client()), path
        self.first = self.get()

    def get(self, rest: str = "") -> TestResponse:
        """The page behind the link, or what lies under it."""
        return self.browser.get(self.path + rest)
