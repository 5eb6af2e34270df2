"""Photos of papers: which are held, under which key of the file store, and which files nothing needs any more."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select

from models.rules.profile import CHANGES
from models.tables.base import new_id
from models.tables.registration import Paper, Submission
from models.tables.system import DoomedFile
from storage.database import UnitOfWork
from storage.secrets import Vault


def key_of(vault: Vault, user_id: str, sha256: str) -> str:
    """Where a photo of this person is kept, wherever it was sent from: the same photo has the same key."""
    return f"papers/{vault.digest(f'{user_id}:{sha256}')}"


def add(
    uow: UnitOfWork, application_id: str, kind: str, file_key: str, sha256: str, size: tuple[int, int],
    message_id: str | None, now: datetime,
) -> tuple[str, bool]:  # fmt: skip
    """Keep a photo; returns its id, and whether it is new (the same photo of the same kind is kept once)."""
    same = select(Paper.id).where(
        Paper.application_id == application_id,
        Paper.kind == kind,
        Paper.sha256 == sha256,
        Paper.removed_at.is_(None),
    )
    held = uow.session.scalar(same)
    if held:
        return held, False
    paper = Paper(
        id=new_id(),
        application_id=application_id,
        kind=kind,
        file_key=file_key,
        sha256=sha256,
        width=size[0],
        height=size[1],
        message_id=message_id,
        added_at=now,
    )
    uow.session.add(paper)
    uow.session.execute(delete(DoomedFile).where(DoomedFile.file_key == file_key))
    uow.session.flush()
    return paper.id, True


def current(uow: UnitOfWork, application_id: str) -> list[Paper]:
    """The photos held now, oldest first."""
    held = select(Paper).where(Paper.application_id == application_id, Paper.removed_at.is_(None))
    return list(uow.session.scalars(held.order_by(Paper.added_at, Paper.id)))


def application_of(uow: UnitOfWork, paper_id: str) -> str | None:
    """The id of the application that holds this photo now."""
    return uow.session.scalar(select(Paper.application_id).where(Paper.id == paper_id, Paper.removed_at.is_(None)))


def by_message(uow: UnitOfWork, message_id: str) -> list[Paper]:
    """The photos held that came with a LINE message."""
    return list(uow.session.scalars(select(Paper).where(Paper.message_id == message_id, Paper.removed_at.is_(None))))


def remove(uow: UnitOfWork, papers: Iterable[Paper], now: datetime) -> None:
    """Take photos out of the draft; a file that nothing else holds is doomed.

    Photos of an earlier submission stay on file until retention: that submission was decided on them.
    """
    for paper in papers:
        paper.removed_at = now
        uow.session.flush()
        others = select(Paper.id).where(Paper.file_key == paper.file_key, Paper.removed_at.is_(None)).limit(1)
        submitted = select(Submission.id).where(
            Submission.application_id == paper.application_id, Submission.submitted_at >= paper.added_at
        )
        if not uow.session.scalar(others) and not uow.session.scalar(submitted.limit(1)):
            uow.session.merge(DoomedFile(file_key=paper.file_key, since=now))
    uow.session.flush()


def copy(uow: UnitOfWork, from_id: str, to_id: str, now: datetime) -> None:
    """Start a new application from the photos of an earlier one; those of a change nobody decided on stay behind."""
    undecided = {change.kind for change in CHANGES.values()}
    for paper in (held for held in current(uow, from_id) if held.kind not in undecided):
        add(uow, to_id, paper.kind, paper.file_key, paper.sha256, (paper.width, paper.height), paper.message_id, now)


def expect(uow: UnitOfWork, file_keys: Iterable[str], until: datetime) -> None:
    """Files are about to be stored: those that no paper takes over by `until` are deleted then."""
    for file_key in file_keys:
        held = uow.session.scalar(select(Paper.id).where(Paper.file_key == file_key).limit(1))
        if not held or uow.session.get(DoomedFile, file_key):
            uow.session.merge(DoomedFile(file_key=file_key, since=until))
    uow.session.flush()


def doom(uow: UnitOfWork, file_keys: Iterable[str], now: datetime) -> None:
    """Nothing needs these files any more; a job deletes them."""
    for file_key in file_keys:
        uow.session.merge(DoomedFile(file_key=file_key, since=now))
    uow.session.flush()


def doomed_files(uow: UnitOfWork, now: datetime, limit: int = 100) -> list[str]:
    """Keys of files to delete from the store."""
    due = select(DoomedFile.file_key).where(DoomedFile.since <= now)
    return list(uow.session.scalars(due.order_by(DoomedFile.since).limit(limit)))


def forget_doomed(uow: UnitOfWork, keys: Iterable[str]) -> None:
    """These files are gone."""
    uow.session.execute(delete(DoomedFile).where(DoomedFile.file_key.in_(list(keys))))
