"""What a visit's acts add up to, apart from its grade and its fee: whether it is certified, and who looks at it next.

Both are assumptions where `domain.md` 4 leaves them open; docs/adr/0013 says why a visit is a sum.
"""

from dataclasses import dataclass
from datetime import datetime

from models.rules.fee import whole_minute
from models.rules.visit import Evidence, Grade, Reason

ACCEPTED_OR_REFUSED = frozenset({Evidence.ACCEPTED, Evidence.REJECTED})


@dataclass(frozen=True)
class Span:
    """A visit's time: from when to when (aware), and the minutes of it that are not paid."""

    came: datetime
    went: datetime
    non_payable: int

    @property
    def in_minutes(self) -> "Span":
        """The same without seconds, which do not count."""
        return Span(whole_minute(self.came), whole_minute(self.went), self.non_payable)

    def covers(self, other: "Span") -> bool:
        """Whether who certified this certified the other too: none of its time lies outside, no less is taken off."""
        own, its = self.in_minutes, other.in_minutes
        return own.came <= its.came and its.went <= own.went and own.non_payable <= its.non_payable


@dataclass(frozen=True)
class Judged:
    """What a look at the evidence goes by; one at the same facts stays good."""

    span: Span
    grade: Grade
    reasons: tuple[Reason, ...]

    def same_times(self, other: "Judged") -> bool:
        """Whether nothing was corrected, whatever else changed."""
        return self.span.in_minutes == other.span.in_minutes


def evidence_after(before: Evidence, was: Judged | None, now: Judged | None) -> Evidence:
    """Where the secretariat's look stands once a visit was reckoned anew; `None`: an end is missing.

    An A needs none. What was accepted stays so until a time changes; what was rejected, until anything does, and then
    somebody looks again; a question stays open while the times are the same.
    """
    if now is None:
        return Evidence.OPEN
    same_times = was is not None and was.same_times(now)
    same = same_times and was is not None and (was.grade, set(was.reasons)) == (now.grade, set(now.reasons))
    if before is Evidence.ACCEPTED and same_times:
        return before
    if before is Evidence.REJECTED:
        return before if same else Evidence.WAITING
    if now.grade is Grade.A:
        return Evidence.CLEAR
    return before if before is Evidence.ASKED and same_times else Evidence.WAITING
