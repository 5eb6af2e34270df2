"""Figures for CloudWatch as a line of JSON (embedded metric format) on standard output, which Lambda takes in.

Standard library alone: the webhook's function loads this in 1 ms. The ready-made writer takes 60 ms, as long as all the
rest of that function.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from handlers.watch.metrics import COUNT, METRICS

NAMESPACE = "chusho119"
VALUES_MAX = 100
Labels = tuple[tuple[str, str], ...]


class Emf:
    """A meter that keeps what an invocation measured until `flush`, called at its end."""

    def __init__(self, stage: str, write: Callable[[str], object] = print) -> None:
        """`stage`: the dimension all figures have."""
        self._stage = stage
        self._write = write
        self._kept: dict[Labels, dict[str, list[float]]] = {}

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """See Meter."""
        values = self._values(name, labels)
        if len(values) == VALUES_MAX:
            self.flush()
            values = self._values(name, labels)
        values.append(round(seconds, 6))

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """See Meter."""
        values = self._values(name, labels)
        values[:] = [sum(values) + by]

    def level(self, name: str, value: float, **labels: str) -> None:
        """See Meter."""
        self._values(name, labels)[:] = [value]

    def flush(self) -> None:
        """Write what was measured: a line for each set of labels."""
        kept, self._kept = self._kept, {}
        for labels, values in kept.items():
            self._write(json.dumps(self._line(labels, values), separators=(",", ":")))

    def _values(self, name: str, labels: dict[str, str]) -> list[float]:
        return self._kept.setdefault(tuple(labels.items()), {}).setdefault(name, [])

    def _line(self, labels: Labels, values: dict[str, list[float]]) -> dict[str, Any]:
        """Counts and times stand under the stage alone too, as the sum over their labels; a level has no such sum."""
        named = ["stage", *(label for label, _ in labels)]
        summed = all(METRICS[name].kind == COUNT or METRICS[name].buckets for name in values)
        directive = {
            "Namespace": NAMESPACE,
            "Dimensions": [["stage"], named] if labels and summed else [named],
            "Metrics": [{"Name": name, "Unit": METRICS[name].unit} for name in values],
        }
        figures = {name: found[0] if len(found) == 1 else found for name, found in values.items()}
        head = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}}
        return {**head, "stage": self._stage, **dict(labels), **figures}
