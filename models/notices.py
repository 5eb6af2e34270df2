"""What people are told: one frozen dataclass a kind. Screens turn them into words, the outbox keeps them as JSON."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ApplicationSubmitted:
    """To the inviter at once, to colleagues later (`reminder`): an application waits for the organisation.

    `waited`: for more than how many business days, in a reminder.
    """

    application_id: str
    version: int
    number: str
    name: str
    again: bool = False
    reminder: bool = False
    waited: int = 2


@dataclass(frozen=True)
class ApplicationWaits:
    """To the secretariat's desk, by mail: an application waits for the second approval. Holds no name."""

    number: str
    organisation: str


@dataclass(frozen=True)
class FormFinished:
    """To the applicant: what was typed on the page is kept; `missing`: the items that still keep it from being sent."""

    application_id: str
    version: int
    state: str
    missing: tuple[str, ...]


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
    """To the inviter: the person is an active expert now, or (`renewed`) for another year."""

    number: str
    name: str
    renewed: bool = False


@dataclass(frozen=True)
class LetterOver:
    """To the applicant: the letter's year ended before it was accepted; another one follows."""

    number: str


@dataclass(frozen=True)
class RenewalAsked:
    """To the expert: go on after `ends` (a date as in ISO 8601) or leave; asked once more as a `reminder`."""

    number: str
    application_id: str
    ends: str
    reminder: bool = False


@dataclass(frozen=True)
class CommissionOver:
    """To the expert: the commission's last day, `ends`, has passed. `renewing`: the next one is being prepared."""

    number: str
    ends: str
    renewing: bool = False


@dataclass(frozen=True)
class CommissionSteered:
    """To the expert: the secretariat suspended, lifted or ended the commission (`action`), with its reason."""

    number: str
    action: str
    reason: str


@dataclass(frozen=True)
class ExpertMoved:
    """To the inviter: an expert's commission was suspended, lifted or ended, or the expert left (`step`)."""

    number: str
    name: str
    step: str


@dataclass(frozen=True)
class ExpertsOver:
    """To the inviter: the commissions of `count` experts have run out; `name` is one of them."""

    name: str
    count: int


@dataclass(frozen=True)
class ProfileChangeApproved:
    """To the expert: the new name or account (`item`: a key of CHANGES) is in force."""

    number: str
    item: str


@dataclass(frozen=True)
class ProfileChangeReturned:
    """To the expert: the change was not taken over, and why; the old one stays in force."""

    number: str
    item: str
    reason: str


@dataclass(frozen=True)
class ApproverRemoved:
    """To somebody who approves for the organisation no longer; `to`: the one the secretariat moved them to, if any."""

    organisation: str
    to: str = ""


@dataclass(frozen=True)
class AccountCode:
    """By mail: the code that proves whose the registered address is."""

    code: str
    minutes: int


@dataclass(frozen=True)
class OldAccountTold:
    """To the LINE account somebody registered with: another one asks to take its place, or (`cut_off`) has done so."""

    cut_off: bool


@dataclass(frozen=True)
class AccountMoved:
    """To the new account: the registration goes on here."""

    name: str


@dataclass(frozen=True)
class AccountMoveRefused:
    """To the account that asked: it does not take over; `why` is one of `models.rules.moves.REASONS`."""

    why: str


@dataclass(frozen=True)
class ExpertInvited:
    """By mail, to somebody known from before: an invitation to register here. `link` opens the talk with the code."""

    name: str
    organisation: str
    code: str
    link: str
    until: str


@dataclass(frozen=True)
class StaffLink:
    """To a user of the secretariat, by mail: the `link` that sets the password. `new`: none was set so far."""

    link: str
    new: bool = False


@dataclass(frozen=True)
class DispatchTold:
    """A dispatch moved, or somebody is reminded of it; `act` says which (an action, a reminder's kind, or late).

    `by` and `to` are sides. Times are ISO 8601 pairs `start/end`: `times` is the fixed time when `fixed`, else what the
    organisation wishes; `proposed` the expert's; `slots` are the ids of those that can be fixed now. `point` is
    `latitude,longitude` or empty; `answer_by` the day (ISO 8601) an answer is hoped for; `distance` metres for the
    expert, -1 when not known. Being late, `category` is the minutes; when a fixed time is cancelled, `wished` is said
    besides it (002). Holds no text for the secretariat alone.
    """

    dispatch_id: str
    version: int
    act: str
    by: str
    to: str
    number: str
    received: str
    business: str
    organisation: str
    title: str
    topic: str
    times: tuple[str, ...]
    slots: tuple[str, ...]
    proposed: tuple[str, ...]
    fixed: bool
    expert: str
    place: str
    point: str
    accompany: bool
    contact: str
    category: str = ""
    comment: str = ""
    answer_by: str = ""
    distance: int = -1
    wished: tuple[str, ...] = ()


@dataclass(frozen=True)
class VisitTold:
    """Something of a visit that concerns `to` (a side): `act` is certify (by mail, with the `link`), certified, accept,
    ask, reject, corrected or undone. `when` is an ISO 8601 pair `start/end` of what was recorded; `yen` the fee now.
    """

    dispatch_id: str
    act: str
    to: str
    number: str
    business: str
    title: str
    expert: str
    when: str
    comment: str = ""
    link: str = ""
    yen: int = 0


Notice = (
    AccountCode
    | AccountMoved
    | AccountMoveRefused
    | OldAccountTold
    | ApproverRemoved
    | FormFinished
    | ApplicationSubmitted
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
    | StaffLink
    | ProfileChangeApproved
    | ProfileChangeReturned
    | LetterOver
    | RenewalAsked
    | CommissionOver
    | CommissionSteered
    | ExpertMoved
    | ExpertsOver
    | ExpertInvited
    | DispatchTold
    | VisitTold
)
LISTS = {"missing", "times", "slots", "proposed", "wished"}
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
    for key in LISTS & data.keys():
        data[key] = tuple(data[key])
    return kind(**data)
