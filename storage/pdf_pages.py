"""PDFs people send instead of photos: their pages as plain JPEG, drawn in a process of its own.

A PDF is a program of strangers: the process that draws it (`storage.pdf_drawing`) may take so much memory and
time and no more, and takes nothing of ours with it when it dies. One PDF is drawn at a time; photos do not wait for it.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading

from storage.images import MAX_BYTES, MIN_SIDE, Photo, PhotoRefused, too_large

DRAWING = "storage.pdf_drawing"
MOST_PAGES = 8
WAIT_SECONDS = 30.0
DRAW_SECONDS = 22.0
"""A page has 29 seconds on Lambda, in which the file is fetched and kept as well."""
PASSED_ON = ("LD_LIBRARY_PATH",)
"""Of our environment, which holds keys, the drawing process gets what Python needs to start and nothing else."""

_drawing = threading.Lock()


def draw_pages(data: bytes, *, min_side: int = MIN_SIDE, max_bytes: int = MAX_BYTES) -> list[Photo]:
    """Each page at about 200 dpi, the short side at least `min_side`, the long one at most 3000 pixels.

    Raises PhotoRefused: photo.too_large (limit_mb), pdf.locked, pdf.broken, pdf.too_many (most), pdf.huge,
    pdf.heavy or pdf.busy. The same PDF gives the same hashes, whatever draws it.
    """
    if len(data) > max_bytes:
        raise too_large(max_bytes)
    if not _drawing.acquire(timeout=WAIT_SECONDS):
        raise PhotoRefused("pdf.busy")
    try:
        drawn = _drawn(data, min_side)
    finally:
        _drawing.release()
    return [_photo(data, number, *page) for number, page in enumerate(drawn)]


def _photo(data: bytes, number: int, width: int, height: int, jpeg: bytes) -> Photo:
    sha256 = hashlib.sha256(data)
    sha256.update(b"page %d" % number)
    return Photo(jpeg, width, height, sha256.hexdigest())


def _drawn(data: bytes, min_side: int) -> list[tuple[int, int, bytes]]:
    """What the drawing process wrote: a line of JSON, then the pages one after the other."""
    command = [sys.executable, "-m", DRAWING, str(min_side), str(MOST_PAGES)]
    known = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    known |= {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the PDF is its input alone
            command, input=data, capture_output=True, env=known, timeout=DRAW_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise PhotoRefused("pdf.heavy") from None
    head, _, pages = done.stdout.partition(b"\n")
    if done.returncode:
        raise PhotoRefused("pdf.heavy")
    told = json.loads(head)
    if refused := told.get("refused"):
        raise PhotoRefused(refused, {"most": str(MOST_PAGES)} if refused == "pdf.too_many" else None)
    drawn, at = [], 0
    for width, height, size in told["pages"]:
        drawn.append((width, height, pages[at : at + size]))
        at += size
    return drawn
