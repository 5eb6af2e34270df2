"""Lambda functions on this machine: their packages as they are built, run by AWS's own runtime interface client.

A sandbox finds its package, the client and the standard library, and nothing of this project's environment.
"""

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine import cpu_seconds, memory_mib
from deploy.aws import build
from deploy.aws.pins import here
from tests.aws.runtime_api import Invocation, RuntimeApi

CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
ARN = "arn:aws:lambda:ap-northeast-1:123456789012:function:bench"
SDK = "sdk echo"
SDK_PACKAGE = {
    "roots": ["line-bot-sdk", "flask", "apig-wsgi"], "without": [], "own_without": [],
    "own": ["benchmarks/__init__.py", "benchmarks/sdk_bot.py", "benchmarks/sdk_function.py"],
}  # fmt: skip
PATIENCE = 60.0
PACKAGES = build.ROOT / "build" / "bench"
"""Beside the shelf of `deploy.aws.build`, whose files are linked."""


@dataclass(frozen=True)
class Package:
    """What is uploaded, and the same unpacked."""

    folder: Path
    zip_bytes: int
    bytes: int


def packages(asked: Sequence[str], into: Path = PACKAGES) -> Mapping[str, Package]:
    """Functions of `packages.toml` for this interpreter, and the SDK's bot under the same rules."""
    told = dict(build.plan())
    told["functions"] = {**told["functions"], SDK: SDK_PACKAGE}
    names = {each for name in asked for each in build.needed(told, name, here())}
    into.mkdir(parents=True, exist_ok=True)
    shelf = build.Shelf(told, build.installed(told, names, here()), here())
    folders = {name: build.build(told, name, here(), shelf, into) for name in asked}
    return {
        name: Package(folder, build.zipped(folder).stat().st_size, build.size(folder))
        for name, folder in folders.items()
    }


def as_source(package: Package, into: Path) -> Path:
    """The same package without its bytecode: what a start costs where nobody compiled it before."""
    return shutil.copytree(package.folder, into, ignore=shutil.ignore_patterns("__pycache__"))


@contextmanager
def client() -> Iterator[Path]:
    """A folder with the runtime interface client alone."""
    with tempfile.TemporaryDirectory() as folder:
        for name in CLIENT:
            for file in importlib.metadata.distribution(name).files or ():
                top = file.parts[0]
                place = Path(folder) / top
                if top not in ("..", "__pycache__") and not place.exists():
                    place.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)
        yield Path(folder)


class Sandbox:
    """One process of one function. `init_ms`: from the start of the process until it asks for its first event."""

    def __init__(self, handler: str, package: Path, beside: Path, environment: Mapping[str, str], words: Path) -> None:
        self._api = RuntimeApi(lambda: None, lambda: None)
        self._words = words
        more = {
            "AWS_LAMBDA_RUNTIME_API": self._api.address, "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(package),
            "PYTHONPATH": f"{package}:{beside}", "PATH": "/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
            "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769", "AWS_REGION": "ap-northeast-1",
            "AWS_DEFAULT_REGION": "ap-northeast-1", "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        }  # fmt: skip
        command = [sys.executable, "-S", "-B", "-m", "awslambdaric", handler]
        with words.open("ab") as output:
            began = time.perf_counter()
            self._process = subprocess.Popen(
                command, cwd=package, env={**environment, **more}, stdout=output, stderr=output
            )
        until = began + PATIENCE
        while not self._api.asked.wait(0.05):
            if self._process.poll() is not None or time.perf_counter() > until:
                self.close()
                raise RuntimeError(f"{handler} did not start:\n{words.read_text(errors='replace')[-3000:]}")
        self.init_ms = (time.perf_counter() - began) * 1000

    def run(self, event: Any) -> tuple[Any, float]:
        """What the function answers, and the milliseconds it takes; RuntimeError when it fails."""
        body = json.dumps(event, ensure_ascii=False).encode()
        began = time.perf_counter()
        self._api.events.put(Invocation(body, int((time.time() + PATIENCE) * 1000), ARN))
        answer = self._api.answer(PATIENCE)
        taken = (time.perf_counter() - began) * 1000
        if answer is None or answer.kind != "response":
            said = answer.body.decode(errors="replace") if answer else "nothing"
            raise RuntimeError(f"{said}\n{self._words.read_text(errors='replace')[-3000:]}")
        return json.loads(answer.body), taken

    @property
    def peak_mib(self) -> float:
        """The most memory it ever held."""
        return memory_mib(self._process.pid, "VmHWM")

    def cpu(self) -> float:
        """Processor seconds so far."""
        return cpu_seconds(self._process.pid)

    def close(self) -> None:
        """It is gone."""
        self._process.kill()
        self._process.wait()
        self._api.close()
