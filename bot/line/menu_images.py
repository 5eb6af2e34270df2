"""Pictures of the rich menus, drawn from their definitions: a calm tile for each area, icon above word.

The same definition gives the same bytes. PNG, well under LINE's 1 MB.
"""

import io
from functools import cache
from typing import Final

import pylopdf_fonts_jp
from PIL import Image, ImageDraw, ImageFont

from bot.line.menu_icons import icon
from bot.line.richmenus import HEIGHT, WIDTH, Area, RichMenu

ACCENT: Final = "#0B5CAD"
INK: Final = "#1B2733"
PAPER: Final = "#FFFFFF"
RULE: Final = "#D3DCE5"
RULE_WIDTH: Final = 4
SIDE: Final = 56
WORD_SIZE: Final = 114
WIDE_WORD_SIZE: Final = 164
WEIGHT: Final = 0.015
ICON_SHARE: Final = 0.41
ICON_MOST: Final = 280
GAP_SHARE: Final = 0.09


def draw(menu: RichMenu) -> bytes:
    """The PNG of `menu`, 2500 × 1686."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    size = word_size(menu)
    for area in menu.areas:
        _tile(image, pen, area, _fitting(area) if area.width == WIDTH else size)
    _rules(pen, menu)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def word_size(menu: RichMenu) -> int:
    """The size of the words in pixels, one for the whole menu: the largest at which all fit their tiles."""
    return min(_fitting(area) for area in menu.areas)


def _tile(image: Image.Image, pen: ImageDraw.ImageDraw, area: Area, size: int) -> None:
    """Fill a main tile; then icon and word, together in the middle."""
    if area.main:
        pen.rectangle((area.x, area.y, area.x + area.width, area.y + area.height), fill=ACCENT)
    side = min(round(area.height * ICON_SHARE), ICON_MOST)
    gap = round(area.height * GAP_SHARE)
    middle = area.x + area.width // 2
    top = area.y + (area.height - side - gap - size) // 2
    image.paste(PAPER if area.main else ACCENT, (middle - side // 2, top), icon(area.word, side))
    pen.text(
        (middle, top + side + gap + size // 2),
        area.word,
        fill=PAPER if area.main else INK,
        font=_font(size),
        anchor="mm",
        stroke_width=size * WEIGHT,
    )


def _rules(pen: ImageDraw.ImageDraw, menu: RichMenu) -> None:
    """Thin lines between tiles, none at the edge of the picture."""
    half = RULE_WIDTH // 2
    for area in menu.areas:
        right, bottom = area.x + area.width, area.y + area.height
        if right < WIDTH:
            pen.rectangle((right - half, area.y, right + half - 1, bottom), fill=RULE)
        if bottom < HEIGHT:
            pen.rectangle((area.x, bottom - half, right, bottom + half - 1), fill=RULE)


def _fitting(area: Area) -> int:
    """The largest size, in pixels, at which the word fits its tile."""
    most = WIDE_WORD_SIZE if area.width == WIDTH else WORD_SIZE
    width = _font(most).getlength(area.word) + 2 * most * WEIGHT
    return min(most, int(most * (area.width - 2 * SIDE) / width))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(pylopdf_fonts_jp.sans_path()), size)
