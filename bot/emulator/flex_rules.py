"""What LINE refuses in a Flex message beyond its schema. Source: "Flex Message" of the reference."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.emulator import action_rules
from bot.emulator.findings import Findings, Json
from bot.line import limits

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?")
RATIO = re.compile(r"(\d{1,5}):(\d{1,5})")
PIXELS = r"\d+(?:\.\d+)?px"
PERCENT = r"\d+(?:\.\d+)?%"
SPACE = re.compile(rf"none|xs|sm|md|lg|xl|xxl|{PIXELS}")
OFFSET = re.compile(rf"none|xs|sm|md|lg|xl|xxl|-?{PIXELS}|-?{PERCENT}")
PADDING = re.compile(rf"none|xs|sm|md|lg|xl|xxl|{PIXELS}|{PERCENT}")
BORDER = re.compile(rf"none|light|normal|medium|semi-bold|bold|{PIXELS}")
LENGTH = re.compile(rf"{PIXELS}|{PERCENT}")
TEXT_SIZE = re.compile(rf"xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl|{PIXELS}")
IMAGE_SIZE = re.compile(rf"xxs|xs|sm|md|lg|xl|xxl|3xl|4xl|5xl|full|{PIXELS}|{PERCENT}")

SIZED = {
    "margin": SPACE, "spacing": SPACE, "lineSpacing": re.compile(PIXELS), "borderWidth": BORDER,
    "cornerRadius": SPACE, "width": LENGTH, "maxWidth": LENGTH, "height": LENGTH, "maxHeight": LENGTH,
    **dict.fromkeys(("offsetTop", "offsetBottom", "offsetStart", "offsetEnd"), OFFSET),
    **dict.fromkeys(("paddingAll", "paddingTop", "paddingBottom", "paddingStart", "paddingEnd"), PADDING),
}  # fmt: skip
COLOURED = (
    "color",
    "backgroundColor",
    "borderColor",
    "separatorColor",
    "startColor",
    "endColor",
    "centerColor",
)
BLOCKS = ("header", "hero", "body", "footer")
HEROES = frozenset({"box", "image", "video"})
IN_BASELINE = frozenset({"icon", "text", "filler", "spacer"})
NOT_IN_BOX = frozenset({"span", "video"})
WIDEST_RATIO = 3


def judge(container: Json, path: str, found: Findings) -> None:
    """A bubble, or a carousel of bubbles of one size."""
    if container.get("type") == "bubble":
        _bubble(container, path, found)
        return
    bubbles = container.get("contents")
    _bytes(container, path, limits.CAROUSEL_BYTES_MAX, found)
    if found.size(bubbles, f"{path}.contents", 1, limits.BUBBLES_MAX):
        for index, bubble in enumerate(bubbles or ()):
            _bubble(bubble, f"{path}.contents[{index}]", found)
        if len({bubble.get("size") or "mega" for bubble in bubbles or ()}) > 1:
            found.add(f"{path}.contents", "all bubbles must have the same size")


def _bubble(bubble: Json, path: str, found: Findings) -> None:
    if bubble.get("type") != "bubble":
        found.add(f"{path}.type", "must be a bubble")
        return
    _bytes(bubble, path, limits.BUBBLE_BYTES_MAX, found)
    if not any(bubble.get(block) for block in BLOCKS):
        found.add(path, "at least one block must be specified")
    if bubble.get("action"):
        action_rules.in_flex(bubble["action"], f"{path}.action", found)
    for block, style in (bubble.get("styles") or {}).items():
        _appearance(style or {}, f"{path}.styles.{block}", found)
    for block in BLOCKS:
        component = bubble.get(block)
        if component:
            if block == "hero" and component.get("type") not in HEROES:
                found.add(f"{path}.hero.type", "must be a box, an image or a video")
            _component(component, f"{path}.{block}", found)


def _bytes(container: Json, path: str, most: int, found: Findings) -> None:
    size = len(json.dumps(container, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
    if size > most:
        found.add(path, f"too large: {size} bytes, at most {most}")


def _component(component: Json, path: str, found: Findings) -> None:
    _appearance(component, path, found)
    kind = component.get("type") or ""
    if component.get("action"):
        action_rules.in_flex(component["action"], f"{path}.action", found, label=kind == "button")
    if kind in _BY_TYPE:
        _BY_TYPE[kind](component, path, found)


def _appearance(component: Json, path: str, found: Findings) -> None:
    """Colours, sizes in words or pixels, and counts, wherever they stand."""
    for key, value in _plain(component):
        if key in COLOURED and not COLOUR.fullmatch(value):
            found.add(f"{path}.{key}", "invalid color")
        elif key in SIZED and component.get("type") != "button" and not SIZED[key].fullmatch(value):
            found.add(f"{path}.{key}", "invalid property")
    for key in ("flex", "maxLines"):
        if (component.get(key) or 0) < 0:
            found.add(f"{path}.{key}", "must not be negative")


def _plain(component: Json) -> Iterator[tuple[str, str]]:
    return ((key, value) for key, value in component.items() if isinstance(value, str))


def _box(box: Json, path: str, found: Findings) -> None:
    baseline = box.get("layout") == "baseline"
    for index, child in enumerate(box.get("contents") or ()):
        where = f"{path}.contents[{index}]"
        kind = child.get("type")
        refused = kind not in IN_BASELINE if baseline else kind in NOT_IN_BOX | {"icon"}
        if refused:
            found.add(f"{where}.type", f"{kind} is not allowed in a {box.get('layout')} box")
        _component(child, where, found)
    background = box.get("background")
    if background:
        _appearance(background, f"{path}.background", found)


def _text(text: Json, path: str, found: Findings) -> None:
    _fits(text, "size", TEXT_SIZE, path, found)
    spans = text.get("contents")
    if not spans and not text.get("text"):
        found.add(f"{path}.text", "must be non-empty text")
    for index, span in enumerate(spans or ()):
        where = f"{path}.contents[{index}]"
        _fits(span, "size", TEXT_SIZE, where, found)
        _appearance(span, where, found)
        if not span.get("text"):
            found.add(f"{where}.text", "must be non-empty text")


def _image(image: Json, path: str, found: Findings) -> None:
    found.secure_url(image, "url", path)
    _fits(image, "size", IMAGE_SIZE, path, found)
    _ratio(image, path, found)


def _icon(icon: Json, path: str, found: Findings) -> None:
    found.secure_url(icon, "url", path)
    _fits(icon, "size", TEXT_SIZE, path, found)
    _ratio(icon, path, found)


def _video(video: Json, path: str, found: Findings) -> None:
    found.secure_url(video, "url", path)
    found.secure_url(video, "previewUrl", path)
    _ratio(video, path, found)
    if video.get("altContent"):
        _component(video["altContent"], f"{path}.altContent", found)


def _ratio(component: Json, path: str, found: Findings) -> None:
    value = component.get("aspectRatio")
    if value is None:
        return
    parts = RATIO.fullmatch(value)
    width, height = (int(part) for part in parts.groups()) if parts else (0, 0)
    if not width or not height or height > WIDEST_RATIO * width:
        found.add(f"{path}.aspectRatio", "invalid aspect ratio")


def _fits(component: Json, key: str, form: re.Pattern[str], path: str, found: Findings) -> None:
    value: Any = component.get(key)
    if value is not None and not form.fullmatch(value):
        found.add(f"{path}.{key}", "invalid property")


_BY_TYPE: dict[str, Callable[[Json, str, Findings], None]] = {
    "box": _box,
    "text": _text,
    "image": _image,
    "icon": _icon,
    "video": _video,
}
