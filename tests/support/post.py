"""What a test of delivery does and sees: notices that can be told apart, the requests that carried them."""

import re
from typing import Any

from models.notices import ApplicationApproved
from storage import outbox
from tests.support.ledger import Ledger
from tests.support.world import Phone, World

PUSH, REPLY = "/v2/bot/message/push", "/v2/bot/message/reply"


def tell_apart(world: World, phone: Phone, *numbers: str) -> None:
    """Notices that can be told from each other on the phone."""
    with world.service.database.unit() as uow:
        for number in numbers:
            outbox.tell(uow, phone.user_id, ApplicationApproved(number, "organisation", "商工会"), world.clock())


def numbers_seen(phone: Phone) -> list[str]:
    return re.findall(r"N-\d+", "\n".join(phone.answers))


def calls(world: World, path: str, phone: Phone) -> list[Any]:
    """The requests to a path that name this person (pushes) or answered them (replies)."""
    return [
        request
        for request in world.platform.requests
        if request.path == path and (path != PUSH or (request.body or {}).get("to") == phone.user_id)
    ]


def ways(phone: Phone) -> list[str | None]:
    entries = phone.world.platform.messages(phone.user_id, phone.seen)
    return [entry.via for entry in entries if entry.sender == "bot"]


def sent(ledger: Ledger, phone: Phone) -> bool:
    return {row.state for row in ledger.outbox(phone.user_id)} == {"sent"}
