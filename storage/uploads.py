"""Files on their way in: who may hand over which quarantine key."""

from datetime import datetime

from sqlalchemy import delete, func, select

from models.tables.system import Upload
from storage.database import UnitOfWork

QUARANTINE = "quarantine"
"""The prefix under which files lie until they are judged."""


def begin(uow: UnitOfWork, file_key: str, person_id: str, now: datetime) -> None:
    """Note whose upload it will be."""
    uow.session.add(Upload(file_key=file_key, person_id=person_id, made_at=now))
    uow.session.flush()


def open_since(uow: UnitOfWork, person_id: str, since: datetime) -> int:
    """How many uploads of this person were begun after a moment and not taken over yet."""
    mine = select(func.count()).select_from(Upload)
    return uow.session.scalar(mine.where(Upload.person_id == person_id, Upload.made_at > since)) or 0


def owner(uow: UnitOfWork, file_key: str) -> str | None:
    """Whose upload it is; None when there is none, or none any more."""
    return uow.session.scalar(select(Upload.person_id).where(Upload.file_key == file_key))


def forget(uow: UnitOfWork, file_key: str) -> None:
    """It was taken over or refused."""
    uow.session.execute(delete(Upload).where(Upload.file_key == file_key))


def forget_before(uow: UnitOfWork, before: datetime) -> None:
    """Uploads that nobody took over."""
    uow.session.execute(delete(Upload).where(Upload.made_at < before))
