"""A visit with all a judge can look at: recorded far away, signed, with a photo, a question and an answer."""

from datetime import timedelta

from handlers.usecases.visit import check_out
from handlers.usecases.visit.record import SentPhoto, record
from models.rules.dispatch import Status
from models.rules.place import Point
from models.rules.visit import End, Source
from models.views.people import PersonView
from storage import evidence_view, visit_photos
from storage.database import UnitOfWork
from tests.support import dispatches, photos
from tests.support.factories import House
from tests.support.leaving import Visiting

FAR = Point(35.6920, 139.7700)
"""Some 1.2 km from the place."""


def stored(house: House, key: str, data: bytes) -> None:
    """Put a picture where a sealed one lies."""
    house.services.files.put(key, house.database.vault.seal(data), "application/octet-stream")


def visited(
    house: House, organisation: str, approver: PersonView, expert: PersonView, *, days: int = 0, key: str = "scene"
) -> Visiting:
    """A visit of today, by photo in and far away out, signed; the house's clock stands where it stood."""
    before = house.clock()
    times = (dispatches.slot(before, days),)
    made = dispatches.request(house, organisation, approver, expert, status=Status.CONFIRMED, times=times)
    visit = Visiting(house, made, expert, approver)
    stored(house, f"signatures/{key}", photos.jpeg(600, 200, "田中"))
    stored(house, f"visits/{key}", photos.jpeg(1200, 900, "入口"))
    with house.database.unit() as uow:
        at = visit.at(2)
        visit_photos.expect(uow, f"visits/{key}", at + timedelta(days=1))
        record(
            uow, expert.actor, made.id, End.IN, Source.PHOTO, at, reason="地下でGPSが届かない",
            photo=SentPhoto(f"visits/{key}"),
        )  # fmt: skip
        at = visit.at(185)
        fix = check_out.Fix(Source.GPS, FAR, 40)
        signed = check_out.Signed("田中 一郎", f"signatures/{key}")
        check_out.check_out(uow, expert.actor, made.id, fix, at, minutes=15, signed=signed)
    house.clock.now = before
    return visit


def pictures(uow: UnitOfWork, visit: Visiting) -> tuple[str, str]:
    """The ids of its photo and of its certification."""
    found = evidence_view.load(uow, visit.dispatch)
    return found.pictures[0].id, found.certificates[0].id
