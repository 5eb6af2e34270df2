"""What the expert's profile and the secretariat's pages show of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from models.rules.fields import Value
from models.rules.profile import Hours
from models.rules.registration import State


@dataclass(frozen=True)
class ChangeView:
    """A wish to change name or account. `state` is waiting, approved, returned or taken_back."""

    id: str
    application_id: str
    item: str
    answers: Mapping[str, Value]
    state: str
    requested_at: datetime
    decided_at: datetime | None
    decider: str
    reason: str


@dataclass(frozen=True)
class ChangeRow:
    """One line of the list of changes."""

    id: str
    application_id: str
    number: str
    name: str
    organisation: str
    item: str
    state: str
    requested_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class ProfileView:
    """A commissioned expert's own settings. `changes`: by item, the newest change that still matters to the person.

    `days_off` are those from today on. `halted`: the commission is suspended.
    """

    person_id: str
    application_id: str
    number: str
    state: State
    answers: Mapping[str, Value]
    accepting: bool
    weekly_off: frozenset[int]
    hours: Hours
    hidden: frozenset[str]
    days_off: frozenset[date]
    changes: Mapping[str, ChangeView] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in force."""
        return str(self.answers.get("name", ""))

    @property
    def halted(self) -> bool:
        """Whether the commission is suspended."""
        return self.state is State.SUSPENDED

    @property
    def waiting(self) -> tuple[ChangeView, ...]:
        """The changes that wait for the secretariat."""
        return tuple(change for change in self.changes.values() if change.state == "waiting")

    def waits(self, item: str) -> bool:
        """Whether a change of this item waits for the secretariat."""
        return item in self.changes and self.changes[item].state == "waiting"

    def mark(self, section: str) -> str:
        """What a section held when it was shown, so that a save by a second device is noticed."""
        match section:
            case "contact":
                return f"{self.answers.get('phone', '')} {self.answers.get('mail', '')}"
            case "specialities":
                return "、".join(self.answers.get("specialities", ()))
            case "times":
                weekly = ",".join(map(str, sorted(self.weekly_off)))
                return f"{self.hours.opens}-{self.hours.closes} {weekly}"
            case "shown":
                return ",".join(sorted(self.hidden))
            case _:
                raise KeyError(section)
