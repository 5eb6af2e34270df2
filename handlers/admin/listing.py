"""What was typed into a field of the secretariat's page, made plain."""

import unicodedata


def clean(text: str) -> str:
    """Typed text with plain line breaks, without control characters and lone surrogates."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()
