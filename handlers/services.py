"""What pages and jobs are given: opened once by `bootstrap`, shared by all requests of a process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from handlers.checks.finding import Finding
from handlers.letters import Letters
from handlers.links import Links
from models.rules.place import Point
from storage.database import Database
from storage.files import FileStore


@dataclass(frozen=True)
class Liff:
    """The LIFF app under which our pages open. `verify`: an ID token's LINE user id, see `bot.line.login`."""

    id: str
    verify: Callable[[str], str]


@dataclass(frozen=True)
class Tiles:
    """Whose pictures lie under our maps: an address with {z}, {x} and {y}, who is credited, and that one's page."""

    url: str
    credit: str
    credit_link: str = ""


class Examiner(Protocol):
    """What finds out how the system stands; see `handlers.doctor`."""

    asked_at: datetime | None
    answers: list[Finding]

    def here(self) -> list[Finding]:
        """What our own settings and tables say now."""
        ...

    def recent(self) -> list[Finding]:
        """What was found within the last minutes, the last answers of the others among it."""
        ...

    def ask(self) -> None:
        """Ask the others, and keep what they say in `answers`."""
        ...


@dataclass(frozen=True)
class Services:
    """`clock` gives aware UTC; `told` wakes whoever delivers, after a commit, with `uow.told`; `hurry` the jobs.

    `locate` looks an address up on the map, over the network; None where there is nothing to ask. `answer_most`: the
    bytes an answer may have; None where there is no such limit.
    """

    database: Database
    files: FileStore
    links: Links
    clock: Callable[[], datetime]
    told: Callable[[Iterable[str]], None]
    letters: Letters
    hurry: Callable[[], None]
    secure_cookies: bool = False
    liff: Liff | None = None
    tiles: Tiles | None = None
    locate: Callable[[str], Point | None] | None = None
    answer_most: int | None = None
    examiner: Examiner | None = None
