"""Personal links to our pages: signed, for one purpose and one person, expiring (`architecture.md` 3, 5.2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from itsdangerous import BadData, URLSafeTimedSerializer

from storage.secrets import Keys, oldest_first

PAPERS_FOR = timedelta(minutes=30)
LETTER_FOR = timedelta(hours=24)
FORM_FOR = timedelta(hours=24)
REQUEST_FOR = timedelta(hours=24)
DISPATCHES_FOR = timedelta(hours=24)
FEES_FOR = timedelta(hours=24)
EXPERTS_FOR = timedelta(hours=24)
CERTIFY_FOR = timedelta(days=14)
HANDOFF_OPENS_FOR = timedelta(minutes=15)
HANDED_FOR = timedelta(hours=8)
HANDED = "handed"
INVITATIONS = "invitations"
CERTIFY = "certify"


@dataclass(frozen=True)
class PageTicket:
    """What a link opens: `purpose` on `subject`, for `person`.

    It opens for the first time until `opens_until`, and stays open until `expires_at` at the latest. `handed`: made
    on an open page for another device of the same person.
    """

    purpose: str
    person: str
    subject: str
    made: datetime
    opens_until: datetime
    expires_at: datetime
    handed: bool = False


class Links:
    """Makes and reads links under the public address, or under LIFF's when there is a LIFF app."""

    def __init__(self, keys: Keys, base_url: str, account_id: str = "@chusho119", liff_id: str = "") -> None:
        """`keys`: of SECRET_KEY. `account_id` is the official account's basic id; the friend link leads to its talk."""
        self._account_id = account_id
        self._liff_id = liff_id
        self._signer = URLSafeTimedSerializer(oldest_first(keys), salt="page-link")
        self.base_url = base_url.rstrip("/")

    def page(self, purpose: str, person: str, subject: str) -> str:
        """A link to `/p/<purpose>/…` for this person alone, to be opened from LINE."""
        path = self._path(purpose, person, subject)
        return f"https://liff.line.me/{self._liff_id}/{path}" if self._liff_id else f"{self.base_url}/p/{path}"

    def direct(self, purpose: str, person: str, subject: str) -> str:
        """The same under our own address, for what LINE itself fetches, such as a picture of a message."""
        return f"{self.base_url}/p/{self._path(purpose, person, subject)}"

    def certify(self, dispatch_id: str) -> str:
        """A link for a business, which is no person of ours, to confirm one visit: one browser, one time."""
        return self.direct(CERTIFY, "business", dispatch_id)

    def handoff(self, purpose: str, person: str, subject: str) -> str:
        """A link to the same page on another device: one browser, to be opened within 15 minutes, then for 8 hours."""
        return f"{self.base_url}/p/{self._path(purpose, person, subject, HANDED)}"

    def open(self, purpose: str, token: str, now: datetime, valid_for: timedelta) -> PageTicket | None:
        """The ticket behind a token; None when it is forged, for another purpose, or over."""
        found = self._read(token)
        if found is None or found[0][0] != purpose:
            return None
        (_, person, subject, *marks), made = found
        handed = HANDED in marks
        opens_for = HANDOFF_OPENS_FOR if handed else valid_for
        open_for = HANDOFF_OPENS_FOR + HANDED_FOR if handed else valid_for
        if now >= made + open_for:
            return None
        return PageTicket(purpose, person, subject, made, made + opens_for, made + open_for, handed)

    def person_of(self, token: str) -> str | None:
        """Whom a token of ours was made for, however old it is."""
        found = self._read(token)
        return found[0][1] if found else None

    def invitation(self, person: str, friend: str, until: datetime) -> str:
        """The picture of an invitation's QR code, which leads to `friend`, until the invitation's end."""
        return self.direct(INVITATIONS, person, f"{int(until.timestamp())} {friend}") + ".png"

    def open_invitation(self, token: str, now: datetime) -> str | None:
        """Where an invitation's QR code leads; None for a forged link and after the invitation's end."""
        found = self._read(token)
        if found is None or found[0][0] != INVITATIONS:
            return None
        until, _, friend = found[0][2].partition(" ")
        return friend if until.isdecimal() and now.timestamp() < int(until) else None

    def public(self, kind: str, name: str) -> str:
        """A link to a page that names nobody."""
        return f"{self.base_url}/p/{kind}/{quote(name)}"

    def friend(self, words: str) -> str:
        """Opens the talk with our account (adding it as a friend first), with `words` typed in."""
        return f"https://line.me/R/oaMessage/{quote(self._account_id)}/?{quote(words)}"

    def admin(self, path: str = "") -> str:
        """A link to the secretariat's page."""
        return f"{self.base_url}/admin/{path}"

    def _path(self, purpose: str, *rest: str) -> str:
        return f"{purpose}/{self._signer.dumps([purpose, *rest])}"

    def _read(self, token: str) -> tuple[list[str], datetime] | None:
        try:
            parts, made = self._signer.loads(token, return_timestamp=True)
        except (BadData, ValueError):
            return None
        return parts, made.astimezone(UTC)
