"""Makers of real photo bytes, good and bad."""

import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, IFD, Base

INK = (20, 40, 90)
PAPER = (238, 232, 214)
RED = (220, 20, 20)


def picture(width: int, height: int, text: str = "", mode: str = "RGB") -> Image.Image:
    """A paper with some lines and a red square in its upper left corner, to see which way is up."""
    image = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(image)
    for top in range(height // 4, height, max(height // 12, 1)):
        draw.line((width // 10, top, width * 9 // 10, top), fill=INK, width=max(height // 200, 1))
    draw.rectangle((0, 0, width // 5, height // 5), fill=RED)
    if text:
        draw.text((width // 10, height // 4), text, fill=INK)
    return image.convert(mode)


def jpeg(
    width: int = 1200,
    height: int = 900,
    text: str = "",
    *,
    exif_orientation: int | None = None,
    gps: bool = False,
    **options: Any,
) -> bytes:
    """A JPEG as a phone makes it; `text` makes it differ from others."""
    exif = Image.Exif()
    if exif_orientation is not None:
        exif[Base.Orientation] = exif_orientation
    if gps:
        exif[Base.Make] = "Testphone"
        exif.get_ifd(IFD.GPSInfo).update(_position())
    return _saved(picture(width, height, text), "JPEG", exif=exif, quality=90, **options)


def png(width: int = 1200, height: int = 900, text: str = "", mode: str = "RGB") -> bytes:
    """A PNG of any mode."""
    return _saved(picture(width, height, text, mode), "PNG")


def webp(width: int = 1200, height: int = 900) -> bytes:
    """A WebP."""
    return _saved(picture(width, height), "WEBP")


def gif(width: int = 1200, height: int = 900) -> bytes:
    """A GIF."""
    return _saved(picture(width, height, mode="P"), "GIF")


@cache
def heic(width: int = 1200, height: int = 900) -> bytes:
    """A HEIC as an iPhone makes it."""
    import pillow_heif

    buffer = BytesIO()
    pillow_heif.from_pillow(picture(width, height)).save(buffer, quality=60)
    return buffer.getvalue()


def truncated_jpeg() -> bytes:
    """A JPEG that stops in the middle, as after a lost connection."""
    whole = jpeg(text="half")
    return whole[: len(whole) // 2]


def bomb_png(side: int = 10_000) -> bytes:
    """A small PNG file of `side` × `side` white pixels, written row by row without a picture in memory."""
    squeeze = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * ((side + 7) // 8)
    rows = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def pdf() -> bytes:
    """A one-page PDF."""
    return _saved(picture(600, 800), "PDF")


def mp4() -> bytes:
    """The beginning of an MP4 video."""
    return b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x00\x08free" + b"\x00" * 2000


def mov() -> bytes:
    """The beginning of a QuickTime video."""
    return b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  " + b"\x00\x00\x00\x08wide" + b"\x00" * 2000


def webm() -> bytes:
    """The beginning of a WebM video."""
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + b"\x00" * 2000


def _position() -> dict[int, Any]:
    return {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (35.0, 41.0, 22.0),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (139.0, 41.0, 30.0),
    }


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
