"""Brings everything that is sealed under the newest of FIELD_KEYS, while the service runs, so that an old key may go.

Safe to stop anywhere and to begin again: what is under the newest key stays as it is. A value is only replaced if it
still is what was read; a row that somebody holds is left for later, so that nobody ever waits for two of ours. Files
never change under their key, but may be deleted meanwhile: such a one is not brought back.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, update

from models.tables.base import Base
from models.tables.organisation import Invitation
from models.tables.system import DoomedFile
from storage import seals
from storage.database import AnySelect, Database, UnitOfWork
from storage.files import FileMissing, FileStore
from storage.secrets import SealBroken, Vault

FILES = (
    "papers.file_key", "visit_photos.file_key", "signatures.file_key", "expert_imports.file_key",
    "commission_letters.file_key", "commission_letters.acceptance_key",
)  # fmt: skip
"""Every column that names a sealed file."""
BATCH = 100
TRIES = 10
AT_ONCE = 8
PDF, OCTETS = "application/pdf", "application/octet-stream"


class Seal(StrEnum):
    """How one value or file is sealed. `OLD` needs an older key; `GONE`: a file that is not there any more."""

    NEWEST = "newest"
    OLD = "old"
    RENEWED = "renewed"
    BROKEN = "broken"
    GONE = "gone"


@dataclass(frozen=True)
class Looked:
    """What was found, or done, at one place (`table.column`) under one key (a row's, or a file's)."""

    place: str
    key: str
    seal: Seal


def total(database: Database) -> int:
    """How many values and files there are to look at."""
    columns = [*(column for _, column in seals.columns()), *_files()]
    with database.read() as uow:
        return sum(uow.session.scalar(select(func.count()).where(*_filled(column))) or 0 for column in columns)


def look(database: Database, files: FileStore, clock: Callable[[], datetime]) -> Iterator[Looked]:
    """How everything is sealed; every file is read for it, and nothing is changed."""
    return _walk(database, files, clock, change=False)


def renew(database: Database, files: FileStore, clock: Callable[[], datetime]) -> Iterator[Looked]:
    """The same, and what is under an older key is brought under the newest on the way."""
    return _walk(database, files, clock, change=True)


def digests_fit(uow: UnitOfWork) -> bool:
    """Whether today's digest key made the digests that are stored, told by the newest codes that can be read."""
    newest = select(Invitation.code_digest, Invitation.code_sealed).where(*_filled(Invitation.code_sealed))
    for digest, sealed in uow.session.execute(newest.order_by(Invitation.issued_at.desc()).limit(BATCH)):
        try:
            return uow.vault.digest(uow.vault.open(sealed)) == digest
        except SealBroken:
            continue
    return True


def named_files(uow: UnitOfWork) -> set[str]:
    """The keys of all files that rows name and no job is about to delete."""
    named = {key for column in _files() for key in uow.session.scalars(select(column).where(*_filled(column)))}
    return named.difference(uow.session.scalars(select(DoomedFile.file_key)))


def _walk(database: Database, files: FileStore, clock: Callable[[], datetime], *, change: bool) -> Iterator[Looked]:
    for table, column in seals.columns():
        yield from _column(database, table, column, change=change)
    for column in _files():
        yield from _column_of_files(database, files, column, clock, change=change)


def _files() -> Iterator[ColumnElement[Any]]:
    for place in FILES:
        table, _, name = place.partition(".")
        yield Base.metadata.tables[table].columns[name]


def _filled(column: Any) -> tuple[ColumnElement[bool], ...]:
    return column.is_not(None), func.length(column) > 0


def _seal_of(vault: Vault, sealed: bytes) -> Seal:
    try:
        return Seal.NEWEST if vault.is_newest(sealed) else Seal.OLD
    except SealBroken:
        return Seal.BROKEN


# --- values --------------------------------------------------------------------------------------------


