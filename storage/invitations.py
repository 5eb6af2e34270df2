"""Invitations as they are listed and taken back; issuing and using them is beside the organisations."""

from datetime import datetime

from sqlalchemy import Select, and_, func, select, update

from models.rules.invitation import CodeState, code_state, masked, spelt
from models.tables.organisation import Invitation, Organisation
from models.tables.person import Person
from models.views.organisation import CodeView
from storage.database import UnitOfWork

MOST = 50


def issued_by(uow: UnitOfWork, person_id: str, now: datetime, limit: int, offset: int) -> list[CodeView]:
    """The person's own invitations, the newest first, with the code of those that can still be used."""
    own = _codes().where(Invitation.issued_by == person_id)
    rows = uow.session.execute(
        own.order_by(Invitation.issued_at.desc(), Invitation.id).limit(limit).offset(offset)
    ).all()
    return [_view(*row, code=_shown(uow, row[0], now)) for row in rows]


def count_issued_by(uow: UnitOfWork, person_id: str) -> int:
    """How many invitations the person has issued."""
    return uow.session.scalar(select(func.count()).where(Invitation.issued_by == person_id)) or 0


def of_organisation(uow: UnitOfWork, organisation_id: str, now: datetime) -> list[CodeView]:
    """The organisation's invitations, masked: those that can still be used, then the newest of the others."""
    usable = and_(Invitation.used_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > now)
    rows = uow.session.execute(
        _codes()
        .where(Invitation.organisation_id == organisation_id)
        .order_by(usable.desc(), Invitation.issued_at.desc(), Invitation.id)
        .limit(MOST)
    ).all()
    return [_view(*row, code=masked(_code(uow, row[0]))) for row in rows]


def lock(uow: UnitOfWork, invitation_id: str) -> CodeView | None:
    """One invitation, held until the transaction ends, so that it is not used and taken back at once."""
    row = uow.session.execute(
        _codes().where(Invitation.id == invitation_id).with_for_update(of=Invitation)
    ).one_or_none()
    return _view(*row, code=spelt(_code(uow, row[0]))) if row else None


def revoke(uow: UnitOfWork, invitation_id: str, now: datetime) -> bool:
    """Take a code back; False when it was used or taken back before."""
    revoked = uow.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation_id, Invitation.used_at.is_(None), Invitation.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(Invitation.id)
    )
    return revoked.one_or_none() is not None


def _codes() -> Select[Invitation, str, str | None]:
    return (
        select(Invitation, Organisation.name, Person.name)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .outerjoin(Person, Person.id == Invitation.issued_by)
        .execution_options(populate_existing=True)
    )


def _shown(uow: UnitOfWork, row: Invitation, now: datetime) -> str:
    """The code, for whoever issued it, while it can be used."""
    open_now = code_state(row.used_at, row.revoked_at, row.expires_at, now) is CodeState.OPEN
    return spelt(_code(uow, row)) if open_now else ""


def _code(uow: UnitOfWork, row: Invitation) -> str:
    """The bare code; empty once retention has erased it."""
    return uow.vault.open(row.code_sealed).decode() if row.code_sealed else ""


def _view(row: Invitation, organisation: str, issuer: str | None, *, code: str) -> CodeView:
    return CodeView(
        id=row.id,
        kind=row.kind,
        organisation_id=row.organisation_id,
        organisation=organisation,
        code=code,
        issuer=issuer or "",
        issued_by=row.issued_by,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        revoked_at=row.revoked_at,
    )
