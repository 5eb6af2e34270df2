"""A visit as it was recorded (`domain.md` 4 and 5).

Acts, attendances, decisions and fees are never changed: a correction is a new row. `Visit` is what they add up to now,
for lists and queues. Positions, texts, photos and signatures lie in tables of their own, because they are erased.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigKey, Id, new_id


class Visit(Base):
    """The sum of a dispatch's acts. `reasons`: comma-separated codes; `evidence`: see models.rules.visit."""

    __tablename__ = "visits"

    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    expert_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(default=1)
    came_at: Mapped[datetime | None]
    went_at: Mapped[datetime | None]
    non_payable: Mapped[int | None]
    certified_at: Mapped[datetime | None]
    grade: Mapped[str | None] = mapped_column(String(1))
    reasons: Mapped[str] = mapped_column(String(160), default="", server_default="")
    evidence: Mapped[str] = mapped_column(String(10))
    evidence_since: Mapped[datetime]
    yen: Mapped[int | None]

    __table_args__ = (
        Index("ix_visits_queue", "evidence", "evidence_since", "dispatch_id"),
        Index("ix_visits_expert", "expert_id", "came_at"),
    )


class VisitAct(Base):
    """One record of an end, in the order it reached us. `at`: when it counts; `undoes`: the act it takes back.

    `distance`, `accuracy`: metres, None where unknown. `nonce`: the phone's name for the act, so that sent twice it
    counts once.
    """

    __tablename__ = "visit_acts"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"))
    expert_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    end: Mapped[str] = mapped_column(String(4))
    source: Mapped[str] = mapped_column(String(10))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    phone_at: Mapped[datetime | None]
    offline: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    distance: Mapped[int | None]
    accuracy: Mapped[int | None]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("visit_acts.seq"))
    nonce: Mapped[str | None] = mapped_column(String(64))
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (UniqueConstraint("dispatch_id", "nonce"), Index("ix_visit_acts_dispatch", "dispatch_id", "seq"))


class VisitPosition(Base):
    """Where an act was made, as the phone said; erased a set time after settlement."""

    __tablename__ = "visit_positions"

    act_seq: Mapped[int] = mapped_column(ForeignKey("visit_acts.seq"), primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    at: Mapped[datetime] = mapped_column(index=True)


class VisitNote(Base):
    """Words about a visit: why a photo or a declaration, why corrected, what the secretariat asks, what is answered."""

    __tablename__ = "visit_notes"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    act_seq: Mapped[int | None] = mapped_column(ForeignKey("visit_acts.seq"))
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[str | None] = mapped_column(String(32))
    at: Mapped[datetime]


class VisitPhoto(Base):
    """A photo of the place, kept sealed in the file store."""

    __tablename__ = "visit_photos"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    act_seq: Mapped[int | None] = mapped_column(ForeignKey("visit_acts.seq"))
    file_key: Mapped[str] = mapped_column(String(160))
    message_id: Mapped[str | None] = mapped_column(String(64), index=True)
    added_at: Mapped[datetime]


class Attendance(Base):
    """The business certified the visit (従事証明書): on the phone's page, or by the link. Times as it saw them."""

    __tablename__ = "attendances"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    how: Mapped[str] = mapped_column(String(10))
    came_at: Mapped[datetime]
    went_at: Mapped[datetime | None]
    non_payable: Mapped[int | None]
    at: Mapped[datetime]


class Signature(Base):
    """Who signed, and the drawing of it (sealed in the file store; none for a link)."""

    __tablename__ = "signatures"

    attendance_id: Mapped[str] = mapped_column(ForeignKey("attendances.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    file_key: Mapped[str | None] = mapped_column(String(160))


class EvidenceDecision(Base):
    """What the secretariat said of a visit's evidence: accept, ask or reject; its words are a note."""

    __tablename__ = "evidence_decisions"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"), index=True)
    answer: Mapped[str] = mapped_column(String(8))
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]


class FeeRecord(Base):
    """A fee with its inputs and the schedule it was worked out by; the newest of a dispatch counts. Yen and minutes."""

    __tablename__ = "fees"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    dispatch_id: Mapped[str] = mapped_column(ForeignKey("dispatches.id"))
    expert_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    day: Mapped[date]
    starts: Mapped[datetime]
    ends: Mapped[datetime]
    non_payable: Mapped[int]
    schedule_from: Mapped[date]
    yen_per_hour: Mapped[int]
    unit_minutes: Mapped[int]
    cap_yen: Mapped[int]
    payable: Mapped[int]
    units: Mapped[int]
    yen: Mapped[int]
    at: Mapped[datetime]
    by_kind: Mapped[str] = mapped_column(String(8))
    by_id: Mapped[str | None] = mapped_column(String(32))

    __table_args__ = (Index("ix_fees_dispatch", "dispatch_id", "seq"), Index("ix_fees_expert", "expert_id", "day"))
