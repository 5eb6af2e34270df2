"""`serve` and `worker`: gunicorn with a worker thread and the jobs in each process, and the two alone.

Where the turns run, the jobs run: with `SERVE_WORKER=0`, or with a queue, `serve` does neither and only answers.
"""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from handlers.bootstrap import Service
from handlers.settings import Settings
from handlers.watch import logs

END_WITHIN = 75
"""Seconds a turn may need at the most: a slow photo, then its answer with every patience of the client used up."""
LOOK = timedelta(seconds=5)
"""How often a worker alone looks for long work, which pages of another process start without its hearing of it."""


class _OneLog(Logger):
    """gunicorn's own lines go where all others go, in their form."""

    def setup(self, cfg: Any) -> None:
        """Once a process."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """A request that is none is told without its address and its first line: they may be somebody's."""
        super().warning(str(msg).partition(" from ip=")[0], *args, **kwargs)


class _Server(BaseApplication):
    """gunicorn told by code; each process makes its own connections after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._end: Callable[[], None] = lambda: None
        super().__init__()

    def load_config(self) -> None:
        """Bind, processes, threads; no access log, for addresses hold personal links."""
        assert self.cfg
        self.cfg.set("bind", f"{self._settings.bind_host}:{self._settings.port}")
        self.cfg.set("workers", self._settings.web_concurrency)
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 8)
        self.cfg.set("timeout", 60)
        self.cfg.set("graceful_timeout", END_WITHIN)
        self.cfg.set("control_socket_disable", True)
        self.cfg.set("logger_class", _OneLog)
        self.cfg.set("post_fork", lambda _server, _worker: logs.set_up())
        self.cfg.set("worker_exit", lambda _server, _worker: self._end())

    def load(self) -> Any:
        """The WSGI app of one process; with its worker thread and the jobs, unless others do the turns."""
        service = Service(self._settings)
        service.measure()
        if self._settings.serve_worker and not self._settings.event_queue_url:
            stop = threading.Event()
            self._end = partial(end_threads, service, start_threads(service, stop), stop)
        return service.web()


def start_threads(service: Service, stop: threading.Event) -> list[threading.Thread]:
    """One worker thread and the jobs; should the process be killed, a lease covers what they were doing."""
    rounds = service.rounds
    threads = [
        threading.Thread(target=service.worker.run, args=(service.bell, stop), name="worker", daemon=True),
        threading.Thread(target=rounds.run, args=(stop,), name="jobs", daemon=True),
    ]
    for thread in threads:
        thread.start()
    return threads


def end_threads(service: Service, threads: Sequence[threading.Thread], stop: threading.Event) -> None:
    """Let each finish the turn, or the piece of long work, that it is at; whoever does not in time is left."""
    stop.set()
    service.rounds.hurry.set()
    until = time.monotonic() + END_WITHIN - 10
    for thread in threads:
        thread.join(max(0, until - time.monotonic()))


def serve(settings: Settings) -> None:
    """Run until stopped."""
    logs.set_up()
    _Server(settings).run()


def work_alone(service: Service) -> None:
    """Run turns, and the jobs under their lease, until SIGTERM or SIGINT; the turn at hand is finished first."""
    logs.set_up()
    service.measure()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    jobs = threading.Thread(target=service.rounds.run, args=(stop, LOOK), name="jobs", daemon=True)
    jobs.start()
    service.worker.run(service.bell, stop, sweep_seconds=0.5)
    end_threads(service, [jobs], stop)
    service.close()
