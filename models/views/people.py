"""What routes and pages know of people, organisations and invitations."""

from dataclasses import dataclass
from datetime import datetime

from models.rules.permissions import Actor


@dataclass(frozen=True)
class PersonView:
    """Who talks to us, and for which organisations. `role`: whose menu somebody with two roles chose last."""

    id: str
    user_id: str
    name: str
    mail: str
    blocked: bool
    menu: str
    actor: Actor
    organisations: tuple[str, ...]
    role: str = ""

    @property
    def is_approver(self) -> bool:
        """Whether the person approves for any organisation."""
        return bool(self.actor.organisations)


@dataclass(frozen=True)
class InvitationView:
    """A code that was found good."""

    id: str
    kind: str
    organisation_id: str
    organisation: str
    expires_at: datetime
    issued_by: str | None = None


@dataclass(frozen=True)
class OrganisationRow:
    """One line of the list of organisations. `approvers`: how many people approve for it now."""

    id: str
    name: str
    prefecture: str
    approvers: int


@dataclass(frozen=True)
class StaffView:
    """A logged-in user of the secretariat."""

    id: str
    email: str
    name: str
    role: str
    person_id: str | None
    epoch: int

    @property
    def actor(self) -> Actor:
        """The actor that permissions compare."""
        return Actor("staff", person_id=self.person_id, staff_id=self.id, staff_role=self.role)


@dataclass(frozen=True)
class DeskView:
    """A regional desk of the secretariat; without `prefectures` the one of all others."""

    name: str
    phone: str
    mail: str
    hours: str
    address: str = ""
    prefectures: tuple[str, ...] = ()
    id: str = ""
