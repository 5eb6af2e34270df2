"""The secretariat deals with messages and events that were given up: tried again, or put away."""

from collections.abc import Sequence
from datetime import datetime

from models.rules.errors import NotAllowed
from models.rules.permissions import Actor, can
from storage import audit, given_up
from storage.database import UnitOfWork


def send_again(uow: UnitOfWork, actor: Actor, seqs: Sequence[int], now: datetime) -> int:
    """Dead messages leave once more; returns how many could."""
    _allowed(actor)
    done = given_up.send_again(uow, seqs, now)
    for seq in done:
        audit.record(uow, actor, "message.again", ("message", str(seq)), now)
    return len(done)


def put_messages_away(uow: UnitOfWork, actor: Actor, seqs: Sequence[int], now: datetime) -> int:
    """Dead messages are settled; returns how many were not yet."""
    _allowed(actor)
    done = given_up.put_messages_away(uow, seqs)
    for seq in done:
        audit.record(uow, actor, "message.put_away", ("message", str(seq)), now)
    return len(done)


def handle_again(uow: UnitOfWork, actor: Actor, seqs: Sequence[int], now: datetime) -> int:
    """Dead events have another turn; returns how many could."""
    _allowed(actor)
    done = given_up.handle_again(uow, seqs)
    for seq in done:
        audit.record(uow, actor, "event.again", ("event", str(seq)), now)
    return len(done)


def put_events_away(uow: UnitOfWork, actor: Actor, seqs: Sequence[int], now: datetime) -> int:
    """Dead events are settled; returns how many were not yet."""
    _allowed(actor)
    done = given_up.put_events_away(uow, seqs)
    for seq in done:
        audit.record(uow, actor, "event.put_away", ("event", str(seq)), now)
    return len(done)


def _allowed(actor: Actor) -> None:
    if not can(actor, "given_up.settle"):
        raise NotAllowed
