"""A visit's evidence: what was recorded at either end, how good it is, and why (`domain.md` 4).

Nothing is refused for being far away; it is graded. A: both ends by the phone's GPS within radius, accuracy and window,
and certified by the business. C: an end declared afterwards, corrected by hand, or shown by a photo. B: all else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.rules.calendar import to_jst
from models.rules.fee import whole_minute

OFFLINE_AT_MOST = timedelta(hours=24)
"""How old an act may be that a phone kept without network (`domain.md` 4)."""
FROM_THE_FUTURE = timedelta(minutes=2)
"""How far a phone's clock may be ahead of ours."""
PROMPT = timedelta(minutes=1)
"""How long an act may be on its way without having been kept offline."""
AROUND = timedelta(hours=12)
"""How far from its slot a visit still counts as today's, so that midnight ends nothing."""


class End(StrEnum):
    """Which end of a visit."""

    IN = "in"
    OUT = "out"


class Source(StrEnum):
    """Where a record of an end comes from. UNDONE takes an earlier record back and is none itself."""

    GPS = "gps"
    LOCATION = "location"
    PHOTO = "photo"
    DECLARED = "declared"
    CORRECTED = "corrected"
    UNDONE = "undone"


class Grade(StrEnum):
    """How good the evidence is."""

    A = "A"
    B = "B"
    C = "C"


class Reason(StrEnum):
    """Why it is not better; words are in the catalogue under `visit.reason_…`."""

    DECLARED = "declared"
    CORRECTED = "corrected"
    PHOTO = "photo"
    NO_PLACE = "no_place"
    LOCATION = "location"
    OFFLINE = "offline"
    FAR = "far"
    INACCURATE = "inaccurate"
    OUTSIDE_WINDOW = "outside_window"
    OVERLAP = "overlap"
    NOT_CERTIFIED = "not_certified"


class Evidence(StrEnum):
    """Where the secretariat's look at it stands. CLEAR needs none; OPEN has no check-out yet."""

    OPEN = "open"
    CLEAR = "clear"
    WAITING = "waiting"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Limits:
    """Radius and accuracy in metres, window in minutes around the slot (settings; assumptions)."""

    radius: int = 300
    accuracy: int = 100
    window: int = 60


@dataclass(frozen=True)
class Record:
    """One end as it counts now. `distance`: metres to the place, None when it is not known; `accuracy` likewise.

    `offline`: the phone kept it without network, and its own clock gave the time.
    """

    source: Source
    at: datetime
    distance: int | None = None
    accuracy: int | None = None
    offline: bool = False


_C_REASONS = {Source.DECLARED: Reason.DECLARED, Source.CORRECTED: Reason.CORRECTED, Source.PHOTO: Reason.PHOTO}


def reasons_of(record: Record, planned: datetime, limits: Limits) -> tuple[Reason, ...]:
    """What keeps one end from being an A; `planned`: when the slot begins (or ends)."""
    if record.source in _C_REASONS:
        return (_C_REASONS[record.source],)
    found: list[Reason] = []
    if record.source is Source.LOCATION:
        found.append(Reason.LOCATION)
    if record.offline:
        found.append(Reason.OFFLINE)
    if record.distance is None:
        found.append(Reason.NO_PLACE)
    elif record.distance > limits.radius:
        found.append(Reason.FAR)
    if record.source is Source.GPS and (record.accuracy is None or record.accuracy > limits.accuracy):
        found.append(Reason.INACCURATE)
    if abs(whole_minute(record.at) - whole_minute(planned)) > timedelta(minutes=limits.window):
        found.append(Reason.OUTSIDE_WINDOW)
    return tuple(found)


def grade(
    came: Record, went: Record, slot: tuple[datetime, datetime], limits: Limits, *, certified: bool, overlaps: bool
) -> tuple[Grade, tuple[Reason, ...]]:
    """The grade of a visit whose ends are recorded, with its reasons; `overlaps` another visit of the expert."""
    found = (*reasons_of(came, slot[0], limits), *reasons_of(went, slot[1], limits))
    found += (Reason.OVERLAP,) if overlaps else ()
    found += () if certified else (Reason.NOT_CERTIFIED,)
    reasons = tuple(dict.fromkeys(found))
    if not reasons:
        return Grade.A, ()
    by_hand = any(reason in _C_REASONS.values() for reason in reasons)
    return (Grade.C if by_hand else Grade.B), reasons


@dataclass(frozen=True)
class Clocked:
    """When an act counts: the server's time, or the phone's for one kept without network."""

    at: datetime
    offline: bool


def is_today(starts: datetime, ends: datetime, at: datetime) -> bool:
    """Whether a visit planned so can be recorded at a moment: on its Japanese day, or within 12 hours of its slot."""
    same_day = to_jst(starts).date() == to_jst(at).date()
    return same_day or starts - AROUND <= at <= ends + AROUND


def clocked(
    now: datetime, phone_at: datetime | None, delay: timedelta = PROMPT, *, waited: timedelta | None = None
) -> Clocked | None:
    """The time of an act that reached us at `now` and that the phone says it made at `phone_at` (aware).

    An act that took longer than `delay` on its way was kept offline and counts from the phone's time; one older than a
    day, or from the future, gives None. Without a time of the phone the server's counts. `waited`: how long the phone
    itself kept it, which tells a late act from a phone whose clock is wrong; then a wrong clock is set right by it.
    """
    if phone_at is None:
        return Clocked(now, offline=False)
    if waited is not None:
        if waited <= delay:
            return Clocked(now, offline=False)
        skewed = abs(now - waited - phone_at) > FROM_THE_FUTURE
        phone_at = now - waited if skewed else min(phone_at, now)
    if phone_at > now + FROM_THE_FUTURE or now - phone_at > OFFLINE_AT_MOST:
        return None
    offline = waited is not None or now - phone_at > delay
    return Clocked(phone_at if offline else now, offline)
