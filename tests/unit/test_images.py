"""Judging of photos by real bytes."""

import hashlib
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from storage.images import PhotoRefused, judge_photo, preview
from tests.support import photos


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(BytesIO(jpeg))
    image.load()
    return image


def is_red(image: Image.Image, x: int, y: int) -> bool:
    red, green, blue = image.convert("RGB").getpixel((x, y))  # type: ignore[misc]
    return red > 180 and green < 90 and blue < 90


def refusal(data: bytes, **limits: int) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        judge_photo(data, **limits)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(photos.jpeg(), id="jpeg"),
        pytest.param(photos.png(), id="png"),
        pytest.param(photos.webp(), id="webp"),
        pytest.param(photos.heic(), id="heic"),
        pytest.param(photos.jpeg(progressive=True), id="progressive"),
    ],
)
def test_every_kind_becomes_a_plain_jpeg(data: bytes) -> None:
    photo = judge_photo(data)
    image = opened(photo.jpeg)
    assert (image.format, image.mode) == ("JPEG", "RGB")
    assert image.size == (photo.width, photo.height) == (1200, 900)
    assert is_red(image, 50, 50)
    assert photo.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_colour_mode_of_png_passes(mode: str) -> None:
    data = photos.png(mode=mode) if mode != "I;16" else grey16()
    assert opened(judge_photo(data).jpeg).mode == "RGB"


def grey16() -> bytes:
    buffer = BytesIO()
    Image.new("I;16", (800, 700), 32768).save(buffer, "PNG")
    return buffer.getvalue()


def test_grey_of_sixteen_bits_keeps_its_brightness() -> None:
    level = opened(judge_photo(grey16()).jpeg).getpixel((5, 5))
    assert isinstance(level, tuple)
    assert 124 <= level[0] <= 132


def test_cmyk_jpeg_keeps_its_colours() -> None:
    buffer = BytesIO()
    photos.picture(1000, 800, mode="CMYK").save(buffer, "JPEG")
    assert is_red(opened(judge_photo(buffer.getvalue()).jpeg), 50, 50)


def test_transparency_becomes_white() -> None:
    buffer = BytesIO()
    Image.new("RGBA", (800, 700), (0, 0, 0, 0)).save(buffer, "PNG")
    assert opened(judge_photo(buffer.getvalue()).jpeg).getpixel((400, 300)) == (255, 255, 255)


def test_a_camera_file_of_two_pictures_gives_the_first() -> None:
    buffer = BytesIO()
    small = photos.picture(640, 480)
    photos.picture(4000, 3000).save(buffer, "MPO", save_all=True, append_images=[small])
    photo = judge_photo(buffer.getvalue())
    assert (photo.width, photo.height) == (3000, 2250)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, "top left"),
        (2, "top right"),
        (3, "bottom right"),
        (4, "bottom left"),
        (5, "top left"),
        (6, "top right"),
        (7, "bottom right"),
        (8, "bottom left"),
    ],
)
def test_orientation_is_applied(orientation: int, corner: str) -> None:
    photo = judge_photo(photos.jpeg(1200, 900, exif_orientation=orientation))
    assert (photo.width, photo.height) == ((900, 1200) if orientation >= 5 else (1200, 900))
    image = opened(photo.jpeg)
    x = 50 if "left" in corner else photo.width - 50
    y = 50 if "top" in corner else photo.height - 50
    assert is_red(image, x, y)
    assert image.getexif().get(0x0112) is None


def test_no_metadata_survives() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>secret place</x:xmpmeta>"
    data = photos.jpeg(gps=True, exif_orientation=6, icc_profile=profile, comment=b"secret note", xmp=xmp)
    assert b"Testphone" in data
    assert b"secret" in data
    kept = judge_photo(data).jpeg
    image = opened(kept)
    assert not dict(image.getexif())
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    assert b"Testphone" not in kept
    assert b"secret" not in kept


def test_a_broken_colour_profile_is_passed_over() -> None:
    assert is_red(opened(judge_photo(photos.jpeg(icc_profile=b"no profile" * 20)).jpeg), 50, 50)


def test_broken_exif_is_passed_over() -> None:
    buffer = BytesIO()
    photos.picture(800, 700).save(buffer, "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff\x00\x01")
    assert judge_photo(buffer.getvalue()).width == 800


