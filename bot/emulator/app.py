"""The Flask app of the stand-in: authentication, faults on demand, errors in LINE's form, a record."""

import socket
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from bot.emulator import api, api_menus, ids, login, phones
from bot.emulator.platform import Platform
from bot.emulator.records import ApiRequest, Fault
from bot.emulator.refusals import LineError
from bot.line import limits

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

API_PREFIX = "/v2/"
RETRY_KEY = "X-Line-Retry-Key"
UPLOADS_MAX = 64 * 1024 * 1024
"""The largest upload of the phones' page, in bytes; the Messaging API takes 2 MB."""

_DROP = "emulator.drop"
_FAULT_MESSAGES = {
    429: "The API rate limit has been exceeded. Try again later.",
    500: "Internal server error",
}


class _Server(Flask):
    """Cuts the line to the caller where a fault says so; the caller cannot know then what was done."""

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = super().wsgi_app(environ, start_response)
        if not environ.get(_DROP):
            return body
        connection = environ.get("werkzeug.socket") or environ.get("gunicorn.socket")
        if isinstance(connection, socket.socket):
            connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError("the stand-in dropped this connection on demand")


def create_app(platform: Platform) -> Flask:
    """The Messaging API under /v2/, LINE Login under /oauth2/, the phones' page at / and its calls under /phones/."""
    app = _Server(__name__, static_folder="static", static_url_path="/phones/static")
    app.config["MAX_CONTENT_LENGTH"] = UPLOADS_MAX
    app.register_blueprint(api.blueprint(platform))
    app.register_blueprint(api_menus.blueprint(platform))
    app.register_blueprint(login.blueprint(platform))
    app.register_blueprint(phones.blueprint(platform))
    app.before_request(lambda: _enter(platform))
    app.after_request(lambda response: _leave(platform, response))
    app.register_error_handler(LineError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _enter(platform: Platform) -> Response | None:
    """Before each API call: faults first, then what LINE checks of every request of the Messaging API."""
    if not request.path.startswith((API_PREFIX, login.PREFIX)):
        return None
    g.request_id = ids.request_id()
    fault = platform.take_fault(request.method, request.path) if platform.faults else None
    refused = _suffer(fault) if fault else None
    if refused or not request.path.startswith(API_PREFIX):
        return refused
    if request.headers.get("Authorization") != f"Bearer {platform.settings.access_token}":
        raise LineError(401, "Authentication failed. Confirm that the access token in the header is valid.")
    if (request.content_length or 0) > limits.BODY_BYTES_MAX:
        raise LineError(413, "Request body is too large")
    if RETRY_KEY in request.headers and request.path not in api.RETRIABLE:
        raise LineError(400, f"{RETRY_KEY} cannot be used with this endpoint")
    return None


def _suffer(fault: Fault) -> Response | None:
    time.sleep(fault.delay)
    request.environ[_DROP] = fault.drop is not None
    if fault.drop == "before":
        return Response(status=503)
    if fault.status is None:
        return None
    message = fault.message or _FAULT_MESSAGES.get(fault.status, "A fault on demand")
    return _answer(fault.status, {"message": message})


def _leave(platform: Platform, response: Response) -> Response:
    if not request.path.startswith((API_PREFIX, login.PREFIX)):
        return response
    response.headers["x-line-request-id"] = g.request_id
    platform.requests.append(
        ApiRequest(
            at=platform.clock(),
            method=request.method,
            path=request.path,
            retry_key=request.headers.get(RETRY_KEY),
            body=request.get_json(silent=True) if request.is_json else None,
            status=response.status_code,
            request_id=g.request_id,
        )
    )
    return response


def _refused(error: LineError) -> Response:
    response = _answer(error.status, error.as_json())
    response.headers.update(error.headers)
    return response


def _http_error(error: HTTPException) -> Response:
    """What Flask refuses by itself, e.g. an unknown path or method."""
    return _answer(error.code or 500, {"message": error.name})


def _answer(status: int, body: Any) -> Response:
    response = jsonify(body)
    response.status_code = status
    return response
