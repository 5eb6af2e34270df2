"""`doctor`: what is set up, what is not, and what to do about it. The page of the system's state shows the same.

The checks run side by side and each has its time: one that fails or hangs keeps no other from being done. None of them
changes anything but a probe in the file store that is taken away again.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from handlers.checks import backup, database, files, keys, line, links, mail, people, queue, work
from handlers.checks import settings as of_settings
from handlers.checks.finding import LEVELS, Finding, Level, unknown, worst_first
from storage.database import Unavailable

if TYPE_CHECKING:
    from handlers.bootstrap import Service

SECONDS = 15.0
BRIEF = 2.0
KEPT = 300.0
"""Seconds for which a page that only points to the findings is content with earlier ones."""
INDENT = " " * 8
MARKS = {Level.ERROR: "ERROR  ", Level.WARNING: "warning", Level.UNKNOWN: "unknown", Level.OK: "ok     "}
Look = Callable[["Service"], Iterator[Finding]]
log = structlog.get_logger()


@dataclass(frozen=True)
class Check:
    """One subject. `outside`: it asks somebody else's servers."""

    group: str
    look: Look
    outside: bool = False


CHECKS = (
    Check("settings", of_settings.look),
    Check("keys", keys.look),
    Check("database", database.look),
    Check("files", files.look, outside=True),
    Check("backup", backup.look),
    Check("queue", queue.look, outside=True),
    Check("mail", mail.look, outside=True),
    Check("line", line.look, outside=True),
    Check("menus", line.look_at_menus, outside=True),
    Check("work", work.look),
    Check("people", people.look),
    Check("links", links.look),
)
HERE = tuple(check for check in CHECKS if not check.outside)
OUTSIDE = tuple(check for check in CHECKS if check.outside)


@dataclass
class _Run:
    """One check in a thread of its own; what it has found until its time is up counts."""

    check: Check
    service: "Service"
    found: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._look, name=f"check-{self.check.group}", daemon=True)
        self.thread.start()

    def _look(self) -> None:
        try:
            for finding in self.check.look(self.service):
                self.found.append(finding)  # each as it comes: the next one may never
        except Unavailable:
            self.found.append(unknown("no_database"))
        except Exception as problem:
            log.exception("check_failed", check=self.check.group)
            self.found.append(unknown("check_failed", private=type(problem).__name__))

    def result(self, until: float) -> list[Finding]:
        """What was found by the moment `until` (monotonic seconds)."""
        self.thread.join(max(0.0, until - time.monotonic()))
        late = [unknown("check_slow", seconds=round(SECONDS))] if self.thread.is_alive() else []
        return [replace(finding, group=self.check.group) for finding in (*self.found, *late)]


def findings(service: "Service", checks: Sequence[Check] = CHECKS, seconds: float = SECONDS) -> list[Finding]:
    """What the checks find, in their order."""
    until = time.monotonic() + seconds
    runs = [_Run(check, service) for check in checks]
    return [finding for run in runs for finding in run.result(until)]


def report(found: Sequence[Finding]) -> Iterator[str]:
    """The findings as lines, group by group, with what to do under each that wants something done."""
    for group in dict.fromkeys(finding.group for finding in found):
        here = worst_first(each for each in found if each.group == group)
        yield f"[{here[0].group_word}]"
        for finding in here:
            private = f"  ({finding.private})" if finding.private else ""
            yield f"{MARKS[finding.level]} {finding.words}{private}"
            yield from (f"{INDENT}- {line}" for line in finding.more)
            yield from (f"{INDENT}→ {finding.todo}" for _ in finding.todo[:1])
    count = Counter(finding.level for finding in found)
    yield " ".join(f"{level} {count[level]}" for level in LEVELS)


@dataclass
class Examiner:
    """The same for a page: what is ours to look at is looked at each time, what asks others only when told to.

    The last answers are kept in this process, with the time of asking.
    """

    service: "Service"
    asked_at: datetime | None = None
    answers: list[Finding] = field(default_factory=list)
    _looked: tuple[float, list[Finding]] = field(default_factory=lambda: (float("-inf"), []))

    def here(self) -> list[Finding]:
        """What our own settings and tables say now."""
        found = findings(self.service, HERE)
        self._looked = (time.monotonic(), found)
        return found

    def recent(self) -> list[Finding]:
        """What was found within the last minutes, for a page that only points to it; never waited for long."""
        at, found = self._looked
        if time.monotonic() - at >= KEPT:
            found = findings(self.service, HERE, BRIEF)
            self._looked = (time.monotonic(), found)
        return [*found, *self.answers]

    def ask(self) -> None:
        """Ask LINE, the file store, the mail server and the queue, and keep what they say."""
        self.answers = findings(self.service, OUTSIDE)
        self.asked_at = self.service.clock()
