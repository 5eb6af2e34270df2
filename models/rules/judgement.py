"""What judging one answer can say, and what a field is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from models.rules.normalise import graphemes

Value = str | list[str]
Answers = Mapping[str, Value]

LABEL_LIMIT = 20


@dataclass(frozen=True)
class Choice:
    """One button: `label` is read (at most 20 graphemes), `value` is what is judged and stored."""

    label: str
    value: str


@dataclass(frozen=True)
class Accepted:
    """The normalised value; judging its text again accepts the same value."""

    value: Value


@dataclass(frozen=True)
class Refused:
    """`code` is the key of a sentence in bot/text, `data` fills its gaps."""

    code: str
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unclear:
    """The answer fits several values (or one that must be confirmed); `more`: choices were cut off."""

    code: str
    choices: tuple[Choice, ...]
    more: bool = False


Judgement = Accepted | Refused | Unclear
Judge = Callable[[str, Answers], Judgement]


@dataclass(frozen=True)
class Field:
    """One question of a form; `judge` takes the text and the other answers so far, and never raises.

    `most`: how many characters it takes, where a page counts them; 0 where it does not.
    """

    key: str
    name: str
    example: str
    judge: Judge
    show: Callable[[Value], str]
    choices: tuple[Choice, ...] = ()
    many: bool = False
    secret: bool = False
    optional: bool = False
    kind: Literal["text", "long", "date", "choice", "many", "search", "hours", "datetime", "place"] = "text"
    most: int = 0


def fit_label(text: str) -> str:
    """`text` as a button label: cut to 20 graphemes, the last one an ellipsis where it was cut."""
    parts = graphemes(text)
    return text if len(parts) <= LABEL_LIMIT else "".join(parts[: LABEL_LIMIT - 1]) + "…"


def as_text(value: Value) -> str:
    """A stored value as one line; several values are joined the way they are read back."""
    return value if isinstance(value, str) else "、".join(value)
