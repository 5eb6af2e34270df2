"""Line icons for the menu words, drawn on a grid of 24 × 24 units; nothing is taken from an icon set."""

from collections.abc import Callable, Mapping, Sequence
from math import cos, radians, sin
from typing import Final

from PIL import Image, ImageDraw

GRID: Final = 24.0
STROKE: Final = 1.7
SAMPLES: Final = 4

Point = tuple[float, float]


class Pen:
    """Strokes with round ends on a mask four times the wanted size."""

    def __init__(self, size: int) -> None:
        self._scale = size * SAMPLES / GRID
        self._mask = Image.new("L", (size * SAMPLES, size * SAMPLES), 0)
        self._draw = ImageDraw.Draw(self._mask)

    def path(self, points: Sequence[Point], closed: bool = False, width: float = STROKE, ink: int = 255) -> None:
        """A line through `points`."""
        spots = [(x * self._scale, y * self._scale) for x, y in [*points, *points[: 1 if closed else 0]]]
        self._draw.line(spots, fill=ink, width=round(width * self._scale))
        radius = width * self._scale / 2
        for x, y in spots:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)

    def fill(self, points: Sequence[Point], ink: int = 255) -> None:
        """A filled shape."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], fill=ink)

    def circle(self, x: float, y: float, radius: float) -> None:
        """A ring."""
        self.path(arc(x, y, radius, 0, 360), closed=True)

    def dot(self, x: float, y: float, radius: float = 1.15) -> None:
        """A filled point."""
        self.fill(arc(x, y, radius, 0, 360))

    def mask(self, size: int) -> Image.Image:
        """The drawing at its final size, smooth."""
        return self._mask.resize((size, size), Image.Resampling.BOX)


def arc(x: float, y: float, radius: float, start: float, end: float, height: float | None = None) -> list[Point]:
    """Points of an arc, degrees clockwise from three o'clock; `height` is an ellipse's other radius."""
    count = max(8, round(abs(end - start) / 4))
    angles = [radians(start + (end - start) * i / count) for i in range(count + 1)]
    return [(x + radius * cos(a), y + (height or radius) * sin(a)) for a in angles]


def box(left: float, top: float, right: float, bottom: float, radius: float) -> list[Point]:
    """Points of a rectangle with round corners."""
    return [
        *arc(left + radius, top + radius, radius, 180, 270),
        *arc(right - radius, top + radius, radius, 270, 360),
        *arc(right - radius, bottom - radius, radius, 0, 90),
        *arc(left + radius, bottom - radius, radius, 90, 180),
    ]


def turned(points: Sequence[Point], degrees: float) -> list[Point]:
    """`points` turned about the middle of the grid."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return [(12 + (x - 12) * c - (y - 12) * s, 12 + (x - 12) * s + (y - 12) * c) for x, y in points]


def _person(pen: Pen, x: float = 12, width: float = 7.8) -> None:
    pen.circle(x, 7.6, 4.1)
    pen.path(arc(x, 20.8, width, 180, 360, height=6.0))


def _profile(pen: Pen) -> None:
    pen.path(box(2.2, 4.2, 21.8, 19.8, 2.2), closed=True)
    pen.circle(8.4, 9.8, 2.1)
    pen.path(arc(8.4, 16.2, 3.6, 180, 360, height=2.9))
    pen.path([(14.6, 9.4), (18.4, 9.4)])
    pen.path([(14.6, 14.4), (18.4, 14.4)])


def _register(pen: Pen) -> None:
    _person(pen, 10.2)
    pencil = [(13.4, 21.9), (14.1, 18.6), (19.6, 13.1), (22.2, 15.7), (16.7, 21.2)]
    pen.path(pencil, closed=True, width=STROKE + 2.6, ink=0)
    pen.fill(pencil, ink=0)
    pen.path(pencil, closed=True)


def _steps(pen: Pen) -> None:
    for y in (5.0, 12.0):
        pen.path([(2.8, y), (4.6, y + 1.8), (8.0, y - 1.8)])
    pen.circle(5.3, 19.0, 1.9)
    for y in (5.0, 12.0, 19.0):
        pen.path([(11.8, y), (21.2, y)])


def _link(pen: Pen) -> None:
    left = [(10.2, 7.6), *arc(6.6, 12, 4.4, 270, 90), (10.2, 16.4)]
    right = [(24 - x, y) for x, y in left]
    for line in (left, right, [(8.4, 12.0), (15.6, 12.0)]):
        pen.path(turned(line, -45))


def _question(pen: Pen) -> None:
    pen.circle(12, 12, 9.6)
    pen.path([*arc(12, 9.7, 2.9, 185, 395), (12.6, 12.6), (12, 13.7), (12, 14.1)])
    pen.dot(12, 17.2)


