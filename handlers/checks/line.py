"""LINE: our token, what is left to send, where webhooks go and whether they arrive, the rich menus."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bot.line import richmenus
from bot.line.outcomes import LineError, Unauthorised
from handlers.checks.finding import Finding, error, fine, unknown, warning
from handlers.line.webhook import PATH
from storage import system

if TYPE_CHECKING:
    from bot.line.client import LineClient
    from handlers.bootstrap import Service

CLOCK_WARNS = 10.0
LOW = 0.1
"""The share of the month's messages below which one should think of the rest of the month."""


def look(service: "Service") -> Iterator[Finding]:
    """Without a token that LINE takes, nothing else can be asked."""
    client, at = service.client, service.settings
    try:
        info = client.bot_info()
    except LineError as problem:
        if isinstance(problem.outcome, Unauthorised):
            yield error("line_token", f"HTTP {problem.outcome.status}")
        else:
            yield error("line_silent", type(problem.outcome).__name__)
        return
    yield fine("line_answers", account=info.basic_id)
    if info.basic_id != at.account_id:
        yield error("line_account", f"LINE_ACCOUNT_ID {at.account_id}, LINE {info.basic_id}")
    for part in (_clock, _quota):
        yield from _asked(part, client)
    yield from _webhook(client, at.public_base_url.rstrip("/") + PATH, local=at.local)
    if at.liff_id:
        yield unknown("liff_unasked", f"{at.public_base_url.rstrip('/')}/p/")


def _asked(part: Callable[["LineClient"], Iterator[Finding]], client: "LineClient") -> Iterator[Finding]:
    """One question; LINE not answering it keeps no other from being asked."""
    try:
        yield from part(client)
    except LineError as problem:
        yield unknown("line_unasked", type(problem.outcome).__name__)


def _clock(client: "LineClient") -> Iterator[Finding]:
    date = client.date()
    apart = abs(date.timestamp() - time.time()) if date else 0.0
    if apart >= CLOCK_WARNS:
        yield error("line_clock", seconds=round(apart))


def _quota(client: "LineClient") -> Iterator[Finding]:
    quota = client.quota()
    if quota.limit is None:
        yield fine("quota_unlimited", used=quota.used)
        return
    left = max(0, quota.limit - quota.used)
    say = error if not left else warning if left < quota.limit * LOW else fine
    yield say("quota_none" if not left else "quota_low" if say is warning else "quota", left=left, limit=quota.limit)


def _webhook(client: "LineClient", ours: str, *, local: bool) -> Iterator[Finding]:
    """The stand-in of a local run has its own address of ours."""
    try:
        setting = client.webhook()
        if setting is None:
            yield error("webhook_unset", ours)
            return
        if setting.endpoint != ours and not local:
            yield error("webhook_elsewhere", f"{setting.endpoint} ≠ {ours}")
        if not setting.active:
            yield error("webhook_inactive")
        test = client.check_webhook()
    except LineError as problem:
        yield unknown("webhook_unasked", type(problem.outcome).__name__)
        return
    said = f"{test.reason} {test.detail}".strip()
    yield fine("webhook_arrives") if test.success else error("webhook_fails", said, status=test.status)


def look_at_menus(service: "Service") -> Iterator[Finding]:
    """Each menu of the code stands at LINE as it is drawn here, under its alias, and we know its id."""
    from bot.line.menu_images import draw

    client = service.client
    try:
        names = {menu["richMenuId"]: str(menu.get("name", "")) for menu in client.menus()}
        aliases, default = client.aliases(), client.default_menu()
    except LineError as problem:
        yield unknown("line_unasked", type(problem.outcome).__name__)
        return
    with service.database.read() as uow:
        known = system.menu_ids(uow)
    ours = [menu.alias for menu in richmenus.MENUS]
    absent = tuple(alias for alias in ours if aliases.get(alias) not in names)
    strange = tuple(alias for alias in ours if alias not in absent and known.get(alias) != aliases[alias])
    if absent:
        yield error("menus_absent", more=absent)
    if strange:
        yield error("menus_strange", more=strange)
    if not absent and default != aliases[ours[0]]:
        yield error("menus_default")
    drawn = {menu.alias: richmenus.version(menu, draw(menu)) for menu in richmenus.MENUS}
    old = tuple(alias for alias in ours if alias not in absent and names[aliases[alias]] != drawn[alias])
    if old:
        yield warning("menus_old", more=old)
    if not absent and not old and not strange:
        yield fine("menus_same", count=len(drawn))
