"""Support organisations, their approvers and the invitations that lead to them."""

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func, select, true, update

from models.tables.base import new_id
from models.tables.conversation import Conversation
from models.tables.organisation import Approver, Invitation, Organisation
from models.tables.person import Person
from models.views.organisation import MemberView, OrganisationView
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


def view(uow: UnitOfWork, organisation_id: str) -> OrganisationView | None:
    """One organisation."""
    row = uow.session.execute(
        select(Organisation.id, Organisation.name, Organisation.prefecture).where(Organisation.id == organisation_id)
    ).one_or_none()
    return OrganisationView(*row) if row else None


def change(uow: UnitOfWork, organisation_id: str, name: str, prefecture: str) -> None:
    """Another name or prefecture; the name is unique (Conflict)."""
    uow.session.execute(
        update(Organisation).where(Organisation.id == organisation_id).values(name=name, prefecture=prefecture)
    )


def prefecture_of(uow: UnitOfWork, organisation_id: str) -> str:
    """The prefecture an organisation works in."""
    return uow.session.scalar(select(Organisation.prefecture).where(Organisation.id == organisation_id)) or ""


def listed(
    uow: UnitOfWork, words: str = "", limit: int = 50, offset: int = 0, *,
    prefecture: str = "", lonely: bool = False, order: str = "name",
) -> list[OrganisationRow]:  # fmt: skip
    """Organisations with how many people approve for each now; `words`: part of a name, or a prefecture.

    `lonely`: only those without an approver; `order`: name, prefecture or approvers, a minus turns it round.
    """
    members = func.count(Approver.id)
    column = {"name": Organisation.name, "prefecture": Organisation.prefecture, "approvers": members}[order.lstrip("-")]
    query = (
        select(Organisation.id, Organisation.name, Organisation.prefecture, members)
        .outerjoin(Approver, (Approver.organisation_id == Organisation.id) & Approver.ended_at.is_(None))
        .where(_wanted(words, prefecture, lonely=lonely))
        .group_by(Organisation.id, Organisation.name, Organisation.prefecture)
        .order_by(column.desc() if order.startswith("-") else column, Organisation.name)
        .limit(limit)
        .offset(offset)
    )
    return [OrganisationRow(*row) for row in uow.session.execute(query)]


def count(uow: UnitOfWork, words: str = "", prefecture: str = "", *, lonely: bool = False) -> int:
    """How many `listed` would give in all."""
    found = select(func.count()).select_from(Organisation).where(_wanted(words, prefecture, lonely=lonely))
    return uow.session.scalar(found) or 0


def count_without_approver(uow: UnitOfWork) -> int:
    """Organisations for which nobody approves."""
    return count(uow, lonely=True)


def _wanted(words: str, prefecture: str, *, lonely: bool) -> ColumnElement[bool]:
    approving = select(Approver.id).where(Approver.organisation_id == Organisation.id, Approver.ended_at.is_(None))
    held = approving.correlate(Organisation).exists()
    named = Organisation.name.icontains(words, autoescape=True) | (Organisation.prefecture == words)
    return and_(
        named if words else true(),
        Organisation.prefecture == prefecture if prefecture else true(),
        ~held if lonely else true(),
    )


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


def end_approver(uow: UnitOfWork, organisation_id: str, person_id: str, now: datetime) -> bool:
    """The person approves for the organisation no longer; False when that was so before."""
    ended = uow.session.execute(
        update(Approver)
        .where(Approver.organisation_id == organisation_id, Approver.person_id == person_id)
        .where(Approver.ended_at.is_(None))
        .values(ended_at=now)
        .returning(Approver.id)
    )
    return ended.one_or_none() is not None


def members(uow: UnitOfWork, organisation_id: str) -> list[MemberView]:
    """Who approves for the organisation now, those who came first first."""
    rows = uow.session.execute(
        select(Person.id, Person.name, Approver.joined_at, Conversation.last_event_ms, Person.blocked_at)
        .join(Approver, Approver.person_id == Person.id)
        .outerjoin(Conversation, Conversation.user_id == Person.user_id)
        .where(Approver.organisation_id == organisation_id, Approver.ended_at.is_(None))
        .order_by(Approver.joined_at, Person.id)
    )
    return [
        MemberView(id_, name or "", since, datetime.fromtimestamp(last / 1000, UTC) if last else None, bool(blocked))
        for id_, name, since, last, blocked in rows
    ]


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
