"""Dispatches as screens and pages show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from models.rules.dispatch import Status, Why
from models.rules.offices import distances
from models.rules.permissions import DispatchSubject
from models.rules.place import PlaceSource, Point


@dataclass(frozen=True)
class SlotView:
    """A time that was offered. `round` 0: by the organisation; 1, 2, …: the expert's proposals, the newest counts."""

    id: str
    round: int
    side: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class WordsView:
    """What was said with a step. `private` is filled for the secretariat alone."""

    action: str
    side: str
    category: str
    private: str
    comment: str
    at: datetime


@dataclass(frozen=True)
class PlaceView:
    """Where the support takes place; `point` is None for an address that was not found on the map."""

    address: str
    source: PlaceSource
    point: Point | None


@dataclass(frozen=True)
class ContactView:
    """Whom to ask for at the business."""

    name: str
    phone: str
    mail: str


@dataclass(frozen=True, kw_only=True)
class PlannedView:
    """What of a dispatch its visit hangs on: who, where and when. Empty `expert_id`: none yet."""

    id: str
    number: str
    version: int
    status: Status
    organisation_id: str
    requester_id: str
    business: str
    expert_id: str
    title: str
    place: PlaceView
    starts: datetime | None = None
    ends: datetime | None = None

    @property
    def subject(self) -> DispatchSubject:
        """What permissions compare."""
        return DispatchSubject(self.organisation_id, self.expert_id or None, self.status, self.requester_id)


@dataclass(frozen=True, kw_only=True)
class DispatchView(PlannedView):
    """A dispatch with all its parts. `slots`: all, oldest round first."""

    status_since: datetime
    received_at: datetime
    day: date
    organisation: str
    requester: str
    business_id: str
    corporate_number: str
    business_address: str
    expert: str
    predecessor_id: str
    topic: str
    topic_other: str
    wishes: str
    contact: ContactView
    accompany: bool
    slots: tuple[SlotView, ...]
    why: Why | None = None
    words: tuple[WordsView, ...] = ()
    expert_prefecture: str = ""
    exceptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def away(self) -> int | None:
        """Metres from the place to the office of the expert's prefecture, a rough guide; None when not known."""
        return distances(self.place.point).get(self.expert_prefecture) if self.place.point else None

    @property
    def wished(self) -> tuple[SlotView, ...]:
        """The times the organisation offered."""
        return tuple(slot for slot in self.slots if slot.round == 0)

    @property
    def proposed(self) -> tuple[SlotView, ...]:
        """The expert's newest proposals."""
        newest = max((slot.round for slot in self.slots), default=0)
        return tuple(slot for slot in self.slots if slot.round == newest) if newest else ()
