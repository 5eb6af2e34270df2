"""Photos of the place: sealed files that belong to a visit once its act is recorded, and to nobody before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from models.tables.base import new_id
from models.tables.system import DoomedFile
from models.tables.visit import VisitPhoto
from storage.database import UnitOfWork

PREFIX = "visits"
"""Where the file store keeps them, each under a key of its own."""


def expect(uow: UnitOfWork, file_key: str, until: datetime) -> None:
    """A file is about to be stored; unless an act takes it over by `until`, it is deleted then."""
    uow.session.merge(DoomedFile(file_key=file_key, since=until))
    uow.session.flush()


def add(uow: UnitOfWork, dispatch_id: str, act_seq: int, file_key: str, message_id: str | None, now: datetime) -> None:
    """The photo belongs to this act from now on."""
    uow.session.add(
        VisitPhoto(
            id=new_id(), dispatch_id=dispatch_id, act_seq=act_seq, file_key=file_key, message_id=message_id,
            added_at=now,
        )
    )  # fmt: skip
    uow.session.execute(delete(DoomedFile).where(DoomedFile.file_key == file_key))
    uow.session.flush()


def by_message(uow: UnitOfWork, message_id: str) -> Sequence[str]:
    """The dispatches whose visits hold the photo of a LINE message."""
    return uow.session.scalars(select(VisitPhoto.dispatch_id).where(VisitPhoto.message_id == message_id)).all()
