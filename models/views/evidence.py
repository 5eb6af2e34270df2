"""A visit's evidence as the secretariat sees it: a line of the queue, and everything behind it."""

from dataclasses import dataclass
from datetime import date, datetime

from models.rules.visit import Evidence, Grade, Reason
from models.views.dispatch import DispatchView
from models.views.visit import ActView, FeeView, NoteView, VisitView


@dataclass(frozen=True)
class EvidenceRow:
    """One visit in the list; `version` is the visit's."""

    dispatch_id: str
    number: str
    version: int
    day: date
    business: str
    title: str
    organisation: str
    expert_id: str
    expert: str
    came_at: datetime | None
    went_at: datetime | None
    grade: Grade | None
    reasons: tuple[Reason, ...]
    evidence: Evidence
    since: datetime
    yen: int | None


@dataclass(frozen=True)
class Judgement:
    """What the secretariat said once, and who."""

    answer: str
    staff: str
    at: datetime


@dataclass(frozen=True)
class Certificate:
    """A certification with the times the business saw; `file_key`: the drawing, for the file store alone."""

    id: str
    how: str
    name: str
    came_at: datetime
    went_at: datetime | None
    non_payable: int
    at: datetime
    file_key: str


@dataclass(frozen=True)
class Picture:
    """A photo of the place; `file_key` is for the file store alone."""

    id: str
    act_seq: int | None
    file_key: str
    added_at: datetime


@dataclass(frozen=True)
class EvidenceView:
    """All that is known of a visit. `acts` of every expert who held the dispatch; `fees` newest first.

    `names` by id: of those who recorded something.
    """

    dispatch: DispatchView
    visit: VisitView | None
    acts: tuple[ActView, ...]
    notes: tuple[NoteView, ...]
    decisions: tuple[Judgement, ...]
    certificates: tuple[Certificate, ...]
    pictures: tuple[Picture, ...]
    fees: tuple[FeeView, ...]
    names: dict[str, str]

    @property
    def version(self) -> int:
        """The visit's version; 0 before its first act."""
        return self.visit.version if self.visit else 0

    @property
    def undone(self) -> frozenset[int]:
        """The acts that were taken back."""
        return frozenset(act.undoes for act in self.acts if act.undoes)

    @property
    def question(self) -> NoteView | None:
        """What was asked last."""
        return next((note for note in reversed(self.notes) if note.kind == "ask"), None)
