"""The values of the settings: the newest row of a key counts, and older rows are its history."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from models.rules.settings import SETTINGS
from models.tables.staff import Staff
from models.tables.system import Setting
from storage.database import UnitOfWork

_KEPT = "settings"


@dataclass(frozen=True)
class Change:
    """One change of a setting: `before` is what held until then, `who` the name of who made it."""

    seq: int
    at: datetime
    who: str
    before: int
    after: int


def value(uow: UnitOfWork, key: str) -> int:
    """What a setting is now; KeyError for one that nobody defined."""
    return values(uow)[key]


def values(uow: UnitOfWork) -> dict[str, int]:
    """All settings by key, changed or not; asked once a transaction."""
    kept = uow.session.info.get(_KEPT)
    if kept is None:
        newest = select(func.max(Setting.seq)).group_by(Setting.key)
        rows = uow.session.execute(select(Setting.key, Setting.value).where(Setting.seq.in_(newest)))
        changed = {key: int(held) for key, held in rows if key in SETTINGS}
        kept = {key: changed.get(key, setting.default) for key, setting in SETTINGS.items()}
        uow.session.info[_KEPT] = kept
    return kept


def newest(uow: UnitOfWork, key: str) -> int:
    """The number of the last change of a setting, 0 before the first: what an edit says to have seen."""
    return uow.session.scalar(select(func.max(Setting.seq)).where(Setting.key == key)) or 0


def change(uow: UnitOfWork, key: str, number: int, staff_id: str | None, now: datetime) -> None:
    """A setting has this value from now on."""
    uow.session.add(Setting(key=key, value=str(number), at=now, staff_id=staff_id))
    uow.session.flush()
    uow.session.info.pop(_KEPT, None)


def history(uow: UnitOfWork, key: str) -> list[Change]:
    """Every change of a setting, the newest first."""
    rows = uow.session.execute(
        select(Setting.seq, Setting.at, Setting.value, Staff.name)
        .outerjoin(Staff, Staff.id == Setting.staff_id)
        .where(Setting.key == key)
        .order_by(Setting.seq)
    ).all()
    before = SETTINGS[key].default
    changes: list[Change] = []
    for seq, at, held, who in rows:
        changes.append(Change(seq, at, who or "", before, int(held)))
        before = int(held)
    return changes[::-1]
