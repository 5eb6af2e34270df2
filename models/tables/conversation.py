"""What came in, what must go out, and where each person's talk stands.

Times of the inbox and of leases are whole milliseconds since 1970 (UTC), so that the acknowledging path can write them
without any of SQLAlchemy's help.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigKey

PENDING, DONE, IGNORED, DEAD, SENT = "pending", "done", "ignored", "dead", "sent"


class Conversation(Base):
    """One LINE account's talk: its sealed session and the lease under which its events are handled."""

    __tablename__ = "conversations"

    user_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    session: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_event_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    fence: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class InboxEvent(Base):
    """One webhook event, stored before it was acknowledged. `body` is its JSON; erased some days after it is done."""

    __tablename__ = "inbox"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str | None] = mapped_column(String(40))
    occurred_ms: Mapped[int] = mapped_column(BigInteger)
    received_ms: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(8), default=PENDING)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    not_before_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    error: Mapped[str | None] = mapped_column(String(80))

    __table_args__ = (
        Index(
            "ix_inbox_pending",
            "user_id",
            "occurred_ms",
            "seq",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
    )


class OutboxRow(Base):
    """One message, menu change or mail that must leave. `body` is frozen at its first rendering.

    `retry_key` is sent with each push, so that a repeat is recognised. `turn` groups what one turn says to the actor;
    `trace` names the turn, page request or job that caused the row.
    """

    __tablename__ = "outbox"

    seq: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=True)
    retry_key: Mapped[str] = mapped_column(String(36))
    recipient: Mapped[str] = mapped_column(String(254))
    channel: Mapped[str] = mapped_column(String(8))
    notice: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    turn: Mapped[str | None] = mapped_column(String(64))
    trace: Mapped[str | None] = mapped_column(String(64))
    reply_token: Mapped[str | None] = mapped_column(String(120))
    reply_until_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(8), default=PENDING)
    held: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    not_before: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    via: Mapped[str | None] = mapped_column(String(8))
    error: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        Index(
            "ix_outbox_pending",
            "recipient",
            "seq",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index("ix_outbox_dead", "seq", postgresql_where=text("state = 'dead'"), sqlite_where=text("state = 'dead'")),
    )


class UnsentMessage(Base):
    """A message its sender took back; a late or redelivered original must not bring it back."""

    __tablename__ = "unsent_messages"

    message_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
