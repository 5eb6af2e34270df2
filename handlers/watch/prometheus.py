"""Figures for Prometheus: kept in files, so that one scrape shows all processes of a machine (`serve`, each `worker`).

Only a process that measures imports this. prometheus_client looks at the environment when it is imported, so the folder
is named there first. What processes that have ended counted is added up into files of nobody: no counter ever falls.
"""

import fcntl
import hmac
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from handlers.watch.gauges import Gauges
from handlers.watch.metrics import COUNT, LEVEL, METRICS, Metric

PREFIX = "chusho119_"
NOBODY = 0
PATH = "/metrics"
log = structlog.get_logger()


class Prometheus:
    """A meter whose figures lie in `folder`; one a process, made after the fork."""

    def __init__(self, folder: Path) -> None:
        """The folder is made if need be, and the files of processes that have ended are added up."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        import prometheus_client

        self._client = prometheus_client
        self._folder = folder
        self._registry = prometheus_client.CollectorRegistry()
        self._lock = threading.Lock()
        self._levels: dict[str, Any] = {}
        with _held(folder):
            _add_up(folder)
            # Made with the first process: a counter that is not there yet cannot be seen to rise.
            self._made = {name: self._make(name, metric) for name, metric in METRICS.items() if metric.kind != LEVEL}

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """See Meter."""
        self._labelled(self._made[name], labels).observe(seconds)

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """See Meter."""
        self._labelled(self._made[name], labels).inc(by)

    def level(self, name: str, value: float, **labels: str) -> None:
        """See Meter; a level nobody ever set is not shown."""
        with self._lock:
            if name not in self._levels:
                self._levels[name] = self._make(name, METRICS[name])
        self._labelled(self._levels[name], labels).set(value)

    def text(self) -> bytes:
        """What all processes have measured."""
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self._client.CollectorRegistry()
        MultiProcessCollector(registry, str(self._folder))
        with _held(self._folder):
            return self._client.generate_latest(registry)

    def _make(self, name: str, metric: Metric) -> Any:
        to: dict[str, Any] = {"labelnames": tuple(metric.labels), "registry": self._registry}
        if metric.kind == LEVEL:
            return self._client.Gauge(PREFIX + name, metric.meaning, multiprocess_mode="mostrecent", **to)
        made = (
            self._client.Counter(PREFIX + name, metric.meaning, **to)
            if metric.kind == COUNT
            else self._client.Histogram(PREFIX + name, metric.meaning, buckets=metric.buckets, **to)
        )
        for label, values in metric.labels.items():
            for value in values:
                made.labels(**{label: value})
        return made

    @staticmethod
    def _labelled(made: Any, labels: dict[str, str]) -> Any:
        return made.labels(**labels) if labels else made


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One at a time adds up or reads: nothing is counted twice in between."""
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _add_up(folder: Path) -> None:
    """Move what ended processes counted into the files of nobody; what levels they saw is forgotten."""
    from prometheus_client.mmap_dict import MmapedDict

    for file in sorted(folder.glob("*.db")):
        kind, _, owner = file.stem.rpartition("_")
        if not owner.isdigit() or (int(owner) != NOBODY and _lives(int(owner))):
            continue
        figures = _figures(file)
        if int(owner) == NOBODY and figures is not None:
            continue
        if figures and not kind.startswith("gauge"):
            total = MmapedDict(str(folder / f"{kind}_{NOBODY}.db"))
            for key, value in figures:
                total.write_value(key, total.read_value(key)[0] + value, 0.0)
            total.close()
        file.unlink()


def _figures(file: Path) -> list[tuple[str, float]] | None:
    """What stands in a file; None for one that a power cut left in pieces."""
    from prometheus_client.mmap_dict import MmapedDict

    try:
        return [(key, value) for key, value, _, _ in MmapedDict.read_all_values_from_file(str(file))]
    except Exception as error:
        log.warning("figures_lost", file=file.name, error=type(error).__name__)
        return None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Scrape:
    """`GET /metrics` for who knows the token."""

    def __init__(self, token: str, meter: Prometheus, gauges: Gauges) -> None:
        """`gauges` is asked at each scrape: what waits is told also when nothing works it off."""
        self._good = f"Bearer {token}".encode()
        self._meter = meter
        self._gauges = gauges

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The figures, or 401."""
        given = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._good):
            return _answer(start_response, "401 Unauthorized", b"the token of METRICS_TOKEN is needed\n")
        try:
            self._gauges.look()
        except Exception as error:
            log.warning("levels_unknown", error=type(error).__name__)
        return _answer(start_response, "200 OK", self._meter.text(), "text/plain; version=0.0.4; charset=utf-8")


def _answer(
    start_response: Callable[..., Any], status: str, body: bytes, kind: str = "text/plain; charset=utf-8"
) -> Iterable[bytes]:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    challenge = [("WWW-Authenticate", "Bearer")] if status.startswith("401") else []
    start_response(status, headers + challenge)
    return [body]
