"""What every page request passes through: its id, told in the answer and kept while it is worked on, and its status."""

from collections.abc import Callable, Iterable
from typing import Any

from handlers.watch.metrics import Meter, status_class
from storage import trace

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HEADER = "X-Request-Id"


class Edge:
    """A WSGI app around the pages. `behind_proxy`: the id our own proxy gave is kept, if it has the form of one."""

    def __init__(self, app: Wsgi, meter: Meter, *, behind_proxy: bool) -> None:
        """Nothing is kept between requests."""
        self._app = app
        self._meter = meter
        self._behind_proxy = behind_proxy

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """One request. Its id stays with the thread until the next: a body may still be made when this has returned."""
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._behind_proxy else ""
        ours = given if trace.SAFE.fullmatch(given) else trace.fresh()
        trace.bind(ours)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            self._meter.count("http_requests", status=status_class(int(status[:3])))
            return start_response(status, [*headers, (HEADER, ours)], *more)

        return self._app(environ, start)
