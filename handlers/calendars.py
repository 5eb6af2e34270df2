"""A fixed visit as a calendar file (RFC 5545), which a phone's calendar opens; a later one replaces the earlier."""

from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from bot.text import t
from models.rules.dispatch import ENDED
from models.rules.errors import NotFound
from models.views.dispatch import DispatchView

ICS = "text/calendar"
TOKYO = ZoneInfo("Asia/Tokyo")


def ics(view: DispatchView, now: datetime) -> bytes:
    """The visit of a dispatch; NotFound while no date is fixed.

    The id stays the same and SEQUENCE is the dispatch's version, so that a calendar changes what it holds; a dispatch
    that was cancelled takes it out.
    """
    if view.starts is None or view.ends is None:
        raise NotFound
    over = view.status in ENDED
    calendar = Calendar()
    calendar.add("PRODID", "-//chusho119//dispatch//JA")
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "CANCEL" if over else "PUBLISH")
    calendar.add_component(_event(view, view.starts, view.ends, now, over=over))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _event(view: DispatchView, starts: datetime, ends: datetime, now: datetime, *, over: bool) -> Event:
    event = Event()
    event.add("UID", f"{view.id}@chusho119")
    event.add("SEQUENCE", view.version)
    event.add("DTSTAMP", now)
    event.add("DTSTART", starts.astimezone(TOKYO))
    event.add("DTEND", ends.astimezone(TOKYO))
    event.add("STATUS", "CANCELLED" if over else "CONFIRMED")
    event.add("SUMMARY", t("calendar.summary", business=view.business, title=view.title))
    event.add("LOCATION", view.place.address)
    event.add("DESCRIPTION", _description(view))
    if view.place.point:
        event.add("GEO", (view.place.point.latitude, view.place.point.longitude))
    return event


def _description(view: DispatchView) -> str:
    return t(
        "calendar.description",
        number=view.number,
        business=view.business,
        organisation=view.organisation,
        expert=view.expert,
        topic=view.topic_other or view.topic,
        accompany=t("calendar.accompany" if view.accompany else "dispatch.accompany_no"),
    )
