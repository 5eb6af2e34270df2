"""A worker process that dies, as by a power cut, at a chosen point of a turn.

`Killer` keeps one child process warm; each `run` forks a grandchild from it that runs a worker and is killed
(SIGKILL) by its own hand when the point is reached. Run as a module, this file is that child.
"""

import importlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from handlers.watch import logs

#: point → (module, attribute to wrap, after which call it strikes; negative: before that call)
POINTS: dict[str, tuple[str, str, int]] = {
    "after the claim": ("handlers.line.worker", "Worker._claim", 1),
    "before the photo is fetched": ("bot.line.client", "LineClient.fetch_content", -1),
    "after the photo was fetched": ("bot.line.client", "LineClient.fetch_content", 1),
    "while the photo is put away": ("storage.files", "write_whole", -1),
    "after the photo was put away": ("storage.files", "FolderStore.put", 1),
    "after the event was marked, before anything else": ("storage.inbox", "finish", 1),
    "before the session is written": ("storage.inbox", "keep_session", -1),
    "just before the commit": ("storage.inbox", "keep_session", 1),
    "right after the commit": ("handlers.line.worker", "Worker._commit", 1),
    "before the reply": ("bot.line.client", "LineClient.reply", -1),
    "after the reply, before it is marked": ("bot.line.client", "LineClient.reply", 1),
    "while the results are written": ("storage.outbox", "sent", 1),
    "after the results were written": ("handlers.line.worker", "Worker._deliver", 1),
    "after the notice was frozen": ("handlers.delivery", "Delivery._freeze", 2),
    "before the first push": ("bot.line.client", "LineClient.push", -1),
    "after the first push": ("bot.line.client", "LineClient.push", 1),
    "between two rows": ("bot.line.client", "LineClient.push", -2),
    "after the last push": ("bot.line.client", "LineClient.push", 3),
    "after the menu was linked": ("bot.line.client", "LineClient.link_menu", 1),
    "after a mail left": ("storage.mail", "FolderMailer.send", 1),
}


@dataclass
class Killer:
    """The warm child."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls) -> "Killer":
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.killer"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
            )
        )  # fmt: skip

    def run(self, environment: dict[str, str], var: Path, now: datetime, people: Sequence[str], point: str) -> bool:
        """Let a worker attend to these people; whether the point was reached (and the process killed there)."""
        job = [environment, str(var), now.isoformat(), list(people), point]
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() == str(-signal.SIGKILL)

    def stop(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def _wrap(point: str) -> None:
    module_name, path, number = POINTS[point]
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), number))


def _deadly(original: Callable[..., Any], number: int) -> Callable[..., Any]:
    calls = 0

    def wrapped(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == -number:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


def _attend(environment: dict[str, str], var: str, now: str, people: list[str], point: str) -> None:
    from handlers.bootstrap import Service
    from handlers.settings import read
    from tests.support.world import Clock

    service = Service(read(environment, Path(var)), Clock(datetime.fromisoformat(now)))
    _wrap(point)
    service.worker.work(people)
    service.worker.delivery.send_mails()


def main() -> None:
    """One job a line; answers with the exit status of the grandchild."""
    logs.set_up(logging.ERROR)
    importlib.import_module("handlers.line.worker")
    importlib.import_module("linebot.v3.messaging")
    importlib.import_module("bot.screens.notices")
    importlib.import_module("tests.support.world")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            _attend(*json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
