"""An HTTP API of API Gateway on this machine: requests become events (format 2.0), answers become responses."""

import base64
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from tests.aws.function import Result, TooLarge
from tests.aws.runtime_api import ACCOUNT

BODY_MAX = 10 * 1024 * 1024
SECONDS_MAX = 30
TEXT = ("text/", "application/json", "application/xml", "application/javascript")
Invoke = Callable[[dict[str, Any]], Result]


@dataclass(frozen=True)
class Response:
    """What the client gets."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def said(status: int, message: str) -> Response:
    """The gateway's own words."""
    return Response(status, (("content-type", "application/json"),), json.dumps({"message": message}).encode())


def event_of(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes, source: str, route: str
) -> dict[str, Any]:
    """The event of a request (payload format 2.0)."""
    path, _, query = target.partition("?")
    low: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        low[key] = f"{low[key]},{value}" if key in low else value
    cookies = [each.strip() for each in low.pop("cookie", "").split(";") if each.strip()]
    low |= {"x-forwarded-for": source, "x-forwarded-proto": "http", "x-amzn-trace-id": f"Root=1-{uuid.uuid4().hex}"}
    low.setdefault("x-forwarded-port", low.get("host", ":443").partition(":")[2] or "443")
    now = datetime.now(UTC)
    event: dict[str, Any] = {
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": query, "headers": low,
        "requestContext": {
            "accountId": ACCOUNT, "apiId": "a1b2c3d4e5", "domainName": low.get("host", ""),
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": source,
                "userAgent": low.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16], "routeKey": route, "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"), "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }  # fmt: skip
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = _joined(query)
    if route != "$default" and "{proxy+}" in route:
        event["pathParameters"] = {"proxy": path.lstrip("/")}
    if body:
        event |= _body(body, low.get("content-type", ""))
    return event


def _joined(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    """Text as it is, everything else (a form too) in base64."""
    if content_type.lower().startswith(TEXT):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def response_of(result: Result) -> Response:
    """What API Gateway makes of a function's answer."""
    if result.kind == "timeout" or result.seconds > SECONDS_MAX:
        return said(503, "Service Unavailable")
    if not result.ok:
        return said(500, "Internal Server Error")
    value = result.value
    if not isinstance(value, dict) or "statusCode" not in value:
        return Response(200, (("content-type", "application/json"),), json.dumps(value).encode())
    try:
        return _response(value)
    except (TypeError, ValueError, AttributeError):
        return said(500, "Internal Server Error")


def _response(value: Mapping[str, Any]) -> Response:
    text = value.get("body") or ""
    body = base64.b64decode(text, validate=True) if value.get("isBase64Encoded") else text.encode()
    headers = [(name.lower(), str(each)) for name, each in (value.get("headers") or {}).items()]
    headers = [pair for pair in headers if pair[0] != "content-length"]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    headers += [("set-cookie", str(cookie)) for cookie in value.get("cookies") or ()]
    return Response(int(value["statusCode"]), tuple(headers), body)


class Gateway:
    """`routes`: "METHOD /path" to a function; "$default" takes what no other does."""

    def __init__(self, routes: Mapping[str, Invoke]) -> None:
        self.routes, self.last = routes, 0.0
        self.errors: list[Result] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gateway = self
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes, source: str) -> Response:
        """One request through its function."""
        if len(body) > BODY_MAX:
            return said(413, "Request Entity Too Large")
        route = f"{method} {target.partition('?')[0]}"
        route = route if route in self.routes else "$default"
        began = time.monotonic()
        try:
            result = self.routes[route](event_of(method, target, headers, body, source, route))
            self.errors += [] if result.ok else [result]
            return response_of(result)
        except TooLarge:
            return said(500, "Internal Server Error")
        finally:
            self.last = time.monotonic() - began

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False
    gateway: Gateway


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = self.server.gateway.answer(
            self.command, self.path, list(self.headers.items()), body, str(self.client_address[0])
        )
        self.send_response_only(found.status)
        for name, value in (*found.headers, ("content-length", str(len(found.body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found.body)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _any  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass
