"""What stands around a function in its process: the world's clock, and a point at which it stops.

Only the standard library: it lies beside the runtime interface client, not in a package. Run as
`python -m sandbox <handler>`; without its variables it starts the runtime interface client and does nothing else.
"""

import fcntl
import importlib.abc
import importlib.machinery
import os
import runpy
import signal
import struct
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CLOCK, POINT, HOW = "SANDBOX_CLOCK", "SANDBOX_POINT", "SANDBOX_HOW"
LONGER_THAN_ANY_DEADLINE = 3600
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FileClock:
    """One time for several processes: it stands still until a test moves it (a millisecond a look)."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("r+b", buffering=0)

    def __call__(self) -> datetime:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            self.now += timedelta(milliseconds=1)
            return self.now
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def now(self) -> datetime:
        return EPOCH + timedelta(microseconds=struct.unpack("<q", os.pread(self._file.fileno(), 8, 0))[0])

    @now.setter
    def now(self, moment: datetime) -> None:
        os.pwrite(self._file.fileno(), struct.pack("<q", (moment - EPOCH) // timedelta(microseconds=1)), 0)

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def close(self) -> None:
        self._file.close()


class AfterImport(importlib.abc.MetaPathFinder):
    """Does something to a module as soon as it is there, without importing it for that."""

    def __init__(self) -> None:
        self.todo: dict[str, list[Callable[[Any], None]]] = {}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        todo = self.todo.get(fullname)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target) if todo else None
        if spec is None or spec.loader is None or todo is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            for change in todo:
                change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def add(self, module: str, change: Callable[[Any], None]) -> None:
        self.todo.setdefault(module, []).append(change)


def follow(clock: FileClock, imports: AfterImport) -> None:
    """The service's clock, the webhook's and that of signed links; S3's, the queue's and the deadline's stay real."""

    class Moved(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return clock().astimezone(tz)

    def seconds() -> float:
        return clock().timestamp()

    def webhook(module: Any) -> None:
        start = module.Webhook.__init__
        start.__defaults__ = tuple(seconds if each is time.time else each for each in start.__defaults__)

    imports.add("handlers.bootstrap", lambda module: setattr(module, "datetime", Moved))
    imports.add("handlers.line.webhook", webhook)
    imports.add(
        "itsdangerous.timed",
        lambda module: setattr(module.TimestampSigner, "get_timestamp", lambda _self: int(seconds())),
    )


def stop_at(point: str, how: str, imports: AfterImport) -> None:
    """`point`: module, attribute and after which call (negative: before that call). `how`: die, or stall for ever."""
    module, path, number = point.split(":")

    def change(loaded: Any) -> None:
        *outer, name = path.split(".")
        owner = loaded
        for part in outer:
            owner = getattr(owner, part)
        setattr(owner, name, _stopping(getattr(owner, name), int(number), how))

    imports.add(module, change)


def _stopping(original: Callable[..., Any], number: int, how: str) -> Callable[..., Any]:
    calls = 0

    def stop() -> None:
        if how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(LONGER_THAN_ANY_DEADLINE)

    def wrapped(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == -number:
            stop()
        result = original(*args, **named)
        if calls == number:
            stop()
        return result

    return wrapped


def main() -> None:
    """Set up what the environment asks for, forget that it did, and become the runtime interface client."""
    imports = AfterImport()
    if clock := os.environ.pop(CLOCK, ""):
        follow(FileClock(Path(clock)), imports)
    if point := os.environ.pop(POINT, ""):
        stop_at(point, os.environ.pop(HOW, "die"), imports)
    sys.meta_path.insert(0, imports)
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
