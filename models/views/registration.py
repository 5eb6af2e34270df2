"""What screens and pages show of a registration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from models.rules.fields import Value
from models.rules.permissions import ApplicationSubject
from models.rules.registration import Item, State, editable_items, items_of, missing_items


@dataclass(frozen=True)
class PaperView:
    """One photo. `file_key` is for the file store alone."""

    id: str
    kind: str
    file_key: str
    width: int
    height: int
    added_at: datetime


@dataclass(frozen=True)
class DecisionView:
    """One stage's answer. `items`: (item, verdict) pairs; `comments`: by item, "" for the whole."""

    round: int
    stage: str
    answer: str
    decided_at: datetime
    decider: str
    items: Mapping[str, str]
    comments: Mapping[str, str]


@dataclass(frozen=True)
class ChainStep:
    """A step of 登録状況; `holder` is who holds it.

    `status` is done, now, todo, returned, rejected, declined, suspended or ended.
    """

    key: str
    status: str
    holder: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class ApplicationView:
    """An application with all a person who may read it can see."""

    id: str
    number: str
    version: int
    state: State
    state_since: datetime
    person_id: str
    organisation_id: str
    organisation: str
    inviter_id: str | None
    inviter: str
    answers: Mapping[str, Value]
    papers: tuple[PaperView, ...]
    reopened: tuple[str, ...]
    submitted_at: datetime | None
    rounds: int
    decisions: tuple[DecisionView, ...]
    subject: ApplicationSubject
    #: Items that hold an OK of a stage for their present content, by stage key.
    fine: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Whether a commission letter was numbered for it.
    lettered: bool = False
    #: The last day of the newest commission letter that was accepted.
    ends: date | None = None
    #: When a step of the appointment was last passed, by its key in the chain.
    passed: Mapping[str, datetime] = field(default_factory=dict)
    #: Returned items that still hold exactly what the reviewer returned.
    unmended: frozenset[str] = frozenset()
    #: By stage key, items that this stage returned and that still hold the same, whatever other stages said since.
    same: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The applicant's name as typed, or an empty string."""
        return str(self.answers.get("name", ""))

    @property
    def items(self) -> tuple[Item, ...]:
        """The items of this application, in the order of its card."""
        return items_of(self.answers)

    @property
    def judged(self) -> frozenset[str]:
        """Items that any reviewer has given a verdict on."""
        return frozenset[str]().union(*(decision.items for decision in self.decisions))

    @property
    def editable(self) -> tuple[Item, ...]:
        """What the applicant may change now; a judged item that lacks something (again, or by a new rule) is open."""
        lacking = missing_items(self.answers, self.paper_counts()) if self.state is State.RETURNED else ()
        return editable_items(self.state, self.reopened, self.answers, self.judged - {*lacking})

    def papers_of(self, kind: str) -> tuple[PaperView, ...]:
        """The photos of one kind, oldest first."""
        return tuple(paper for paper in self.papers if paper.kind == kind)

    def paper_counts(self) -> dict[str, int]:
        """Photos held, by kind."""
        return {item: len(self.papers_of(item)) for item in Item}


@dataclass(frozen=True)
class QueueRow:
    """One line of a queue."""

    id: str
    number: str
    name: str
    organisation: str
    prefecture: str
    state: State
    since: datetime
    version: int
    again: bool
