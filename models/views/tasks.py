"""What pages and the runner know of long work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TaskView:
    """How far a long task is. `subject_id` names what its pieces belong to, if they belong to one thing."""

    id: str
    kind: str
    total: int
    done: int
    failed: int
    finished: bool
    subject_id: str | None = None
    started_by: str | None = None

    @property
    def gone_through(self) -> int:
        """How many pieces are behind it; the place of the next one."""
        return self.done + self.failed
