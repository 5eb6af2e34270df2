"""Imports of experts: the uploaded files, and which keys were imported already."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import func, select, update

from models.rules.fields import Value
from models.rules.imports import organisation_key
from models.rules.invitation import CodeState, code_state
from models.tables.base import new_id
from models.tables.imports import ExpertImport, ImportedExpert
from models.tables.organisation import Invitation, Organisation
from models.tables.person import Person
from models.tables.staff import Staff
from models.views.imports import ImportState, ImportView, Known
from storage import papers
from storage.database import UnitOfWork

AT_ONCE = 500
_BECAME = {CodeState.USED: Known.JOINED, CodeState.OPEN: Known.INVITED}


def expect(uow: UnitOfWork, file_key: str, until: datetime) -> None:
    """A file is about to be stored: it is deleted again unless `add` takes it over by `until`."""
    papers.expect(uow, [file_key], until)


def add(uow: UnitOfWork, file_key: str, file_name: str, staff_id: str | None, now: datetime) -> str:
    """An uploaded file that can be read; returns the import's id."""
    papers.forget_doomed(uow, [file_key])
    row = ExpertImport(
        id=new_id(), file_key=file_key, file_name=file_name, state=ImportState.READ, started_by=staff_id, at=now
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id


_VIEWED = select(ExpertImport, Staff.name).outerjoin(Staff, Staff.id == ExpertImport.started_by)


def view(uow: UnitOfWork, import_id: str) -> ImportView | None:
    """An import by id."""
    found = uow.session.execute(_VIEWED.where(ExpertImport.id == import_id)).one_or_none()
    return _view(*found) if found else None


def newest(uow: UnitOfWork, limit: int = 20) -> list[ImportView]:
    """The newest imports first."""
    rows = uow.session.execute(_VIEWED.order_by(ExpertImport.at.desc(), ExpertImport.id).limit(limit))
    return [_view(*row) for row in rows]


def _view(row: ExpertImport, by: str | None) -> ImportView:
    return ImportView(row.id, row.file_key, row.file_name, ImportState(row.state), row.task_id, by or "", row.at)


def left_since(uow: UnitOfWork, before: datetime) -> list[str]:
    """Imports that were looked at before a moment and never started or thrown away."""
    left = select(ExpertImport.id).where(ExpertImport.state == ImportState.READ, ExpertImport.at < before)
    return list(uow.session.scalars(left.order_by(ExpertImport.at)))


def move(uow: UnitOfWork, import_id: str, before: ImportState, after: ImportState, task_id: str | None = None) -> bool:
    """Move an import on; False when it is not where it was thought to be: of two people one is first."""
    values = {"state": after} | ({"task_id": task_id} if task_id else {})
    moved = uow.session.execute(
        update(ExpertImport)
        .where(ExpertImport.id == import_id, ExpertImport.state == before)
        .values(**values)
        .returning(ExpertImport.id)
    )
    return moved.one_or_none() is not None


def drop_file(uow: UnitOfWork, import_id: str, now: datetime) -> None:
    """Nothing needs the uploaded file any more."""
    key = uow.session.scalar(select(ExpertImport.file_key).where(ExpertImport.id == import_id))
    if key:
        papers.doom(uow, [key], now)


def organisations_by_key(uow: UnitOfWork) -> dict[str, str]:
    """Organisations by their name as imports compare it; a name that two share after that means none of them."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for id_, name in uow.session.execute(select(Organisation.id, Organisation.name)):
        key = organisation_key(name)
        shared |= {key} & found.keys()
        found[key] = id_
    return {key: id_ for key, id_ in found.items() if key not in shared}


def digest_of(uow: UnitOfWork, key: str) -> str:
    """What is kept of a key."""
    return uow.vault.digest(f"imported expert:{key}")


def known(uow: UnitOfWork, keys: Iterable[str], now: datetime) -> dict[str, Known]:
    """Which of these keys were imported before, and what became of them."""
    by_digest = {digest_of(uow, key): key for key in keys}
    found: dict[str, Known] = {}
    for some in _parts(by_digest):
        rows = uow.session.execute(
            select(ImportedExpert.key_digest, Invitation.used_at, Invitation.revoked_at, Invitation.expires_at)
            .join(Invitation, Invitation.id == ImportedExpert.invitation_id)
            .where(ImportedExpert.key_digest.in_(some))
        )
        for digest, used, revoked, until in rows:
            found[by_digest[digest]] = _BECAME.get(code_state(used, revoked, until, now), Known.LAPSED)
    return found


def registered(uow: UnitOfWork, mails: Iterable[str]) -> set[str]:
    """Which of these addresses somebody gave us already, in lower case."""
    found: set[str] = set()
    for some in _parts({spelling for mail in mails for spelling in (mail, mail.lower())}):
        held = select(Person.mail).where(Person.mail.in_(some), Person.erased_at.is_(None))
        found.update(each.lower() for each in uow.session.scalars(held) if each)
    return found


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    every = list(values)
    yield from (every[at : at + AT_ONCE] for at in range(0, len(every), AT_ONCE))


def keep(
    uow: UnitOfWork, key: str, import_id: str, invitation_id: str, answers: Mapping[str, Value], now: datetime
) -> None:
    """A line led to this invitation; a lapsed one of the same key is forgotten. Two at once: Conflict for one."""
    digest = digest_of(uow, key)
    row = uow.session.scalar(select(ImportedExpert).where(ImportedExpert.key_digest == digest).with_for_update())
    if row is None:
        row = ImportedExpert(key_digest=digest)
        uow.session.add(row)
    row.import_id, row.invitation_id, row.at = import_id, invitation_id, now
    row.answers = uow.vault.seal_json(dict(answers))
    uow.session.flush()


def take_answers(uow: UnitOfWork, invitation_id: str) -> dict[str, Value]:
    """The imported answers behind an invitation, for the draft that begins with it; they are kept here no longer."""
    row = uow.session.scalar(
        select(ImportedExpert).where(ImportedExpert.invitation_id == invitation_id).with_for_update()
    )
    if row is None:
        return {}
    answers = uow.vault.open_json(row.answers)
    row.answers = uow.vault.seal_json({})
    uow.session.flush()
    return answers


def count_invited(uow: UnitOfWork, import_id: str) -> int:
    """How many lines of an import led to an invitation that was not replaced since."""
    return uow.session.scalar(select(func.count()).where(ImportedExpert.import_id == import_id)) or 0
