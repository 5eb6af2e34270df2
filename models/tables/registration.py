"""Registration applications: the draft, what was submitted, what was decided, and the papers.

Submissions and decisions are never changed. Free texts and papers lie in tables of their own, because they must be
erasable while the audit stays (`architecture.md` 5).
"""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id

_OF_EXPERTS = (
    "state IN ('active','commissioned','ended','renewal_due','suspended','terms_agreed','terms_sent')"  # expert_lists
)
_SERVING = "state IN ('active','commissioned','renewal_due','terms_agreed','terms_sent')"  # expert_search


class Application(Base):
    """One registration application. `answers` is sealed JSON; `version` counts every change of state or content."""

    __tablename__ = "applications"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str | None] = mapped_column(String(20), unique=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    invitation_id: Mapped[str | None] = mapped_column(ForeignKey("invitations.id"))
    inviter_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str] = mapped_column(String(24))
    state_since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    reopened: Mapped[str] = mapped_column(String(200), default="", server_default="")
    name: Mapped[str] = mapped_column(String(120), default="", server_default="")
    search_key: Mapped[str] = mapped_column(String(240), default="", server_default="")
    prefecture: Mapped[str] = mapped_column(String(8), default="", server_default="")
    reminded_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_applications_queue", "state", "state_since", "id"),
        Index("ix_applications_search", "search_key", "id", "number"),
        Index("ix_applications_prefecture", "prefecture", "id"),
        Index(
            "ix_applications_experts",
            "search_key",
            "id",
            "number",
            postgresql_where=text(_OF_EXPERTS),
            sqlite_where=text(_OF_EXPERTS),
        ),
        Index(
            "ix_applications_serving",
            "prefecture",
            "search_key",
            "id",
            postgresql_where=text(_SERVING),
            sqlite_where=text(_SERVING),
        ),
        Index("ix_applications_organisation_queue", "organisation_id", "state", "state_since"),
    )


class Paper(Base):
    """A photo of a paper, kept sealed in the file store under `file_key`. `kind` is an item, or `unsorted`."""

    __tablename__ = "papers"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    file_key: Mapped[str] = mapped_column(String(160))
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    message_id: Mapped[str | None] = mapped_column(String(64), index=True)
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_papers_current",
            "application_id",
            "kind",
            "sha256",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
            sqlite_where=text("removed_at IS NULL"),
        ),
    )


class Submission(Base):
    """What was sent for approval: a sealed snapshot of answers and paper ids, numbered by `round`."""

    __tablename__ = "submissions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"))
    round: Mapped[int]
    snapshot: Mapped[bytes] = mapped_column(LargeBinary)
    submitted_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("application_id", "round"),)


class Decision(Base):
    """One answer of one stage to one submission."""

    __tablename__ = "decisions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    round: Mapped[int]
    stage: Mapped[str] = mapped_column(String(16))
    answer: Mapped[str] = mapped_column(String(8))
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("application_id", "round", "stage"),)


class ItemVerdict(Base):
    """What a decision said of one item, and the keyed digest of what the item held then."""

    __tablename__ = "item_verdicts"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(12), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))


class DecisionComment(Base):
    """A reviewer's words on an item, or on the whole (`item` empty)."""

    __tablename__ = "decision_comments"

    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(12), primary_key=True)
    comment: Mapped[str] = mapped_column(Text)
