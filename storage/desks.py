"""The secretariat's regional desks, few enough to be read at once."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from models.tables.base import new_id
from models.tables.organisation import Desk
from models.views.people import DeskView
from storage.database import UnitOfWork


def everything(uow: UnitOfWork) -> list[DeskView]:
    """All desks by name."""
    return [_view(desk) for desk in uow.session.scalars(select(Desk).order_by(Desk.name))]


def desk_for(uow: UnitOfWork, prefecture: str) -> DeskView | None:
    """The desk that serves a prefecture, or the one for all others; None before any is set up."""
    known = everything(uow)
    own = next((desk for desk in known if prefecture in desk.prefectures), None)
    return own or next((desk for desk in known if not desk.prefectures), None)


def add(uow: UnitOfWork, desk: DeskView) -> str:
    """A new desk; returns its id. The name is unique (Conflict)."""
    row = Desk(id=new_id(), **_columns(desk))
    uow.session.add(row)
    uow.session.flush()
    return row.id


def change(uow: UnitOfWork, desk: DeskView) -> None:
    """Keep what `desk` says under its id."""
    uow.session.execute(update(Desk).where(Desk.id == desk.id).values(**_columns(desk)))


def serve(uow: UnitOfWork, desk_id: str, prefectures: Sequence[str]) -> None:
    """Which prefectures a desk serves from now on; none means all others."""
    uow.session.execute(update(Desk).where(Desk.id == desk_id).values(prefectures=",".join(prefectures)))


def remove(uow: UnitOfWork, desk_id: str) -> None:
    """A desk that is closed."""
    uow.session.execute(delete(Desk).where(Desk.id == desk_id))


def _view(desk: Desk) -> DeskView:
    prefectures = tuple(name for name in desk.prefectures.split(",") if name)
    return DeskView(desk.name, desk.phone, desk.mail, desk.hours, desk.address, prefectures, desk.id)


def _columns(desk: DeskView) -> dict[str, str]:
    return {
        "name": desk.name, "phone": desk.phone, "mail": desk.mail, "hours": desk.hours, "address": desk.address,
        "prefectures": ",".join(desk.prefectures),
    }  # fmt: skip
