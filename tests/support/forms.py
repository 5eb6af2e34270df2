"""The page 詳細申請 in tests: a draft with its link, and its form read and filled in as a browser would."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import time_machine
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from handlers.usecases.registration import decide, draft, submit
from models.rules.fields import DETAIL, FIELD_BY_KEY, Value
from models.tables.conversation import OutboxRow
from models.views.registration import ApplicationView
from storage import registration_views
from tests.support import factories
from tests.support.factories import ANSWERS, House
from tests.support.visitors import Browser

Typed = dict[str, Any]


class _Form(HTMLParser):
    """What the controls of a page hold: text by name, several ticks as a list."""

    def __init__(self) -> None:
        super().__init__()
        self.typed: Typed = {}
        self._text = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(name, given)
        elif tag == "textarea" and name:
            self._text, self.typed[name] = name, ""
        elif tag == "select":
            self._select, self.typed[name] = name, ""
        elif tag == "option" and "selected" in given:
            self.typed[self._select] = given["value"]

    def _input(self, name: str, given: Mapping[str, str]) -> None:
        kind = given.get("type", "text")
        if kind == "checkbox":
            self.typed.setdefault(name, [])
            self.typed[name] += [given["value"]] if "checked" in given else []
        elif kind == "radio":
            self.typed.setdefault(name, "")
            self.typed[name] = given["value"] if "checked" in given else self.typed[name]
        else:
            self.typed[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.typed[self._text] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        self._text = "" if tag == "textarea" else self._text


def typed_form(page: str) -> Typed:
    """What a plain submit of the page would send."""
    form = _Form()
    form.feed(page)
    return form.typed


def marks_of(page: str) -> dict[str, str]:
    """What the page remembers of the answers it showed."""
    form = typed_form(page)
    return {name.removeprefix("mark_"): value for name, value in form.items() if name.startswith("mark_")}


def filled_in(page: str, answers: Mapping[str, Value]) -> Typed:
    """The page's form with these answers typed into the fields it has."""
    form = typed_form(page)
    for key, value in answers.items():
        if FIELD_BY_KEY[key].kind == "hours":
            form |= dict(zip((f"{key}_from", f"{key}_to"), str(value).split("-"), strict=True))
        elif key in form:
            form[key] = value
    return form


DETAIL_KEYS = [field.key for field in DETAIL]


class Case:
    """A draft with all but 詳細申請, its applicant, and the link to the page."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
        self.application, self.applicant = factories.filled_draft(house, self.organisation, self.approver)
        with house.database.unit() as uow:
            empty = dict.fromkeys(DETAIL_KEYS)
            draft.save_fields(uow, self.applicant.actor, self.application, empty)
        self.link = self.made()

    def made(self, *, person: str = "", subject: str = "", purpose: str = "form") -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            url = self.house.services.links.page(purpose, person or self.applicant.id, subject or self.application)
        return url.removeprefix("http://localhost")

    def view(self) -> ApplicationView:
        with self.house.database.read() as uow:
            view = registration_views.load(uow, self.application)
        assert view
        return view

    def notices(self) -> int:
        with self.house.database.read() as uow:
            told = select(func.count()).where(OutboxRow.notice.contains("FormFinished"))
            return uow.session.scalar(told) or 0

    def submit(self) -> None:
        """Everything filled in, and sent for approval."""
        with self.house.database.unit() as uow:
            detail = {key: ANSWERS.get(key) for key in DETAIL_KEYS}
            draft.save_fields(uow, self.applicant.actor, self.application, detail)
            submit.submit(uow, self.applicant.actor, self.application, self.house.clock())

    def return_(self, *items: str) -> str:
        """The organisation returns these items; a link made since."""
        with self.house.database.unit() as uow:
            version = decide.read(uow, self.approver.actor, self.application).version
            comments = dict.fromkeys(items, "直してください")
            decide.return_(uow, self.approver.actor, self.application, version, comments, self.house.clock())
        return self.made()


def save(visitor: Browser, link: str, changed: Any, marks: Any = None) -> TestResponse:
    """What the page's script sends after some typing."""
    return visitor.client.post(f"{link}/save", json={"changed": changed, "marks": marks or {}})


def send(visitor: Browser, link: str, page: str, do: str = "check", **changes: Any) -> TestResponse:
    """A plain submit of the page with some answers changed."""
    return visitor.client.post(link, data={**typed_form(page), **changes, "do": do})
