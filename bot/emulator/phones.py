"""The phones' page and what it calls: JSON under /phones/api/, changes as server-sent events."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from queue import Empty
from time import monotonic
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from bot.emulator import mailbox
from bot.emulator.platform import Platform
from bot.emulator.records import Json, Phone, PhoneError

KEEP_ALIVE_SECONDS = 15
MAIL_LOOK_SECONDS = 1.0
_NO_MAIL = "このメールは見つかりません。画面を読み込み直してください。"
_EMPTY = "文字を入力してから送ってください。"
_NO_FILE = "ファイルを選んでから送ってください。"
_NOTHING_SENT = "まだ何も送っていません。先にメッセージを送ってください。"
_NUMBERS = "緯度と経度を数字で入力してください。"


def blueprint(platform: Platform) -> Blueprint:
    """The page and its calls, bound to one platform."""
    routes = Blueprint("phones", __name__)
    routes.register_error_handler(PhoneError, _refused)
    _page(routes, platform)
    _reading(routes, platform)
    _friendship(routes, platform)
    _sending(routes, platform)
    _uploading(routes, platform)
    _workshop(routes, platform)
    return routes


def _refused(error: PhoneError) -> tuple[Response, int]:
    return jsonify(error=str(error)), 409


def _body() -> Json:
    body = request.get_json(silent=True)
    return body if isinstance(body, dict) else {}


def _page(routes: Blueprint, platform: Platform) -> None:
    @routes.get("/")
    def page() -> str:
        return render_template("phones.html", admin_url=platform.admin_url, admin_note=platform.admin_note)

    @routes.get("/phones/api/events")
    def events() -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Response(_changes(platform), mimetype="text/event-stream", headers=headers)


def _changes(platform: Platform) -> Iterator[str]:
    """One event a change, one for new mail, a comment when nothing happens."""
    queue = platform.listen()
    mails, spoke = mailbox.count(platform.mail_dir), monotonic()
    try:
        yield ": hello\n\n"
        while True:
            try:
                user_id, revision = queue.get(timeout=MAIL_LOOK_SECONDS)
            except Empty:
                now_there = mailbox.count(platform.mail_dir)
                if now_there != mails:
                    mails = now_there
                    platform.changed(None)
                elif monotonic() - spoke > KEEP_ALIVE_SECONDS:
                    spoke = monotonic()
                    yield ": still here\n\n"
                continue
            spoke = monotonic()
            yield f"data: {json.dumps({'user_id': user_id, 'revision': revision})}\n\n"
    finally:
        platform.unlisten(queue)


def _reading(routes: Blueprint, platform: Platform) -> None:
    @routes.get("/phones/api/phones")
    def phones() -> Response:
        with platform.lock:
            shown = [_phone(platform, phone) for phone in platform.users.values()]
            official = {"name": platform.settings.official_name, "id": platform.settings.friend_link_id}
            return jsonify(phones=shown, official=official, revision=platform.revision)

    @routes.get("/phones/api/phones/<user_id>/messages")
    def messages(user_id: str) -> Response:
        after = request.args.get("after", 0, type=int)
        with platform.lock:
            phone = platform.phone(user_id)
            shown = [entry.as_json() for entry in platform.messages(user_id, after)]
            platform.read(user_id)
            return jsonify(messages=shown, loading_until=_loading_until(platform, phone), revision=platform.revision)

    @routes.get("/phones/api/content/<message_id>")
    def content(message_id: str) -> Response:
        with platform.lock:
            found = platform.contents.get(message_id)
            data = platform.store.bytes_of(f"content/{message_id}") if found else b""
        if found is None or not data:
            return Response(status=404)
        return _file(data, found.content_type)

    @routes.get("/phones/api/richmenu/<menu_id>/image")
    def menu_image(menu_id: str) -> Response:
        return _file(*platform.menu_image(menu_id))

    @routes.get("/phones/api/mails")
    def mails() -> Response:
        return jsonify(mails=[letter.summary() for letter in mailbox.letters(platform.mail_dir)])

    @routes.get("/phones/api/mails/<letter_id>")
    def mail(letter_id: str) -> tuple[Response, int]:
        letter = mailbox.letter(platform.mail_dir, letter_id)
        return (jsonify(letter.whole()), 200) if letter else (jsonify(error=_NO_MAIL), 404)


def _file(data: bytes, content_type: str) -> Response:
    """Something a person uploaded: shown as a picture, never run as a page."""
    response = Response(data, mimetype=content_type)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def _phone(platform: Platform, phone: Phone) -> Json:
    menu = platform.menu_of(phone.user_id)
    shown = menu and {
        "id": menu.menu_id,
        "size": menu.definition["size"],
        "areas": menu.definition["areas"],
        "chat_bar_text": menu.definition["chatBarText"],
        "selected": menu.definition["selected"],
        "image_url": f"/phones/api/richmenu/{menu.menu_id}/image",
    }
    keys = ("user_id", "name", "caption", "friend", "blocked", "unread")
    return {**{key: getattr(phone, key) for key in keys}, "rich_menu": shown}


def _loading_until(platform: Platform, phone: Phone) -> str | None:
    until: datetime | None = phone.loading_until
    return until.isoformat() if until and until > platform.clock() else None


def _friendship(routes: Blueprint, platform: Platform) -> None:
    deeds: dict[str, Callable[[str], Any]] = {
        "follow": platform.follow,
        "block": platform.unfollow,
        "unblock": platform.unblock,
    }

    @routes.post("/phones/api/phones/<user_id>/<any(follow, block, unblock):deed>")
    def befriend(user_id: str, deed: str) -> Response:
        deeds[deed](user_id)
        return jsonify({})


def _sending(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/phones/api/phones/<user_id>/text")
    def text(user_id: str) -> Response:
        words = str(_body().get("text") or "")
        if not words.strip():
            raise PhoneError(_EMPTY)
        platform.say(user_id, words)
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/action")
    def action(user_id: str) -> Response:
        body = _body()
        platform.tap(user_id, body.get("action") or {}, body.get("params"))
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/sticker")
    def sticker(user_id: str) -> Response:
        body = _body()
        platform.send_sticker(user_id, str(body.get("package_id") or "446"), str(body.get("sticker_id") or "1988"))
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/location")
    def location(user_id: str) -> Response:
        body = _body()
        try:
            latitude, longitude = float(body["latitude"]), float(body["longitude"])
        except (KeyError, TypeError, ValueError) as error:
            raise PhoneError(_NUMBERS) from error
        platform.send_location(user_id, latitude, longitude, body.get("title"), body.get("address"))
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/unsend")
    def unsend(user_id: str) -> Response:
        platform.unsend(user_id, str(_body().get("message_id")))
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/redeliver-last")
    def redeliver_last(user_id: str) -> Response:
        event = platform.last_event(user_id)
        if event is None:
            raise PhoneError(_NOTHING_SENT)
        return jsonify(status=platform.redeliver(event))


def _uploading(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/phones/api/phones/<user_id>/photos")
    def photos(user_id: str) -> Response:
        uploads = request.files.getlist("photos")
        if not uploads:
            raise PhoneError(_NO_FILE)
        platform.send_photos(user_id, [upload.read() for upload in uploads])
        return jsonify({})

    @routes.post("/phones/api/phones/<user_id>/file")
    def file(user_id: str) -> Response:
        upload = request.files.get("file")
        if upload is None:
            raise PhoneError(_NO_FILE)
        platform.send_file(user_id, upload.read(), upload.filename or "file")
        return jsonify({})


def _workshop(routes: Blueprint, platform: Platform) -> None:
    @routes.post("/phones/api/faults")
    def faults() -> tuple[Response, int]:
        body = _body()
        wanted = {key: body[key] for key in _FAULT_KEYS if key in body}
        kinds_fit = all(isinstance(value, _FAULT_KEYS[key]) for key, value in wanted.items())
        if not str(body.get("path") or "").startswith("/v2/") or not kinds_fit:
            return jsonify(error="path, status, times, message, method, delay or drop does not fit"), 400
        platform.add_fault(body["path"], **wanted)
        return jsonify({}), 200

    @routes.post("/phones/api/phones")
    def new_phone() -> Response:
        name = str(_body().get("name") or "").strip()
        if not name:
            raise PhoneError("持ち主の名前を入力してください。")
        return jsonify(user_id=platform.add_phone(name))


_FAULT_KEYS: dict[str, Any] = {
    "status": int,
    "times": int,
    "message": str,
    "method": str,
    "delay": int | float,
    "drop": str,
}
