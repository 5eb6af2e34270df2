"""LINE Login: ID tokens as a LIFF app gets them, and the endpoint that verifies them.

Paths, claims and wording: LINE Login v2.1 API reference, "Verify ID token". Tokens are signed with HS256, as LINE signs
those of web logins; ours are opaque to everybody but this server.
"""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from bot.emulator.platform import Platform

ISSUER = "https://access.line.me"
VALID_FOR = timedelta(hours=1)
PREFIX = "/oauth2/"


class Invalid(Exception):
    """A request that LINE answers with 400; the text is its `error_description`."""


def id_token(platform: Platform, user_id: str, channel_id: str, valid_for: timedelta = VALID_FOR) -> str:
    """What `liff.getIDToken()` gives on this phone, for a LIFF app of that Login channel."""
    now = platform.clock()
    claims = {
        "iss": ISSUER,
        "sub": platform.phone(user_id).user_id,
        "aud": channel_id,
        "exp": int((now + valid_for).timestamp()),
        "iat": int(now.timestamp()),
        "amr": ["linesso"],
        "name": platform.phone(user_id).name,
    }
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_signature(platform, signed)}"


def blueprint(platform: Platform) -> Blueprint:
    """The endpoint, bound to one platform."""
    routes = Blueprint("login", __name__, url_prefix=f"{PREFIX}v2.1")
    routes.register_error_handler(Invalid, _refused)

    @routes.post("/verify")
    def verify() -> Response:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise Invalid("id_token is not specified.")
        for name in ("id_token", "client_id"):
            if not request.form.get(name):
                raise Invalid(f"{name} is not specified.")
        return jsonify(_verified(platform, request.form["id_token"], request.form["client_id"]))

    return routes


def _verified(platform: Platform, token: str, client_id: str) -> dict[str, Any]:
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(platform, signed).encode()):
        raise Invalid("Invalid IdToken.")
    try:
        claims = json.loads(_decoded(signed.partition(".")[2]))
    except (ValueError, binascii.Error):
        raise Invalid("Invalid IdToken.") from None
    if claims["aud"] != client_id:
        raise Invalid("Invalid IdToken Audience.")
    if claims["exp"] <= platform.clock().timestamp():
        raise Invalid("IdToken expired.")
    return claims


def _refused(error: Invalid) -> tuple[Response, int]:
    return jsonify(error="invalid_request", error_description=str(error)), 400


def _signature(platform: Platform, signed: str) -> str:
    key = f"login of {platform.settings.channel_secret}".encode()
    return _encoded(hmac.new(key, signed.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
