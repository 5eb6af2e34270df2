"""`python -m benchmarks [NAME …]`: all benches, or those named; then the table of RESULTS.md is written anew."""

import argparse
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import postgres, report

PACKAGES = ("gunicorn", "flask", "flask-admin", "line-bot-sdk", "psycopg", "sqlalchemy", "awslambdaric")
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
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "cpu": named[0].partition(":")[2].strip() if named else platform.machine(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "postgresql": server.settings(),
    }


def main() -> None:
    """Run, show, keep. One bench that fails does not take the others with it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*report.SHOWN, []], help="which; all when none is named")
    names = parser.parse_args().names or report.SHOWN
    console = Console(width=120)
    started = time.monotonic()
    server = postgres.start()
    results: dict[str, Any] = {"about": about(server)}
    for key, value in results["about"].items():
        console.print(f"{key:10} {value}")
    console.print()
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    failed: list[str] = []
    for name in names:
        try:
            results[name] = importlib.import_module(f"benchmarks.{name}").run(server, console)
        except Exception:
            console.print_exception()
            failed.append(name)
            continue
        path.write_text(json.dumps(results, default=_plain, ensure_ascii=False, indent=1))
    report.write()
    console.print(
        f"{time.monotonic() - started:.0f} s; written to {path.relative_to(RESULTS.parent.parent)} and RESULTS.md"
    )
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
