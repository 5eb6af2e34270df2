"""The Flask app of all pages: the secretariat's (`/admin/`) and those opened from LINE (`/p/…`).

Holds what both need: headers, cookies, CSRF, limits, and error pages in words a person can act on.
"""

import traceback
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Any

import structlog
from flask import Flask, Response, render_template, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from bot.text import t
from handlers import admin, handover, maps, web
from handlers.headers import SAFE_HEADERS
from handlers.services import Services
from models.rules.calendar import age_in_words, format_date, format_datetime
from models.rules.errors import DomainError, NotAllowed, NotFound, TooManyAttempts
from models.tables.base import ROW_ID
from storage import trace
from storage.database import Conflict, Unavailable
from storage.files import StoreUnavailable
from storage.secrets import Keys, oldest_first

log = structlog.get_logger()

FORM_BYTES_MAX = 256 * 1024
EXPLAINED = frozenset({400, 403, 404, 405, 409, 410, 413, 429, 500, 503})
STATUS_OF: tuple[tuple[type[DomainError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (TooManyAttempts, 429),
    (DomainError, 409),
)


class RowId(BaseConverter):
    """The id of a row in an address; anything else is no such page."""

    regex = ROW_ID.pattern


class Pages(Flask):
    """A Flask app whose log says where it failed, and never with what (`architecture.md` 5.7)."""

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        """Endpoint, kind of error and its innermost line: no address, no form, no parameters."""
        kind, _, trace = exc_info
        frames = traceback.extract_tb(trace)
        at = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        log.error("page_failed", endpoint=request.endpoint, error=kind.__name__ if kind else "", at=at)


def create_pages(services: Services, keys: Keys, trusted_hops: int = 0) -> Flask:
    """The app. `trusted_hops`: how many proxies in front of us set X-Forwarded-For and -Proto."""
    app = Pages(__name__, static_folder="static", static_url_path="/p/static", template_folder="templates")
    app.config.update(_settings(services, oldest_first(keys)))
    app.url_map.converters["row_id"] = RowId
    app.jinja_env.filters.update(moment=format_datetime, day=format_date, words=t)
    app.jinja_env.globals.update(age=_age(services.clock))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    csrf = CSRFProtect(app)
    admin.install(app, services)
    csrf.exempt(web.install(app, services))
    app.after_request(_headers)
    maps.install(app, services.tiles)
    if services.answer_most:
        handover.install(app, services.files, services.answer_most)
    _explain_errors(app)
    if trusted_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted_hops, x_proto=trusted_hops)
    return app


def _settings(services: Services, keys: list[str]) -> dict[str, Any]:
    """Sessions and CSRF tokens are signed with the last of `keys` and believed under each.

    WTF_CSRF_SSL_STRICT compares the Referer, which our own policy keeps browsers from sending.
    """
    return {
        "SECRET_KEY": keys[-1],
        "SECRET_KEY_FALLBACKS": keys[:-1],
        "WTF_CSRF_SECRET_KEY": keys,
        "SESSION_PROTECTION": None,
        "SESSION_COOKIE_NAME": "chusho119_session",
        "SESSION_COOKIE_PATH": "/admin",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": services.secure_cookies,
        "MAX_CONTENT_LENGTH": FORM_BYTES_MAX,
        "MAX_FORM_MEMORY_SIZE": FORM_BYTES_MAX,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
    }


def _age(clock: Callable[[], datetime]) -> Callable[[datetime], str]:
    return lambda since: age_in_words(clock() - since)


def _headers(response: Response) -> Response:
    for name, value in SAFE_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if not (request.endpoint or "").endswith("static"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _explain_errors(app: Flask) -> None:
    for code in default_exceptions:
        app.register_error_handler(code, _refused)
    app.register_error_handler(CSRFError, lambda _: _explain(400))
    app.register_error_handler(DomainError, _not_done)
    app.register_error_handler(Conflict, lambda _: _explain(409))
    app.register_error_handler(Unavailable, _out_of_order)
    app.register_error_handler(StoreUnavailable, _out_of_order)


def _refused(error: HTTPException) -> Response:
    code = error.code or 500
    response = _explain(code if code in EXPLAINED else (400 if code < 500 else 500))
    response.status_code = code
    return response


def _not_done(error: DomainError) -> Response:
    status = next(status for kind, status in STATUS_OF if isinstance(error, kind))
    return web.told(status, t(error.code, **error.data)) if web.asked_by_script() else _explain(status)


def _out_of_order(error: Exception) -> Response:
    log.error("page_unavailable", endpoint=request.endpoint, error=type(error).__name__)
    response = _explain(503)
    response.headers["Retry-After"] = "10"
    return response


def _explain(code: int) -> Response:
    words = {part: t(f"page.{part}_{code}") for part in ("title", "next")}
    if web.asked_by_script():
        return web.told(code, f"{words['title']}。{words['next']}")
    page = render_template(
        "error.html", code=code, admin=request.path.startswith("/admin"), number=trace.current(), **words
    )  # fmt: skip
    return Response(page, code)
