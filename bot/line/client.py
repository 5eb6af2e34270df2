"""The only adapter to LINE: what we ask of its servers, one method each.

Sends return an `Outcome`; all other calls raise `LineError` unless they succeed.
Cheap to import, dear to make.
Paths and shapes: LINE Messaging API reference.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.line.outcomes import (
    Answer,
    ContentGone,
    ContentUnsent,
    Failure,
    LineError,
    Outcome,
    Sent,
)
from bot.line.wire import JSON, Wire, as_json, seconds_left

API = "https://api.line.me"
DATA_API = "https://api-data.line.me"
POLL_SECONDS = 0.5
SMALL = 64 * 1024

Json = dict[str, Any]
Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as LINE shows them."""

    user_id: str
    display_name: str
    picture_url: str | None


@dataclass(frozen=True, slots=True)
class BotInfo:
    """The account this token belongs to."""

    user_id: str
    basic_id: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Quota:
    """Push messages this month: allowed (None = no limit) and used (approximate)."""

    limit: int | None
    used: int


@dataclass(frozen=True, slots=True)
class WebhookSetting:
    """Where LINE sends webhooks, and whether it does."""

    endpoint: str
    active: bool


@dataclass(frozen=True, slots=True)
class WebhookTest:
    """What happened when LINE sent our webhook an empty list of events; `reason` is LINE's, such as `OK`."""

    success: bool
    status: int
    reason: str
    detail: str


