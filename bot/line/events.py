"""Raw webhook events (one JSON object each) turned into small typed ones, never failing.

Shapes and ranges: LINE Messaging API reference, "Webhook event objects". What is missing, of another type
or out of range becomes `Unknown` (the event) or None (the property): one odd event must not stop a batch.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

EARLIEST = datetime(2016, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
TEXT_UNITS = 5000
LINE_UNITS = 1000
PARAMS = 8
PHOTOS_AT_ONCE = 1000

_EARLIEST_MS = int(EARLIEST.timestamp() * 1000)
_LATEST_MS = int(LATEST.timestamp() * 1000)

_USER_ID = re.compile(r"U[0-9a-f]{32}")
_TOKEN = re.compile(r"[\x21-\x7e]{1,255}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Raw = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Follow:
    """The person added us or lifted a block; `was_unblocked` is indicative only."""

    was_unblocked: bool


@dataclass(frozen=True, slots=True)
class Unfollow:
    """The person blocked us; no reply is possible."""


@dataclass(frozen=True, slots=True)
class TextMessage:
    """What was typed, as typed (control characters included), at most 5,000 UTF-16 units."""

    text: str
    message_id: str


@dataclass(frozen=True, slots=True)
class ImageMessage:
    """A photo; `external` ones cannot be fetched. One of several has set id, index, total (1-based)."""

    message_id: str
    external: bool = False
    set_id: str | None = None
    index: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class FileMessage:
    """A video, an audio or a file; `kind` says which."""

    kind: str
    message_id: str
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Sticker:
    """A sticker; which one does not matter."""


@dataclass(frozen=True, slots=True)
class LocationMessage:
    """A pin the person dropped, in degrees: a claim, not a measurement."""

    latitude: float
    longitude: float
    title: str | None
    address: str | None
    message_id: str


@dataclass(frozen=True, slots=True)
class PostbackEvent:
    """A tapped button: our own `data`, and date or time values in `params`."""

    data: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsent:
    """The person took a message back."""

    message_id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """An event we do not use or cannot read; `kind` as far as it could be told."""

    kind: str


Event = (
    Follow
    | Unfollow
    | TextMessage
    | ImageMessage
    | FileMessage
    | Sticker
    | LocationMessage
    | PostbackEvent
    | Unsent
    | Unknown
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all events share. `active` is false when another system answers (send nothing then).

    `occurred_at` is clipped to EARLIEST..LATEST, and EARLIEST when absent.
    """

    event_id: str | None
    user_id: str | None
    occurred_at: datetime
    reply_token: str | None
    redelivery: bool
    active: bool
    source_kind: str
    event: Event


def parse(body: bytes) -> Envelope:
    """Read one event object (UTF-8 JSON) out of a webhook body; never raises."""
    raw = _load(body)
    source = _map(raw.get("source"))
    return Envelope(
        event_id=_matched(_ID, raw.get("webhookEventId")),
        user_id=_matched(_USER_ID, source.get("userId")),
        occurred_at=_moment(raw.get("timestamp")),
        reply_token=_matched(_TOKEN, raw.get("replyToken")),
        redelivery=_map(raw.get("deliveryContext")).get("isRedelivery") is True,
        active=raw.get("mode", "active") == "active",
        source_kind=_word(source.get("type")),
        event=_event(raw),
    )


def _load(body: bytes) -> Raw:
    try:
        return _map(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _event(raw: Raw) -> Event:
    kind = _word(raw.get("type"))
    read = _EVENTS.get(kind)
    return (read(raw) if read else None) or Unknown(_kind(raw, kind))


def _kind(raw: Raw, kind: str) -> str:
    return f"message.{_word(_map(raw.get('message')).get('type'))}" if kind == "message" else kind


def _follow(raw: Raw) -> Follow:
    return Follow(was_unblocked=_map(raw.get("follow")).get("isUnblocked") is True)


def _unfollow(_raw: Raw) -> Unfollow:
    return Unfollow()


def _postback(raw: Raw) -> PostbackEvent | None:
    postback = _map(raw.get("postback"))
    data = _text(postback.get("data"))
    return None if data is None else PostbackEvent(data, _params(_map(postback.get("params"))))


def _params(raw: Raw) -> Mapping[str, str]:
    pairs = ((_text(key), _text(value)) for key, value in list(raw.items())[:PARAMS])
    return {key: value for key, value in pairs if key is not None and value is not None}


def _unsent(raw: Raw) -> Unsent | None:
    message_id = _matched(_ID, _map(raw.get("unsend")).get("messageId"))
    return None if message_id is None else Unsent(message_id)


def _message(raw: Raw) -> Event | None:
    message = _map(raw.get("message"))
    message_id = _matched(_ID, message.get("id"))
    read = _MESSAGES.get(_word(message.get("type")))
    return read(message, message_id) if read and message_id else None


def _said(message: Raw, message_id: str) -> TextMessage | None:
    text = _text(message.get("text"), TEXT_UNITS)
    return None if text is None else TextMessage(text, message_id)


def _image(message: Raw, message_id: str) -> ImageMessage:
    several = _map(message.get("imageSet"))
    return ImageMessage(
        message_id,
        external=_map(message.get("contentProvider")).get("type", "line") != "line",
        set_id=_matched(_TOKEN, several.get("id")),
        index=_count(several.get("index")),
        total=_count(several.get("total")),
    )


def _file(message: Raw, message_id: str) -> FileMessage:
    return FileMessage(_word(message.get("type")), message_id, _text(message.get("fileName")))


def _sticker(_message: Raw, _message_id: str) -> Sticker:
    return Sticker()


def _location(message: Raw, message_id: str) -> LocationMessage | None:
    latitude = _degrees(message.get("latitude"), 90)
    longitude = _degrees(message.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    title, address = _text(message.get("title")), _text(message.get("address"))
    return LocationMessage(latitude, longitude, title, address, message_id)


_EVENTS = {
    "follow": _follow,
    "unfollow": _unfollow,
    "message": _message,
    "postback": _postback,
    "unsend": _unsent,
}
_MESSAGES = {
    "text": _said,
    "image": _image,
    "video": _file,
    "audio": _file,
    "file": _file,
    "sticker": _sticker,
    "location": _location,
}


def _map(value: object) -> Raw:
    return value if isinstance(value, dict) else {}


def _matched(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _word(value: object) -> str:
    return _matched(_ID, value) or "?"


def _text(value: object, units: int = LINE_UNITS) -> str | None:
    """A storable string of at most `units` UTF-16 units; half characters become U+FFFD."""
    if not isinstance(value, str):
        return None
    whole = _SURROGATE.sub("\ufffd", value)
    if len(whole) * 2 <= units:
        return whole
    return whole.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")


def _count(value: object) -> int | None:
    return value if type(value) is int and 1 <= value <= PHOTOS_AT_ONCE else None


def _degrees(value: object, limit: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if -limit <= value <= limit else None


def _moment(value: object) -> datetime:
    if type(value) is not int:
        return EARLIEST
    seconds = min(max(value, _EARLIEST_MS), _LATEST_MS) / 1000
    return datetime.fromtimestamp(seconds, UTC)
