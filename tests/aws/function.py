"""A Lambda function on this machine: its sandboxes are processes that run AWS's own runtime interface client."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.aws.runtime_api import ACCOUNT, REGION, Answer, Invocation, RuntimeApi
from tests.aws.sandbox.sandbox import HOW, POINT

PAYLOAD_MAX = 6 * 1024 * 1024
"""Bytes of an event and of an answer, both."""
INIT_SECONDS = 60
"""AWS gives ten; this machine may be busy with other tests."""


class TooLarge(Exception):
    """The event is larger than Lambda takes (413)."""


@dataclass(frozen=True)
class Result:
    """What became of an invocation. `kind`: ok, error (the handler raised), init, timeout, or exit."""

    kind: str
    value: Any
    log: str
    cold: bool
    seconds: float

    @property
    def ok(self) -> bool:
        return self.kind == "ok"


@dataclass(frozen=True)
class Spec:
    """A function as `serverless.yml` describes it. `path`: what Python finds, `task_root`: where it starts."""

    name: str
    handler: str
    timeout: float
    environment: Mapping[str, str]
    path: tuple[Path, ...]
    task_root: Path
    memory: int = 512
    concurrency: int = 2

    @property
    def arn(self) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"


class Sandbox:
    """One process; it takes one event after the other and is frozen in between."""

    def __init__(self, spec: Spec, log: Path, more: Mapping[str, str]) -> None:
        self.spec, self.log, self.used = spec, log, False
        self._frozen, self._lock = False, threading.Lock()
        self.api = RuntimeApi(lambda: self._signal(signal.SIGSTOP), lambda: self._signal(signal.SIGCONT))
        self._pid = 0
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-B", "-m", "sandbox", spec.handler],
                cwd=spec.task_root,
                env={**_machine(spec, self.api.address), **spec.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._pid = self.process.pid

    def _signal(self, number: int) -> None:
        if self._pid and self.used:
            with suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def ready(self) -> Answer | None:
        """Wait for the end of the init phase; what went wrong in it, if anything."""
        until = time.monotonic() + INIT_SECONDS
        while time.monotonic() < until:
            if self.api.asked.wait(0.02):
                return None
            if self.process.poll() is not None:
                return self.api.answer(0.2) or Answer("exit", _error("Runtime.ExitError", self.process.returncode))
        return Answer("timeout", _error("Sandbox.Timedout", "init"))

    def run(self, event: bytes, seconds: float) -> Answer:
        """Give it the event; at the deadline it is killed, as Lambda does."""
        began = time.monotonic()
        self.used = True
        deadline = int((time.time() + seconds) * 1000)
        self.api.events.put(Invocation(event, deadline, self.spec.arn))
        while (left := began + seconds - time.monotonic()) > 0:
            if answer := self.api.answer(min(left, 0.25)):
                return answer
            if self.process.poll() is not None:
                return self.api.answer(0.2) or Answer("exit", _error("Runtime.ExitError", self.process.returncode))
        return Answer("timeout", _error("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds"))

    def kill(self) -> None:
        """It is gone, whatever it was doing."""
        self._pid = 0
        self.process.kill()
        self.process.wait()
        self.api.close()


@dataclass
class Function:
    """Runs events, each in a sandbox of its own at that time; more at once than `concurrency` wait."""

    spec: Spec
    log: Path
    timeout: float = 0
    idle: list[Sandbox] = field(default_factory=list)
    starts: int = 0
    _more: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._free = threading.Semaphore(self.spec.concurrency)
        self.log.touch()

    def invoke(self, event: Any) -> Result:
        """The event (JSON, or bytes as they are) through the function."""
        body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
        if len(body) > PAYLOAD_MAX:
            raise TooLarge(len(body))
        with self._free:
            return self._run(body)

    def _run(self, body: bytes) -> Result:
        at, began = self.log.stat().st_size, time.monotonic()
        with self._lock:
            more, self._more = self._more, {}
            box = self.idle.pop() if self.idle and not more else None
        cold = box is None
        box = box or self._start(more)
        failed = box.ready() if cold else None
        began = began if failed else time.monotonic()
        answer = failed or box.run(body, self.timeout or self.spec.timeout)
        if answer.kind in ("response", "error"):
            with self._lock:
                self.idle.append(box)
        else:
            box.kill()
        return self._result(answer, at, time.monotonic() - began, cold=cold)

    def _start(self, more: Mapping[str, str]) -> Sandbox:
        self.starts += 1
        return Sandbox(self.spec, self.log, more)

    def _result(self, answer: Answer, at: int, seconds: float, *, cold: bool) -> Result:
        log = self.logged(at)
        if answer.kind != "response":
            return Result(answer.kind, answer.error, log, cold, seconds)
        if len(answer.body) > PAYLOAD_MAX:
            return Result("error", {"errorType": "Function.ResponseSizeTooLarge"}, log, cold, seconds)
        return Result("ok", json.loads(answer.body), log, cold, seconds)

    def logged(self, since: int = 0) -> str:
        """What its sandboxes have written."""
        with self.log.open("rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")

    def stops_next(self, point: str, how: str = "stall") -> None:
        """The next event is given to a sandbox of its own that stops at this point (`sandbox.stop_at`)."""
        self._more = {POINT: point, HOW: how}

    def recycle(self) -> None:
        """No sandbox is kept: the next event starts one."""
        with self._lock:
            gone, self.idle, self._more = self.idle, [], {}
        for box in gone:
            box.kill()


def _machine(spec: Spec, address: str) -> dict[str, str]:
    """What Lambda itself puts into every function's environment."""
    return {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
        "AWS_LAMBDA_FUNCTION_NAME": spec.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/24/[$LATEST]0123456789abcdef",
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_REGION": REGION,
        "LAMBDA_TASK_ROOT": str(spec.task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(map(str, spec.path)),
        "TZ": ":UTC",
        "_HANDLER": spec.handler,
    }


def _error(kind: str, message: object) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": str(message)}).encode()


def close(functions: Iterable[Function]) -> None:
    """Every sandbox is gone."""
    for each in functions:
        each.recycle()
