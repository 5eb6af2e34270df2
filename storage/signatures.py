"""Drawn signatures: judged by what was drawn, and kept sealed in the file store like any paper."""

from hashlib import sha256
from io import BytesIO

from storage.database import Database
from storage.images import PhotoRefused, judge_photo

MAX_BYTES = 150 * 1024
MIN_SIDE = 60
DARK = 128
INK_LEAST = 0.001
INK_MOST = 0.5
"""Shares of the picture: less is a dot, more is no writing."""
WIDE_LEAST = 0.12
"""How much of the picture's width or height the strokes span at least."""


def judge_signature(data: bytes) -> bytes:
    """The drawing as plain JPEG on white; never to be called inside a transaction.

    PhotoRefused: check_out.signature_small for a dot or an empty sheet, check_out.signature_bad for anything that is no
    picture of a signature.
    """
    try:
        photo = judge_photo(data, min_side=MIN_SIDE, max_bytes=MAX_BYTES)
    except PhotoRefused as refused:
        raise PhotoRefused("check_out.signature_bad") from refused
    from PIL import Image

    with Image.open(BytesIO(photo.jpeg)) as image:
        ink = image.convert("L").point([255 if level < DARK else 0 for level in range(256)])
    box, area = ink.getbbox(), photo.width * photo.height
    share = ink.histogram()[255] / area
    if share > INK_MOST:
        raise PhotoRefused("check_out.signature_bad")
    span = max((box[2] - box[0]) / photo.width, (box[3] - box[1]) / photo.height) if box else 0
    if share < INK_LEAST or span < WIDE_LEAST:
        raise PhotoRefused("check_out.signature_small")
    return photo.jpeg


def key_of(database: Database, dispatch_id: str, nonce: str, picture: bytes) -> str:
    """Where the drawing of one act is kept: sent twice it is the same file; another drawing never takes its place."""
    return f"signatures/{database.vault.digest(f'{dispatch_id}:{nonce}:{sha256(picture).hexdigest()}')}"
