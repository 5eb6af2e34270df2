"""Days and times as somebody types them on the command line; Japanese time where no zone is given."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from models.rules.calendar import JST, to_jst
from models.rules.dates import FIRST_YEAR, LAST_YEAR, read_date
from models.rules.errors import NotPossible
from models.rules.fee import whole_minute

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::[0-5][0-9])?")
_LONGEST_DATE = len("2026-W47-6")


def read_day(text: str) -> date:
    """2026-11-21 and whatever else a date is in Japan; NotPossible when it is none."""
    found = read_date(text)
    if not isinstance(found, date) or not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise NotPossible("fee.day", text=text)
    return found


def read_period(start: str, end: str, day: date) -> tuple[datetime, datetime]:
    """From when to when, to the minute: each as HH:MM or in ISO form. NotPossible when one cannot be read.

    A start without a date lies on `day`; an end without one on the start's day, or the next if it would come earlier.
    """
    began = _read(start, day)
    ended = _read(end, began.date())
    if ended < began and _CLOCK.fullmatch(_plain(end)):
        ended += timedelta(days=1)
    return began, ended


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().upper()


def _read(text: str, day: date) -> datetime:
    plain = _plain(text)
    try:
        if found := _CLOCK.fullmatch(plain):
            return datetime.combine(day, time(int(found[1]), int(found[2])), JST)
        moment = datetime.fromisoformat(plain)
    except ValueError:
        raise NotPossible("fee.time", text=text) from None
    if len(plain) <= _LONGEST_DATE or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise NotPossible("fee.time", text=text)
    return to_jst(whole_minute(moment if moment.tzinfo else moment.replace(tzinfo=JST)))
