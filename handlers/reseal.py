"""`reseal`: brings what is sealed under the newest key, with progress, and says what is left to do."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from storage import reseal as storage
from storage.database import Database, Unavailable
from storage.files import FileStore, StoreUnavailable
from storage.reseal import Looked, Seal


class Refused(Exception):
    """It was not begun, or not finished; the text says why and what to do."""


@dataclass(frozen=True)
class Done:
    """How often each kind of seal was found, and what no key opens."""

    counted: Counter[Seal]
    broken: tuple[Looked, ...]

    @property
    def fine(self) -> bool:
        """Whether only the newest key is needed for everything that can be opened at all."""
        return not self.broken and not self.counted[Seal.OLD]

    @property
    def lines(self) -> list[str]:
        """What an operator reads: ids and keys of files, never what they hold."""
        broken = [f"BROKEN {each.place} {each.key}: no key of FIELD_KEYS opens it" for each in self.broken]
        counts = f"sealed anew {self.counted[Seal.RENEWED]}, under the newest key before {self.counted[Seal.NEWEST]}"
        return [*broken, f"{counts}, still under an older key {self.counted[Seal.OLD]}", self._next()]

    def _next(self) -> str:
        if self.counted[Seal.OLD]:
            return "an older key is still needed: run chusho119 reseal (again)"
        if self.broken:
            return "leave the older keys in FIELD_KEYS until it is clear with which key the broken ones were sealed"
        return "nothing needs an older key: FIELD_KEYS may be the newest one alone (with DIGEST_KEY set)"


def reseal(database: Database, files: FileStore, clock: Callable[[], datetime], *, change: bool) -> Done:
    """Look at everything once; Refused with what to do when it cannot be begun or finished."""
    try:
        with database.read() as uow:
            fits = storage.digests_fit(uow)
        if not fits:
            raise Refused(
                "DIGEST_KEY is not the key that the stored digests were made with: invitation codes would not be found."
                " It is the key that was the last of FIELD_KEYS before a key was put behind it."
            )
        return _once(database, files, clock, change=change)
    except Unavailable:
        raise Refused("the database does not answer. What was done stays done: run it again.") from None
    except StoreUnavailable as error:
        raise Refused(f"the file store: {error.reason}. What was done stays done: run it again.") from None


def _once(database: Database, files: FileStore, clock: Callable[[], datetime], *, change: bool) -> Done:
    counted, broken = Counter[Seal](), list[Looked]()
    walk = storage.renew if change else storage.look
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=storage.total(database))
        for looked in walk(database, files, clock):
            counted[looked.seal] += 1
            broken += [looked] if looked.seal is Seal.BROKEN else []
            progress.update(task, advance=1, description=looked.place)
    return Done(counted, tuple(broken))
