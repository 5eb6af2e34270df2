"""Businesses: found by 法人番号 everywhere, by name among those the organisation asked for before."""

from datetime import datetime

from sqlalchemy import select, union

from models.rules.normalise import search_key
from models.rules.regions import find_prefectures
from models.tables.base import new_id
from models.tables.dispatch import Business, Dispatch, DispatchDetail
from models.views.dispatch import ContactView
from models.views.request import KnownBusiness
from storage.database import UnitOfWork


def ensure(uow: UnitOfWork, organisation_id: str, name: str, corporate_number: str, address: str, now: datetime) -> str:
    """The business of that 法人番号 (13 digits), or, without one, the organisation's own of that name and address.

    It is made where there is none.
    """
    found = find(uow, organisation_id, name, corporate_number, address)
    if found:
        return found
    business = Business(
        id=new_id(),
        corporate_number=corporate_number or None,
        name=name,
        search_key=search_key(name)[:240],
        address=address,
        prefecture=next(iter(find_prefectures(address)), ""),
        organisation_id=organisation_id,
        created_at=now,
    )
    uow.session.add(business)
    uow.session.flush()
    return business.id


def find(uow: UnitOfWork, organisation_id: str, name: str, corporate_number: str, address: str) -> str:
    """The id of the same business where it is on record; empty otherwise."""
    held = select(Business.id)
    if corporate_number:
        held = held.where(Business.corporate_number == corporate_number)
    else:
        held = held.where(
            Business.organisation_id == organisation_id, Business.search_key == search_key(name)[:240],
            Business.address == address, Business.corporate_number.is_(None),
        )  # fmt: skip
    return uow.session.scalar(held.limit(1)) or ""


def search(uow: UnitOfWork, organisation_id: str, words: str, *, limit: int = 10) -> list[KnownBusiness]:
    """Businesses the organisation entered or asked for, by a part of the name; without words the newest ones."""
    own = select(Business.id).where(Business.organisation_id == organisation_id)
    asked = (
        select(Business.id)
        .join(Dispatch, Dispatch.business_id == Business.id)
        .where(Dispatch.organisation_id == organisation_id, Business.organisation_id != organisation_id)
    )
    key = search_key(words)
    if key:
        own, asked = (each.where(Business.search_key.contains(key, autoescape=True)) for each in (own, asked))
    rows = uow.session.scalars(
        select(Business)
        .where(Business.id.in_(union(own, asked).scalar_subquery()))
        .order_by(Business.created_at.desc(), Business.id)
        .limit(limit)
    )
    return [_known(row) for row in rows]


def by_number(uow: UnitOfWork, organisation_id: str, corporate_number: str) -> KnownBusiness | None:
    """The business of a 法人番号, whoever asked for it first; with the organisation's own contact."""
    row = uow.session.scalar(select(Business).where(Business.corporate_number == corporate_number))
    return _known(row, _contact(uow, organisation_id, row.id)) if row else None


def known(uow: UnitOfWork, organisation_id: str, business_id: str) -> KnownBusiness | None:
    """A business that the organisation may know: its own, or one with a 法人番号; with its own contact."""
    row = uow.session.get(Business, business_id)
    if row is None or (row.corporate_number is None and row.organisation_id != organisation_id):
        return None
    return _known(row, _contact(uow, organisation_id, row.id))


def _known(row: Business, contact: ContactView | None = None) -> KnownBusiness:
    return KnownBusiness(row.id, row.name, row.corporate_number or "", row.address, contact)


def _contact(uow: UnitOfWork, organisation_id: str, business_id: str) -> ContactView | None:
    """Whom the organisation named in its newest request for the business."""
    detail = uow.session.scalar(
        select(DispatchDetail)
        .join(Dispatch, Dispatch.id == DispatchDetail.dispatch_id)
        .where(Dispatch.business_id == business_id, Dispatch.organisation_id == organisation_id)
        .order_by(Dispatch.received_at.desc())
        .limit(1)
    )
    return ContactView(detail.contact_name, detail.contact_phone, detail.contact_mail) if detail else None


def lock(uow: UnitOfWork, business_id: str) -> Business | None:
    """The row, held until the transaction ends: its visits are counted by one transaction at a time."""
    query = select(Business).where(Business.id == business_id).with_for_update()
    return uow.session.scalar(query.execution_options(populate_existing=True))
