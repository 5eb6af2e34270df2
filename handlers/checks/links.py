"""The addresses of 申請・リンク, by the day on which each was checked; nothing is fetched."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.guidance import guidance
from handlers.checks.finding import Finding, fine, warning
from models.rules.calendar import to_jst
from models.rules.guidance import FRESH_DAYS

if TYPE_CHECKING:
    from handlers.bootstrap import Service


def look(service: "Service") -> Iterator[Finding]:
    """All old links in one finding: they are checked in one sitting."""
    old = guidance().old_links(to_jst(service.clock()).date())
    if not old:
        yield fine("links_fresh", days=FRESH_DAYS)
        return
    named = tuple(f"{link.key}  {link.checked}  {link.url}" for link in old)
    yield warning("links_old", more=named, count=len(old), days=FRESH_DAYS)
