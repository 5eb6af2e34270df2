"""A person with a LINE account, their consents, and the move to another account."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Person(Base):
    """Somebody who talks to us on LINE. `mail` is where notices go while LINE is blocked.

    `role` is the role whose menu somebody with two roles chose last (approver or expert), or None.
    """

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    user_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str | None] = mapped_column(String(120))
    mail: Mapped[str | None] = mapped_column(String(254), index=True)
    menu: Mapped[str | None] = mapped_column(String(32))
    blocked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    role: Mapped[str | None] = mapped_column(String(8))
    erased_at: Mapped[datetime | None]


class Consent(Base):
    """Who agreed to which version of the privacy text, and when."""

    __tablename__ = "consents"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    version: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime]


class ConsentText(Base):
    """A version of the privacy text (個人情報の取扱い); the newest one is shown and agreed to."""

    __tablename__ = "consent_texts"

    version: Mapped[str] = mapped_column(String(20), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(index=True)
    published_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))


class AccountMove(Base):
    """A person asks to go on with another LINE account (`new_person_id`, a newcomer who holds nothing yet).

    `state`: code_sent, waiting (for the secretariat), approved, refused or taken_back. `code_digest` is of the code
    that went to the registered address; None when the secretariat began the move itself.
    """

    __tablename__ = "account_moves"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    new_person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[str] = mapped_column(String(12))
    code_digest: Mapped[str | None] = mapped_column(String(64))
    code_until: Mapped[datetime | None]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))

    __table_args__ = (Index("ix_account_moves_queue", "state", "asked_at"),)
