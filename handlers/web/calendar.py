"""カレンダーに入れる: a fixed visit as a file for the phone's calendar, for whoever may see the dispatch.

The library of such files is loaded at the first one, to keep cold starts short.
"""

from flask import Blueprint, Response

from handlers.links import HANDOFF_OPENS_FOR
from handlers.usecases.dispatch.read import read
from handlers.web.context import services
from handlers.web.tickets import Purpose, opened, remember, this_browser

CALENDAR = Purpose("calendar", HANDOFF_OPENS_FOR)


def routes(bp: Blueprint) -> None:
    """Put the file on the blueprint."""
    bp.add_url_rule("/calendar/<token>.ics", view_func=calendar_file)


def calendar_file(token: str) -> Response:
    """The visit as it stands now; the link belongs to the browser that opened it first."""
    from handlers.calendars import ICS, ics

    browser = this_browser()
    with opened(CALENDAR, token, browser, first=True) as at:
        view, _ = read(at.uow, at.actor, at.subject)
    response = Response(ics(view, services().clock()), mimetype=ICS)
    response.headers["Content-Disposition"] = f'attachment; filename="{view.number}.ics"'
    response.headers["Cache-Control"] = "no-store"
    return remember(response, browser)
