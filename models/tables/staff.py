"""The secretariat's users, and the counted attempts at passwords and codes."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigKey, Id, new_id


class Staff(Base):
    """A user of the secretariat's page. `person_id` links the same human's LINE account, if there is one."""

    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    session_epoch: Mapped[int] = mapped_column(default=0, server_default="0")
    role: Mapped[str] = mapped_column(String(8), default="manager")
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), unique=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Attempt(Base):
    """One failed attempt at something that can be guessed."""

    __tablename__ = "attempts"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]

    __table_args__ = (Index("ix_attempts_recent", "kind", "key", "at"),)


class Presence(Base):
    """Who of the secretariat has an application open, and was last seen there when."""

    __tablename__ = "presences"

    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    seen_at: Mapped[datetime]
