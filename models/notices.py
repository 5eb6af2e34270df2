"""What people are told: one frozen dataclass a kind. Screens turn them into words, the outbox keeps them as JSON."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ApplicationSubmitted:
    """To the inviter at once, to colleagues later (`reminder`): an application waits for the organisation."""

    application_id: str
    version: int
    number: str
    name: str
    again: bool = False
    reminder: bool = False


@dataclass(frozen=True)
class ApplicationWaits:
    """To the secretariat's desk, by mail: an application waits for the second approval. Holds no name."""

    number: str
    organisation: str


@dataclass(frozen=True)
class ApplicationApproved:
    """To the applicant: a stage said yes. `stage` is a key of STAGES."""

    number: str
    stage: str
    organisation: str


@dataclass(frozen=True)
class ApplicationReturned:
    """To the applicant: `items` are (item, comment) pairs to mend; `comment` is about the whole."""

    number: str
    stage: str
    organisation: str
    items: tuple[tuple[str, str], ...]
    comment: str = ""


@dataclass(frozen=True)
class ApplicationRejected:
    """To the applicant: `reason` in the reviewer's words."""

    number: str
    stage: str
    organisation: str
    reason: str


@dataclass(frozen=True)
class ApplicationOutcome:
    """To the inviter: what the secretariat decided (`answer`: approve, return or reject)."""

    number: str
    name: str
    answer: str


@dataclass(frozen=True)
class ApplicationWithdrawn:
    """To the inviter: the applicant took the application back."""

    number: str
    name: str


@dataclass(frozen=True)
class InvitationUsed:
    """To the inviter: somebody joined with the invitation. No name: nothing has been consented to yet."""

    organisation: str


@dataclass(frozen=True)
class TermsSent:
    """To the applicant: the terms are there to be read and answered."""

    number: str


@dataclass(frozen=True)
class LetterIssued:
    """To the applicant: the commission letter is there to be read and accepted."""

    number: str
    letter_id: str


@dataclass(frozen=True)
class CommissionAccepted:
    """To the inviter: the person is an active expert now."""

    number: str
    name: str


Notice = (
    ApplicationSubmitted
    | ApplicationWaits
    | ApplicationApproved
    | ApplicationReturned
    | ApplicationRejected
    | ApplicationOutcome
    | ApplicationWithdrawn
    | InvitationUsed
    | TermsSent
    | LetterIssued
    | CommissionAccepted
)
KINDS: dict[str, type[Notice]] = {kind.__name__: kind for kind in Notice.__args__}


def to_json(notice: Notice) -> str:
    """The notice as the outbox keeps it."""
    return json.dumps({"kind": type(notice).__name__, **asdict(notice)}, ensure_ascii=False)


def from_json(text: str) -> Notice:
    """The notice that `to_json` wrote; KeyError for an unknown kind."""
    data = json.loads(text)
    kind = KINDS[data.pop("kind")]
    if "items" in data:
        data["items"] = tuple((item, comment) for item, comment in data["items"])
    return kind(**data)
