"""What pages know of an import of experts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ImportState(StrEnum):
    """`READ`: it can be looked at and started; `STARTED`: a task works on it; `GONE`: its file is deleted."""

    READ = "read"
    STARTED = "started"
    GONE = "gone"


class Known(StrEnum):
    """What became of a key that was imported before. `LAPSED`: its code ran out or was revoked, so it may go again."""

    INVITED = "invited"
    JOINED = "joined"
    LAPSED = "lapsed"


@dataclass(frozen=True)
class ImportView:
    """An uploaded file. `by`: who uploaded it, by name; `task_id` once it was started."""

    id: str
    file_key: str
    file_name: str
    state: ImportState
    task_id: str | None
    by: str
    at: datetime
