"""What a person does with a phone; each deed shows in the talk and becomes a signed webhook."""

from collections.abc import Iterator, Sequence
from typing import Any

import filetype

from bot.emulator import ids
from bot.emulator.action_rules import picked
from bot.emulator.menus import Menus
from bot.emulator.records import Event, Json, Phone, PhoneError
from bot.emulator.webhooks import Webhooks, awaited

OPENED_BY_THE_PHONE = frozenset({"uri", "camera", "cameraRoll", "location", "clipboard"})
_NOT_A_FRIEND = "友だちではないため送れません。先に友だち追加をしてください。"
_BLOCKED = "ブロックしているため送れません。先にブロックを解除してください。"


class Acting(Webhooks, Menus):
    """`wait=True` sends at once and leaves the product's HTTP answer in `event.status`."""

    def follow(self, user_id: str, *, wait: bool = False) -> Event:
        """Add the account as a friend."""
        return self._befriend(user_id, False, wait)

    def unblock(self, user_id: str, *, wait: bool = False) -> Event:
        """Lift the block."""
        return self._befriend(user_id, True, wait)

    def unfollow(self, user_id: str, *, wait: bool = False) -> Event:
        """Block the account: nothing is shown any more, the person's own menu goes, no reply is possible."""
        with self.lock:
            phone = self.phone(user_id)
            phone.blocked, phone.menu_id, phone.loading_until = True, None, None
            self._keep(phone)
            self.changed(user_id)
            event = self.make_event(user_id, "unfollow", reply=False)
            future = self._queue(user_id, event)
        return awaited(event, future, wait)

    block = unfollow

    def say(self, user_id: str, text: str, *, wait: bool = False) -> Event:
        """Type a text and send it."""
        return self._send_message(user_id, {"type": "text", "quoteToken": ids.quote_token(), "text": text}, wait)

    def send_photo(self, user_id: str, data: bytes, *, wait: bool = False) -> Event:
        """One photo."""
        return self.send_photos(user_id, [data], wait=wait)[0]

    def send_photos(
        self, user_id: str, photos: Sequence[bytes], *, album: bool = True, wait: bool = False
    ) -> list[Event]:
        """Photos, one event each; several of an `album` carry an imageSet."""
        set_id, total = ids.token(), len(photos)
        events = []
        for index, data in enumerate(photos, 1):
            message = {"type": "image", "quoteToken": ids.quote_token(), "contentProvider": {"type": "line"}}
            if album and total > 1:
                message["imageSet"] = {"id": set_id, "index": index, "total": total}
            events.append(self._send_message(user_id, message, wait, data, "image/jpeg"))
        return events

    def send_file(self, user_id: str, data: bytes, name: str, *, wait: bool = False) -> Event:
        """A file of any kind."""
        message = {"type": "file", "fileName": name, "fileSize": len(data)}
        return self._send_message(user_id, message, wait, data, "application/octet-stream")

    def send_video(
        self, user_id: str, data: bytes, duration: int = 1000, *, preparing: int = 0, wait: bool = False
    ) -> Event:
        """A film of `duration` milliseconds; its content is answered with 202 `preparing` times first."""
        message = {
            "type": "video", "duration": duration, "quoteToken": ids.quote_token(),
            "contentProvider": {"type": "line"},
        }  # fmt: skip
        return self._send_message(user_id, message, wait, data, "video/mp4", preparing)

    def send_audio(
        self, user_id: str, data: bytes, duration: int = 1000, *, preparing: int = 0, wait: bool = False
    ) -> Event:
        """A voice message of `duration` milliseconds."""
        message = {"type": "audio", "duration": duration, "contentProvider": {"type": "line"}}
        return self._send_message(user_id, message, wait, data, "audio/x-m4a", preparing)

    def send_sticker(
        self, user_id: str, package_id: str = "446", sticker_id: str = "1988", *, wait: bool = False
    ) -> Event:
        """A sticker."""
        message = {
            "type": "sticker", "packageId": package_id, "stickerId": sticker_id,
            "stickerResourceType": "STATIC", "quoteToken": ids.quote_token(),
        }  # fmt: skip
        return self._send_message(user_id, message, wait)

    def send_location(
        self,
        user_id: str,
        latitude: float,
        longitude: float,
        title: str | None = None,
        address: str | None = None,
        *,
        wait: bool = False,
    ) -> Event:
        """A place, in degrees, chosen on LINE's map."""
        message: Json = {"type": "location", "latitude": latitude, "longitude": longitude}
        message.update({key: text for key, text in (("title", title), ("address", address)) if text})
        return self._send_message(user_id, message, wait)

    def tap_postback(
        self,
        user_id: str,
        data: str,
        params: Json | None = None,
        display_text: str | None = None,
        *,
        wait: bool = False,
    ) -> Event:
        """Tap a button that sends `data`; `display_text` appears as the person's own words."""
        with self.lock:
            phone = self._talking(user_id)
            if display_text:
                self._show(phone, "user", {"type": "text", "text": display_text}, ids.message_id())
                self.changed(user_id)
            postback: Json = {"data": data} | ({"params": params} if params else {})
            event = self.make_event(user_id, "postback", postback=postback)
            future = self._queue(user_id, event)
        return awaited(event, future, wait)

    def unsend(self, user_id: str, message_id: str, *, wait: bool = False) -> Event:
        """Take a message back: its content is gone (410)."""
        with self.lock:
            phone = self._talking(user_id)
            own = (e for e in phone.entries if e.id == message_id and e.sender == "user")
            entry = next(own, None)
            if entry is None or entry.unsent:
                raise PhoneError("このメッセージは送信取消できません。")
            entry.unsent = True
            self._keep_entry(phone, entry)
            if message_id in self.contents:
                self.content_state(message_id, "unsent")
                self.store.delete_bytes(f"content/{message_id}")
            self.changed(user_id)
            event = self.make_event(user_id, "unsend", reply=False, unsend={"messageId": message_id})
            future = self._queue(user_id, event)
        return awaited(event, future, wait)

    def tap(self, user_id: str, action: Json | str, params: Json | None = None, *, wait: bool = False) -> Event | None:
        """Do what an action object says, or the newest one under that label; None if nothing is sent."""
        found = self._labelled(user_id, action) if isinstance(action, str) else action
        kind = found.get("type")
        if kind == "message":
            return self.say(user_id, found["text"], wait=wait)
        if kind == "postback":
            if found.get("text"):
                self.say(user_id, found["text"], wait=wait)
            return self.tap_postback(user_id, found["data"], None, found.get("displayText"), wait=wait)
        if kind == "datetimepicker":
            return self.tap_postback(user_id, found["data"], _picked(found, params), wait=wait)
        if kind == "richmenuswitch":
            return self._switch(user_id, found, wait)
        if kind in OPENED_BY_THE_PHONE:
            return None
        raise PhoneError("このボタンは使えません。")

    def actions_of(self, user_id: str) -> list[Json]:
        """What can be tapped: quick replies of the last message, then buttons newest first, then the menu."""
        with self.lock:
            received = self.received(user_id)
            last = self.phone(user_id).entries[-1:]
            quick = [item["action"] for e in last for item in e.message.get("quickReply", {}).get("items", ())]
            buttons = [
                action
                for entry in reversed(received)
                for action in _actions({k: v for k, v in entry.message.items() if k != "quickReply"})
            ]
            menu = self.menu_of(user_id)
            return [*quick, *buttons, *(_actions(menu.definition) if menu else ())]

    def _labelled(self, user_id: str, label: str) -> Json:
        actions = self.actions_of(user_id)
        for action in actions:
            if action.get("label") == label:
                return action
        shown = "・".join(str(action.get("label")) for action in actions)
        raise PhoneError(f"「{label}」というボタンはありません（あるのは {shown}）。")

    def _switch(self, user_id: str, action: Json, wait: bool) -> Event:
        alias = action["richMenuAliasId"]
        menu_id = self.aliases.get(alias)
        if menu_id is None:
            status = "RICHMENU_ALIAS_ID_NOTFOUND"
        elif menu_id not in self.menus:
            status = "RICHMENU_NOTFOUND"
        else:
            status = "SUCCESS"
            self.link_menu(user_id, menu_id)
        return self.tap_postback(user_id, action["data"], {"newRichMenuAliasId": alias, "status": status}, wait=wait)

    def _befriend(self, user_id: str, unblocked: bool, wait: bool) -> Event:
        with self.lock:
            phone = self.phone(user_id)
            phone.friend, phone.blocked = True, False
            self._keep(phone)
            self.changed(user_id)
            event = self.make_event(user_id, "follow", follow={"isUnblocked": unblocked})
            future = self._queue(user_id, event)
        return awaited(event, future, wait)

    def _send_message(
        self,
        user_id: str,
        message: Json,
        wait: bool,
        data: bytes | None = None,
        content_type: str = "",
        preparing: int = 0,
    ) -> Event:
        with self.lock:
            phone = self._talking(user_id)
            message = {"id": ids.message_id(), **message}
            if data is not None:
                self._add_content(message["id"], user_id, data, filetype.guess_mime(data) or content_type)
                self.content_state(message["id"], preparing=preparing)
            self._show(phone, "user", message, message["id"])
            self.changed(user_id)
            event = self.make_event(user_id, "message", message=message)
            future = self._queue(user_id, event)
        return awaited(event, future, wait)

    def _talking(self, user_id: str) -> Phone:
        phone = self.phone(user_id)
        if not phone.reachable:
            raise PhoneError(_BLOCKED if phone.blocked else _NOT_A_FRIEND)
        return phone


def _picked(action: Json, params: Json | None) -> Json:
    """The picker's answer; PhoneError when it is missing or outside what the picker offers."""
    mode: str = action["mode"]
    value = str((params or {}).get(mode) or "")
    moment = picked(mode, value)
    least, most = picked(mode, action.get("min")), picked(mode, action.get("max"))
    if moment is None or (least and moment < least) or (most and moment > most):
        raise PhoneError("選べる範囲の日時を選んでください。")
    return {mode: value}


def _actions(node: Any) -> Iterator[Json]:
    """Every action object below a message or a menu."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("action", "defaultAction") and isinstance(value, dict):
                yield value
            elif key == "actions" and isinstance(value, list):
                yield from value
            else:
                yield from _actions(value)
    elif isinstance(node, list):
        for item in node:
            yield from _actions(item)
