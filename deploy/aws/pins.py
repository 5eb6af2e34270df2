"""Which distributions a function needs, and where the lock pins them.

The closure follows each distribution's own metadata, judged for the interpreter that will run it, not the one at hand.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;\\]+)\s*(?:;([^\\]+))?")


@dataclass(frozen=True)
class Target:
    """The interpreter a package is for. `platforms`: wheel tags it takes, best first; empty: the one that runs this."""

    python: str
    platforms: tuple[str, ...] = ()

    @property
    def here(self) -> bool:
        """Whether it is the interpreter that runs this."""
        return not self.platforms

    def takes(self, marker: Marker | None, extra: str = "") -> bool:
        """Whether a requirement with this marker counts there."""
        return marker is None or marker.evaluate(self._environment() | {"extra": extra})

    def _environment(self) -> dict[str, str]:
        if self.here:
            return {**default_environment()}  # pyright: ignore[reportReturnType]
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


def here() -> Target:
    """The interpreter that runs this."""
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}")


def closure(roots: Iterable[str], without: Iterable[str], target: Target) -> set[str]:
    """The roots and all that they ask for, leaving out `without` and what only those ask for."""
    left_out = {canonicalize_name(name) for name in without}
    todo = [Requirement(root) for root in roots]
    found: set[str] = set()
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        wanted = todo.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if name in left_out or (name, extras) in done:
            continue
        done.add((name, extras))
        found.add(name)
        asked = [Requirement(text) for text in distribution(name).requires or ()]
        todo += [each for each in asked if any(target.takes(each.marker, extra) for extra in ("", *extras))]
    return found


def pinned(lock: Path, names: Iterable[str], target: Target) -> Mapping[str, str]:
    """For each name the lock's requirement with its hashes, for pip; KeyError for what the lock does not know."""
    entries: dict[str, str] = {}
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text("utf-8")):
        found = PIN.match(entry)
        if found and target.takes(Marker(found[3].strip()) if found[3] else None):
            hashes = re.findall(r"--hash=\S+", entry)
            entries[canonicalize_name(found[1])] = f"{found[1]}=={found[2]} {' '.join(hashes)}"
    return {name: entries[name] for name in sorted(names)}
