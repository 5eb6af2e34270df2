"""From the second approval to the commissioned expert: terms, answers to them, letters, acceptances.

Terms and answers are never changed. A letter's row is made with its number before the document exists;
`file_key` is set once, when the document lies in the file store.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Terms(Base):
    """A version of the terms (委嘱条件); the newest published one is sent."""

    __tablename__ = "terms"

    version: Mapped[str] = mapped_column(String(20), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(index=True)
    published_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))


class TermsAnswer(Base):
    """Who agreed to, or declined, which version."""

    __tablename__ = "terms_answers"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    version: Mapped[str] = mapped_column(ForeignKey("terms.version"))
    answer: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]


class CommissionLetter(Base):
    """A commission letter (委嘱状) for one fiscal year."""

    __tablename__ = "commission_letters"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"))
    fiscal_year: Mapped[int]
    terms_version: Mapped[str] = mapped_column(ForeignKey("terms.version"))
    starts: Mapped[date]
    ends: Mapped[date]
    issued_on: Mapped[date]
    issued_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    file_key: Mapped[str | None] = mapped_column(String(160))
    accepted_at: Mapped[datetime | None]
    acceptance_key: Mapped[str | None] = mapped_column(String(160))

    __table_args__ = (UniqueConstraint("application_id", "fiscal_year"),)


class Task(Base):
    """Long work started on a page, advanced in pieces; `payload` holds ids or line numbers only.

    `subject_id` names what they belong to, such as the import whose lines they are.
    """

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str | None] = mapped_column(Id)
    payload: Mapped[str] = mapped_column(Text)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    started_by: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
