"""The answers with which the stand-in refuses: LINE's status, message, details and headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One fault of a request body; `path` as LINE names it, e.g. `messages[0].text`."""

    path: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The entry of `details`."""
        return {"message": self.message, "property": self.path}


@dataclass(eq=False)
class LineError(Exception):
    """Ends a request with an error answer in LINE's form."""

    status: int
    message: str
    problems: tuple[Problem, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The body of the answer: `message`, perhaps `details`."""
        body: dict[str, Any] = {"message": self.message}
        if self.problems:
            body["details"] = [problem.as_json() for problem in self.problems]
        return {**body, **self.extra}


def invalid_body(problems: list[Problem]) -> LineError:
    """A 400 that names each faulty property."""
    return LineError(400, f"The request body has {len(problems)} error(s)", tuple(problems))


def not_found() -> LineError:
    """A 404 without details."""
    return LineError(404, "Not found")
