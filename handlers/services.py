"""What pages and jobs are given: opened once by `bootstrap`, shared by all requests of a process."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from handlers.letters import Letters
from handlers.links import Links
from storage.database import Database
from storage.files import FileStore


@dataclass(frozen=True)
class Liff:
    """The LIFF app under which our pages open. `verify`: an ID token's LINE user id, see `bot.line.login`."""

    id: str
    verify: Callable[[str], str]


@dataclass(frozen=True)
class Services:
    """`clock` gives aware UTC; `told` wakes whoever delivers, after a commit, with `uow.told`; `hurry` the jobs."""

    database: Database
    files: FileStore
    links: Links
    clock: Callable[[], datetime]
    told: Callable[[Iterable[str]], None]
    letters: Letters
    hurry: Callable[[], None]
    secure_cookies: bool = False
    liff: Liff | None = None
