"""What every page opened from LINE asks for."""

from datetime import date
from typing import Any, cast

from flask import Response, current_app, jsonify, request

from handlers.services import Services
from models.rules.calendar import to_jst

KEY = "chusho119.web"


def services() -> Services:
    """What bootstrap opened."""
    return cast("Services", current_app.extensions[KEY])


def today() -> date:
    """Today in Japan."""
    return to_jst(services().clock()).date()


def asked_by_script() -> bool:
    """Whether a page's script asks, which reads JSON."""
    return request.is_json and request.path.startswith("/p/")


def asked() -> dict[str, Any]:
    """The JSON a page's script sent; empty for anything that is no object, or is nested beyond reason."""
    try:
        body = request.get_json(silent=True)
    except RecursionError:
        body = None
    return body if isinstance(body, dict) else {}


def told(status: int, words: str, **more: str) -> Response:
    """A refusal for a script to show: `{"error": …}`."""
    response = jsonify(error=words, **more)
    response.status_code = status
    return response
