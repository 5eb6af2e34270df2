"""What came in: leases on conversations, pending events, the session, and the end of each event.

All times here are whole milliseconds since 1970 (UTC).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from models.tables.base import table_of
from models.tables.conversation import DEAD, DONE, PENDING, Conversation, InboxEvent, OutboxRow, UnsentMessage
from storage.database import UnitOfWork

Json = dict[str, Any]

# What every turn runs is built once, on plain tables: building a statement costs more than running it.
_talks = table_of(Conversation).c
_events = table_of(InboxEvent).c
_mine = (_talks.user_id == bindparam("who"), _talks.fence == bindparam("held"))
_until = bindparam("until")
_CLAIM = (
    update(table_of(Conversation))
    .where(_talks.user_id == bindparam("who"), _talks.lease_until_ms < bindparam("now"))
    .values(lease_owner=bindparam("owner"), lease_until_ms=_until, fence=_talks.fence + 1)
    .returning(_talks.fence, _talks.session, _talks.last_event_ms)
)
_PROLONG = update(table_of(Conversation)).where(*_mine).values(lease_until_ms=_until).returning(_talks.fence)
_KEEP = _PROLONG.values(session=bindparam("sealed"), last_event_ms=bindparam("last"))
_RELEASE = update(table_of(Conversation)).where(*_mine).values(lease_until_ms=0, lease_owner=None)
_FINISH = (
    update(table_of(InboxEvent))
    .where(_events.seq == bindparam("event"), _events.state == PENDING)
    .values(state=bindparam("end"), error=bindparam("why"), attempts=_events.attempts + 1)
    .returning(_events.seq)
)
_PENDING = (
    select(
        _events.seq, _events.event_id, _events.occurred_ms, _events.received_ms, _events.body, _events.attempts,
        _events.not_before_ms,
    )
    .where(_events.user_id == bindparam("who"), _events.state == PENDING)
    .order_by(_events.occurred_ms, _events.seq)
    .limit(bindparam("most"))
)  # fmt: skip
_later = table_of(InboxEvent).alias()
_WAITING = (
    select(_events.user_id)
    .where(
        _events.state == PENDING,
        _events.user_id.is_not(None),
        ~exists().where(
            _later.c.user_id == _events.user_id, _later.c.state == PENDING, _later.c.not_before_ms > bindparam("now")
        ),
        exists().where(_talks.user_id == _events.user_id, _talks.lease_until_ms < bindparam("now")),
    )
    .group_by(_events.user_id)
    .order_by(func.min(_events.seq))
    .limit(bindparam("most"))
)
_rows = table_of(OutboxRow).c
_DUE = (
    select(_rows.recipient)
    .where(
        _rows.state == PENDING,
        _rows.channel != "mail",
        _rows.held.is_(False),
        _rows.not_before <= bindparam("at"),
        exists().where(_talks.user_id == _rows.recipient, _talks.lease_until_ms < bindparam("now")),
    )
    .group_by(_rows.recipient)
    .order_by(func.min(_rows.seq))
    .limit(bindparam("most"))
)


def ms(at: datetime) -> int:
    """Milliseconds since 1970."""
    return int(at.timestamp() * 1000)


class LostLease(Exception):
    """The lease ran out and another worker took it; what this one did must not be kept."""


@dataclass
class Lease:
    """A claim on one conversation. `fence` grows with every claim and stops a late holder.

    `session` and `last_event_ms` follow what the holder has committed.
    """

    user_id: str
    owner: str
    fence: int
    session: Json
    last_event_ms: int


@dataclass(frozen=True)
class Pending:
    """An event that waits for its turn."""

    seq: int
    event_id: str
    occurred_ms: int
    received_ms: int
    body: bytes
    attempts: int
    not_before_ms: int


def claim(uow: UnitOfWork, user_id: str, owner: str, now_ms: int, until_ms: int) -> Lease | None:
    """Take the conversation until `until_ms`, or None while somebody else holds it."""
    row = uow.session.execute(_CLAIM, {"who": user_id, "now": now_ms, "owner": owner, "until": until_ms}).one_or_none()
    if row is None:
        return None
    session = uow.vault.open_json(row.session) if row.session else {}
    return Lease(user_id, owner, row.fence, session, row.last_event_ms)


def keep_session(uow: UnitOfWork, lease: Lease, session: Json, last_event_ms: int, until_ms: int) -> None:
    """Write the talk's state and prolong the lease; LostLease when another worker has taken over."""
    sealed = uow.vault.seal_json(session) if session else None
    _fenced(uow, lease, _KEEP, until=until_ms, sealed=sealed, last=last_event_ms)


