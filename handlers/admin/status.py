"""システムの状態: what `doctor` finds, for those who run the office: the figures first, then what to do, worst first.

Opening the page asks our own tables alone. LINE, the mail server, the file store and the queue are asked when somebody
presses the button, once a minute at most.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.checks.finding import ATTENTION, LEVELS, Finding, worst_first
from handlers.services import Examiner
from models.rules.calendar import age_in_words, day_start, to_jst
from models.rules.permissions import can
from storage import inbox, levels, outbox, standing, system
from storage.database import Conflict
from storage.inbox import ms

EVERY = timedelta(minutes=1)
"""LINE lets a webhook be tested 60 times an hour."""
TURNS_MOST = 20_000


@dataclass(frozen=True)
class Figure:
    """One number at the top; `warn`: it needs looking at."""

    name: str
    value: str
    unit: str
    note: str = ""
    warn: bool = False


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/status", view_func=status)
    bp.add_url_rule("/status", view_func=ask_others, methods=["POST"])


def status() -> ResponseReturnValue:
    """What our own tables say, and what the others said last."""
    return _page(_examiner())


def ask_others() -> ResponseReturnValue:
    """Ask the others now, and show it at once: another process would not know the answer."""
    examiner = _examiner()
    at = now()
    try:
        with services().database.unit() as uow:
            ours = system.take_job_lease(uow, "status", uuid.uuid4().hex, ms(at), ms(at + EVERY))
    except Conflict:
        ours = False
    if not ours:
        return _page(examiner, t("status.wait"), 429)
    examiner.ask()
    return _page(examiner)


def _examiner() -> Examiner:
    if not can(actor(), "status.read"):
        abort(403)
    return services().examiner or abort(404)


def _page(examiner: Examiner, error: str = "", code: int = 200) -> ResponseReturnValue:
    found = [*examiner.here(), *examiner.answers]
    bad = worst_first(each for each in found if each.level in ATTENTION)
    page = render_template(
        "admin/status.html", figures=_figures(examiner.answers), bad=bad, groups=_groups(found), error=error,
        asked_at=examiner.asked_at, details=can(actor(), "status.details"), every=EVERY,
    )  # fmt: skip
    return page, code


def _groups(found: Sequence[Finding]) -> dict[str, list[Finding]]:
    """All findings by group; groups with something bad first."""
    groups = {
        name: worst_first(each for each in found if each.group == name)
        for name in dict.fromkeys(f.group for f in found)
    }
    return dict(sorted(groups.items(), key=lambda item: LEVELS.index(item[1][0].level)))


def _figures(answers: Sequence[Finding]) -> list[Figure]:
    at = now()
    with services().database.read() as uow:
        found = levels.measure(uow, at)
        dead = outbox.troubles(uow)["dead"] + inbox.count_dead(uow)
        turns = standing.events_since(uow, ms(day_start(to_jst(at).date())), TURNS_MOST)
    left = next((each.data["left"] for each in answers if "left" in each.data), None)
    return [
        _waiting("処理待ちの受信", found.inbox_waiting, found.inbox_oldest),
        _waiting("送信待ちのお知らせ", found.outbox_waiting, found.outbox_oldest),
        Figure("上限で止めているお知らせ", f"{found.outbox_held:,}", "件", warn=found.outbox_held > 0),
        Figure("届かなかったもの", f"{dead:,}", "件", warn=dead > 0),
        Figure("今月送れる残り", "―" if left is None else f"{left:,}", "" if left is None else "通", warn=left == 0),
        Figure("今日の受信", f"{turns:,}", "件以上" if turns >= TURNS_MOST else "件"),
    ]


def _waiting(name: str, count: int, oldest: float) -> Figure:
    note = f"いちばん古いもの {age_in_words(timedelta(seconds=oldest))}" if count else ""
    return Figure(name, f"{count:,}", "件", note, warn=oldest >= 60)
