"""Small things the service keeps for itself."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigKey


class Counter(Base):
    """A running number, such as the applications of a year."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int]


class JobLease(Base):
    """Which process runs the jobs now."""

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(40))
    until_ms: Mapped[int] = mapped_column(BigInteger)


class RichMenu(Base):
    """The id LINE gave to the menu behind each alias of ours."""

    __tablename__ = "rich_menus"

    alias: Mapped[str] = mapped_column(String(32), primary_key=True)
    menu_id: Mapped[str] = mapped_column(String(64))


class PageLink(Base):
    """The first browser that opened a personal link; a second one is refused."""

    __tablename__ = "page_links"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_digest: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class DoomedFile(Base):
    """A stored file nothing needs any more; a job deletes it."""

    __tablename__ = "doomed_files"

    file_key: Mapped[str] = mapped_column(String(160), primary_key=True)
    since: Mapped[datetime]


class Upload(Base):
    """A file on its way in, put by a page under a quarantine key: judged and taken over, or deleted after a day."""

    __tablename__ = "uploads"

    file_key: Mapped[str] = mapped_column(String(160), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime] = mapped_column(index=True)


class Setting(Base):
    """One value of a setting that the secretariat may change; the newest row of a key counts, older ones stay."""

    __tablename__ = "settings"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))

    __table_args__ = (Index("ix_settings_newest", "key", "seq"),)
