"""The Messaging API: messages, quota, profiles, contents, the loading animation, the webhook's address.

Paths and shapes: LINE's Messaging API reference; both hosts (api and api-data) are one here.
"""

import io
import json
import uuid
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, jsonify, request
from PIL import Image

from bot.emulator import validation
from bot.emulator.platform import Platform
from bot.emulator.records import Content
from bot.emulator.refusals import LineError, Problem, invalid_body, not_found
from bot.emulator.webhooks import TIMEOUT_SECONDS
from bot.line import limits

RETRIABLE = frozenset({"/v2/bot/message/push", "/v2/bot/message/multicast"})
PREVIEW_SIDE = 240
Answer = Response | tuple[Response, int]


def json_body() -> Any:
    """The request's JSON; LineError 415 for another media type, 400 when it cannot be parsed."""
    if request.mimetype != "application/json":
        raise LineError(415, "Unsupported media type")
    try:
        return json.loads(request.get_data())
    except ValueError as error:
        raise LineError(400, "The request body could not be parsed as JSON") from error


def _retry_key() -> str | None:
    key = request.headers.get("X-Line-Retry-Key")
    if key is None:
        return None
    try:
        parsed = uuid.UUID(key)
    except ValueError:
        parsed = None
    if parsed is None or str(parsed) != key.lower():
        raise LineError(400, "The retry key is invalid")
    return key.lower()


def blueprint(platform: Platform) -> Blueprint:
    """The endpoints, bound to one platform."""
    routes = Blueprint("api", __name__, url_prefix="/v2/bot")
    _messages(routes, platform)
    _figures(routes, platform)
    _contents(routes, platform)
    _webhook(routes, platform)
    return routes


def _messages(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/message/reply")
    def reply() -> Response:
        body = json_body()
        platform.refuse("reply", body)
        sent = platform.reply(body["replyToken"], body["messages"], g.request_id)
        return jsonify(sentMessages=sent)

    @routes.post("/message/push")
    def push() -> Response:
        body = json_body()
        retry_key = _retry_key()
        platform.refuse("push", body)
        sent = platform.push(body["to"], body["messages"], g.request_id, retry_key)
        return jsonify(sentMessages=sent)

    @routes.post("/message/multicast")
    def multicast() -> Response:
        body = json_body()
        retry_key = _retry_key()
        platform.refuse("multicast", body)
        platform.multicast(body["to"], body["messages"], g.request_id, retry_key)
        return jsonify({})

    @routes.post("/message/validate/<any(reply, push, multicast):kind>")
    def validate(kind: str) -> Response:  # noqa: ARG001 - the kinds differ in nothing we send
        platform.refuse("messages", json_body())
        return jsonify({})

    @routes.post("/chat/loading/start")
    def loading() -> Answer:
        body = json_body()
        validation.refuse_loading(body)
        platform.show_loading(body["chatId"], body.get("loadingSeconds"))
        return jsonify({}), 202


def _figures(routes: Blueprint, platform: Platform) -> None:
    @routes.get("/message/quota")
    def quota() -> Response:
        if platform.monthly_quota is None:
            return jsonify(type="none")
        return jsonify(type="limited", value=platform.monthly_quota)

    @routes.get("/message/quota/consumption")
    def consumption() -> Response:
        return jsonify(totalUsage=platform.consumption())

    @routes.get("/profile/<user_id>")
    def profile(user_id: str) -> Response:
        phone = platform.users.get(user_id)
        if phone is None or not phone.reachable:
            raise not_found()
        return jsonify(userId=user_id, displayName=phone.name, language="ja")

    @routes.get("/info")
    def info() -> Response:
        settings = platform.settings
        return jsonify(
            userId=settings.bot_user_id,
            basicId=settings.friend_link_id,
            displayName=settings.official_name,
            chatMode="bot",
            markAsReadMode="auto",
        )


def _contents(routes: Blueprint, platform: Platform) -> None:
    @routes.get("/message/<message_id>/content")
    def content(message_id: str) -> Answer:
        found = _content(platform, message_id)
        if found.still_preparing > 0:
            platform.content_state(message_id, preparing=found.still_preparing - 1)
            return jsonify({}), 202
        if found.state == "processing":
            return jsonify({}), 202
        if found.state == "failed":
            raise not_found()
        return Response(_bytes(platform, message_id), mimetype=found.content_type)

    @routes.get("/message/<message_id>/content/transcoding")
    def transcoding(message_id: str) -> Response:
        found = _content(platform, message_id)
        if found.still_preparing > 0:
            platform.content_state(message_id, preparing=found.still_preparing - 1)
            return jsonify(status="processing")
        return jsonify(status="succeeded" if found.state == "ready" else found.state)

    @routes.get("/message/<message_id>/content/preview")
    def preview(message_id: str) -> Response:
        found = _content(platform, message_id)
        if not found.content_type.startswith("image/"):
            raise not_found()
        return Response(_smaller(_bytes(platform, message_id)), mimetype="image/jpeg")


def _content(platform: Platform, message_id: str) -> Content:
    """LineError 404 for what never was, 410 for what was unsent."""
    found = platform.contents.get(message_id)
    if found is None:
        raise not_found()
    if found.state == "unsent":
        raise LineError(410, "Gone")
    return found


def _bytes(platform: Platform, message_id: str) -> bytes:
    with platform.lock:
        return platform.store.bytes_of(f"content/{message_id}")


def _smaller(data: bytes) -> bytes:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
            out = io.BytesIO()
            image.convert("RGB").save(out, "JPEG")
    except (OSError, ValueError) as error:
        raise not_found() from error
    return out.getvalue()


def _webhook(routes: Blueprint, platform: Platform) -> None:
    @routes.get("/channel/webhook/endpoint")
    def endpoint() -> Response:
        if not platform.settings.webhook_url:
            raise not_found()
        return jsonify(endpoint=platform.settings.webhook_url, active=platform.settings.webhook_active)

    @routes.put("/channel/webhook/endpoint")
    def set_endpoint() -> Response:
        url = _webhook_url(json_body())
        platform.settings.webhook_url = url
        return jsonify({})

    @routes.post("/channel/webhook/test")
    def test_endpoint() -> Response:
        body = json_body() if request.get_data() else {}
        url = _webhook_url(body) if body.get("endpoint") else platform.settings.webhook_url
        if not url:
            raise not_found()
        return jsonify(_tested(platform, url))


def _webhook_url(body: Any) -> str:
    url = body.get("endpoint") if isinstance(body, dict) else None
    parts = urlsplit(url) if isinstance(url, str) else None
    local = parts is not None and parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    if parts is None or not (parts.scheme == "https" or local) or len(str(url)) > limits.WEBHOOK_URL_MAX:
        raise invalid_body([Problem("endpoint", "invalid webhook endpoint URL")])
    return str(url)


def _tested(platform: Platform, url: str) -> dict[str, Any]:
    """Send an empty list of events, as the console's Verify button does."""
    body = json.dumps({"destination": platform.settings.bot_user_id, "events": []}).encode()
    status = platform.send_raw(body, url=url)
    at = platform.clock().astimezone(UTC)
    reasons = {0: ("REQUEST_TIMEOUT", f"no answer within {TIMEOUT_SECONDS:g} seconds"), 200: ("OK", "200")}
    reason, detail = reasons.get(status, ("ERROR_STATUS_CODE", str(status)))
    return {
        "success": status == 200,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "statusCode": status,
        "reason": reason,
        "detail": detail,
    }
