"""PDFs people send: their pages as pictures, and every kind of PDF that is refused with a sentence."""

from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject

from bot.text import catalogue, t
from storage import pdf_pages
from storage.images import PhotoRefused, is_pdf
from storage.pdf_pages import draw_pages
from tests.support import photos

A4 = (595, 842)
RED_SQUARE = b"1 0 0 rg 50 700 100 100 re f"


def pdf(pages: int = 1, size: tuple[float, float] = A4, content: bytes = b"", password: str = "") -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        page = writer.add_blank_page(*size)
        stream = DecodedStreamObject()
        stream.set_data(content)
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def refused(data: bytes, **how: int) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        draw_pages(data, **how)
    assert t(caught.value.code, **caught.value.data)
    return caught.value


def test_a_page_is_drawn_at_200_dpi_with_what_stands_on_it():
    [page] = draw_pages(pdf(content=RED_SQUARE))
    image = Image.open(BytesIO(page.jpeg))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (page.width, page.height))
    assert page.width == pytest.approx(595 * 200 / 72, abs=2)
    seen = image.resize(A4)
    assert seen.getpixel((100, 842 - 750))[0] > 200  # type: ignore[index]
    assert seen.getpixel((100, 842 - 750))[1] < 60  # type: ignore[index]
    assert seen.getpixel((400, 400)) == (255, 255, 255)


def test_pages_come_in_their_order_each_with_a_hash_of_its_own_that_stays():
    data = pdf(8)
    first, second = draw_pages(data), draw_pages(data)
    assert len({page.sha256 for page in first}) == 8
    assert [page.sha256 for page in first] == [page.sha256 for page in second]
    assert {page.sha256 for page in first}.isdisjoint(page.sha256 for page in draw_pages(pdf(7)))


def test_a_small_page_is_drawn_larger_and_a_large_one_smaller():
    [card] = draw_pages(pdf(size=(240, 150)), min_side=900)
    assert min(card.width, card.height) >= 899
    [poster] = draw_pages(pdf(size=(2380, 3360)))
    assert max(poster.width, poster.height) <= 3001


def test_a_scan_in_a_pdf_is_legible():
    [page] = draw_pages(photos.pdf())
    assert min(page.width, page.height) > 1200


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (pdf(9), "pdf.too_many"),
        (pdf(password="secret"), "pdf.locked"),
        (pdf(0), "pdf.broken"),
        (b"%PDF-1.7\njunk", "pdf.broken"),
        (photos.pdf()[:3000], "pdf.broken"),
        (b"%PDF-" + b"\x00" * 100_000, "pdf.broken"),
        (pdf(size=(14_000, 14_000)), "pdf.huge"),
        (pdf(size=(20, 3000)), "pdf.huge"),
        (b"%PDF-" + b"x" * (10 * 1024 * 1024), "photo.too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_a_sentence(data: bytes, code: str):
    assert refused(data).code == code


def test_a_pdf_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf_pages, "DRAW_SECONDS", 0.01)
    assert refused(pdf()).code == "pdf.heavy"


def test_a_pdf_that_eats_memory_or_time_ends_its_own_process_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf_pages, "DRAWING", "tests.support.greedy")
    assert refused(pdf()).code == "pdf.heavy"
    monkeypatch.undo()
    assert draw_pages(pdf())


def test_while_another_pdf_is_drawn_a_person_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf_pages, "WAIT_SECONDS", 0.01)
    with pdf_pages._drawing:
        assert refused(pdf()).code == "pdf.busy"
    assert draw_pages(pdf())


def test_the_drawing_process_does_not_get_our_keys(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIELD_KEYS", "secret")
    given: dict[str, str] = {}
    run = pdf_pages.subprocess.run

    def seen(*command: object, env: dict[str, str], **more: object) -> object:
        given.update(env)
        return run(*command, env=env, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(pdf_pages.subprocess, "run", seen)
    assert draw_pages(pdf())
    assert set(given) <= {"PYTHONPATH", "LD_LIBRARY_PATH"}


@pytest.mark.parametrize(
    ("data", "said"), [(pdf(), True), (b"\xef\xbb\xbf%PDF-1.4", True), (photos.jpeg(), False), (b"", False)]
)
def test_a_pdf_is_known_by_its_content(data: bytes, said: bool):
    assert is_pdf(data) is said


def test_every_refusal_has_its_sentence():
    assert {f"pdf.{why}" for why in ("locked", "broken", "too_many", "huge", "heavy", "busy")} <= set(catalogue())
