"""What was typed into a form or an address of the secretariat's page, made plain; for one line, see `tidy`."""

import re
import unicodedata

from models.tables.base import ROW_ID


def clean(text: str) -> str:
    """Typed text with plain line breaks, without control characters and lone surrogates."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def whole(text: str) -> int:
    """A whole number such as a version that a form carries; 0 for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0


def row_id(text: str) -> str | None:
    """The id of a row; None for anything else."""
    return text if ROW_ID.fullmatch(text) else None
