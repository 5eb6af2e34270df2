"""`serve` and `worker`: gunicorn with a worker thread a process, and the worker alone."""

import signal
import threading
from typing import Any

from gunicorn.app.base import BaseApplication

from handlers import logs
from handlers.bootstrap import Service
from handlers.settings import Settings


class _Server(BaseApplication):
    """gunicorn told by code; each process makes its own connections after the fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Bind, processes, threads; no access log, for addresses hold personal links."""
        assert self.cfg
        self.cfg.set("bind", f"0.0.0.0:{self._settings.port}")
        self.cfg.set("workers", self._settings.web_concurrency)
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 8)
        self.cfg.set("timeout", 60)
        self.cfg.set("control_socket_disable", True)
        self.cfg.set("post_fork", lambda _server, _worker: logs.set_up())

    def load(self) -> Any:
        """The WSGI app of one process, with its worker thread and the jobs."""
        service = Service(self._settings)
        start_threads(service, threading.Event())
        return service.web()


def start_threads(service: Service, stop: threading.Event) -> list[threading.Thread]:
    """One worker thread and the jobs; both end with the process, and a lease covers what they were doing."""
    rounds = service.rounds
    threads = [
        threading.Thread(target=service.worker.run, args=(service.bell, stop), name="worker", daemon=True),
        threading.Thread(target=rounds.run, args=(stop,), name="jobs", daemon=True),
    ]
    for thread in threads:
        thread.start()
    return threads


def serve(settings: Settings) -> None:
    """Run until stopped."""
    _Server(settings).run()


def work_alone(service: Service) -> None:
    """Run turns until SIGTERM or SIGINT; the turn at hand is finished first."""
    logs.set_up()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service.worker.run(service.bell, stop, sweep_seconds=0.5)
    service.close()
