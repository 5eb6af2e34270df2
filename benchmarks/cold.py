"""Cold start: from process start to the first good answer, and what the process then holds in memory."""

import re
import subprocess
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import servers, traffic
from benchmarks.load import Line
from benchmarks.machine import memory_mib, spread
from benchmarks.postgres import Server

RUNS = 9
AIM_TIME, AIM_MEMORY = 0.5, 0.6
APPS = {"ours": ("handlers.bootstrap", "webhook_app"), "sdk": ("benchmarks.sdk_bot", "silent_app")}
SERVE = """
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server
class Quiet(WSGIRequestHandler):
    def log_message(self, *words): pass
module, name, port = sys.argv[1:]
make = getattr(__import__(module, fromlist=[name]), name)
make_server("127.0.0.1", int(port), make(), handler_class=Quiet).serve_forever()
"""


def _once(app: tuple[str, str], url: str) -> tuple[float, float, float]:
    """Milliseconds to the first 200, then MiB resident and at most."""
    port = servers.free_port()
    request = next(iter(traffic.requests(1)))
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *app, str(port)],
        env=servers.environment(DATABASE_URL=url),
        stderr=subprocess.PIPE,
    )
    try:
        status = _ask(port, request, process)
        took = time.perf_counter() - started
        if status != 200:
            raise RuntimeError(f"answered with {status}")
        return took * 1000, memory_mib(process.pid, "VmRSS"), memory_mib(process.pid, "VmHWM")
    finally:
        process.kill()
        process.communicate()


def _ask(port: int, request: bytes, process: subprocess.Popen[bytes]) -> int | None:
    while process.poll() is None:
        try:
            line = Line(port)
        except ConnectionRefusedError:
            time.sleep(0.001)
            continue
        line.send(request)
        status = None
        while status is None:
            status = line.read()
        line.socket.close()
        return status
    raise RuntimeError(process.communicate()[1].decode(errors="replace"))


def _imports(app: tuple[str, str], url: str, most: int = 6) -> list[tuple[str, float]]:
    """The dearest imports in milliseconds, each with all it pulls in."""
    script = f"from {app[0]} import {app[1]}; {app[1]}()"
    if app is APPS["ours"]:
        script += "; import psycopg"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", script],
        env=servers.environment(DATABASE_URL=url), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.findall(r"import time:\s+\d+ \|\s+(\d+) \|( +)(\S+)", done.stderr)
    near = [(name, int(us) / 1000) for us, indent, name in found if len(indent) <= 3]
    return sorted(near, key=lambda pair: -pair[1])[:most]


def run(server: Server, console: Console) -> dict[str, Any]:
    """Both sides in turns, under the same small server (wsgiref)."""
    url = server.database()
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in APPS}
    for app in APPS.values():
        _once(app, url)
    for number in range(RUNS):
        for name in APPS if number % 2 == 0 else reversed(APPS):
            taken[name].append(_once(APPS[name], url))
    ours, sdk = taken["ours"], taken["sdk"]
    ratios = [spread([a[at] / b[at] for a, b in zip(ours, sdk, strict=True)]) for at in range(3)]
    table = Table(
        "", "first 200 ms", "resident MiB", "peak MiB", title=f"Cold start of the webhook ({RUNS} runs each, wsgiref)"
    )
    for name, label in (("ours", "ours: stored, then 200"), ("sdk", "SDK echo: nothing stored")):
        table.add_row(label, *(f"{spread([run[at] for run in taken[name]])}" for at in range(3)))
    console.print(table)
    console.print(f"  time {ratios[0]} — aim {AIM_TIME} or less; memory {ratios[1]} — aim {AIM_MEMORY} or less")
    imports = {name: _imports(app, url) for name, app in APPS.items()}
    for name, found in imports.items():
        console.print(f"  imports of {name}: " + ", ".join(f"{module} {took:.0f} ms" for module, took in found))
    console.print()
    return {"time": ratios[0], "memory": ratios[1], "peak": ratios[2], "runs": taken, "imports": imports}
