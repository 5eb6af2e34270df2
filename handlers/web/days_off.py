"""休みの日: the calendar of this month and the next three; a script saves each tap at once, a button does without it.

A tap says what it changed of what the calendar showed, so that two devices never undo each other's days.
"""

from collections.abc import Collection
from datetime import date

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from bot.text import t
from handlers.usecases import profile as usecase
from handlers.web.context import asked, services, today
from handlers.web.profile import PROFILE, done, shown
from handlers.web.tickets import opened, remember, this_browser
from models.rules.calendar import format_date
from models.rules.profile import Day, markable, months

WEEK = "日月火水木金土"


def routes(bp: Blueprint) -> None:
    """Put this page on the blueprint."""
    bp.add_url_rule("/profile/<token>/days", view_func=days_page)
    bp.add_url_rule("/profile/<token>/days", view_func=save_days, methods=["POST"])


def days_page(token: str) -> Response:
    """The calendar as it stands."""
    browser = this_browser()
    with opened(PROFILE, token, browser, first=True) as at:
        view = shown(at)
    page = render_template(
        "web/days_off.html", token=token, view=view, months=months(today(), view.weekly_off), week=WEEK,
        spoken=_spoken, was=_texts(view.days_off),
    )  # fmt: skip
    return remember(make_response(page), browser)


def _spoken(day: Day) -> str:
    """What a screen reader says of a day."""
    also = [word for word in (day.holiday, "定休日" if day.weekly else "") if word]
    return format_date(day.date) + "".join(f" {word}" for word in also)


def _texts(days: Collection[date]) -> list[str]:
    return [day.isoformat() for day in sorted(days)]


def save_days(token: str) -> Response:
    """Save what was tapped: for the script, with the days off there are now; for a form, back to the first page."""
    if request.is_json:
        given = asked()
        was, wanted = _strings(given.get("was")), _strings(given.get("off"))
    else:
        was, wanted = request.form.get("was", "").split(","), request.form.getlist("off")
    with opened(PROFILE, token, this_browser(), write=True) as at:
        shown(at)
        seen, chosen = (markable(days, today()) for days in (was, wanted))
        days = usecase.save_days_off(at.uow, at.actor, seen, chosen, services().clock())
    if request.is_json:
        return jsonify(days=_texts(days), said=t("profile.saved_days", count=len(days)))
    return done(token, "saved")


def _strings(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
