"""An application on a port of its own, for tests that come by HTTP or with a browser."""

import threading
from collections.abc import Callable, Iterable
from typing import Any, Self

from werkzeug.serving import make_server

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Serving:
    """A server that answers from the beginning until `close`; `app` may be given later or changed."""

    def __init__(self, app: App = lambda _environ, _start: (), host: str = "127.0.0.1") -> None:
        self.app = app
        self._server = make_server(host, 0, lambda environ, start: self.app(environ, start), threaded=True)
        self.port = self._server.server_port
        self.address = f"http://{host}:{self.port}"
        # The default looks only twice a second whether it is to end.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
