"""Visits as screens and pages show them."""

from dataclasses import dataclass
from datetime import date, datetime

from models.rules.fee import Fee
from models.rules.place import Point
from models.rules.visit import End, Evidence, Grade, Reason, Record, Source
from models.views.dispatch import PlannedView


@dataclass(frozen=True)
class ActView:
    """One record of an end as it was made; `point` is None where none was given or it has been erased."""

    seq: int
    expert_id: str
    end: End
    source: Source
    at: datetime
    received_at: datetime
    offline: bool
    distance: int | None
    accuracy: int | None
    point: Point | None
    undoes: int | None
    by_kind: str
    by_id: str | None

    @property
    def record(self) -> Record:
        """What grading looks at."""
        return Record(self.source, self.at, self.distance, self.accuracy, self.offline)


@dataclass(frozen=True)
class NoteView:
    """Words about a visit; `kind`: photo, declared, corrected, accept, ask, answer, reject."""

    kind: str
    text: str
    by_kind: str
    at: datetime
    act_seq: int | None = None


@dataclass(frozen=True)
class AttendanceView:
    """The business's certification; `signed`: there is a drawing."""

    id: str
    how: str
    name: str
    at: datetime
    signed: bool


@dataclass(frozen=True)
class VisitView:
    """What the acts of a dispatch add up to now. `came`, `went`: the records that count.

    `certified`: the business has confirmed the times as they are; `attendance` may be of others.
    """

    dispatch_id: str
    expert_id: str
    version: int
    came: ActView | None
    went: ActView | None
    non_payable: int | None
    grade: Grade | None
    reasons: tuple[Reason, ...]
    evidence: Evidence
    evidence_since: datetime
    attendance: AttendanceView | None
    certified: bool
    yen: int | None

    @property
    def is_open(self) -> bool:
        """Checked in and not out yet."""
        return self.came is not None and self.went is None


@dataclass(frozen=True)
class FeeView:
    """A stored fee with what it was worked out from. `grade` and `evidence` are those of its visit now."""

    dispatch_id: str
    number: str
    business: str
    day: date
    starts: datetime
    ends: datetime
    fee: Fee
    at: datetime
    grade: Grade | None = None
    evidence: Evidence | None = None

    @property
    def counts(self) -> bool:
        """Whether it belongs to a sum: not when the secretariat has rejected the visit."""
        return self.evidence is not Evidence.REJECTED


@dataclass(frozen=True)
class VisitShown:
    """A dispatch and its visit as its expert sees them. `undo_until`: until when the check-in can be taken back.

    `reasons`: what keeps the check-in from being an A so far. `other`: a visit elsewhere that is still open.
    """

    dispatch: PlannedView
    visit: VisitView | None
    undo_until: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    other: PlannedView | None = None

    @property
    def came(self) -> ActView | None:
        """The check-in that counts."""
        return self.visit.came if self.visit else None

    @property
    def went(self) -> ActView | None:
        """The check-out that counts."""
        return self.visit.went if self.visit else None
