"""What was given up: messages that can never leave and events that could not be handled; tried again, or put away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import case, or_, select, update

from models.tables.conversation import DEAD, IGNORED, PENDING, InboxEvent, OutboxRow
from storage.database import UnitOfWork
from storage.outbox import MAIL


@dataclass(frozen=True)
class GivenUp:
    """A message or an event: its number in the log, when, by which way, why; nobody's words.

    `held`: a message that waits for want of quota. `whole`: its content is still there, so it can be tried again.
    """

    seq: int
    at: datetime
    channel: str
    held: bool
    error: str
    whole: bool


def messages(uow: UnitOfWork, limit: int = 100) -> list[GivenUp]:
    """The newest messages that are dead or held."""
    rows = uow.session.execute(
        select(
            OutboxRow.seq, OutboxRow.created_at, OutboxRow.channel, OutboxRow.held, OutboxRow.error,
            _has_content().label("whole"),
        )
        .where((OutboxRow.state == DEAD) | ((OutboxRow.state == PENDING) & OutboxRow.held.is_(True)))
        .order_by(OutboxRow.seq.desc())
        .limit(limit)
    )  # fmt: skip
    return [GivenUp(row.seq, row.created_at, row.channel, row.held, row.error or "", row.whole) for row in rows]


def events(uow: UnitOfWork, limit: int = 100) -> list[GivenUp]:
    """The newest events that could not be handled."""
    rows = uow.session.execute(
        select(InboxEvent.seq, InboxEvent.received_ms, InboxEvent.error, _is_whole().label("whole"))
        .where(InboxEvent.state == DEAD)
        .order_by(InboxEvent.seq.desc())
        .limit(limit)
    )
    return [
        GivenUp(row.seq, datetime.fromtimestamp(row.received_ms / 1000, UTC), "", False, row.error or "", row.whole)
        for row in rows
    ]


def _has_content():
    return or_(OutboxRow.notice.is_not(None), OutboxRow.body.is_not(None))


def _is_whole():
    return InboxEvent.body.is_not(None) & InboxEvent.user_id.is_not(None)


def send_again(uow: UnitOfWork, seqs: Sequence[int], now: datetime) -> list[int]:
    """Let dead messages whose content is still there leave once more; returns which.

    A notice is put into words anew, for the words may be what was refused. The retry key stays: LINE took none of them.
    """
    revived = uow.session.execute(
        update(OutboxRow)
        .where(OutboxRow.seq.in_(seqs), OutboxRow.state == DEAD, _has_content())
        .values(
            state=PENDING, attempts=0, error=None, held=False, not_before=now, reply_token=None,
            body=case((OutboxRow.notice.is_not(None), None), else_=OutboxRow.body),
        )
        .returning(OutboxRow.seq, OutboxRow.recipient, OutboxRow.channel)
    ).all()  # fmt: skip
    uow.told.update(MAIL if row.channel == MAIL else row.recipient for row in revived)
    return sorted(row.seq for row in revived)


def handle_again(uow: UnitOfWork, seqs: Sequence[int]) -> list[int]:
    """Let dead events have another turn; returns which."""
    revived = uow.session.execute(
        update(InboxEvent)
        .where(InboxEvent.seq.in_(seqs), InboxEvent.state == DEAD, _is_whole())
        .values(state=PENDING, attempts=0, error=None, not_before_ms=0)
        .returning(InboxEvent.seq, InboxEvent.user_id)
    ).all()
    uow.told.update(row.user_id for row in revived)
    return sorted(row.seq for row in revived)


def put_messages_away(uow: UnitOfWork, seqs: Sequence[int]) -> list[int]:
    """Dead messages are no longer shown or counted; returns which. Their content goes with that of sent ones."""
    gone = update(OutboxRow).where(OutboxRow.seq.in_(seqs), OutboxRow.state == DEAD).values(state=IGNORED)
    return sorted(uow.session.scalars(gone.returning(OutboxRow.seq)))


def put_events_away(uow: UnitOfWork, seqs: Sequence[int]) -> list[int]:
    """Dead events are no longer shown or counted; returns which."""
    gone = update(InboxEvent).where(InboxEvent.seq.in_(seqs), InboxEvent.state == DEAD).values(state=IGNORED)
    return sorted(uow.session.scalars(gone.returning(InboxEvent.seq)))
