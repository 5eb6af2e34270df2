"""HTTP to LINE: line-bot-sdk's connection pool with our timeouts, no hidden retries, no redirects.

The SDK is imported when a `Wire` is made, not with this module (it costs half a second). Its generated
model layer is left out on purpose: a frozen body goes out as it was stored. Logged are methods, path
templates, statuses, LINE's request ids and milliseconds; never a body, a token or an id of a person.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from bot.line.outcomes import (
    Answer,
    ContentSlow,
    ContentTooLarge,
    Failure,
    LineError,
    OutcomeUnknown,
    Retry,
    error_kind,
)

if TYPE_CHECKING:
    from linebot.v3.messaging import ApiClient

CHUNK = 64 * 1024
GONE = (404, 410)
"""Answers, not errors: a profile not shown, a photo taken back."""
JSON = {"Content-Type": "application/json"}
NOTHING: Mapping[str, str] = {}


class Wire:
    """One connection pool for one access token; threads may share it. Timeouts in seconds."""

    def __init__(
        self, access_token: str, connect_timeout: float, read_timeout: float, failed: Callable[[str], None]
    ) -> None:
        import structlog

        sdk = _sdk_client(access_token)
        self._pool: urllib3.PoolManager = sdk.rest_client.pool_manager
        self._headers: dict[str, str] = sdk.default_headers
        self._connect, self._read = connect_timeout, read_timeout
        self._timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout)
        self._log = structlog.get_logger("line")
        self._tell = failed

    def call(
        self,
        method: str,
        base: str,
        template: str,
        ids: tuple[str, ...] = (),
        body: bytes | None = None,
        headers: Mapping[str, str] = NOTHING,
    ) -> Answer | Failure:
        """One attempt at `base` + `template` filled with `ids`; whatever happens is returned."""
        started = time.perf_counter()
        url = _url(base, template, ids)
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**self._headers, **headers},
                timeout=self._timeout,
                redirect=False,
            )
        except HTTPError as error:
            return self._failed(method, template, started, error)
        return self._answered(method, template, started, Answer(response.status, response.headers, response.data))

    def download(self, base: str, template: str, ids: tuple[str, ...], cap: int, until: float) -> Answer:
        """GET of at most `cap` bytes before `until` (monotonic seconds); a broken download is ContentSlow."""
        started = time.perf_counter()
        try:
            answer = self._drain(_url(base, template, ids), cap, until)
        except HTTPError as error:
            failure = self._failed("GET", template, started, error)
            if isinstance(failure, OutcomeUnknown):
                raise ContentSlow(failure.reason) from error
            raise LineError(failure) from error
        return self._answered("GET", template, started, answer)

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def _drain(self, url: str, cap: int, until: float) -> Answer:
        left = seconds_left(until)
        response = self._pool.request(
            "GET",
            url,
            headers=self._headers,
            timeout=urllib3.Timeout(connect=min(self._connect, left), read=min(self._read, left)),
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        try:
            return Answer(response.status, response.headers, self._pieces(response, cap, until))
        finally:
            response.close()
            response.release_conn()

    def _pieces(self, response: urllib3.BaseHTTPResponse, cap: int, until: float) -> bytes:
        """The whole body, read as it arrives so that neither a flood nor a trickle holds us."""
        if (response.length_remaining or 0) > cap:
            raise ContentTooLarge(f"{response.length_remaining} bytes")
        body = bytearray()
        while True:
            _shorten_timeout(response, min(self._read, seconds_left(until)))
            piece = response.read1(CHUNK)
            if not piece:
                return bytes(body)
            body += piece
            if len(body) > cap:
                raise ContentTooLarge(f"over {cap} bytes")

    def _answered(self, method: str, template: str, started: float, answer: Answer) -> Answer:
        self._log.info(
            "line_call",
            method=method,
            endpoint=template,
            status=answer.status,
            request_id=answer.headers.get("x-line-request-id"),
            ms=_ms(started),
        )
        if answer.status >= 400 and answer.status not in GONE and (kind := error_kind(answer.outcome())):
            self._tell(kind)
        return answer

    def _failed(self, method: str, template: str, started: float, error: HTTPError) -> Failure:
        reason = type(error).__name__
        self._log.warning("line_call", method=method, endpoint=template, error=reason, ms=_ms(started))
        self._tell("timeout")
        if isinstance(error, NewConnectionError | ConnectTimeoutError):
            return Retry(None, reason)
        return OutcomeUnknown(reason)


def as_json(body: Mapping[str, Any]) -> bytes:
    """A body as UTF-8 JSON, nothing added and nothing taken away."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def seconds_left(until: float) -> float:
    """Seconds until a monotonic moment; ContentSlow when it has passed."""
    left = until - time.monotonic()
    if left <= 0:
        raise ContentSlow("deadline")
    return left


def _sdk_client(access_token: str) -> "ApiClient":
    from linebot.v3.messaging import ApiClient, Configuration

    configuration = Configuration(access_token=access_token)
    configuration.retries = False  # pyright: ignore[reportAttributeAccessIssue] - typed as always None
    return ApiClient(configuration)


def _shorten_timeout(response: urllib3.BaseHTTPResponse, seconds: float) -> None:
    socket = getattr(response.connection, "sock", None)
    if socket:
        socket.settimeout(seconds)


def _url(base: str, template: str, ids: tuple[str, ...]) -> str:
    return base + template.format(*(quote(each, safe="") for each in ids))


def _ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
