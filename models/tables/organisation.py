"""Support organisations, their approvers, invitations and the secretariat's regional desks."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Organisation(Base):
    """A support organisation (支援機関)."""

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    prefecture: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime]


class Approver(Base):
    """A person's membership of an organisation; `ended_at` closes it."""

    __tablename__ = "approvers"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    joined_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_approvers_current",
            "person_id",
            "organisation_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
    )


class Invitation(Base):
    """A single-use code that brings a person to an organisation, as expert or as approver.

    Only the code's keyed digest is looked up; the sealed code is kept so that its issuer can see it again.
    """

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str] = mapped_column(String(8))
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    issued_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Desk(Base):
    """A regional desk of the secretariat; `prefectures` is a comma-separated list, empty for the desk of all others."""

    __tablename__ = "desks"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    prefectures: Mapped[str] = mapped_column(String(400))
    phone: Mapped[str] = mapped_column(String(20))
    mail: Mapped[str] = mapped_column(String(254))
    hours: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(200), default="", server_default="")
