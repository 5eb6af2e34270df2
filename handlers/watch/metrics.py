"""What the service measures of itself: every name in one table, and the meter that takes the figures.

The table gives Prometheus its HELP lines, CloudWatch its units and `docs/metrics.md` its rows. A meter costs nothing
where none is set up. No figure carries a person, a path or a word: labels come from the closed sets of the table.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol

TIME, COUNT, LEVEL = "time", "count", "level"
Kind = Literal["time", "count", "level"]
CLASSES = ("2xx", "3xx", "4xx", "5xx")
LINE_ERRORS = ("quota", "rate", "5xx", "4xx", "timeout", "unauthorised")
JOBS = ("sweep", "levels", "tasks", "acceptances", "remind", "dispatches", "renew", "release", "retain")
QUICK = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True)
class Metric:
    """One figure. `labels`: the values each of its labels can have; `buckets`: the bounds of a time, in seconds."""

    kind: Kind
    meaning: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    seconds: bool = False
    buckets: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """CloudWatch's word for the unit."""
        return "Seconds" if self.seconds or self.kind == TIME else "Count"


METRICS: Mapping[str, Metric] = {
    "acknowledge_seconds": Metric(
        TIME, "From a webhook request's arrival to its 200, its events safely stored", buckets=QUICK
    ),
    "signatures_refused": Metric(COUNT, "Webhook requests whose signature is not of our secret; answered 401"),
    "turn_seconds": Metric(TIME, "One turn: from taking the person's talk to its answer sent", buckets=SLOW),
    "turn_failures": Metric(COUNT, "Turns that ended in an unexpected error; they are tried again"),
    "replies": Metric(COUNT, "Replies LINE accepted (free)"),
    "pushes": Metric(COUNT, "Pushes LINE accepted (each uses up quota)"),
    "replies_turned_pushes": Metric(COUNT, "Answers that could have gone free by reply and went to be pushed instead"),
    "mails": Metric(COUNT, "Mails the mail server accepted"),
    "dead_messages": Metric(
        COUNT, "What can never be sent or handled and was set aside", {"what": ("message", "menu", "mail", "event")}
    ),
    "line_errors": Metric(COUNT, "Calls to LINE that did not succeed, by kind", {"kind": LINE_ERRORS}),
    "inbox_waiting": Metric(LEVEL, "Events stored and not yet handled"),
    "inbox_oldest_seconds": Metric(LEVEL, "Age of the oldest event not yet handled; 0 when none waits", seconds=True),
    "outbox_waiting": Metric(LEVEL, "Messages, menus and mails that are due and have not left"),
    "outbox_oldest_seconds": Metric(LEVEL, "How long the oldest of these is overdue; 0 when none is", seconds=True),
    "outbox_held": Metric(LEVEL, "Messages kept for a free reply because the month's quota is used up"),
    "outbox_dead": Metric(LEVEL, "Messages that can never leave, of all time (see 例外 on the secretariat's page)"),
    "backup_age_seconds": Metric(
        LEVEL, "Age of the newest backup of `chusho119 backup`; absent when none was ever made", seconds=True
    ),
    "line_quota_left": Metric(LEVEL, "Push messages left this month; absent without a limit; asked every 10 minutes"),
    "visits": Metric(LEVEL, "Visits of the last 30 days, by the grade of their evidence", {"grade": ("A", "B", "C")}),
    "job_seconds": Metric(TIME, "One run of a job", {"job": JOBS}, buckets=SLOW),
    "job_failures": Metric(COUNT, "Runs of a job that ended in an error", {"job": JOBS}),
    "http_requests": Metric(COUNT, "Requests to pages and webhook, by class of status", {"status": CLASSES}),
    "ready": Metric(LEVEL, "1 when `/readyz` finds nothing wrong, else 0"),
}


class Meter(Protocol):
    """Takes figures. It never fails and never waits for anybody."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Something took so long."""
        ...

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Something happened, `by` times."""
        ...

    def level(self, name: str, value: float, **labels: str) -> None:
        """Something stands at this value now."""
        ...


class NoMeter:
    """Where nothing is measured."""

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """See Meter."""

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """See Meter."""

    def level(self, name: str, value: float, **labels: str) -> None:
        """See Meter."""


NO_METER = NoMeter()


def status_class(status: int) -> str:
    """`2xx` to `5xx`."""
    return CLASSES[max(2, min(5, status // 100)) - 2]


def acknowledging(meter: Meter) -> Callable[[float, int, bool], None]:
    """What the webhook tells of each request: its seconds, its status, and whether somebody else's secret signed it.

    Good signatures count as 0: the number of CloudWatch's values is then that of all signatures, their sum the refused.
    """

    def answered(seconds: float, status: int, foreign: bool) -> None:
        meter.count("http_requests", status=status_class(status))
        if status == 200:
            meter.observe("acknowledge_seconds", seconds)
        if status == 200 or foreign:
            meter.count("signatures_refused", int(foreign))

    return answered


@contextmanager
def job(meter: Meter, name: str) -> Iterator[None]:
    """Time a run of a job, and count it when it fails."""
    began = time.perf_counter()
    try:
        yield
    except BaseException:
        meter.count("job_failures", job=name)
        raise
    finally:
        meter.observe("job_seconds", time.perf_counter() - began, job=name)
