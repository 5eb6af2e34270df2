"""Messages as small frozen values that know their JSON; built here and nowhere else.

Shapes and limits: LINE's Messaging API reference, summed up in `line-platform.md` 4. A label that is too long for its
button is shortened with an ellipsis, a text that is too long is cut; neither can make LINE refuse a whole reply.
"""

from collections.abc import Sequence
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
    """A button that opens the phone's date picker; dates are `YYYY-MM-DD`."""

    label: str
    tap: Tap
    initial: str
    earliest: str
    latest: str

    def as_json(self, most: int = limits.LABEL_MAX) -> Json:
        """The datetimepicker action."""
        return {
            "type": "datetimepicker",
            "label": _label(self.label, most),
            "data": encode(self.tap),
            "mode": "date",
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


Action = Button | Link | PickDate | Camera | CameraRoll


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
    """A line of a card: what it is, and its value."""

    name: str
    value: str
    tone: str = "plain"


@dataclass(frozen=True)
class Card:
    """The one layout of everything that has a state (`ux.md`): title, coloured state, rows, at most a few buttons.

    The first button is the main one. `alt` is what the notification and the chat list show.
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

    def as_json(self) -> Json:
        """The flex message."""
        return {
            "type": "flex",
            "altText": limits.cut_utf16(self.alt, limits.ALT_TEXT_MAX),
            "contents": _bubble(self),
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
        bubbles = [_bubble(card) for card in self.cards[: limits.BUBBLES_MAX]]
        return {
            "type": "flex",
            "altText": limits.cut_utf16(self.alt, limits.ALT_TEXT_MAX),
            "contents": {"type": "carousel", "contents": bubbles},
            **_quick(self.quick),
        }


Message = Text | Card | Cards

TONES = {"plain": "#333333", "good": "#0A7A3E", "wait": "#0B5CAD", "warn": "#B54708", "end": "#6B6B6B"}


def _bubble(card: Card) -> Json:
    body: list[Json] = [{"type": "text", "text": card.title, "weight": "bold", "size": "lg", "wrap": True}]
    if card.state:
        body.append(_text(card.state, color=TONES[card.tone], weight="bold", size="md"))
    if card.rows:
        rows: list[Json] = [_row(row) for row in card.rows]
        body.append({"type": "box", "layout": "vertical", "spacing": "sm", "margin": "lg", "contents": rows})
    if card.note:
        body.append(_text(card.note, color="#555555", size="sm", margin="lg"))
    bubble: Json = {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": body}}
    if card.image_url:
        bubble["hero"] = {"type": "image", "url": card.image_url, "size": "full", "aspectMode": "fit"}
    if card.buttons:
        bubble["footer"] = {
            "type": "box",
            "layout": "vertical",
            "spacing": "sm",
            "contents": [_card_button(action, first=not at) for at, action in enumerate(card.buttons)],
        }
    return bubble


def _text(text: str, **style: str) -> Json:
    return {"type": "text", "text": text or "－", "wrap": True, **style}


def _row(row: Row) -> Json:
    return {
        "type": "box",
        "layout": "baseline",
        "spacing": "sm",
        "contents": [
            {**_text(row.name, color="#6B6B6B", size="sm"), "flex": 4},
            {**_text(row.value, color=TONES[row.tone], size="sm"), "flex": 8},
        ],
    }


def _card_button(action: Action, *, first: bool) -> Json:
    style: Json = {"style": "primary", "color": "#0B5CAD"} if first else {"style": "link", "color": "#0B5CAD"}
    return {"type": "button", "height": "sm", "action": action.as_json(limits.FLEX_LABEL_MAX), **style}