class LineClient:
    """Calls to LINE; safe to share between threads. Make it after a fork. Timeouts in seconds."""

    def __init__(
        self,
        access_token: str,
        api_base_url: str = API,
        data_api_base_url: str = DATA_API,
        connect_timeout: float = 3.0,
        read_timeout: float = 10.0,
        failed: Callable[[str], None] = lambda _kind: None,
    ) -> None:
        """`failed` is told the kind of each call that does not succeed, see `outcomes.error_kind`."""
        self._wire = Wire(access_token, connect_timeout, read_timeout, failed)
        self._api = api_base_url.rstrip("/")
        self._data_api = data_api_base_url.rstrip("/")

    def close(self) -> None:
        """Close all connections; the client stays usable."""
        self._wire.close()

    def reply(self, token: str, messages: Messages) -> Outcome:
        """Answer with 1–5 message objects; free. A token works once, for about a minute."""
        return self._send("/v2/bot/message/reply", {"replyToken": token, "messages": messages})

    def push(self, to: str, messages: Messages, retry_key: str) -> Outcome:
        """Send 1–5 message objects to one person. A `retry_key` (UUID) never arrives twice in 24 h."""
        body = {"to": to, "messages": messages}
        return self._send("/v2/bot/message/push", body, {**JSON, "X-Line-Retry-Key": retry_key})

    def loading(self, user_id: str, seconds: int) -> Outcome:
        """Show the loading indicator for 5–60 seconds (a multiple of 5) or until a message arrives."""
        return self._send("/v2/bot/chat/loading/start", {"chatId": user_id, "loadingSeconds": seconds})

    def profile(self, user_id: str) -> Profile | None:
        """The person's profile; None when it is not visible to us."""
        found = self._find("/v2/bot/profile/{}", user_id)
        if found is None:
            return None
        return Profile(user_id, str(found.get("displayName", "")), found.get("pictureUrl"))

    def bot_info(self) -> BotInfo:
        """Which account we are; also the cheapest check of a token."""
        info = self._do("GET", "/v2/bot/info")
        return BotInfo(*(str(info.get(key, "")) for key in ("userId", "basicId", "displayName")))

    def quota(self) -> Quota:
        """How many push messages may go out this month, and how many did."""
        allowed = self._do("GET", "/v2/bot/message/quota")
        used = self._do("GET", "/v2/bot/message/quota/consumption")
        limit = allowed.get("value") if allowed.get("type") == "limited" else None
        return Quota(limit, int(used.get("totalUsage", 0)))

    def webhook(self) -> WebhookSetting | None:
        """Where LINE sends webhooks; None when no address is set."""
        found = self._find("/v2/bot/channel/webhook/endpoint")
        return None if not found else WebhookSetting(str(found.get("endpoint", "")), bool(found.get("active")))

    def check_webhook(self) -> WebhookTest:
        """Have LINE send our webhook a signed, empty list of events. LINE allows 60 an hour."""
        found = self._do("POST", "/v2/bot/channel/webhook/test")
        words = (str(found.get(key, "")) for key in ("reason", "detail"))
        return WebhookTest(bool(found.get("success")), int(found.get("statusCode") or 0), *words)

    def date(self) -> datetime | None:
        """The time by LINE's clock, to the second; None when LINE does not say."""
        answer = self._wire.call("GET", self._api, "/v2/bot/info")
        _done(answer)
        said = answer.headers.get("date", "") if isinstance(answer, Answer) else ""
        try:
            return parsedate_to_datetime(said)
        except ValueError:
            return None

    def link_menu(self, user_id: str, rich_menu_id: str) -> None:
        """Give one person a menu of their own; no effect on someone who blocks us."""
        self._do("POST", "/v2/bot/user/{}/richmenu/{}", user_id, rich_menu_id)

    def create_menu(self, definition: Mapping[str, Any]) -> str:
        """A new rich menu, still without its image; its id. LINE allows 100 an hour."""
        return str(self._do("POST", "/v2/bot/richmenu", body=definition)["richMenuId"])

    def upload_menu_image(self, rich_menu_id: str, image: bytes, content_type: str = "image/png") -> None:
        """The picture of a new menu (PNG or JPEG, at most 1 MB); it cannot be replaced afterwards."""
        path, headers = "/v2/bot/richmenu/{}/content", {"Content-Type": content_type}
        _done(self._wire.call("POST", self._data_api, path, (rich_menu_id,), image, headers))

    def menus(self) -> list[Json]:
        """All rich menus made through the API, as LINE describes them."""
        return list(self._do("GET", "/v2/bot/richmenu/list").get("richmenus", []))

    def delete_menu(self, rich_menu_id: str) -> None:
        """Remove a menu; people linked to it fall back to the default. LINE allows 100 an hour."""
        self._do("DELETE", "/v2/bot/richmenu/{}", rich_menu_id)

    def aliases(self) -> dict[str, str]:
        """Alias → rich menu id."""
        found = self._do("GET", "/v2/bot/richmenu/alias/list").get("aliases", [])
        return {alias["richMenuAliasId"]: alias["richMenuId"] for alias in found}

    def create_alias(self, alias: str, rich_menu_id: str) -> None:
        """A lasting name for a menu."""
        self._do("POST", "/v2/bot/richmenu/alias", body={"richMenuAliasId": alias, "richMenuId": rich_menu_id})

    def update_alias(self, alias: str, rich_menu_id: str) -> None:
        """Let a name mean another menu."""
        self._do("POST", "/v2/bot/richmenu/alias/{}", alias, body={"richMenuId": rich_menu_id})

    def delete_alias(self, alias: str) -> None:
        """Remove a name; the menu stays."""
        self._do("DELETE", "/v2/bot/richmenu/alias/{}", alias)

    def default_menu(self) -> str | None:
        """The menu of everyone without one of their own."""
        found = self._find("/v2/bot/user/all/richmenu")
        return None if found is None else found.get("richMenuId")

    def set_default_menu(self, rich_menu_id: str) -> None:
        """Set the menu of everyone without one of their own."""
        self._do("POST", "/v2/bot/user/all/richmenu/{}", rich_menu_id)

    def fetch_content(self, message_id: str, cap: int, deadline_seconds: float) -> bytes:
        """What a person sent, at most `cap` bytes, all within `deadline_seconds`.

        Raises ContentTooLarge, ContentGone, ContentUnsent, ContentSlow (try again), or LineError.
        """
        until = time.monotonic() + deadline_seconds
        while (content := self._content(message_id, cap, until)) is None:
            self._await_transcoding(message_id, until)
        return content

    def _content(self, message_id: str, cap: int, until: float) -> bytes | None:
        """The bytes, or None while LINE still prepares them."""
        path = "/v2/bot/message/{}/content"
        answer = self._wire.download(self._data_api, path, (message_id,), cap, until)
        if answer.status == 404:
            raise ContentGone("not found")
        if answer.status == 410:
            raise ContentUnsent("unsent")
        _done(answer)
        return None if answer.status == 202 else answer.body

    def _await_transcoding(self, message_id: str, until: float) -> None:
        path = "/v2/bot/message/{}/content/transcoding"
        while True:
            answer = self._wire.download(self._data_api, path, (message_id,), SMALL, until)
            state = _done(answer).get("status")
            if state == "failed":
                raise ContentGone("transcoding failed")
            if state == "succeeded":
                return
            time.sleep(min(POLL_SECONDS, seconds_left(until)))

    def _send(self, path: str, body: Json, headers: Mapping[str, str] = JSON) -> Outcome:
        answer = self._wire.call("POST", self._api, path, (), as_json(body), headers)
        return answer.outcome() if isinstance(answer, Answer) else answer

    def _do(self, method: str, template: str, *ids: str, body: Mapping[str, Any] | None = None) -> Json:
        if body is None:
            return _done(self._wire.call(method, self._api, template, ids))
        return _done(self._wire.call(method, self._api, template, ids, as_json(body), JSON))

    def _find(self, template: str, *ids: str) -> Json | None:
        answer = self._wire.call("GET", self._api, template, ids)
        return None if isinstance(answer, Answer) and answer.status == 404 else _done(answer)


def _done(answer: Answer | Failure) -> Json:
    if not isinstance(answer, Answer):
        raise LineError(answer)
    outcome = answer.outcome()
    if not isinstance(outcome, Sent):
        raise LineError(outcome)
    return answer.json()
