"""What a commissioned expert says of being dispatched, and what waits for a review (`domain.md` 2 and 3).

Contact and fields stay in the application's answers; `ExpertSpeciality` repeats the fields for the search.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, new_id


class Expert(Base):
    """A person who was commissioned at least once. `application_id` is the application the commission rests on.

    `weekly_off`: comma-separated weekdays (0 = Monday … 6 = Sunday, 7 = public holidays); `opens`, `closes`: minutes
    since midnight, Asia/Tokyo; `hidden`: comma-separated keys of profile items that the search does not show.
    """

    __tablename__ = "experts"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), unique=True)
    since: Mapped[datetime]
    accepting: Mapped[bool] = mapped_column(default=True)
    weekly_off: Mapped[str] = mapped_column(String(16), default="")
    opens: Mapped[int] = mapped_column(default=540)
    closes: Mapped[int] = mapped_column(default=1020)
    hidden: Mapped[str] = mapped_column(String(200), default="")
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (Index("ix_experts_since", "since", "person_id"),)


class ExpertSpeciality(Base):
    """One field (専門分野) of an expert, for the search."""

    __tablename__ = "expert_specialities"

    speciality: Mapped[str] = mapped_column(String(40), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)


class DayOff(Base):
    """A single day (Asia/Tokyo) on which an expert takes no visit."""

    __tablename__ = "days_off"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)

    __table_args__ = (Index("ix_days_off_day", "day", "person_id"),)


class ProfileChange(Base):
    """A wish to change name or account: sealed new answers, waiting for the secretariat. The old ones stay in force.

    `item` is `basic` (氏名・フリガナ) or `account`; `state` is waiting, approved, returned or taken_back. Its photos
    are papers of the application under the kinds `new_identity` and `new_bankbook` until they are decided on.
    """

    __tablename__ = "profile_changes"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    item: Mapped[str] = mapped_column(String(12))
    answers: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12))
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")

    __table_args__ = (
        Index(
            "uq_profile_changes_waiting",
            "application_id",
            "item",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_profile_changes_queue",
            "requested_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )


class StateReason(Base):
    """Why a commission was suspended, lifted or ended, in words that can be erased."""

    __tablename__ = "state_reasons"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    application_id: Mapped[str] = mapped_column(ForeignKey("applications.id"), index=True)
    action: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    at: Mapped[datetime]
