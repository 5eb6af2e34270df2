"""Errors of the domain: a code and data, never a sentence and never an HTTP status; the edge translates."""

from collections.abc import Mapping


class DomainError(Exception):
    """Something a rule does not allow. `code` is a key of the text catalogue, `data` fills it in."""

    code = "error.unexpected"

    def __init__(self, code: str = "", /, **data: str) -> None:
        """`code` overrides the class's own."""
        self.code = code or type(self).code
        self.data: Mapping[str, str] = data
        super().__init__(self.code)


class NotAllowed(DomainError):
    """The actor may not do this; nothing is said about why, except for the code."""

    code = "error.not_allowed"


class NotFound(DomainError):
    """There is no such thing, or none the actor may see."""

    code = "error.not_found"


class NotPossible(DomainError):
    """The subject is in a state that does not allow this."""

    code = "error.not_possible"


class Stale(DomainError):
    """Somebody changed the subject since the actor looked at it."""

    code = "error.stale"


class Incomplete(DomainError):
    """Something is still missing; `missing` holds what, as item keys."""

    code = "error.incomplete"

    def __init__(self, missing: tuple[str, ...]) -> None:
        """`missing`: item keys in the card's order."""
        super().__init__()
        self.missing = missing


class TooManyAttempts(DomainError):
    """Guessing is slowed down; the actor may try again later."""

    code = "error.too_many_attempts"
