"""Messages and events that were given up, put there as the delivery and the worker leave them."""

import itertools
import uuid
from datetime import datetime
from typing import Any

from models.notices import ApplicationWaits, to_json
from models.tables.conversation import Conversation, InboxEvent, OutboxRow
from storage.database import UnitOfWork
from storage.inbox import ms

USER = "U" + "7" * 32
_numbers = itertools.count(1)


def message(uow: UnitOfWork, now: datetime, *, held: bool = False, **values: Any) -> int:
    """A notice LINE refused for good, or one that is held; returns its number."""
    row = OutboxRow(
        **{
            "retry_key": str(uuid.uuid4()), "recipient": USER, "channel": "line", "attempts": 1, "held": held,
            "notice": to_json(ApplicationWaits("R-2026-000001", "山田 太郎")), "body": "[]",
            "state": "pending" if held else "dead", "error": "monthly limit" if held else "refused 400",
            "created_at": now, "not_before": now, **values,
        }
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    return row.seq


def event(uow: UnitOfWork, now: datetime, state: str = "dead", **values: Any) -> int:
    """An event nobody could handle; returns its number."""
    if uow.session.get(Conversation, USER) is None:
        uow.session.add(Conversation(user_id=USER))
    row = InboxEvent(
        **{
            "event_id": f"given-up-{next(_numbers)}", "user_id": USER, "occurred_ms": ms(now), "received_ms": ms(now),
            "body": b"{}", "state": state, "attempts": 5, "error": "KeyError" if state == "dead" else None, **values,
        }
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    return row.seq
