"""What pages and talks know of one organisation: who approves for it, and the codes that lead to it."""

from dataclasses import dataclass
from datetime import datetime

from models.rules.invitation import CodeState, code_state


@dataclass(frozen=True)
class OrganisationView:
    """A support organisation."""

    id: str
    name: str
    prefecture: str


@dataclass(frozen=True)
class MemberView:
    """Somebody who approves for an organisation. `active_at`: when we last heard of the LINE account."""

    person_id: str
    name: str
    joined_at: datetime
    active_at: datetime | None
    blocked: bool


@dataclass(frozen=True)
class CodeView:
    """An invitation. `code` is what may be shown of it: all, masked, or nothing."""

    id: str
    kind: str
    organisation_id: str
    organisation: str
    code: str
    issuer: str
    issued_by: str | None
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> CodeState:
        """What has become of it."""
        return code_state(self.used_at, self.revoked_at, self.expires_at, now)
