"""What LINE refuses in a rich menu and its picture. Source: "Rich menu object", "Upload rich menu image"."""

import io
import re
from typing import Any

from linebot.v3.messaging import models
from PIL import Image, UnidentifiedImageError

from bot.emulator import action_rules
from bot.emulator.findings import Findings, Json
from bot.emulator.refusals import LineError, Problem, invalid_body
from bot.emulator.shapes import problems_of_shape
from bot.line import limits

IMAGE_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG"}
_ALIAS = re.compile(r"[a-z0-9_-]+")


def refuse_menu(body: Any) -> None:
    """LineError 400 for a rich menu LINE would not create."""
    problems = problems_of_shape(body, models.RichMenuRequest)
    if not problems:
        found = Findings()
        _menu(body, found)
        problems = found.problems
    if problems:
        raise invalid_body(problems)


def refuse_image(data: bytes, content_type: str, size: Json) -> None:
    """LineError 400, 413 or 415 for a picture that does not fit the menu of that size in pixels."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in IMAGE_TYPES:
        raise LineError(415, "Unsupported media type")
    if len(data) > limits.MENU_IMAGE_BYTES_MAX:
        raise LineError(413, "The image is too large")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
            given, pixels = image.format, image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise LineError(400, "The image cannot be read") from error
    if given != IMAGE_TYPES[kind]:
        raise LineError(400, f"The content is {given}, not {kind}")
    if pixels != (size["width"], size["height"]):
        raise LineError(400, f"The image size {pixels} is not that of the rich menu")


def refuse_alias(body: Any) -> None:
    """LineError 400 for an alias LINE would not create."""
    problems = problems_of_shape(body, models.CreateRichMenuAliasRequest)
    if not problems and not _ALIAS.fullmatch(body["richMenuAliasId"]):
        problems = [Problem("richMenuAliasId", "only a-z, 0-9, _ and - are allowed")]
    if problems:
        raise invalid_body(problems)


def _menu(menu: Json, found: Findings) -> None:
    for key in ("size", "selected", "areas"):
        if menu.get(key) is None:
            found.add(key, "must be specified")
    for key, most in (("name", limits.MENU_NAME_MAX), ("chatBarText", limits.CHAT_BAR_MAX)):
        value = menu.get(key)
        if not value:
            found.add(key, "May not be empty")
        elif limits.graphemes(value) > most:
            found.add(key, f"Length must be between 1 and {most}")
    if menu.get("size") and _size(menu["size"], found):
        for index, area in enumerate(menu.get("areas") or ()):
            _area(area, menu["size"], f"areas[{index}]", found)
    if len(menu.get("areas") or ()) > limits.MENU_AREAS_MAX:
        found.add("areas", f"Size must be between 0 and {limits.MENU_AREAS_MAX}")


def _size(size: Json, found: Findings) -> bool:
    """Whether the menu has a size at all; one out of range is noted."""
    width, height = size.get("width"), size.get("height")
    if not width or not height:
        found.add("size", "width and height must be specified")
        return False
    least, most = limits.MENU_WIDTH
    if not least <= width <= most:
        found.add("size.width", f"must be between {least} and {most}")
    if height < limits.MENU_HEIGHT_MIN:
        found.add("size.height", f"must be at least {limits.MENU_HEIGHT_MIN}")
    if width / height < limits.MENU_RATIO_MIN:
        found.add("size", f"width / height must be at least {limits.MENU_RATIO_MIN}")
    return True


def _area(area: Json, size: Json, path: str, found: Findings) -> None:
    bounds, action = area.get("bounds") or {}, area.get("action")
    x, y, width, height = (bounds.get(key) for key in ("x", "y", "width", "height"))
    if x is None or y is None or not width or not height:
        found.add(f"{path}.bounds", "x, y, width and height must be specified")
    elif x + width > size["width"] or y + height > size["height"]:
        found.add(f"{path}.bounds", "must lie inside the rich menu")
    if action is None:
        found.add(f"{path}.action", "must be specified")
    else:
        action_rules.in_rich_menu(action, f"{path}.action", found)