def _column(database: Database, table: Table, column: Any, *, change: bool) -> Iterator[Looked]:
    place, (key,) = f"{table.name}.{column.name}", table.primary_key.columns
    for rows in _pages(database, select(key, column).where(*_filled(column)), key):
        seals_of = {name: _seal_of(database.vault, sealed) for name, sealed in rows}
        old = {name: sealed for name, sealed in rows if seals_of[name] is Seal.OLD}
        if change and old:
            for name in _replace(database, table, column, old):
                seals_of[name] = Seal.RENEWED
                del old[name]
            for name in old:
                seals_of[name] = _replace_one(database, table, column, name)
        yield from (Looked(place, str(name), seal) for name, seal in seals_of.items())


def _pages(database: Database, query: AnySelect, key: Any) -> Iterator[Sequence[Any]]:
    """The rows in the order of their keys, some at a time, each page a transaction of its own."""
    rows, after = list[Any](), None
    while after is None or rows:
        with database.read() as uow:
            wanted = query if after is None else query.where(key > after)
            rows = uow.session.execute(wanted.order_by(key).limit(BATCH)).all()
        if not rows:
            return
        after = rows[-1][0]
        yield rows


def _replace(database: Database, table: Table, column: Any, old: dict[Any, bytes]) -> list[Any]:
    """The keys of those rows that could be had at once and were still the same."""
    (key,), renewed = table.primary_key.columns, {name: database.vault.rotate(old[name]) for name in old}
    with database.unit() as uow:
        free = select(key, column).where(key.in_(list(old))).order_by(key).with_for_update(skip_locked=True)
        same = [name for name, sealed in uow.session.execute(free) if bytes(sealed or b"") == old[name]]
        for name in same:
            uow.session.execute(update(table).where(key == name).values({column: renewed[name]}))
    return same


def _replace_one(database: Database, table: Table, column: Any, name: Any) -> Seal:
    """A row that somebody held or changed: wait for it, alone."""
    (key,) = table.primary_key.columns
    for _ in range(TRIES):
        with database.read() as uow:
            sealed = uow.session.scalar(select(column).where(key == name))
        if not sealed:
            return Seal.GONE
        seal = _seal_of(database.vault, sealed)
        if seal is not Seal.OLD:
            return seal
        renewed = database.vault.rotate(sealed)
        with database.unit() as uow:
            same = update(table).where(key == name, column == sealed).values({column: renewed})
            if uow.session.execute(same.returning(key)).first():
                return Seal.RENEWED
    return Seal.OLD


# --- files ---------------------------------------------------------------------------------------------


def _column_of_files(
    database: Database, files: FileStore, column: Any, clock: Callable[[], datetime], *, change: bool
) -> Iterator[Looked]:
    """Some at once, for each waits for the store. A file that several rows name is looked at as often."""
    place, (row,) = f"{column.table.name}.{column.name}", column.table.primary_key.columns

    def one(found: Sequence[Any]) -> Looked:
        name, key = found
        needed = partial(_needed, database, column, row == name, key, clock)
        return Looked(place, key, _file(database.vault, files, key, needed, change=change))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for rows in _pages(database, select(row, column).where(*_filled(column)), row):
            yield from pool.map(one, rows)


def _file(vault: Vault, files: FileStore, key: str, needed: Callable[[], bool], *, change: bool) -> Seal:
    if not needed():
        return Seal.GONE
    try:
        sealed = files.get(key)
    except FileMissing:
        return Seal.GONE
    seal = _seal_of(vault, sealed)
    if seal is not Seal.OLD or not change:
        return seal
    files.put(key, vault.rotate(sealed), PDF if key.endswith(".pdf") else OCTETS)
    if not needed():
        files.delete(key)
        return Seal.GONE
    return Seal.RENEWED


def _needed(database: Database, column: Any, here: Any, key: str, clock: Callable[[], datetime]) -> bool:
    """Whether a row names this file (most likely the one `here`), and no job is about to delete it."""
    with database.read() as uow:
        doomed = uow.session.scalar(
            select(DoomedFile.file_key).where(DoomedFile.file_key == key, DoomedFile.since <= clock())
        )
        if doomed is not None:
            return False
        if uow.session.scalar(select(column).where(here)) == key:
            return True
        return any(uow.session.scalar(select(other).where(other == key).limit(1)) for other in _files())
