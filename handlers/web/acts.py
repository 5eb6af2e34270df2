"""An act as visit.js sends it: where the phone is, when the act was made there, and how long it was kept."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.rules.errors import NotPossible
from models.rules.place import Point

NONCE = re.compile(r"[0-9A-Za-z_-]{8,64}")
ROUGHEST = 10_000_000
"""Metres; more than half the way around the earth says nothing more."""
LONGEST = timedelta(days=10)
YEARS = range(2016, 2100)


@dataclass(frozen=True)
class SentAct:
    """`point` and `accuracy` (metres) are None where the phone did not say; `waited`: kept on the phone so long."""

    nonce: str
    phone_at: datetime
    waited: timedelta
    point: Point | None
    accuracy: int | None


def read(body: Mapping[str, object]) -> SentAct:
    """The act in a page's JSON; NotPossible `visit.unreadable`, or `visit.clock` for a time that cannot be."""
    nonce, waited = body.get("nonce"), _number(body.get("waited"))
    if not (isinstance(nonce, str) and NONCE.fullmatch(nonce)) or waited is None:
        raise NotPossible("visit.unreadable")
    kept = min(timedelta(milliseconds=min(max(waited, 0.0), 1e12)), LONGEST)
    rough = _number(body.get("accuracy"))
    accuracy = math.ceil(min(rough, ROUGHEST)) if rough is not None and rough >= 0 else None
    return SentAct(nonce, _moment(body.get("phone_at")), kept, _point(body), accuracy)


def _number(value: object) -> float | None:
    """A finite number; None for anything else, also for true and for what no float holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise NotPossible("visit.unreadable")
    if moment.year not in YEARS:
        raise NotPossible("visit.clock")
    return moment


def _point(body: Mapping[str, object]) -> Point | None:
    latitude, longitude = _number(body.get("latitude")), _number(body.get("longitude"))
    if latitude is None or longitude is None:
        return None
    try:
        return Point(latitude, longitude)
    except ValueError:
        raise NotPossible("visit.unreadable") from None
