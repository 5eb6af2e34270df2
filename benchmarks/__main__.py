"""`python -m benchmarks [ack|turn|cold|growth|letters|desk|dispatch|pages|burst …]`: all of them, or those named."""

import argparse
import importlib
import json
import os
import platform
import time
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import postgres

NAMES = ("ack", "turn", "cold", "growth", "letters", "desk", "dispatch", "pages", "burst")
PACKAGES = ("gunicorn", "flask", "flask-admin", "line-bot-sdk", "psycopg", "sqlalchemy")
RESULTS = Path(__file__).parent / "results"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value))


def about(server: postgres.Server) -> dict[str, Any]:
    """What the numbers hang on."""
    named = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "at": time.strftime("%Y-%m-%d %H:%M:%S%z"),
        "cores": os.cpu_count(),
        "cpu": named[0].partition(":")[2].strip() if named else platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "postgresql": server.settings(),
    }


def main() -> None:
    """Run, show, keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which; all when none is named")
    names = parser.parse_args().names or NAMES
    console = Console(width=120)
    started = time.monotonic()
    server = postgres.start()
    results: dict[str, Any] = {"about": about(server)}
    for key, value in results["about"].items():
        console.print(f"{key:10} {value}")
    console.print()
    for name in names:
        results[name] = importlib.import_module(f"benchmarks.{name}").run(server, console)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(results, default=_plain, ensure_ascii=False, indent=1))
    console.print(f"{time.monotonic() - started:.0f} s; written to {path.relative_to(RESULTS.parent.parent)}")


if __name__ == "__main__":
    main()
