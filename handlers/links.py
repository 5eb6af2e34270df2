"""Personal links to our pages: signed, for one purpose and one person, expiring (`architecture.md` 3, 5.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from itsdangerous import BadData, URLSafeTimedSerializer

PAPERS_FOR = timedelta(minutes=30)
LETTER_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class PageTicket:
    """What a link opens: `purpose` on `subject`, for `person`, until `expires_at`."""

    purpose: str
    person: str
    subject: str
    expires_at: datetime


class Links:
    """Makes and reads links under the public address."""

    def __init__(self, secret_key: str, base_url: str, account_id: str = "@chusho119") -> None:
        """`account_id` is the official account's basic id; the friend link leads to its talk."""
        self._account_id = account_id
        self._signer = URLSafeTimedSerializer(secret_key, salt="page-link")
        self.base_url = base_url.rstrip("/")

    def page(self, purpose: str, person: str, subject: str) -> str:
        """A link to `/p/<purpose>/…` for this person alone."""
        return f"{self.base_url}/p/{purpose}/{self._signer.dumps([purpose, person, subject])}"

    def open(self, purpose: str, token: str, now: datetime, valid_for: timedelta) -> PageTicket | None:
        """The ticket behind a token; None when it is forged, for another purpose, or over."""
        try:
            (made_for, person, subject), made = self._signer.loads(token, return_timestamp=True)
        except (BadData, ValueError, TypeError):
            return None
        expires_at = made.astimezone(UTC) + valid_for
        if made_for != purpose or now >= expires_at:
            return None
        return PageTicket(purpose, str(person), str(subject), expires_at)

    def public(self, kind: str, name: str) -> str:
        """A link to a page that names nobody."""
        return f"{self.base_url}/p/{kind}/{quote(name)}"

    def friend(self, words: str) -> str:
        """Opens the talk with our account (adding it as a friend first), with `words` typed in."""
        return f"https://line.me/R/oaMessage/{quote(self._account_id)}/?{quote(words)}"

    def admin(self, path: str = "") -> str:
        """A link to the secretariat's page."""
        return f"{self.base_url}/admin/{path}"
