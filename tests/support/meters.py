"""A meter that remembers, and refuses what the table of metrics does not have."""

from handlers.watch.metrics import METRICS


class Kept:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, float]] = []

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        self.seen.append((self._key(name, labels), seconds))

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        self.seen.append((self._key(name, labels), by))

    def level(self, name: str, value: float, **labels: str) -> None:
        self.seen.append((self._key(name, labels), value))

    def _key(self, name: str, labels: dict[str, str]) -> str:
        assert set(labels) == set(METRICS[name].labels), name
        assert all(value in METRICS[name].labels[label] for label, value in labels.items()), (name, labels)
        return " ".join([name, *labels.values()])

    def total(self, key: str) -> float:
        """What was counted under a name and its labels."""
        return sum(value for name, value in self.seen if name == key)
