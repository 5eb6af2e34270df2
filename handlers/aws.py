"""The Lambda functions: `handlers.aws.webhook`, `.pages`, `.worker`, `.jobs`, and for a person who deploys
`.migrate` and `.commands`.

Each is built when it is asked for, and nothing of the others is loaded. Lambda's runtime asks for its one before the
first event comes, so what is slow (importing, fetching secrets) is done while the sandbox is made, and what fails ends
its start.
"""

import gc
import json
from collections.abc import Callable
from typing import Any, Protocol

from handlers import bootstrap

JOBS_RESERVE_MS = 20_000


class Context(Protocol):
    """What a function uses of its context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


Event = dict[str, Any]
Function = Callable[[Event, Context], Any]


def __getattr__(name: str) -> Function:
    """The function of that name, made now and kept.

    What is loaded meanwhile stays for ever. Looking through it for garbage, again and again, is a fifth of a start.
    """
    make = FUNCTIONS.get(name)
    if make is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    gc.disable()
    try:
        bootstrap.fetch_settings()
        function = _measured(make())
        gc.freeze()
    finally:
        gc.enable()
    globals()[name] = function
    return function


def _measured(function: Function) -> Function:
    """The function; what it measured is written when an invocation ends."""
    figures = bootstrap.figures()

    def invoked(event: Event, context: Context) -> Any:
        try:
            return function(event, context)
        finally:
            figures.flush()

    return invoked


def time_left(context: Context, reserve_ms: int) -> Callable[[], bool]:
    """Whether there is more time than the reserve."""
    return lambda: context.get_remaining_time_in_millis() > reserve_ms


def _webhook() -> Function:
    """LINE's events, stored before they are acknowledged; no framework, no SDK of LINE, no object mapper."""
    from apig_wsgi import make_lambda_handler

    from handlers.watch import light_logs
    from handlers.watch.metrics import acknowledging

    light_logs.set_up()
    return make_lambda_handler(bootstrap.webhook_app(acknowledging(bootstrap.figures())))


def _pages() -> Function:
    """The pages; an answer too big for Lambda goes by way of the file store."""
    from apig_wsgi import make_lambda_handler

    return make_lambda_handler(bootstrap.function_service().pages(), binary_support=True)


def _worker() -> Function:
    """The queue's messages, by person."""
    from handlers.aws_worker import Messages

    return Messages(bootstrap.function_service())


def _jobs() -> Function:
    """Scheduled work: `{"job": "sweep"}`, each minute; the worker that does it is made now, with its imports."""
    from handlers.jobs.named import PARTS

    service = bootstrap.function_service()
    jobs, _ = service.jobs, service.worker

    def run(event: Event, context: Context) -> dict[str, int]:
        name = event.get("job")
        if not isinstance(name, str) or name not in PARTS:
            raise ValueError(f"no such job: {json.dumps(name)}")
        return jobs.scheduled(name, time_left(context, JOBS_RESERVE_MS))

    return run


def _migrate() -> Function:
    """Brings the schema to the newest revision."""
    return lambda _event, _context: {"schema": bootstrap.upgrade()}


def _commands() -> Function:
    """Some of the commands of `chusho119`: `{"command": ["doctor"]}`."""
    from handlers.aws_commands import run
    from handlers.watch import logs

    logs.set_up()
    return run


FUNCTIONS: dict[str, Callable[[], Function]] = {
    "webhook": _webhook,
    "pages": _pages,
    "worker": _worker,
    "jobs": _jobs,
    "migrate": _migrate,
    "commands": _commands,
}
