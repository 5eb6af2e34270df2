"""One line of the audit with the names of those it is about."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AuditLine:
    """Who did what to which subject. `who` and `name` call actor and subject; empty where nobody knows a name.

    `expert`: the subject is a person with a page among the experts.
    """

    seq: int
    at: datetime
    actor_kind: str
    actor_id: str | None
    action: str
    subject_kind: str
    subject_id: str
    from_state: str | None
    to_state: str | None
    detail: str | None
    who: str = ""
    name: str = ""
    expert: bool = False
