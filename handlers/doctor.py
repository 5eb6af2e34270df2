"""`doctor`: what is set up, what is not, and what to do about it."""

from dataclasses import dataclass

from bot.guidance import guidance
from handlers.bootstrap import Service
from handlers.health import Health
from handlers.settings import Settings
from models.rules.calendar import to_jst
from models.rules.guidance import FRESH_DAYS


@dataclass(frozen=True)
class Finding:
    """One line."""

    fine: bool
    words: str


def findings(service: Service) -> list[Finding]:
    """All checks; none of them changes anything."""
    return [*_settings(service), *_stores(service), *_terms(service), *_line(service), *_links(service)]


def _settings(service: Service) -> list[Finding]:
    at = service.settings
    found = [Finding(True, "LINE credentials are set" if not at.local else "local run: the stand-in plays LINE")]
    if at.local:
        return found
    public = at.public_base_url.startswith("https://")
    found.append(Finding(public, "PUBLIC_BASE_URL is https" if public else "set PUBLIC_BASE_URL to an https address"))
    if at.mail_url.startswith("file:"):
        found.append(Finding(False, "mails go to a folder; set MAIL_URL to smtp://… or ses:"))
    if at.mail_url.startswith("smtp://") and "@" in at.mail_url and "starttls=1" not in at.mail_url:
        found.append(Finding(False, "the mail password travels in clear; add ?starttls=1 to MAIL_URL"))
    return [*found, _liff(at)]


def _liff(at: Settings) -> Finding:
    if at.liff_id:
        return Finding(True, "pages ask LINE who reads (LIFF)")
    todo = "set LIFF_ID and LINE_LOGIN_CHANNEL_ID; until then a page opens for whoever opens its link first"
    return Finding(False, f"papers and check-in pages need LIFF: {todo}")


def _stores(service: Service) -> list[Finding]:
    troubles = Health(service.database, service.files).troubles()
    return [Finding(False, trouble) for trouble in troubles] or [Finding(True, "database and files answer")]


def _terms(service: Service) -> list[Finding]:
    from storage import appointment

    try:
        with service.database.read() as uow:
            shown = appointment.current_terms(uow)
    except Exception:
        return []
    words = f"terms {shown.version} are published" if shown else "no terms; publish them on the page (委嘱条件)"
    return [Finding(shown is not None, words)]


def _line(service: Service) -> list[Finding]:
    from bot.line.outcomes import LineError
    from storage import system

    try:
        info = service.client.bot_info()
        quota = service.client.quota()
    except LineError as error:
        return [Finding(False, f"LINE does not accept the token ({type(error.outcome).__name__}); renew it")]
    found = [Finding(True, f"LINE token belongs to {info.basic_id}")]
    left = None if quota.limit is None else quota.limit - quota.used
    found.append(
        Finding(left is None or left > 0, f"messages left this month: {'unlimited' if left is None else left}")
    )
    with service.database.read() as uow:
        menus = system.menu_ids(uow)
    words = "rich menus are synced" if menus else "no rich menus; run: chusho119 richmenu sync"
    return [*found, Finding(bool(menus), words)]


def _links(service: Service) -> list[Finding]:
    """The addresses of 申請・リンク, by the day on which each was checked; nothing is fetched."""
    old = guidance().old_links(to_jst(service.clock()).date())
    advice = "open it, then write the day in bot/guidance/links.toml"
    found = [
        Finding(False, f"link {link.key} was last checked on {link.checked}: {link.url} ({advice})") for link in old
    ]
    return found or [Finding(True, f"all links out were checked within {FRESH_DAYS} days")]
