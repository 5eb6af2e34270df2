"""Dispatches for tests, in any status, and active experts to give them to."""

from datetime import datetime, timedelta

from models.rules.calendar import to_jst
from models.rules.dispatch import Status, Why
from models.rules.fields import Value
from models.rules.place import PlaceSource, Point
from models.views.dispatch import ContactView, DispatchView, PlaceView
from models.views.people import PersonView
from storage import businesses, dispatch
from tests.support import factories
from tests.support.factories import House

OFFICE = Point(35.681236, 139.767125)
"""The place of support of these dispatches (東京駅)."""
ADDRESS = "東京都千代田区丸の内1-9-1"
BUSINESS = "株式会社みほん製作所"
CORPORATE_NUMBER = "7000012050002"


def slot(now: datetime, days: int = 7, hour: int = 13, minutes: int = 180) -> tuple[datetime, datetime]:
    """A time some days ahead, by the Japanese clock."""
    local = to_jst(now).replace(hour=hour, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return local, local + timedelta(minutes=minutes)


def expert(house: House, organisation_id: str, approver: PersonView, **answers: Value) -> PersonView:
    """Somebody who accepted a commission letter and can be dispatched today."""
    made, person = factories.commissioned(house, organisation_id, approver, **answers)
    factories.accept(house, person, made)
    return person


def request(
    house: House, organisation_id: str, requester: PersonView, expert: PersonView | None, *,
    status: Status = Status.REQUESTED, times: tuple[tuple[datetime, datetime], ...] = (), point: Point | None = OFFICE,
    title: str = "原価管理の見直し", business: str = BUSINESS, corporate_number: str = CORPORATE_NUMBER,
    topic: str = "生産管理", mail: str = "tanaka@example.jp", why: Why | None = None,
) -> DispatchView:  # fmt: skip
    """A dispatch that stands at `status`; from confirmed on its time is the first of `times` (a week ahead)."""
    now = house.clock()
    wished = times or (slot(now), slot(now, 8), slot(now, 9))
    source = PlaceSource.ADDRESS if point else PlaceSource.UNKNOWN
    with house.database.unit() as uow:
        of = businesses.ensure(uow, organisation_id, business, corporate_number, ADDRESS, now)
        made = dispatch.create(
            uow,
            dispatch.NewDispatch(
                organisation_id, requester.id, of,
                expert.id if expert else "", title, topic, "", "原価を下げたい。\n現場も見てほしい。",
                ContactView("田中 一郎", "03-1234-5678", mail), PlaceView(ADDRESS, source, point), True, wished,
            ),
            Status.REQUESTED, None, now,
        )  # fmt: skip
        if status in (Status.CONFIRMED, Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED):
            dispatch.fix_time(uow, made, *wished[0])
        if status is not Status.REQUESTED:
            dispatch.set_status(uow, made, status, now, why)
        return dispatch.view_of(uow, made)
