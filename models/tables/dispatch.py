"""Businesses, dispatches and what was said about them (`domain.md` 3).

What must be erasable (contacts, wishes, words) lies in tables of its own. The chain of a dispatch, who did what when,
is its audit.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Business(Base):
    """A business (事業者). With a 法人番号 one for all organisations, without one the organisation's own."""

    __tablename__ = "businesses"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    corporate_number: Mapped[str | None] = mapped_column(String(13), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    search_key: Mapped[str] = mapped_column(String(240))
    address: Mapped[str] = mapped_column(String(240))
    prefecture: Mapped[str] = mapped_column(String(8), default="", server_default="")
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_businesses_search", "organisation_id", "search_key"),)


class Dispatch(Base):
    """One dispatch, which is one visit. `version` counts every change of status or content.

    `day`: the Japanese date of the visit, or of the first wished slot while none is fixed; `starts`, `ends`: the fixed
    time. `why`: what the secretariat settles, while it must. `place_source`: see models.rules.place. `asked`: how often
    somebody was asked to answer (unanswered reminders are rows of their own).
    """

    __tablename__ = "dispatches"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    requester_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    business_id: Mapped[str] = mapped_column(ForeignKey("businesses.id"))
    expert_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("dispatches.id"))
    status: Mapped[str] = mapped_column(String(20))
    status_since: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime]
    day: Mapped[date]
    starts: Mapped[datetime | None]
    ends: Mapped[datetime | None]
    why: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(120))
    search_key: Mapped[str] = mapped_column(String(400))
    topic: Mapped[str] = mapped_column(String(40))
    accompany: Mapped[bool] = mapped_column(default=True)
    place: Mapped[str] = mapped_column(String(240))
    place_source: Mapped[str] = mapped_column(String(10))
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    prefecture: Mapped[str] = mapped_column(String(8), default="", server_default="")

    __table_args__ = (
        Index("ix_dispatches_expert", "expert_id", "status", "day"),
        Index("ix_dispatches_expert_day", "expert_id", "day"),
        Index("ix_dispatches_organisation", "organisation_id", "status", "day"),
        Index("ix_dispatches_organisation_day", "organisation_id", "day"),
        Index("ix_dispatches_business", "business_id", "day"),
        Index("ix_dispatches_queue", "status", "status_since", "id"),
        Index("ix_dispatches_search", "status", "search_key"),
        Index("ix_dispatches_day", "day", "id"),
        Index("ix_dispatches_received", "received_at", "id"),
    )


class DispatchDetail(Base):
    """What is erasable of a dispatch: the contact, and what the business wants in its own words."""

    __tablename__ = "dispatch_details"

    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    wishes: Mapped[str] = mapped_column(Text)
    topic_other: Mapped[str] = mapped_column(String(120), default="", server_default="")
    contact_name: Mapped[str] = mapped_column(String(120))
    contact_phone: Mapped[str] = mapped_column(String(20))
    contact_mail: Mapped[str] = mapped_column(String(254))


class Slot(Base):
    """A time that was offered: by the organisation (round 0) or proposed by the expert (1, 2, …). Never changed."""

    __tablename__ = "slots"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    round: Mapped[int]
    side: Mapped[str] = mapped_column(String(12))
    starts: Mapped[datetime]
    ends: Mapped[datetime]


class DispatchWords(Base):
    """What somebody said with a step: a category, a text for the secretariat alone, and one for everybody concerned."""

    __tablename__ = "dispatch_words"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    action: Mapped[str] = mapped_column(String(16))
    side: Mapped[str] = mapped_column(String(12))
    category: Mapped[str] = mapped_column(String(12), default="", server_default="")
    private: Mapped[str] = mapped_column(Text, default="", server_default="")
    comment: Mapped[str] = mapped_column(Text, default="", server_default="")
    at: Mapped[datetime]


class DispatchException(Base):
    """The secretariat's leave for what the checks refuse (a fourth visit, …); `problem` is its code."""

    __tablename__ = "dispatch_exceptions"

    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    problem: Mapped[str] = mapped_column(String(20), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]


class DispatchReminder(Base):
    """A reminder that was written: of a kind, about a moment, once."""

    __tablename__ = "dispatch_reminders"

    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    about: Mapped[datetime] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class DispatchDraft(Base):
    """A request an approver has begun, one at a time: sealed answers, kept by the chat and by the page."""

    __tablename__ = "dispatch_drafts"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), unique=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"))
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    updated_at: Mapped[datetime]
