"""What is held of one person: counted for the page that exports and erases, and in full for the export."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from models.rules.dispatch import Status
from models.rules.registration import State


@dataclass(frozen=True)
class Held:
    """An application in a line, for the page. `erased`: nothing personal is left in it."""

    id: str
    number: str
    state: State
    since: datetime
    erased: bool


@dataclass(frozen=True)
class Holdings:
    """How much is held of a person. `words`: what must be typed to erase it — a number of theirs, or the name."""

    person_id: str
    name: str
    linked: bool
    erased_at: datetime | None
    applications: tuple[Held, ...]
    photos: int
    documents: int
    consents: int
    entries: int
    words: tuple[str, ...]
    dispatches: int = 0


@dataclass(frozen=True)
class HeldFile:
    """A file in the store: a photo of a paper or a PDF. `kind` is the paper's kind, letter or acceptance."""

    kind: str
    file_key: str
    name: str = ""
    at: datetime | None = None
    removed: bool = False


@dataclass(frozen=True)
class HeldApplication:
    """Everything one application holds. Lists are of plain values, in order of time."""

    number: str
    state: State
    organisation: str
    created_at: datetime
    submitted_at: datetime | None
    answers: Mapping[str, Any]
    submissions: tuple[tuple[int, datetime, Mapping[str, Any]], ...]
    decisions: tuple[tuple[str, str, datetime, Mapping[str, str]], ...]
    reasons: tuple[tuple[str, str, datetime], ...]
    changes: tuple[tuple[str, str, datetime, str, Mapping[str, Any]], ...]
    terms: tuple[tuple[str, str, datetime], ...]
    letters: tuple[tuple[str, date, date, datetime | None], ...]
    files: tuple[HeldFile, ...]


@dataclass(frozen=True)
class HeldDispatch:
    """What a dispatch holds of a person who was its expert, or asked for it (`role`: expert, requester or helper).

    `said`: (action, category, text for the secretariat, comment, when); `acts`: (end, source, when, received, distance,
    accuracy, position); `notes` of the person's visit: (kind, text, when); `certified`: (how, when); `judged`: (answer,
    when); `fees`: (from, to, unpaid minutes, yen, when). Nothing here is about the business's own people.
    """

    number: str
    role: str
    status: Status
    business: str
    title: str
    topic: str
    received_at: datetime
    starts: datetime | None
    ends: datetime | None
    place: str
    wishes: str
    said: tuple[tuple[str, str, str, str, datetime], ...]
    acts: tuple[tuple[str, str, datetime, datetime, int | None, int | None, str], ...]
    notes: tuple[tuple[str, str, datetime], ...]
    certified: tuple[tuple[str, datetime], ...]
    judged: tuple[tuple[str, datetime], ...]
    fees: tuple[tuple[datetime, datetime, int, int, datetime], ...]
    files: tuple[HeldFile, ...]


@dataclass(frozen=True)
class HeldEntry:
    """One line of the audit. `own`: the person did it."""

    at: datetime
    own: bool
    action: str
    subject: str
    moved: tuple[str | None, str | None]
    detail: str


@dataclass(frozen=True)
class Belongings:
    """All that is held of a person, for the export."""

    person_id: str
    name: str
    mail: str
    linked: bool
    created_at: datetime
    blocked_at: datetime | None
    consents: tuple[tuple[str, datetime], ...]
    applications: tuple[HeldApplication, ...]
    memberships: tuple[tuple[str, datetime, datetime | None], ...]
    invitations: tuple[tuple[str, datetime, datetime | None], ...]
    moves: tuple[tuple[str, datetime], ...]
    entries: tuple[HeldEntry, ...]
    profile: Mapping[str, Any] = field(default_factory=dict)
    days_off: tuple[date, ...] = ()
    dispatches: tuple[HeldDispatch, ...] = ()
    draft: Mapping[str, Any] = field(default_factory=dict)