def _bell(pen: Pen) -> None:
    pen.path([(4.2, 17.4), (6.2, 14.8), *arc(12, 10.2, 5.8, 180, 360), (17.8, 14.8), (19.8, 17.4)], closed=True)
    pen.path([(12, 4.2), (12, 2.8)])
    pen.path(arc(12, 19.4, 2.3, 10, 170))


def _pin(pen: Pen) -> None:
    pen.path([*arc(12, 9.8, 7.4, 143, 397), (12, 22.2)], closed=True)
    pen.path([(8.9, 9.8), (11.2, 12.1), (15.3, 7.7)])


def _leave(pen: Pen) -> None:
    pen.path([(11.4, 3.2), *arc(5.6, 5.2, 2, 270, 180), *arc(5.6, 18.8, 2, 180, 90), (11.4, 20.8)])
    pen.path([(9.6, 12), (21.2, 12)])
    pen.path([(16.8, 7.4), (21.4, 12), (16.8, 16.6)])


def _report(pen: Pen) -> None:
    pen.path(
        [
            (13.6, 2.4),
            *arc(6.4, 4.4, 2, 270, 180),
            *arc(6.4, 19.6, 2, 180, 90),
            *arc(17.6, 19.6, 2, 90, 0),
            (19.6, 8.4),
        ]
    )
    pen.path([(13.6, 2.4), (13.6, 8.4), (19.6, 8.4)])
    pen.path([(13.6, 2.4), (19.6, 8.4)])
    for y, right in ((12.6, 15.8), (16.6, 13.2)):
        pen.path([(8.4, y), (right, y)])


def _yen(pen: Pen) -> None:
    pen.circle(12, 12, 9.6)
    pen.path([(8.3, 6.8), (12, 11.8), (15.7, 6.8)])
    pen.path([(12, 11.8), (12, 17.6)])
    pen.path([(8.9, 12.2), (15.1, 12.2)])
    pen.path([(8.9, 15.0), (15.1, 15.0)])


def _approve(pen: Pen) -> None:
    pen.path([(8.4, 4.4), *arc(6, 6.4, 2, 270, 180), *arc(6, 19.8, 2, 180, 90), *arc(18, 19.8, 2, 90, 0)])
    pen.path([*arc(18, 6.4, 2, 360, 270), (15.6, 4.4)])
    pen.path([(20, 19.8), (20, 6.4)])
    pen.path(box(8.6, 2.4, 15.4, 6.4, 1.2), closed=True)
    pen.path([(8.2, 13.6), (11.0, 16.4), (16.0, 11.2)])


def _invite(pen: Pen) -> None:
    _person(pen, 9.6, 7.2)
    pen.path([(19.4, 7.6), (19.4, 14.0)])
    pen.path([(16.2, 10.8), (22.6, 10.8)])


def _plane(pen: Pen) -> None:
    pen.path([(2.6, 10.6), (21.4, 2.6), (13.4, 21.4), (10.4, 13.6)], closed=True)
    pen.path([(10.4, 13.6), (21.4, 2.6)])


def _calendar(pen: Pen) -> None:
    pen.path(box(3.0, 4.6, 21.0, 21.2, 2.2), closed=True)
    pen.path([(3.0, 9.8), (21.0, 9.8)])
    for x in (8.0, 16.0):
        pen.path([(x, 2.6), (x, 6.2)])
    pen.path([(8.4, 15.2), (11.0, 17.8), (15.8, 12.8)])


def _search(pen: Pen) -> None:
    pen.circle(10.4, 10.4, 8.0)
    pen.path([(16.2, 16.2), (21.8, 21.8)])
    pen.circle(10.4, 8.4, 1.9)
    pen.path(arc(10.4, 14.4, 3.6, 185, 355, height=2.8))


ICONS: Final[Mapping[str, Callable[[Pen], None]]] = {
    "プロフィール登録": _register,
    "プロフィール": _profile,
    "登録状況": _steps,
    "申請・リンク": _link,
    "使い方": _question,
    "派遣依頼": _bell,
    "チェックイン": _pin,
    "チェックアウト": _leave,
    "報告・旅費": _report,
    "謝金": _yen,
    "承認待ち": _approve,
    "専門家を招待": _invite,
    "派遣を依頼": _plane,
    "派遣状況": _calendar,
    "専門家を探す": _search,
}


def icon(word: str, size: int) -> Image.Image:
    """The icon of a menu word as a mask of `size` × `size`; KeyError for a word without one."""
    pen = Pen(size)
    ICONS[word](pen)
    return pen.mask(size)
