"""The checks before a dispatch is asked for, and again when its date is fixed (`domain.md` 3; the exclusions of 6).

Every problem is a code with the data of its sentence (`booking.<code>` in the catalogue; `booking.<code>_do` says what
to do). Facts are gathered by `storage.booking`; nothing here knows a clock or a database.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from models.rules.calendar import deadline_short, fiscal_year, format_date, to_jst
from models.rules.dispatch import last_visit_day
from models.rules.profile import Hours, clock, is_weekly_off

Time = tuple[datetime, datetime]
"""Beginning and end, aware."""
LONGEST = timedelta(hours=12)
FARTHEST = timedelta(days=400)
"""How far ahead a visit may be asked for (an assumption: it keeps slips of the year out)."""
IT_TOPIC = "IT活用"


class Code(StrEnum):
    """What can be wrong, in the order it is shown."""

    ORDER = "order"
    TOO_LONG = "too_long"
    PAST = "past"
    TOO_FAR = "too_far"
    SAME_TIME = "same_time"
    AFTER_FEBRUARY = "after_february"
    OWN_PERSON = "own_person"
    OWN_ORGANISATION = "own_organisation"
    NOT_IN_FORCE = "not_in_force"
    NOT_ACCEPTING = "not_accepting"
    EMPLOYED_PUBLIC = "employed_public"
    EMPLOYED_SUPPORT = "employed_support"
    COMMISSION_ENDS = "commission_ends"
    DAY_OFF = "day_off"
    WEEKLY_OFF = "weekly_off"
    HOURS = "hours"
    BUSY = "busy"
    VISITS_YEAR = "visits_year"


EXCEPTABLE = frozenset({Code.EMPLOYED_PUBLIC, Code.EMPLOYED_SUPPORT, Code.COMMISSION_ENDS, Code.VISITS_YEAR})
"""What the secretariat may give leave for, with a reason: what it has to look into, and the yearly limit."""
EXPERTS_WISHES = frozenset({Code.NOT_ACCEPTING, Code.DAY_OFF, Code.WEEKLY_OFF, Code.HOURS})
"""What the expert said beforehand. Nobody may offer such a time, but the expert may say yes to it after all."""
OF_TIMES = frozenset(
    {
        Code.ORDER, Code.TOO_LONG, Code.PAST, Code.TOO_FAR, Code.SAME_TIME, Code.AFTER_FEBRUARY, Code.COMMISSION_ENDS,
        Code.DAY_OFF, Code.WEEKLY_OFF, Code.HOURS, Code.BUSY,
    }
)  # fmt: skip
"""What another time would mend."""
OF_EXPERT = frozenset(Code) - {
    Code.ORDER, Code.TOO_LONG, Code.PAST, Code.TOO_FAR, Code.SAME_TIME, Code.AFTER_FEBRUARY, Code.VISITS_YEAR,
}  # fmt: skip
"""What another expert would mend."""


@dataclass(frozen=True)
class Problem:
    """One thing in the way. `slot`: which of the times, from 1; 0 when it is none of them."""

    code: str
    exceptable: bool
    data: Mapping[str, str] = field(default_factory=dict)
    slot: int = 0


@dataclass(frozen=True)
class ExpertFacts:
    """What is known of the expert. `last_day`: of the commission; `busy`: fixed dispatches around the times.

    `organisations`: those the expert approves for; `employment`: the answer to 勤務先との関係.
    """

    person_id: str
    in_force: bool
    last_day: date | None
    accepting: bool
    weekly_off: frozenset[int]
    hours: Hours
    days_off: frozenset[date]
    busy: Sequence[Time]
    organisations: frozenset[str]
    employment: str


@dataclass(frozen=True)
class Facts:
    """What the checks look at. `visits`: of the business, by fiscal year, without the dispatch at hand."""

    organisation_id: str
    requester_id: str
    expert: ExpertFacts | None
    visits: Mapping[int, int]
    limit: int


def limit_of(topic: str, settings: Mapping[str, int]) -> int:
    """How many visits a business may have in a fiscal year for this topic (settings; 004, `domain.md` 3)."""
    return settings["visits_per_year_it"] if counts_apart(topic, settings) else settings["visits_per_year"]


def counts_apart(topic: str, settings: Mapping[str, int]) -> bool:
    """Whether visits for this topic are counted by a limit of their own."""
    return topic == IT_TOPIC and settings["visits_per_year_it"] > 0


def problems(times: Sequence[Time], facts: Facts, now: datetime) -> tuple[Problem, ...]:
    """Everything in the way of these times, by the order of `Code` and then of the times."""
    found = [*_of_expert(facts)]
    sound: list[Time] = []
    for at, time in enumerate(times, start=1):
        of_time = [*_of_time(at, time, now)]
        found += of_time
        if not of_time:
            found += _of_sound_time(at, time, facts.expert)
            sound.append(time)
    found += _same(times)
    found += _visits(sound, facts)
    order = list(Code)
    return tuple(sorted(found, key=lambda one: (order.index(Code(one.code)), one.slot)))


def _problem(code: Code, which: int = 0, /, **data: str) -> Problem:
    return Problem(code, code in EXCEPTABLE, data, which)


def _of_expert(facts: Facts) -> Iterator[Problem]:
    expert = facts.expert
    if expert is None:
        return
    if expert.person_id == facts.requester_id:
        yield _problem(Code.OWN_PERSON)
    elif facts.organisation_id in expert.organisations:
        yield _problem(Code.OWN_ORGANISATION)
    if not expert.in_force:
        yield _problem(Code.NOT_IN_FORCE)
    elif not expert.accepting:
        yield _problem(Code.NOT_ACCEPTING)
    if expert.employment == "public":
        yield _problem(Code.EMPLOYED_PUBLIC)
    elif expert.employment == "support":
        yield _problem(Code.EMPLOYED_SUPPORT)


def can_be_looked_up(time: Time, now: datetime) -> bool:
    """Whether a time is one at all: not over, not absurdly far or long. All others are refused by the rule alone."""
    starts, ends = time
    return now < starts < ends <= now + FARTHEST + LONGEST and ends - starts <= LONGEST


def _of_time(at: int, time: Time, now: datetime) -> Iterator[Problem]:
    """What makes a time none at all, whoever comes."""
    starts, ends = time
    if starts > now + FARTHEST or ends > now + FARTHEST + LONGEST:
        yield _problem(Code.TOO_FAR, at, slot=str(at), days=str(FARTHEST.days))
        return
    words = time_words(starts, ends)
    if ends <= starts:
        yield _problem(Code.ORDER, at, at=words)
    elif ends - starts > LONGEST:
        yield _problem(Code.TOO_LONG, at, at=words, hours=str(LONGEST // timedelta(hours=1)))
    elif starts <= now:
        yield _problem(Code.PAST, at, at=words)
    elif late := next((day for day in days_of(time) if day > last_visit_day(day)), None):
        yield _problem(Code.AFTER_FEBRUARY, at, at=words, last=format_date(last_visit_day(late)))


def _of_sound_time(at: int, time: Time, expert: ExpertFacts | None) -> Iterator[Problem]:
    """What keeps this expert from coming then."""
    if expert is None:
        return
    words, days = time_words(*time), days_of(time)
    if expert.in_force and expert.last_day and days[-1] > expert.last_day:
        yield _problem(Code.COMMISSION_ENDS, at, at=words, last=format_date(expert.last_day))
    if expert.days_off.intersection(days):
        yield _problem(Code.DAY_OFF, at, at=words)
    elif any(is_weekly_off(day, expert.weekly_off) for day in days):
        yield _problem(Code.WEEKLY_OFF, at, at=words)
    elif not within(time, expert.hours):
        opens, closes = clock(expert.hours.opens), clock(expert.hours.closes)
        yield _problem(Code.HOURS, at, at=words, opens=opens, closes=closes)
    if any(overlap(time, held) for held in expert.busy):
        yield _problem(Code.BUSY, at, at=words)


def _same(times: Sequence[Time]) -> Iterator[Problem]:
    """A time that overlaps one before it."""
    for at, time in enumerate(times, start=1):
        other = next((n for n, held in enumerate(times[: at - 1], start=1) if overlap(time, held)), 0)
        if other:
            yield _problem(Code.SAME_TIME, at, first=str(other), second=str(at))


def _visits(times: Sequence[Time], facts: Facts) -> Iterator[Problem]:
    years = {fiscal_year(to_jst(starts).date()) for starts, _ in times}
    for year in sorted(year for year in years if facts.visits.get(year, 0) >= facts.limit):
        count = str(facts.visits[year])
        yield _problem(Code.VISITS_YEAR, year=str(year), count=count, limit=str(facts.limit))


def overlap(one: Time, other: Time) -> bool:
    """Whether two times have a moment in common; one that begins as the other ends has none."""
    return one[0] < other[1] and other[0] < one[1]


def days_of(time: Time) -> tuple[date, ...]:
    """The Japanese days a time lies on; its end does not count as a day of its own. A time ends after it begins."""
    first, last = to_jst(time[0]).date(), to_jst(time[1] - timedelta(microseconds=1)).date()
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


def within(time: Time, hours: Hours) -> bool:
    """Whether a time lies within the daily hours; past midnight only for somebody who comes round the clock."""
    starts, ends = minutes_of(time)
    round_the_clock = hours.opens == 0 and hours.closes >= 24 * 60
    return round_the_clock or (hours.opens <= starts and ends <= hours.closes)


def is_free(
    time: Time, weekly_off: Collection[int], hours: Hours, days_off: Collection[date], busy: Iterable[Time]
) -> bool:
    """Whether an expert can come then, as far as anybody knows."""
    days = days_of(time)
    off = any(day in days_off or is_weekly_off(day, weekly_off) for day in days)
    return within(time, hours) and not off and not any(overlap(time, held) for held in busy)


def minutes_of(time: Time) -> tuple[int, int]:
    """Beginning and end in minutes since the midnight before it begins, Asia/Tokyo; the end is rounded up."""
    local = to_jst(time[0])
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    minute = timedelta(minutes=1)
    return (local - midnight) // minute, -((midnight - time[1]) // minute)


def time_words(starts: datetime, ends: datetime) -> str:
    """12/1（火）13:00〜16:00, and the second day when it ends on another."""
    first, last = to_jst(starts), to_jst(ends)
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{deadline_short(last.date())}{last:%H:%M}"
    return f"{deadline_short(first.date())}{first:%H:%M}〜{until}"
