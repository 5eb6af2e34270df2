"""One finding: how bad it is, what was found and what to do, in the words of the catalogue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.text import catalogue, t


class Level(StrEnum):
    """How bad a finding is, the worst first. `UNKNOWN`: it could not be asked, for want of a right or of an answer."""

    ERROR = "error"
    WARNING = "warning"
    UNKNOWN = "unknown"
    OK = "ok"


LEVELS = tuple(Level)
ATTENTION = frozenset({Level.ERROR, Level.WARNING})


@dataclass(frozen=True)
class Finding:
    """`private` and `more` hold addresses, names and revisions: for managers and for the command, never for others."""

    level: Level
    code: str
    data: Mapping[str, object] = field(default_factory=dict)
    private: str = ""
    more: tuple[str, ...] = ()
    group: str = ""

    @property
    def level_word(self) -> str:
        """How bad it is, in a word."""
        return t(f"status.level_{self.level}")

    @property
    def group_word(self) -> str:
        """What the subject is called."""
        return t(f"status.group_{self.group}")

    @property
    def words(self) -> str:
        """What was found."""
        return t(f"status.{self.code}", **self.data)

    @property
    def todo(self) -> str:
        """What to do about it; empty when there is nothing."""
        return t(f"status_do.{self.code}", **self.data) if f"status_do.{self.code}" in catalogue() else ""


def fine(code: str, private: str = "", **data: object) -> Finding:
    """Nothing to do."""
    return Finding(Level.OK, code, data, private)


def warning(code: str, private: str = "", more: tuple[str, ...] = (), **data: object) -> Finding:
    """It works, and should be seen to."""
    return Finding(Level.WARNING, code, data, private, more)


def error(code: str, private: str = "", more: tuple[str, ...] = (), **data: object) -> Finding:
    """It does not work, or what is entrusted to us is in danger."""
    return Finding(Level.ERROR, code, data, private, more)


def unknown(code: str, private: str = "", more: tuple[str, ...] = (), **data: object) -> Finding:
    """It could not be asked."""
    return Finding(Level.UNKNOWN, code, data, private, more)


def worst_first(found: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then what could not be asked, then what is fine; each in the order it was found."""
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))
