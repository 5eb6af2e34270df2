"""What the secretariat knows of a move to another LINE account."""

from dataclasses import dataclass
from datetime import datetime

from models.rules.moves import MoveState


@dataclass(frozen=True)
class MoveView:
    """A person (`person_id`, `name`) who asks to go on with the account of a newcomer (`new_person_id`).

    `by_mail`: a code that went to the registered address was brought back; otherwise the secretariat began it.
    `since`: when the newcomer's account was first seen; `reachable`: it has not blocked us.
    """

    id: str
    state: MoveState
    person_id: str
    name: str
    has_account: bool
    new_person_id: str
    by_mail: bool
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str
    since: datetime
    reachable: bool
