"""What the secretariat may answer to a visit's evidence, and where that leads (`domain.md` 4).

What was accepted or rejected can be looked at again: a mistake is put right by the next decision, never by a change.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from models.rules.dispatch import Status
from models.rules.errors import NotPossible
from models.rules.visit import Evidence

WORDS_MAX = 500
LONGEST = timedelta(hours=24)
"""A visit that was corrected to last longer has a wrong day in it."""
HELD = frozenset({Status.CONFIRMED, Status.REPORT_DUE, Status.REPORTED, Status.COMPLETED})
"""Where a dispatch stands whose visit is looked at; one that was cancelled pays nothing and is left alone."""
SETTLED = frozenset({Evidence.CLEAR, Evidence.ACCEPTED, Evidence.REJECTED})
"""Nobody has to look any more."""


class Answer(StrEnum):
    """What the secretariat says."""

    ACCEPT = "accept"
    ASK = "ask"
    REJECT = "reject"


LEADS: Mapping[tuple[Evidence, Answer], Evidence] = MappingProxyType(
    {
        (Evidence.WAITING, Answer.ACCEPT): Evidence.ACCEPTED,
        (Evidence.WAITING, Answer.ASK): Evidence.ASKED,
        (Evidence.WAITING, Answer.REJECT): Evidence.REJECTED,
        (Evidence.ASKED, Answer.ACCEPT): Evidence.ACCEPTED,
        (Evidence.ASKED, Answer.ASK): Evidence.ASKED,
        (Evidence.ASKED, Answer.REJECT): Evidence.REJECTED,
        (Evidence.ACCEPTED, Answer.REJECT): Evidence.REJECTED,
        (Evidence.REJECTED, Answer.ACCEPT): Evidence.ACCEPTED,
    }
)


def judged(evidence: Evidence, answer: Answer) -> Evidence:
    """Where an answer leads; NotPossible where it makes no sense."""
    try:
        return LEADS[evidence, answer]
    except KeyError:
        raise NotPossible("evidence.not_possible") from None


def answers(evidence: Evidence) -> tuple[Answer, ...]:
    """The answers there are to evidence that stands so."""
    return tuple(answer for answer in Answer if (evidence, answer) in LEADS)


def corrected(came: datetime | None, went: datetime | None, non_payable: int, now: datetime) -> None:
    """Whether a visit can have been like that; NotPossible says what cannot be. Times are aware."""
    if any(at > now for at in (came, went) if at):
        raise NotPossible("evidence.future")
    if went and came is None:
        raise NotPossible("evidence.out_alone")
    if came and went and went < came:
        raise NotPossible("evidence.order")
    if came and went and went - came > LONGEST:
        raise NotPossible("evidence.too_long")
    if not 0 <= non_payable <= LONGEST // timedelta(minutes=1):
        raise NotPossible("evidence.non_payable")
