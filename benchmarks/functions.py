"""Each Lambda function: start to first answer, warm events, memory and package, beside LINE's SDK's echo bot.

AWS's own runtime interface client runs the packages as they are built, for the interpreter at hand, against a local
Runtime API. Two things are not as on AWS: a function has a whole core here, and nothing is far away. `cost` says what
becomes of that.
"""

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import lambdas
from benchmarks.account import Account
from benchmarks.lambdas import SDK, Package, Sandbox
from benchmarks.machine import spread
from benchmarks.postgres import Server
from benchmarks.standin import StandIn

STARTS, SOURCE_STARTS = 7, 3
NAMES = ("webhook", "pages", "worker", "jobs", "migrate", "commands", SDK)


class Bench:
    """The functions in their sandboxes."""

    def __init__(self, account: Account, beside: Path, words: Path) -> None:
        self._account, self._beside, self._words = account, beside, words

    def start(self, name: str, package: Path) -> tuple[Sandbox, float, float]:
        """A new sandbox, the milliseconds of its init phase and of its first event."""
        event = self._account.first(name)
        handler = "benchmarks.sdk_function.handler" if name == SDK else f"handlers.aws.{name}"
        box = Sandbox(handler, package, self._beside, self._account.environment(name), self._words)
        answer, taken = box.run(event)
        _check(name, answer)
        return box, box.init_ms, taken

    def started(self, name: str, package: Path, count: int) -> list[tuple[float, float]]:
        """So many starts."""
        found = []
        for _ in range(count):
            box, *taken = self.start(name, package)
            box.close()
            found.append((taken[0], taken[1]))
        return found

    def warm(self, name: str, package: Path) -> dict[str, Any]:
        """A representative journey in one sandbox: what an event takes, and what it held at most."""
        box, *_ = self.start(name, package)
        times: list[float] = []

        def run(event: Any) -> Any:
            answer, taken = box.run(event)
            times.append(taken)
            _check(name, answer)
            return answer

        before = box.cpu()
        self._account.journey(name, run)
        cpu, peak = (box.cpu() - before) / len(times) * 1000, box.peak_mib
        box.close()
        return {"events": len(times), "mean_ms": statistics.mean(times), "cpu_ms": cpu, "peak_mib": peak,
                "warm_ms": spread(times)}  # fmt: skip


def _check(name: str, answer: Any) -> None:
    """A start that ends in an error is no start."""
    if isinstance(answer, dict) and (answer.get("statusCode", 200) >= 400 or answer.get("batchItemFailures")):
        raise RuntimeError(f"{name}: {str(answer)[:500]}")


def measure(server: Server, starts: int = STARTS, source_starts: int = SOURCE_STARTS) -> dict[str, dict[str, Any]]:
    """All functions in turns, round by round."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        packages = lambdas.packages(NAMES)
        standin = stack.enter_context(StandIn())
        account = Account(server.database(), standin, folder, stack)
        bench = Bench(account, stack.enter_context(lambdas.client()), folder / "words")
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in NAMES}
        for name in NAMES:
            bench.started(name, packages[name].folder, 1)
        for _ in range(starts):
            for name in NAMES:
                taken[name] += bench.started(name, packages[name].folder, 1)
        found = {name: _row(packages[name], taken[name]) | bench.warm(name, packages[name].folder) for name in NAMES}
        for name in NAMES:
            source = lambdas.as_source(packages[name], folder / "source" / name)
            found[name]["source_ms"] = spread([sum(each) for each in bench.started(name, source, source_starts)])
    return found


def _row(package: Package, taken: list[tuple[float, float]]) -> dict[str, Any]:
    return {
        "total_ms": spread([sum(each) for each in taken]),
        "init_ms": spread([init for init, _ in taken]),
        "first_ms": spread([first for _, first in taken]),
        "zip_mb": package.zip_bytes / 1e6,
        "unpacked_mb": package.bytes / 1e6,
    }


def run(server: Server, console: Console) -> dict[str, Any]:
    """Build, start, journey; then the table."""
    found = measure(server)
    table = Table("", "start to first answer ms", "init ms", "first ms", "without bytecode ms", "warm ms (CPU)",
                  "zip / unpacked MB", "peak MiB", title=f"Lambda functions, {STARTS} starts each")  # fmt: skip
    for name, row in found.items():
        table.add_row(
            name, f"{row['total_ms'].median:.0f} ({row['total_ms'].least:.0f}–{row['total_ms'].most:.0f})",
            f"{row['init_ms'].median:.0f}", f"{row['first_ms'].median:.0f}", f"{row['source_ms'].median:.0f}",
            f"{row['warm_ms'].median:.1f} ({row['cpu_ms']:.1f})", f"{row['zip_mb']:.1f} / {row['unpacked_mb']:.0f}",
            f"{row['peak_mib']:.0f}",
        )  # fmt: skip
    console.print(table)
    console.print()
    return {"functions": found}
