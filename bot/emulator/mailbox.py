"""The mailbox of the local environment: `.eml` files in a folder, read and never changed."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

PREVIEW_LENGTH = 80
_LINK = re.compile(r"https?://[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
_AFTER_LINK = ".,;:!?)]'"


@dataclass(frozen=True)
class Letter:
    """A mail as the mailbox shows it."""

    id: str
    at: datetime
    to: str
    subject: str
    text: str

    def summary(self) -> dict[str, Any]:
        """A line of the list."""
        preview = " ".join(self.text.split())[:PREVIEW_LENGTH]
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "to": self.to,
            "subject": self.subject,
            "preview": preview,
        }

    def whole(self) -> dict[str, Any]:
        """The mail opened."""
        links = list(dict.fromkeys(link.rstrip(_AFTER_LINK) for link in _LINK.findall(self.text)))
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "links": links,
        }


def letters(folder: Path | None) -> list[Letter]:
    """All mails, the newest first; what cannot be read is left out."""
    found = [letter for path in _files(folder) if (letter := _read(path))]
    return sorted(found, key=lambda letter: letter.at, reverse=True)


def letter(folder: Path | None, letter_id: str) -> Letter | None:
    """One mail by its id, None when there is none."""
    return next((_read(path) for path in _files(folder) if path.stem == letter_id), None)


def count(folder: Path | None) -> int:
    """How many mails there are, without opening them."""
    return len(_files(folder))


def _files(folder: Path | None) -> list[Path]:
    return sorted(folder.glob("*.eml")) if folder and folder.is_dir() else []


def _read(path: Path) -> Letter | None:
    try:
        data, changed = path.read_bytes(), path.stat().st_mtime
    except OSError:
        return None
    message = BytesParser(policy=policy.default).parsebytes(data)
    return Letter(path.stem, _date(message, changed), str(message["to"]), str(message["subject"]), _text(message))


def _date(message: EmailMessage, changed: float) -> datetime:
    try:
        at = parsedate_to_datetime(str(message["date"]))
    except ValueError:
        return datetime.fromtimestamp(changed, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body else ""
