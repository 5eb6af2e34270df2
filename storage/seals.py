"""A few sealed values of every column that holds any, to see whether today's keys still open them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, LargeBinary, Select, Table, func, select

from models.tables.base import Base
from storage.database import UnitOfWork
from storage.secrets import SealBroken, Vault

PLAIN = frozenset({"inbox.body"})
"""Bytes that are not sealed: what LINE sent, as it came."""
EACH_END = 5


@dataclass(frozen=True)
class Sample:
    """A sealed value and where it stands (`table.column`)."""

    place: str
    sealed: bytes


def columns() -> Iterator[tuple[Table, Column[bytes]]]:
    """Every column that holds sealed values."""
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, LargeBinary) and f"{table.name}.{column.name}" not in PLAIN:
                yield table, column


def samples(uow: UnitOfWork) -> list[Sample]:
    """The first and the last values of each column, by the table's own order."""
    found: list[Sample] = []
    for table, column in columns():
        (key, *_) = table.primary_key.columns
        values = {
            bytes(value)
            for order in (key.asc(), key.desc())
            for value in uow.session.scalars(_filled(column).order_by(order).limit(EACH_END))
        }
        found += [Sample(f"{table.name}.{column.name}", value) for value in values]
    return found


def _filled(column: Column[bytes]) -> Select[bytes]:
    return select(column).where(func.length(column) > 0)


def opened_by(vaults: Sequence[Vault], of: Sequence[Sample]) -> list[tuple[Sample, int | None]]:
    """Which vault opens each value, the first being 0; None when no one does."""
    return [(sample, next((at for at, vault in enumerate(vaults) if _opens(vault, sample)), None)) for sample in of]


def _opens(vault: Vault, sample: Sample) -> bool:
    try:
        vault.open(sample.sealed)
    except SealBroken:
        return False
    return True
