"""Support organisations, their approvers and the invitations that lead to them."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, true, update

from models.tables.base import new_id
from models.tables.organisation import Approver, Desk, Invitation, Organisation
from models.views.people import InvitationView, OrganisationRow
from storage.database import UnitOfWork


def create(uow: UnitOfWork, name: str, prefecture: str, now: datetime) -> str:
    """A new organisation; returns its id. The name is unique (Conflict)."""
    organisation = Organisation(id=new_id(), name=name, prefecture=prefecture, created_at=now)
    uow.session.add(organisation)
    uow.session.flush()
    return organisation.id


def id_by_name(uow: UnitOfWork, name: str) -> str | None:
    """The id of the organisation of that name."""
    return uow.session.scalar(select(Organisation.id).where(Organisation.name == name))


def name_of(uow: UnitOfWork, organisation_id: str) -> str:
    """The organisation's name."""
    return uow.session.scalar(select(Organisation.name).where(Organisation.id == organisation_id)) or ""


def prefecture_of(uow: UnitOfWork, organisation_id: str) -> str:
    """The prefecture an organisation works in."""
    return uow.session.scalar(select(Organisation.prefecture).where(Organisation.id == organisation_id)) or ""


def listed(uow: UnitOfWork, words: str = "", limit: int = 50, offset: int = 0) -> list[OrganisationRow]:
    """Organisations by name, with how many people approve for each now; `words`: part of a name or a prefecture."""
    members = func.count(Approver.id)
    query = (
        select(Organisation.id, Organisation.name, Organisation.prefecture, members)
        .outerjoin(Approver, (Approver.organisation_id == Organisation.id) & Approver.ended_at.is_(None))
        .where(_named(words))
        .group_by(Organisation.id, Organisation.name, Organisation.prefecture)
        .order_by(Organisation.name)
        .limit(limit)
        .offset(offset)
    )
    return [OrganisationRow(*row) for row in uow.session.execute(query)]


def count(uow: UnitOfWork, words: str = "") -> int:
    """How many `listed` would give in all."""
    return uow.session.scalar(select(func.count()).select_from(Organisation).where(_named(words))) or 0


def count_without_approver(uow: UnitOfWork) -> int:
    """Organisations for which nobody approves."""
    held = exists().where(Approver.organisation_id == Organisation.id, Approver.ended_at.is_(None))
    return uow.session.scalar(select(func.count()).select_from(Organisation).where(~held)) or 0


def _named(words: str) -> ColumnElement[bool]:
    return Organisation.name.icontains(words, autoescape=True) | (Organisation.prefecture == words) if words else true()


def add_approver(uow: UnitOfWork, organisation_id: str, person_id: str, now: datetime) -> bool:
    """Make the person an approver; False when they are one already."""
    held = select(Approver.id).where(
        Approver.organisation_id == organisation_id, Approver.person_id == person_id, Approver.ended_at.is_(None)
    )
    if uow.session.scalar(held):
        return False
    uow.session.add(Approver(organisation_id=organisation_id, person_id=person_id, joined_at=now))
    uow.session.flush()
    return True


def add_invitation(
    uow: UnitOfWork, code: str, kind: str, organisation_id: str, issued_by: str | None, now: datetime, until: datetime
) -> str:
    """Keep a new invitation; returns its id. `code` is the bare eight characters."""
    invitation = Invitation(
        id=new_id(),
        code_digest=uow.vault.digest(code),
        code_sealed=uow.vault.seal(code.encode()),
        kind=kind,
        organisation_id=organisation_id,
        issued_by=issued_by,
        issued_at=now,
        expires_at=until,
    )
    uow.session.add(invitation)
    uow.session.flush()
    return invitation.id


def find_invitation(uow: UnitOfWork, code: str) -> tuple[Invitation, InvitationView] | None:
    """The invitation of this code, locked for the rest of the transaction, used or not."""
    invitation = uow.session.scalar(
        select(Invitation).where(Invitation.code_digest == uow.vault.digest(code)).with_for_update()
    )
    if invitation is None:
        return None
    organisation = name_of(uow, invitation.organisation_id)
    view = InvitationView(
        invitation.id,
        invitation.kind,
        invitation.organisation_id,
        organisation,
        invitation.expires_at,
        invitation.issued_by,
    )
    return invitation, view


def use_invitation(uow: UnitOfWork, invitation_id: str, person_id: str, now: datetime) -> bool:
    """Spend a code; False when somebody was faster."""
    used = uow.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        .values(used_by=person_id, used_at=now)
        .returning(Invitation.id)
    )
    return used.one_or_none() is not None


def add_desk(uow: UnitOfWork, name: str, prefectures: tuple[str, ...], phone: str, mail: str, hours: str) -> None:
    """A regional desk of the secretariat; no prefectures means all others."""
    uow.session.add(Desk(name=name, prefectures=",".join(prefectures), phone=phone, mail=mail, hours=hours))
    uow.session.flush()
