"""What LINE's answer to a call means for us: one of seven outcomes, decided by status and wording.

Source: LINE Messaging API reference, "Status codes" and "Retry failed API requests". LINE does not promise
the wording of messages: a wording that is not recognised falls back to the milder outcome.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RATE_LIMIT = "rate limit"


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted by LINE, now or (409) at an earlier try with the same retry key."""

    request_id: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Wrong for good: the same call would be refused again. `message` is LINE's, for operators."""

    status: int
    message: str


@dataclass(frozen=True, slots=True)
class TokenDead:
    """The reply token was used or is too old: push instead."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not done, and worth another try; `after` in seconds when LINE named it."""

    after: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class QuotaUsedUp:
    """The month's push messages are spent."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The call left us and no answer came: it may have been done. `reason` is the error's class."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """Our access token or plan does not allow it: alarm, and try later."""

    status: int


Failure = Refused | TokenDead | Retry | QuotaUsedUp | OutcomeUnknown | Unauthorised
Outcome = Sent | Failure


def error_kind(outcome: Outcome) -> str:
    """The kind of a failure as operators count it; empty for a success, and for a spent reply token, which is none."""
    match outcome:
        case QuotaUsedUp():
            return "quota"
        case Retry(_, reason):
            return "rate" if reason == RATE_LIMIT else "5xx" if reason.startswith("status") else "timeout"
        case Refused():
            return "4xx"
        case Unauthorised():
            return "unauthorised"
        case OutcomeUnknown():
            return "timeout"
        case _:
            return ""


class LineError(Exception):
    """A call other than a send did not succeed; `outcome` says how."""

    def __init__(self, outcome: Failure) -> None:
        super().__init__(repr(outcome))
        self.outcome = outcome

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return not isinstance(self.outcome, Refused | TokenDead)


class ContentError(Exception):
    """A photo or file could not be fetched."""

    retryable = False


class ContentTooLarge(ContentError):
    """More bytes than the cap."""


class ContentGone(ContentError):
    """LINE does not have it: never did, deleted it, or could not prepare it."""


class ContentUnsent(ContentError):
    """The person took the message back."""


class ContentSlow(ContentError):
    """Not complete within the deadline."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came; header names as in `headers`' own mapping (case-insensitive)."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def outcome(self) -> Outcome:
        """What this answer means."""
        status = self.status
        if 200 <= status < 300:
            return Sent(self.headers.get("x-line-request-id"))
        if status == 409:
            return Sent(self.headers.get("x-line-accepted-request-id"))
        if status in (401, 403):
            return Unauthorised(status)
        if status == 429:
            return self._limited()
        if 400 <= status < 500 and status != 408:
            return self._refused()
        return Retry(self._wait(), f"status {status}")

    def _refused(self) -> Refused | TokenDead:
        message = str(self.json().get("message", ""))
        if self.status == 400 and "reply token" in message.lower():
            return TokenDead()
        return Refused(self.status, message)

    def _limited(self) -> QuotaUsedUp | Retry:
        if "monthly limit" in str(self.json().get("message", "")).lower():
            return QuotaUsedUp()
        return Retry(self._wait(), RATE_LIMIT)

    def _wait(self) -> float | None:
        named = self.headers.get("retry-after", "")
        return float(named) if named.isascii() and named.isdigit() and len(named) < 6 else None
