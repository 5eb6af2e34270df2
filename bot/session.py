"""Where a person stands in a form: a small JSON-able value, kept sealed between turns.

It holds the step's key, never an index, so that a form may gain or lose steps while somebody is in the middle of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from models.rules.fields import Value

REVIEW = ""


@dataclass(frozen=True)
class Session:
    """A running form. `step` is a step's key, or REVIEW; `editing`: one answer is being changed from the review.

    `options` are the candidates of an unclear answer as (label, value) pairs; `picked` the choices taken so far of a
    question with several (None: none touched yet); `page` which group or page of choices is shown; `album` counts
    photos sent together.
    """

    form: str
    version: int
    step: str
    answers: Mapping[str, Value] = field(default_factory=dict)
    revision: int = 1
    editing: bool = False
    page: str = ""
    picked: tuple[str, ...] | None = None
    options: tuple[tuple[str, str], ...] = ()
    album: tuple[str, int] = ("", 0)
    subject: str = ""
    subject_version: int = 0

    def at(self, step: str, **changes: Any) -> "Session":
        """The next state at `step`, with everything that belongs to one question forgotten."""
        fresh = {"page": "", "picked": None, "options": (), "album": ("", 0), **changes}
        return replace(self, step=step, revision=self.revision + 1, **fresh)

    def same(self, **changes: Any) -> "Session":
        """The next state at the same question."""
        return replace(self, revision=self.revision + 1, **changes)


def to_json(session: Session) -> dict[str, Any]:
    """The session as it is kept."""
    return asdict(session)


def from_json(data: Mapping[str, Any]) -> Session | None:
    """The session that `to_json` wrote, or None when it is none of ours."""
    try:
        return Session(
            form=str(data["form"]),
            version=int(data["version"]),
            step=str(data["step"]),
            answers=_answers(data.get("answers")),
            revision=int(data.get("revision", 1)),
            editing=bool(data.get("editing", False)),
            page=str(data.get("page", "")),
            picked=_picked(data.get("picked")),
            options=tuple((str(label), str(value)) for label, value in data.get("options") or ()),
            album=_album(data.get("album")),
            subject=str(data.get("subject", "")),
            subject_version=int(data.get("subject_version", 0)),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _answers(value: Any) -> dict[str, Value]:
    """Only what can be an answer: words, or a list of words."""
    kept = dict(value or {}).items()
    return {str(key): held for key, held in kept if isinstance(held, str) or _is_words(held)}


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _picked(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(str(part) for part in value)


def _album(value: Any) -> tuple[str, int]:
    name, seen = value or ("", 0)
    return str(name), int(seen)
