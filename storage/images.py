"""Photos people send, judged by their content and kept as plain JPEG.

JPEG, PNG, WebP and HEIC pass. A GIF is refused as no photo: nobody photographs a paper as one. Of an
animation or a multi-picture JPEG the first picture counts. One picture is decoded at a time in a process:
that bounds the memory (50 million pixels took 0.15 GB as JPEG, 0.4 as HEIC, 0.55 as PNG with transparency),
and Pillow's warnings, which are of the process, stay in here.
Pillow and its HEIC part are imported at the first use, to keep cold starts short.
"""

import hashlib
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 50_000_000
LONG_SIDE = 3000
MIN_SIDE = 600
QUALITY = 88
ORIENTATION = 0x0112
WHITE = (255, 255, 255)
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})

_decoding = threading.Lock()


@dataclass(frozen=True)
class Photo:
    """A photo fit to keep: upright sRGB JPEG, its size in pixels, SHA-256 (hex) of the bytes sent."""

    jpeg: bytes
    width: int
    height: int
    sha256: str


class PhotoRefused(Exception):
    """Not a photo we can keep; `code` (photo.…) and `data` fill the sentence."""

    retryable = False

    def __init__(self, code: str, data: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.data = data or {}


def judge_photo(data: bytes, *, min_side: int = MIN_SIDE, max_bytes: int = MAX_BYTES) -> Photo:
    """The photo in `data`, turned upright, at most 3000 px on its long side, metadata stripped.

    `min_side`: pixels the short side needs to be readable. Raises PhotoRefused: photo.empty, photo.is_pdf,
    photo.is_video, photo.not_image, photo.broken, photo.too_large (limit_mb), photo.bomb (limit_million) or
    photo.too_small (width, height, min_side); the words in brackets are the keys of its data.
    """
    _judge_bytes(data, max_bytes)
    with _decoder(), _opened(data, FORMATS[_sniff(data)]) as image:
        _judge_size(image.width, image.height, min_side)
        plain = _upright(image)
        return Photo(as_jpeg(plain), plain.width, plain.height, hashlib.sha256(data).hexdigest())


def preview(jpeg: bytes, side: int) -> bytes:
    """A JPEG of at most `side` pixels each way of a JPEG we keep; PhotoRefused when it is none."""
    from PIL.Image import Resampling

    with _decoder(), _opened(jpeg, "JPEG") as image:
        image.draft("RGB", (side, side))
        image.thumbnail((side, side), Resampling.LANCZOS, reducing_gap=None)
        return as_jpeg(image.convert("RGB"))


def too_large(max_bytes: int = MAX_BYTES) -> PhotoRefused:
    """The refusal of a file over `max_bytes`."""
    return PhotoRefused("photo.too_large", {"limit_mb": f"{max_bytes / 1024 / 1024:g}"})


def is_pdf(data: bytes) -> bool:
    """Whether these bytes are meant as a PDF."""
    return b"%PDF-" in data[:1024]


def _judge_bytes(data: bytes, max_bytes: int) -> None:
    if not data:
        raise PhotoRefused("photo.empty")
    if len(data) > max_bytes:
        raise too_large(max_bytes)


def _sniff(data: bytes) -> str:
    import filetype

    if is_pdf(data):
        raise PhotoRefused("photo.is_pdf")
    if data[4:8] == b"ftyp":
        return _sniff_container(data[8:12])
    mime = filetype.guess_mime(data) or ""
    if mime.startswith("video/"):
        raise PhotoRefused("photo.is_video")
    if mime not in FORMATS:
        raise PhotoRefused("photo.not_image")
    return mime


def _sniff_container(brand: bytes) -> str:
    """MP4, QuickTime, HEIC and AVIF share one container; its brand tells them apart."""
    if brand in HEIC_BRANDS:
        return "image/heic"
    raise PhotoRefused("photo.not_image" if brand in AVIF_BRANDS else "photo.is_video")


def _judge_size(width: int, height: int, min_side: int) -> None:
    if width * height > MAX_PIXELS:
        raise PhotoRefused("photo.bomb", {"limit_million": str(MAX_PIXELS // 1_000_000)})
    short, long = sorted((width, height))
    kept = short * min(1.0, LONG_SIDE / long)
    if short < min_side or kept < min_side / 2:
        size = {"width": str(width), "height": str(height), "min_side": str(min_side)}
        raise PhotoRefused("photo.too_small", size)


@contextmanager
def _decoder() -> Iterator[None]:
    from PIL.Image import DecompressionBombError, DecompressionBombWarning

    with _decoding, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", DecompressionBombWarning)
        try:
            yield
        except (PhotoRefused, MemoryError):
            raise
        except (DecompressionBombError, DecompressionBombWarning):
            raise PhotoRefused("photo.bomb", {"limit_million": str(MAX_PIXELS // 1_000_000)}) from None
        except Exception as error:
            # A decoder meets hostile bytes with any exception there is; none may stop the person's turn.
            raise PhotoRefused("photo.broken") from error


@contextmanager
def _opened(data: bytes, kind: str) -> Iterator["Image"]:
    from PIL import Image

    if kind == "HEIF":
        _learn_heic()
    with Image.open(BytesIO(data), formats=(kind,)) as image:
        yield image


@cache
def _learn_heic() -> None:
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _upright(image: "Image") -> "Image":
    from PIL.Image import Resampling

    turn = _turn(image)
    profile = image.info.get("icc_profile")
    if image.format in {"JPEG", "MPO"}:
        image.draft(None, (LONG_SIDE, LONG_SIDE))
    plain = _resizable(image)
    plain.thumbnail((LONG_SIDE, LONG_SIDE), Resampling.LANCZOS, reducing_gap=None)
    if turn is not None:
        plain = plain.transpose(turn)
    plain = _as_srgb(_flattened(plain), profile)
    plain.info.clear()
    return plain


def _turn(image: "Image") -> "Transpose | None":
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(image.getexif().get(ORIENTATION, 1))
    except Exception:
        # Broken metadata, which we throw away, is no reason to refuse a good picture.
        return None


def _resizable(image: "Image") -> "Image":
    """Palettes and bits cannot be averaged, and 16-bit grey would be clipped instead of scaled."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode == "1":
        return image.convert("L")
    image.load()
    return image


def _flattened(image: "Image") -> "Image":
    import PIL.Image

    if not image.has_transparency_data:
        return image
    layer = image.convert("RGBA")
    paper = PIL.Image.new("RGB", layer.size, WHITE)
    paper.paste(layer, mask=layer.getchannel("A"))
    return paper


def _as_srgb(image: "Image", profile: bytes | None) -> "Image":
    from PIL import ImageCms

    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            changed = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A profile that is broken or of another colour space: the plain numbers are the better picture.
            changed = None
        if changed is not None:
            return changed
    return image.convert("RGB")


def as_jpeg(image: "Image") -> bytes:
    """The picture as we keep all of them: JPEG without anything but the pixels."""
    buffer = BytesIO()
    image.info.clear()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