def prolong(uow: UnitOfWork, lease: Lease, until_ms: int) -> None:
    """Hold the lease longer; LostLease when it is gone."""
    _fenced(uow, lease, _PROLONG, until=until_ms)


def release(uow: UnitOfWork, lease: Lease) -> None:
    """Give the lease back; nothing happens when it is gone already."""
    uow.session.execute(_RELEASE, {"who": lease.user_id, "held": lease.fence})


def _fenced(uow: UnitOfWork, lease: Lease, statement: ReturningUpdate[Any], **values: Any) -> None:
    changed = uow.session.execute(statement, {"who": lease.user_id, "held": lease.fence, **values})
    if changed.one_or_none() is None:
        raise LostLease(lease.fence)


def pending(uow: UnitOfWork, user_id: str, limit: int = 20) -> Sequence[Pending]:
    """The person's unhandled events, oldest first by LINE's own time."""
    rows = uow.session.execute(_PENDING, {"who": user_id, "most": limit}).all()
    return [
        Pending(r.seq, r.event_id, r.occurred_ms, r.received_ms, r.body or b"", r.attempts, r.not_before_ms)
        for r in rows
    ]


def waiting_people(uow: UnitOfWork, now: datetime, limit: int = 200) -> list[str]:
    """Accounts with something to do now: an unhandled event, or a message due to leave."""
    values = {"now": ms(now), "at": now, "most": limit}
    found = [*uow.session.scalars(_WAITING, values), *uow.session.scalars(_DUE, values)]
    return list(dict.fromkeys(found))


def finish(uow: UnitOfWork, seq: int, *, error: str | None = None) -> bool:
    """Mark an event as handled, or dead with its reason. False when it was finished before."""
    changed = uow.session.execute(_FINISH, {"event": seq, "end": DEAD if error else DONE, "why": error})
    return changed.one_or_none() is not None


def count_try(uow: UnitOfWork, seq: int) -> None:
    """Count a try before it is made, so that one that ends the process is counted too."""
    uow.session.execute(update(InboxEvent).where(InboxEvent.seq == seq).values(attempts=InboxEvent.attempts + 1))


def put_off(uow: UnitOfWork, seq: int, until_ms: int, error: str, *, counted: bool = False) -> None:
    """Leave the event for later, and count the failed try unless that is done."""
    uow.session.execute(
        update(InboxEvent)
        .where(InboxEvent.seq == seq)
        .values(attempts=InboxEvent.attempts + (0 if counted else 1), not_before_ms=until_ms, error=error)
    )


def count_dead(uow: UnitOfWork) -> int:
    """How many events could not be handled."""
    return uow.session.scalar(select(func.count()).where(InboxEvent.state == DEAD)) or 0


def mark_unsent(uow: UnitOfWork, message_id: str, now: datetime) -> None:
    """Remember that the sender took a message back."""
    if uow.session.get(UnsentMessage, message_id) is None:
        uow.session.add(UnsentMessage(message_id=message_id, at=now))


def is_unsent(uow: UnitOfWork, message_id: str) -> bool:
    """Whether the sender took the message back."""
    return uow.session.get(UnsentMessage, message_id) is not None


def erase_bodies(uow: UnitOfWork, before: datetime) -> int:
    """Erase the bodies of events done before `before`; returns how many."""
    result = uow.session.execute(
        update(InboxEvent)
        .where(
            InboxEvent.state != PENDING,
            InboxEvent.received_ms < ms(before),
            InboxEvent.body.is_not(None),
            or_(InboxEvent.error.is_(None), InboxEvent.state != DEAD),
        )
        .values(body=None)
        .returning(InboxEvent.seq)
    )
    return len(result.all())