@pytest.mark.parametrize(("size", "kept"), [((6000, 4000), (3000, 2000)), ((2000, 5000), (1200, 3000))])
def test_large_photos_are_made_smaller(size: tuple[int, int], kept: tuple[int, int]) -> None:
    photo = judge_photo(photos.jpeg(*size))
    assert (photo.width, photo.height) == kept


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "photo.empty", id="no bytes"),
        pytest.param(photos.pdf(), "photo.is_pdf", id="pdf"),
        pytest.param(b"\n\n" + photos.pdf(), "photo.is_pdf", id="pdf after blank lines"),
        pytest.param(photos.mp4(), "photo.is_video", id="mp4"),
        pytest.param(photos.mov(), "photo.is_video", id="mov"),
        pytest.param(photos.webm(), "photo.is_video", id="webm"),
        pytest.param(photos.gif(), "photo.not_image", id="gif"),
        pytest.param("写真です".encode(), "photo.not_image", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "photo.not_image", id="svg"),
        pytest.param(b"\x00", "photo.not_image", id="one byte"),
        pytest.param(b"\x00\x00\x00\x1cftypavif" + b"\x00" * 99, "photo.not_image", id="avif"),
        pytest.param(photos.truncated_jpeg(), "photo.broken", id="half a jpeg"),
        pytest.param(photos.jpeg()[:40], "photo.broken", id="head of a jpeg"),
        pytest.param(photos.png()[:900], "photo.broken", id="half a png"),
        pytest.param(photos.heic()[:-2000], "photo.broken", id="half a heic"),
        pytest.param(photos.webp()[:-500], "photo.broken", id="half a webp"),
        pytest.param(b"\xff\xd8\xff" + b"\x00" * 5000, "photo.broken", id="jpeg in name"),
        pytest.param(b"\x00\x00\x00\x18ftypheic" + b"\x00" * 500, "photo.broken", id="heic in name"),
        pytest.param(photos.bomb_png(), "photo.bomb", id="10,000 by 10,000"),
        pytest.param(photos.bomb_png(7_100), "photo.bomb", id="over 50 million"),
        pytest.param(photos.bomb_png(20_000), "photo.bomb", id="over Pillow's own limit"),
    ],
)
def test_what_is_no_photo_is_refused(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_too_many_bytes_are_refused_unread() -> None:
    assert refusal(b"\xff\xd8\xff" + b"\x00" * (10 * 1024 * 1024)).data == {"limit_mb": "10"}
    assert refusal(photos.jpeg(), max_bytes=1000).code == "photo.too_large"


@pytest.mark.parametrize(("size", "fine"), [((600, 600), True), ((599, 900), False), ((900, 599), False)])
def test_the_short_side_decides(size: tuple[int, int], fine: bool) -> None:
    if fine:
        assert judge_photo(photos.jpeg(*size)).width == size[0]
    else:
        refused = refusal(photos.jpeg(*size))
        assert refused.code == "photo.too_small"
        assert refused.data == {"width": str(size[0]), "height": str(size[1]), "min_side": "600"}


def test_a_smaller_limit_can_be_asked_for() -> None:
    assert judge_photo(photos.jpeg(320, 240), min_side=200).height == 240


def test_a_strip_that_would_be_unreadable_after_shrinking_is_too_small() -> None:
    assert refusal(photos.png(600, 9000)).code == "photo.too_small"


def test_the_same_bytes_have_the_same_hash_and_others_another() -> None:
    assert judge_photo(photos.jpeg()).sha256 == judge_photo(photos.jpeg()).sha256
    assert judge_photo(photos.jpeg()).sha256 != judge_photo(photos.jpeg(text="other")).sha256


def test_photos_can_be_judged_from_several_threads() -> None:
    before = list(warnings.filters)
    sent = [photos.jpeg(700, 700, text=str(number)) for number in range(6)] + [photos.bomb_png()] * 2
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(_answer, sent))
    assert answers == ["kept"] * 6 + ["photo.bomb"] * 2
    assert list(warnings.filters) == before


def _answer(data: bytes) -> str:
    try:
        judge_photo(data)
    except PhotoRefused as refused:
        return refused.code
    return "kept"


@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_never_raise_anything_else(seed: int) -> None:
    whole = (photos.jpeg(640, 640), photos.png(640, 640), photos.webp(640, 640), photos.heic(640, 640))[seed % 4]
    harmed = bytearray(whole)
    for step in range(1, 8):
        harmed[(seed * 7919 + step * step * 104729) % len(harmed)] ^= 1 << (step + seed) % 8
    assert _answer(bytes(harmed)).startswith(("kept", "photo."))


def test_preview_fits_into_the_side_asked_for() -> None:
    photo = judge_photo(photos.jpeg(1600, 1200))
    small = opened(preview(photo.jpeg, 240))
    assert small.size == (240, 180)
    assert is_red(small, 10, 10)


def test_preview_does_not_enlarge() -> None:
    assert opened(preview(photos.jpeg(100, 80), 240)).size == (100, 80)


def test_preview_of_no_jpeg_is_refused() -> None:
    with pytest.raises(PhotoRefused) as caught:
        preview(photos.png(), 240)
    assert caught.value.code == "photo.broken"
