"""Settings: what is missing outside a local run, what is weak, and what contradicts something else."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from handlers.checks.finding import Finding, error, fine, warning
from handlers.settings import SECRET_LEAST

if TYPE_CHECKING:
    from handlers.bootstrap import Service
    from handlers.settings import Settings

SECRET_SIGNS = 12
"""So many different characters at least: a repeated word is long, too."""
TOKEN_LEAST = 24


def look(service: "Service") -> Iterator[Finding]:
    """All settings; a local run is only told that it is one."""
    at = service.settings
    if at.local:
        yield fine("local")
        return
    yield from _address(at)
    yield from _secrets(at)
    yield from _mail(at)
    yield from _liff(at)
    yield from _machines(at)


def _address(at: "Settings") -> Iterator[Finding]:
    parts = urlsplit(at.public_base_url)
    if parts.scheme != "https":
        yield error("not_https", at.public_base_url)
    elif parts.path.strip("/") or parts.query:
        yield error("address_has_path", at.public_base_url)
    else:
        yield fine("https", at.public_base_url)
    if parts.scheme == "https" and not at.trusted_hops and not at.event_queue_url:
        yield warning("no_hops")


def _secrets(at: "Settings") -> Iterator[Finding]:
    yield error("secret_weak", least=SECRET_LEAST) if any(map(weak, at.secret_keys)) else fine("secret_strong")
    if len(at.secret_keys) > 1:
        yield warning("secret_old", count=len(at.secret_keys))
    if not at.metrics_token:
        yield fine("metrics_off")
    elif len(at.metrics_token) < TOKEN_LEAST:
        yield warning("metrics_weak", least=TOKEN_LEAST)


def weak(secret: str) -> bool:
    """Whether somebody could guess what signs our sessions and links."""
    return len(secret) < SECRET_LEAST or len(set(secret)) < SECRET_SIGNS


def _mail(at: "Settings") -> Iterator[Finding]:
    if at.mail_url.startswith("file:"):
        yield error("mail_folder")
        return
    if at.mail_sender.endswith("@localhost"):
        yield error("mail_sender")
    if at.mail_url.startswith("smtp://") and "@" in at.mail_url and "starttls=1" not in at.mail_url:
        yield error("mail_clear")


def _liff(at: "Settings") -> Iterator[Finding]:
    if not at.liff_id:
        yield error("liff_absent")
    elif at.liff_id.partition("-")[0] != at.login_channel_id:
        yield error("liff_channel", f"LIFF_ID {at.liff_id}, LINE_LOGIN_CHANNEL_ID {at.login_channel_id}")
    else:
        yield fine("liff_set", f"{at.public_base_url.rstrip('/')}/p/")


def _machines(at: "Settings") -> Iterator[Finding]:
    """What several machines cannot share."""
    if at.event_queue_url and at.database_url.startswith("sqlite"):
        yield error("queue_sqlite")
    if at.event_queue_url and at.file_store_url.startswith("file:"):
        yield error("queue_folder")
    if not at.event_queue_url and at.web_concurrency > 1 and at.database_url.startswith("sqlite"):
        yield warning("sqlite_processes", count=at.web_concurrency)
