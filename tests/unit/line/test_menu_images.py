"""The pictures are what LINE takes, carry every word, and come out the same each time."""

import io

import pytest
from PIL import Image, ImageChops

from bot.line.menu_icons import ICONS, icon
from bot.line.menu_images import ACCENT, draw, word_size
from bot.line.richmenus import MENUS, RichMenu


@pytest.fixture(scope="module", params=MENUS, ids=lambda menu: menu.alias)
def menu(request: pytest.FixtureRequest) -> RichMenu:
    return request.param


@pytest.fixture(scope="module")
def image(menu: RichMenu) -> Image.Image:
    return Image.open(io.BytesIO(draw(menu))).convert("RGB")


def test_line_takes_it(menu: RichMenu) -> None:
    data = draw(menu)
    assert data.startswith(b"\x89PNG")
    assert len(data) <= 250_000
    assert Image.open(io.BytesIO(data)).size == (2500, 1686)


def test_the_same_definition_gives_the_same_bytes(menu: RichMenu) -> None:
    assert draw(menu) == draw(menu)


def test_words_are_legible(menu: RichMenu) -> None:
    assert word_size(menu) >= 100


def test_each_tile_has_something_drawn_and_a_clear_margin(menu: RichMenu, image: Image.Image) -> None:
    for area in menu.areas:
        inner = image.crop((area.x + 4, area.y + 4, area.x + area.width - 4, area.y + area.height - 4))
        ground = Image.new("RGB", inner.size, ACCENT if area.main else "white")
        drawn = ImageChops.difference(inner, ground)
        left, top, right, bottom = drawn.getbbox() or (0, 0, 0, 0)
        assert left >= 40
        assert inner.width - right >= 40
        assert top >= 40
        assert inner.height - bottom >= 40


def test_every_icon_stays_inside_its_square_and_differs_from_the_others() -> None:
    size = 96
    seen = {word: icon(word, size) for word in ICONS}
    assert len({picture.tobytes() for picture in seen.values()}) == len(ICONS)
    for word, picture in seen.items():
        box = picture.getbbox()
        assert box, word
        assert box[0] > 0 < box[1], word
        assert box[2] < size > box[3], word


def test_every_word_has_an_icon_and_every_icon_a_word() -> None:
    assert {area.word for menu in MENUS for area in menu.areas} == set(ICONS)
