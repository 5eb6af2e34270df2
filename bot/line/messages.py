"""Messages as small frozen values that know their JSON; built here and nowhere else.

Shapes and limits: LINE's Messaging API reference, summed up in `line-platform.md` 4. A label that is too long for its
button is shortened with an ellipsis, a text that is too long is cut, and so are the texts of a card that weighs too
much; none of them can make LINE refuse a whole reply.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.line import limits
from bot.postbacks import Tap, encode

Json = dict[str, Any]


def _label(text: str, most: int = limits.LABEL_MAX) -> str:
    return limits.shorten(text, most)


@dataclass(frozen=True)
class Button:
    """A postback: `label` is shown, `tap` comes back; the label appears as the person's own words."""

    label: str
    tap: Tap

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The postback action."""
        return {
            "type": "postback",
            "label": _label(self.label, most),
            "data": encode(self.tap),
            "displayText": limits.shorten(self.label, limits.DISPLAY_TEXT_MAX),
        }


@dataclass(frozen=True)
class Link:
    """A button that opens `uri` (http, https, line or tel)."""

    label: str
    uri: str

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The URI action."""
        return {"type": "uri", "label": _label(self.label, most), "uri": self.uri}


@dataclass(frozen=True)
class PickDate:
    """A button that opens the phone's picker: dates are `YYYY-MM-DD`, in mode datetime `YYYY-MM-DDTHH:MM`."""

    label: str
    tap: Tap
    initial: str
    earliest: str
    latest: str
    mode: str = "date"

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The datetimepicker action."""
        return {
            "type": "datetimepicker",
            "label": _label(self.label, most),
            "data": encode(self.tap),
            "mode": self.mode,
            "initial": self.initial,
            "min": self.earliest,
            "max": self.latest,
        }


@dataclass(frozen=True)
class Camera:
    """Opens the camera (quick reply only)."""

    label: str

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The camera action."""
        return {"type": "camera", "label": _label(self.label, most)}


@dataclass(frozen=True)
class CameraRoll:
    """Opens the album (quick reply only)."""

    label: str

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The camera-roll action."""
        return {"type": "cameraRoll", "label": _label(self.label, most)}


@dataclass(frozen=True)
class SendLocation:
    """Opens the map to send a place (quick reply only)."""

    label: str

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The location action."""
        return {"type": "location", "label": _label(self.label, most)}


Action = Button | Link | PickDate | Camera | CameraRoll | SendLocation


def _quick(actions: Sequence[Action]) -> Json:
    items = [{"type": "action", "action": action.as_json()} for action in actions[: limits.QUICK_REPLIES_MAX]]
    return {"quickReply": {"items": items}} if items else {}


@dataclass(frozen=True)
class Text:
    """A text bubble with quick replies under it."""

    text: str
    quick: tuple[Action, ...] = ()

    def as_json(self) -> Json:
        """The text message."""
        return {"type": "text", "text": limits.cut_utf16(self.text, limits.TEXT_MAX), **_quick(self.quick)}


@dataclass(frozen=True)
class Row:
    """A line of a card: what it is, and its value beside it, or (`wide`) under it, for whole sentences."""

    name: str
    value: str
    tone: str = "plain"
    wide: bool = False


@dataclass(frozen=True)
class Card:
    """The one layout of everything that has a state (`ux.md`): title, coloured state, rows, at most a few buttons.

    The first button is the main one, unless they are answers of equal weight (`ranked` off). `alt` is what the
    notification and the chat list show.
    """

    alt: str
    title: str
    state: str = ""
    tone: str = "plain"
    rows: tuple[Row, ...] = ()
    note: str = ""
    buttons: tuple[Action, ...] = ()
    quick: tuple[Action, ...] = ()
    image_url: str = ""
    ranked: bool = True

    def as_json(self) -> Json:
        """The flex message."""
        return {
            "type": "flex",
            "altText": limits.cut_utf16(self.alt, limits.ALT_TEXT_MAX),
            "contents": _fitted(lambda most: _bubble(self, most), limits.BUBBLE_BYTES_MAX),
            **_quick(self.quick),
        }


@dataclass(frozen=True)
class Cards:
    """Several cards side by side (at most 12; the rest is for the caller to say)."""

    alt: str
    cards: tuple[Card, ...]
    quick: tuple[Action, ...] = field(default=())

    def as_json(self) -> Json:
        """The flex carousel."""
        return {
            "type": "flex",
            "altText": limits.cut_utf16(self.alt, limits.ALT_TEXT_MAX),
            "contents": _fitted(self._carousel, limits.CAROUSEL_BYTES_MAX),
            **_quick(self.quick),
        }

    def _carousel(self, most: int) -> Json:
        bubbles = [_bubble(card, most) for card in self.cards[: limits.BUBBLES_MAX]]
        return {"type": "carousel", "contents": bubbles}


Message = Text | Card | Cards

TONES = {"plain": "#333333", "good": "#0A7A3E", "wait": "#0B5CAD", "warn": "#B54708", "end": "#6B6B6B"}


CARD_TEXTS = (2_000, 500, 200, 80, 30)
"""How long a text of a card may be; the first that lets the whole fit is taken."""


def _fitted(build: Callable[[int], Json], most_bytes: int) -> Json:
    ways = (build(most) for most in CARD_TEXTS)
    return next((way for way in ways if _weight(way) <= most_bytes), None) or build(CARD_TEXTS[-1])


def _weight(contents: Json) -> int:
    return len(json.dumps(contents, ensure_ascii=False, separators=(",", ":")).encode())


def _bubble(card: Card, most: int) -> Json:
    body: list[Json] = [_text(card.title, most, weight="bold", size="lg")]
    if card.state:
        body.append(_text(card.state, most, color=TONES[card.tone], weight="bold", size="md"))
    if card.rows:
        rows: list[Json] = [_row(row, most) for row in card.rows]
        body.append({"type": "box", "layout": "vertical", "spacing": "sm", "margin": "lg", "contents": rows})
    if card.note:
        body.append(_text(card.note, most, color="#555555", size="sm", margin="lg"))
    bubble: Json = {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": body}}
    if card.image_url:
        bubble["hero"] = {"type": "image", "url": card.image_url, "size": "full", "aspectMode": "fit"}
    if card.buttons:
        bubble["footer"] = {
            "type": "box",
            "layout": "vertical",
            "spacing": "sm",
            "contents": [_card_button(action, first=card.ranked and not at) for at, action in enumerate(card.buttons)],
        }
    return bubble


def _text(text: str, most: int, **style: str) -> Json:
    return {"type": "text", "text": limits.shorten(text, most) or "－", "wrap": True, **style}


def _row(row: Row, most: int) -> Json:
    if row.wide:
        name = _text(row.name, most, weight="bold", size="sm")
        value = _text(row.value, most, color=TONES[row.tone], size="sm")
        return {"type": "box", "layout": "vertical", "margin": "lg", "contents": [name, value]}
    return {
        "type": "box",
        "layout": "baseline",
        "spacing": "sm",
        "contents": [
            {**_text(row.name, most, color="#6B6B6B", size="sm"), "flex": 5},
            {**_text(row.value, most, color=TONES[row.tone], size="sm"), "flex": 9},
        ],
    }


def _card_button(action: Action, *, first: bool) -> Json:
    style: Json = {"style": "primary", "color": "#0B5CAD"} if first else {"style": "link", "color": "#0B5CAD"}
    return {"type": "button", "height": "sm", "action": action.as_json(limits.FLEX_LABEL_MAX), **style}
