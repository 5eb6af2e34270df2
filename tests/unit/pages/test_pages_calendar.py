"""カレンダーに入れる: the file a phone's calendar reads, whom it opens for, and what becomes of a moved visit."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from icalendar import Calendar

from handlers.calendars import ics
from models.rules.dispatch import Status
from models.rules.errors import NotFound
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import dispatch
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.own_pages import Pair


@pytest.fixture
def pair(house: House) -> Pair:
    return Pair(house)


def link(house: House, person: PersonView, subject: str) -> str:
    with time_machine.travel(house.clock(), tick=False):
        return house.services.links.handoff("calendar", person.id, subject).removeprefix("http://localhost/")


def get(app: Flask, address: str) -> Any:
    return app.test_client().get(f"/{address}.ics?openExternalBrowser=1")


def event(data: bytes) -> Any:
    (found,) = Calendar.from_ical(data).walk("VEVENT")
    return found


def fixed(pair: Pair, **more: Any) -> DispatchView:
    return pair.asks(Status.CONFIRMED, **more)


def test_the_file_says_when_where_and_who(house: House, app: Flask, pair: Pair):
    made = fixed(pair)
    answer = get(app, link(house, pair.expert, made.id))
    assert answer.status_code == 200
    assert answer.mimetype == "text/calendar"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{made.number}.ics"'
    assert answer.headers["Cache-Control"] == "no-store"
    found = event(answer.data)
    assert (found["DTSTART"].dt, found["DTEND"].dt) == (made.starts, made.ends)
    assert found["DTSTART"].params["TZID"] == "Asia/Tokyo"
    assert b"BEGIN:VTIMEZONE" in answer.data
    assert str(found["UID"]).startswith(made.id)
    assert (found["SEQUENCE"], found["STATUS"]) == (made.version, "CONFIRMED")
    assert found["LOCATION"] == dispatches.ADDRESS
    assert "株式会社みほん製作所" in found["SUMMARY"]
    for part in (made.number, "千代田商工会", "生産管理"):
        assert part in found["DESCRIPTION"]
    assert max(len(line) for line in answer.data.split(b"\r\n")) <= 75, "RFC 5545 folds its lines"


def test_a_moved_visit_keeps_its_id_and_a_cancelled_one_goes(house: House, app: Flask, pair: Pair):
    made = fixed(pair)
    first = event(ics(made, house.clock()))
    with house.database.unit() as uow:
        row = dispatch.lock(uow, made.id)
        assert row
        dispatch.fix_time(uow, row, *dispatches.slot(house.clock(), 20))
        dispatch.set_status(uow, row, Status.CANCELLED, house.clock())
    answer = get(app, link(house, pair.approver, made.id))
    found = event(answer.data)
    assert found["UID"] == first["UID"]
    assert found["SEQUENCE"] > first["SEQUENCE"]
    assert found["STATUS"] == "CANCELLED"
    assert b"METHOD:CANCEL" in answer.data


def test_there_is_no_file_before_a_date_is_fixed_and_none_for_strangers(house: House, app: Flask, pair: Pair):
    made = pair.asks(Status.REQUESTED)
    with pytest.raises(NotFound):
        ics(made, house.clock())
    assert get(app, link(house, pair.expert, made.id)).status_code == 404
    with house.database.unit() as uow:
        stranger = factories.person(uow)
    assert get(app, link(house, stranger, fixed(pair).id)).status_code == 404
    assert get(app, link(house, pair.expert, "0" * 32)).status_code == 404
    assert get(app, "p/calendar/forged").status_code == 410


def test_the_link_is_over_after_a_quarter_of_an_hour_and_belongs_to_one_browser(house: House, app: Flask, pair: Pair):
    address = link(house, pair.expert, fixed(pair).id)
    own = app.test_client()
    assert own.get(f"/{address}.ics").status_code == 200
    assert own.get(f"/{address}.ics").status_code == 200
    assert get(app, address).status_code == 403
    unopened = link(house, pair.expert, fixed(pair).id)
    house.clock.advance(minutes=16)
    over = get(app, unopened)
    assert over.status_code == 410
    assert "カレンダーのリンクは15分で閉じます" in over.text


def test_odd_words_and_a_visit_past_midnight_fit_into_a_file(house: House, pair: Pair):
    starts = dispatches.slot(house.clock(), 5, 22)[0]
    title = '原価;の,話\\と"🏭" ' + "長" * 60
    made = fixed(pair, times=((starts, starts + timedelta(hours=4)),), title=title)
    found = event(ics(made, house.clock()))
    assert title in found["SUMMARY"]
    assert found["DTEND"].dt - found["DTSTART"].dt == timedelta(hours=4)
    assert isinstance(found["DTSTART"].dt, datetime)
