"""届かなかったもの: messages that did not leave and events that could not be handled, tried again or put away."""

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.again import dangerous
from handlers.admin.context import actor, now, services
from handlers.admin.listing import whole
from handlers.usecases import given_up as usecase
from models.rules.permissions import Actor, can
from storage import given_up, outbox
from storage.database import UnitOfWork

MOST = 100
"""Rows shown, and rows settled at once."""
Settle = Callable[[UnitOfWork, Actor, Sequence[int], datetime], int]
AGAIN: dict[str, Settle] = {"messages": usecase.send_again, "events": usecase.handle_again}
AWAY: dict[str, Settle] = {"messages": usecase.put_messages_away, "events": usecase.put_events_away}


REASONS = {
    "monthly limit": "quota", "blocked": "blocked", "blocked, mailed": "mailed", "cannot be rendered": "words",
    "mail refused": "mail", "menu refused": "menu", "no rich menus yet": "menu", outbox.SET_ASIDE: "restored",
}  # fmt: skip
"""What the delivery writes down, and the word of it here; `refused 400` and the like are told apart by their start."""


def reason(error: str) -> str:
    """Why a message or an event was given up, in words; a code that nobody knows goes as it is."""
    if error.startswith("refused"):
        return t("trouble.why_refused", code=error.removeprefix("refused").strip() or "400")
    if error in REASONS:
        return t(f"trouble.why_{REASONS[error]}")
    return t("trouble.why_event", code=error) if error.isidentifier() else error


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/troubles", view_func=troubles)
    bp.add_url_rule("/troubles/<any(messages,events):what>", view_func=try_again, methods=["POST"])
    bp.add_url_rule("/troubles/<any(messages,events):what>/away", view_func=put_away, methods=["POST"])


def troubles(error: str = "", status: int = 200) -> ResponseReturnValue:
    """When and why, never whose or what."""
    with services().database.read() as uow:
        messages, events = given_up.messages(uow, MOST), given_up.events(uow, MOST)
    page = render_template(
        "admin/troubles.html",
        messages=messages,
        events=events,
        error=error,
        reason=reason,
        may=can(actor(), "given_up.settle"),
    )
    return page, status


def try_again(what: str) -> ResponseReturnValue:
    """The chosen ones leave, or have their turn, once more."""
    return _settle(what, AGAIN[what], "trouble.again")


@dangerous
def put_away(what: str) -> ResponseReturnValue:
    """The chosen ones are settled: they are no longer shown, and will never leave."""
    return _settle(what, AWAY[what], "trouble.away")


def _settle(what: str, settle: Settle, said: str) -> ResponseReturnValue:
    """Nobody is told twice: what somebody else has settled meanwhile is left alone, and the answer says so."""
    chosen = sorted({whole(row) for row in request.form.getlist("row")[:MOST]} - {0})
    with services().database.unit() as uow:
        done = settle(uow, actor(), chosen, now())
    services().told(uow.told)
    if not chosen:
        return troubles(t("trouble.none_chosen"), 422)
    left = t("trouble.left", count=len(chosen) - done) if done < len(chosen) else ""
    flash(t(said, count=done) + left)
    return redirect(url_for("admin.troubles", _anchor=what))
