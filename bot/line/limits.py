"""What LINE counts and how much of it LINE takes.

Numbers: "Message limits" of LINE's Messaging API reference. LINE counts in two units
(https://developers.line.biz/en/docs/messaging-api/text-character-count/): UTF-16 code units in general, and
grapheme clusters for labels, displayText, fillInText, the text of a message action, template titles and
texts, chatBarText and the name of a rich menu. A `…_MAX` of a text is in the unit LINE counts that text in.
"""

import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Final

MESSAGES_MAX: Final = 5
BODY_BYTES_MAX: Final = 2 * 1024 * 1024
RECIPIENTS_MAX: Final = 500

TEXT_MAX: Final = 5_000
ALT_TEXT_MAX: Final = 1_500
POSTBACK_DATA_MAX: Final = 300
URI_MAX: Final = 1_000
CLIPBOARD_MAX: Final = 1_000
IMAGE_URL_MAX: Final = 2_000
LOCATION_TEXT_MAX: Final = 100
SENDER_NAME_MAX: Final = 20

QUICK_REPLIES_MAX: Final = 13
LABEL_MAX: Final = 20
FLEX_LABEL_MAX: Final = 40
IMAGE_CAROUSEL_LABEL_MAX: Final = 12
DISPLAY_TEXT_MAX: Final = 300
"""displayText, fillInText and the text of a message action."""

BUBBLE_BYTES_MAX: Final = 30 * 1024
CAROUSEL_BYTES_MAX: Final = 50 * 1024
BUBBLES_MAX: Final = 12

TEMPLATE_TITLE_MAX: Final = 40
BUTTONS_TEXT_MAX: Final = 160
CONFIRM_TEXT_MAX: Final = 240
CAROUSEL_TEXT_MAX: Final = 120
TEMPLATE_SHORT_TEXT_MAX: Final = 60
"""A template's text when it has a title or an image."""
BUTTONS_ACTIONS_MAX: Final = 4
CONFIRM_ACTIONS: Final = 2
CAROUSEL_ACTIONS_MAX: Final = 3
CAROUSEL_COLUMNS_MAX: Final = 10

MENU_AREAS_MAX: Final = 20
MENU_NAME_MAX: Final = 300
CHAT_BAR_MAX: Final = 14
MENU_ALIAS_MAX: Final = 32
MENU_WIDTH: Final = (800, 2_500)
MENU_HEIGHT_MIN: Final = 250
MENU_RATIO_MIN: Final = 1.45
MENU_IMAGE_BYTES_MAX: Final = 1024 * 1024
MENUS_MAX: Final = 1_000

IMAGE_BYTES_MAX: Final = 10 * 1024 * 1024
PREVIEW_BYTES_MAX: Final = 1024 * 1024
LOADING_SECONDS: Final = (5, 60, 5)
"""Least, most, step."""
WEBHOOK_URL_MAX: Final = 500
REPLY_TOKEN_SECONDS: Final = 60
RETRY_KEY_HOURS: Final = 24

_ZWJ: Final = "\u200d"
_EXTENDING: Final = frozenset("\u200c\uff9e\uff9f")
_PICTOGRAPHS: Final = (
    (0x00A9, 0x00A9), (0x00AE, 0x00AE), (0x203C, 0x203C), (0x2049, 0x2049), (0x2122, 0x2122),
    (0x2139, 0x2139), (0x2194, 0x21AA), (0x231A, 0x23FF), (0x24C2, 0x24C2), (0x25AA, 0x25FE),
    (0x2600, 0x27BF), (0x2934, 0x2935), (0x2B05, 0x2B55), (0x3030, 0x3030), (0x303D, 0x303D),
    (0x3297, 0x3297), (0x3299, 0x3299), (0x1F000, 0x1F1E5), (0x1F200, 0x1F3FA), (0x1F400, 0x1FAFF),
)  # fmt: skip


def utf16_units(text: str) -> int:
    """Length of a text in UTF-16 code units: an emoji outside the basic plane counts two."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def graphemes(text: str) -> int:
    """Length of a text in grapheme clusters, what a reader calls one character (Unicode Annex 29, in short).

    Combining marks, variation selectors, skin tones, joined emoji, flags and Hangul syllables count one each.
    """
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in clusters(text))


def clusters(text: str) -> Iterator[str]:
    """The grapheme clusters of a text, in order."""
    start = 0
    flag_half_open = after_pictograph = False
    for index, character in enumerate(text):
        joins = index > 0 and _joins(text[index - 1], character, flag_half_open, after_pictograph)
        if index and not joins:
            yield text[start:index]
            start = index
        after_pictograph = _is_pictograph(character) or (after_pictograph and _extends(character))
        flag_half_open = _is_flag_half(character) and not (joins and flag_half_open)
    if text:
        yield text[start:]


def shorten(text: str, most: int) -> str:
    """The text in at most so many grapheme clusters; what was cut is shown by an ellipsis."""
    if len(text) <= most:
        return text
    kept = list(islice(clusters(text), most + 1))
    return text if len(kept) <= most else "".join(kept[: most - 1]) + "…"


def cut_utf16(text: str, most: int) -> str:
    """The text in at most so many UTF-16 units, cut between grapheme clusters."""
    if utf16_units(text) <= most:
        return text
    kept: list[str] = []
    for cluster in clusters(text):
        most -= utf16_units(cluster)
        if most < 0:
            break
        kept.append(cluster)
    return "".join(kept)


def _joins(previous: str, character: str, flag_half_open: bool, after_pictograph: bool) -> bool:
    """Whether the two stand in one cluster."""
    if previous == "\r" and character == "\n":
        return True
    if _is_control(previous) or _is_control(character):
        return False
    if _extends(character):
        return True
    if previous == _ZWJ:
        return after_pictograph and _is_pictograph(character)
    if _is_flag_half(previous) and _is_flag_half(character):
        return flag_half_open
    return _is_one_syllable(_hangul(previous), _hangul(character))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"}


def _extends(character: str) -> bool:
    """Combining and spacing marks, variation selectors, joiners, skin tones and emoji tags."""
    code = ord(character)
    if code < 0x300:
        return False
    return (
        unicodedata.category(character) in {"Mn", "Me", "Mc"}
        or character == _ZWJ
        or character in _EXTENDING
        or 0x1F3FB <= code <= 0x1F3FF
        or 0xE0020 <= code <= 0xE007F
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_pictograph(character: str) -> bool:
    code = ord(character)
    return code >= 0xA9 and any(first <= code <= last for first, last in _PICTOGRAPHS)


def _hangul(character: str) -> str:
    """Kind of a Hangul letter: L, V, T, or the syllables LV and LVT; empty for anything else."""
    code = ord(character)
    if 0x1100 <= code <= 0x115F or 0xA960 <= code <= 0xA97C:
        return "L"
    if 0x1160 <= code <= 0x11A7 or 0xD7B0 <= code <= 0xD7C6:
        return "V"
    if 0x11A8 <= code <= 0x11FF or 0xD7CB <= code <= 0xD7FB:
        return "T"
    if 0xAC00 <= code <= 0xD7A3:
        return "LV" if (code - 0xAC00) % 28 == 0 else "LVT"
    return ""


def _is_one_syllable(left: str, right: str) -> bool:
    followers = {"L": {"L", "V", "LV", "LVT"}, "LV": {"V", "T"}, "V": {"V", "T"}, "LVT": {"T"}, "T": {"T"}}
    return right in followers.get(left, set())
