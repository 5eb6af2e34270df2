"""What a button carries back to us: small typed values in a postback's data string.

A form's button names the session's revision and a card's button the subject's version, so that an old button can be
recognised and answered without changing anything (`architecture.md` 4).
"""

import json
import re
from dataclasses import astuple, dataclass

DATA_MAX = 300
#: No button of ours carries these, and no database or encoding takes them all.
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class MenuTap:
    """A rich-menu area: `word` is one of the menu words of `architecture.md` 3."""

    word: str


@dataclass(frozen=True)
class FormTap:
    """A button under a form's question. `revision` is the session's; `act` one of the engine's acts."""

    form: str
    revision: int
    act: str
    value: str = ""


@dataclass(frozen=True)
class CardTap:
    """A button on a card: `act` on `subject` (an id) as it was at `version`."""

    act: str
    subject: str = ""
    version: int = 0
    value: str = ""


Tap = MenuTap | FormTap | CardTap
_KINDS: dict[str, type[Tap]] = {"menu": MenuTap, "form": FormTap, "card": CardTap}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(tap: Tap) -> str:
    """The data string of `tap`; ValueError when LINE would refuse it (over 300 characters)."""
    data = json.dumps([_NAMES[type(tap)], *astuple(tap)], ensure_ascii=False, separators=(",", ":"))
    if len(data.encode("utf-16-le")) // 2 > DATA_MAX:
        raise ValueError(f"postback data over {DATA_MAX} characters: {_NAMES[type(tap)]}")
    return data


def decode(data: str) -> Tap | None:
    """The tap that `data` stands for, or None for anything we did not write."""
    try:
        name, *values = json.loads(data)
        kind = _KINDS[name]
        tap = kind(*values)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    fields = zip(kind.__dataclass_fields__.values(), astuple(tap), strict=True)
    sound = all(_sound(value, int if field.type is int else str) for field, value in fields)
    return tap if sound else None


def _sound(value: object, kind: type) -> bool:
    return type(value) is kind and not (isinstance(value, str) and _UNFIT.search(value))
