"""Running the job that erases what is over, and looking at what it left of the stored files."""

from pathlib import Path

from sqlalchemy import update

from handlers.jobs.retain import retain
from models.tables.conversation import OutboxRow
from models.views.people import PersonView
from tests.support.factories import House


def place(approver: PersonView) -> str:
    """The one organisation somebody approves for."""
    (organisation,) = approver.actor.organisations
    return organisation


def clean_up(house: House) -> dict[str, int]:
    """The job, once every message has left."""
    house.clock.advance(seconds=1)
    with house.database.unit() as uow:
        uow.session.execute(update(OutboxRow).values(state="sent"))
    return retain(house.database, house.services.files, house.clock())


def files(tmp_path: Path) -> list[str]:
    """Every stored file, by its path in the store."""
    store = tmp_path / "files"
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file())
