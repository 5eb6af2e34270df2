"""`python -m storage.pdf_drawing MIN_SIDE MOST_PAGES`: a PDF on standard input, its pages as JPEG on standard output.

Its own process, with limits on memory and time; see `storage.pdf_pages`. The output is a line of JSON, either
{"pages": [[width, height, bytes], …]} followed by the pictures, or {"refused": code}.
"""

import json
import resource
import sys
from typing import TYPE_CHECKING

from storage.images import LONG_SIDE, as_jpeg

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

CPU_SECONDS = 20
MEMORY = 1536 * 1024 * 1024
POINTS_PER_INCH = 72
DPI = 200
LONGEST_INCHES = 50
"""A little over A0; nobody's certificate is larger."""
LOCKED = 4

Drawn = tuple[int, int, bytes]


class _Refused(Exception):
    pass


def main() -> None:
    """Read, draw, write."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    min_side, most_pages = map(int, sys.argv[1:3])
    try:
        drawn = _draw(sys.stdin.buffer.read(), min_side, most_pages)
    except _Refused as refused:
        sys.stdout.write(json.dumps({"refused": str(refused)}) + "\n")
        return
    head = json.dumps({"pages": [[width, height, len(jpeg)] for width, height, jpeg in drawn]})
    sys.stdout.buffer.write(head.encode() + b"\n" + b"".join(jpeg for _, _, jpeg in drawn))


def _draw(data: bytes, min_side: int, most_pages: int) -> list[Drawn]:
    import pypdfium2

    try:
        with pypdfium2.PdfDocument(data) as document:
            return _pages(document, min_side, most_pages)
    except pypdfium2.PdfiumError as error:
        raise _Refused("pdf.locked" if error.err_code == LOCKED else "pdf.broken") from error


def _pages(document: "PdfDocument", min_side: int, most_pages: int) -> list[Drawn]:
    count = len(document)
    if not count:
        raise _Refused("pdf.broken")
    if count > most_pages:
        raise _Refused("pdf.too_many")
    document.init_forms()
    return [_page(document[number], min_side) for number in range(count)]


def _page(page: "PdfPage", min_side: int) -> Drawn:
    short, long = sorted(page.get_size())
    if short <= 0 or long > LONGEST_INCHES * POINTS_PER_INCH or long / short > LONG_SIDE / min_side:
        raise _Refused("pdf.huge")
    scale = min(max(DPI / POINTS_PER_INCH, min_side / short), LONG_SIDE / long)
    bitmap = page.render(scale=scale, draw_annots=True)  # pyright: ignore[reportArgumentType] - any number will do
    image = bitmap.to_pil().convert("RGB")
    return image.width, image.height, as_jpeg(image)


if __name__ == "__main__":
    main()
