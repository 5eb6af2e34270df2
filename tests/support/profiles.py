"""Active experts with their profile pages, and changes of name or account that they ask for."""

import io
import re
from datetime import date
from typing import Any

import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from models.rules.registration import State
from models.tables.conversation import OutboxRow
from models.views.people import PersonView
from models.views.profile import ChangeView, ProfileView
from models.views.registration import ApplicationView
from storage import audit, profile, registration, registration_views
from tests.support import factories, photos
from tests.support.factories import House
from tests.support.visitors import Browser

ACCOUNT = {
    "bank": "みずほ銀行（0001）",
    "branch": "001",
    "account_type": "1",
    "account_number": "7654321",
    "account_holder": "ヤマダ タロウ",
}
NAME = {"name": "佐々木 太郎", "kana": "ササキ タロウ"}
TODAY = date(2026, 11, 18)
NOBODY = "0" * 32


class Desk:
    """Active experts, and their pages."""

    def __init__(self, house: House, app: Flask) -> None:
        self.house, self.app = house, app
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)

    def expert(self, name: str = "山田 太郎") -> "Expert":
        made, applicant = factories.commissioned(self.house, self.organisation, self.approver, name=name)
        factories.accept(self.house, applicant, made)
        return Expert(self, made, applicant)

    def asking(self, name: str = "山田 太郎") -> "Asking":
        """An expert with the page open."""
        made = self.expert(name)
        found = Asking(self, made.application_id, made.person)
        assert found.opens().status_code == 200
        return found

    def link(self, person: str, subject: str) -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return self.house.services.links.page("profile", person, subject).removeprefix("http://localhost")


class Expert:
    """One active expert with the browser that opened the page."""

    def __init__(self, desk: Desk, application_id: str, person: PersonView) -> None:
        self.desk, self.application_id, self.person = desk, application_id, person
        self.path = desk.link(person.id, person.id)
        self.browser = Browser(desk.app.test_client())

    def opens(self, part: str = "") -> TestResponse:
        return self.browser.get(self.path + part)

    def posts(self, part: str, **form: object) -> TestResponse:
        return self.browser.client.post(self.path + part, data=form)

    def seen(self, section: str) -> str:
        found = re.search(r'name="seen" value="([^"]*)"', self.opens(f"/{section}").text)
        assert found
        return found[1]

    @property
    def profile(self) -> ProfileView:
        with self.desk.house.database.read() as uow:
            found = profile.view(uow, self.person.id, TODAY)
        assert found
        return found

    @property
    def answers(self) -> dict:
        with self.desk.house.database.read() as uow:
            found = registration_views.load(uow, self.application_id)
        assert found
        return dict(found.answers)

    def audited(self) -> list[tuple[str, str | None]]:
        with self.desk.house.database.read() as uow:
            rows = audit.of_subject(uow, "application", self.application_id)
        return [(row.action, row.detail) for row in rows if row.action.startswith("profile.")]


class Asking(Expert):
    """An expert who asks for changes."""

    def uploads(self, item: str, text: str = "new") -> dict[str, Any]:
        """What upload.js does with one photo."""
        self.desk.house.clock.advance(seconds=1)
        post = self.browser.client.post
        form = post(f"{self.path}/photos/begin", json={"size": 1}).get_json()
        body = {**form["fields"], "file": (io.BytesIO(photos.jpeg(text=text)), "photo.jpg")}
        assert post(form["url"], data=body).status_code == 204
        return post(f"{self.path}/change/{item}/photos/take", json={"key": form["key"]}).get_json()

    def asks(self, item: str, **typed: str):
        return self.posts(f"/change/{item}", **({"account": ACCOUNT, "basic": NAME}[item] | typed))

    def change(self, item: str) -> ChangeView:
        return self.profile.changes[item]

    def view(self) -> ApplicationView:
        with self.desk.house.database.read() as uow:
            found = registration_views.load(uow, self.application_id)
        assert found
        return found

    def moves(self, state: State) -> None:
        with self.desk.house.database.unit() as uow:
            row = registration.lock(uow, self.application_id)
            assert row
            registration.set_state(uow, row, state, self.desk.house.clock())

    def told(self) -> str:
        with self.desk.house.database.read() as uow:
            rows = uow.session.scalars(select(OutboxRow.notice).where(OutboxRow.recipient == self.person.user_id))
            return "\n".join(text for text in rows if text)

    def actions(self) -> list[tuple[str, str | None, str | None]]:
        with self.desk.house.database.read() as uow:
            rows = audit.of_subject(uow, "application", self.application_id)
        return [(row.action, row.actor_kind, row.to_state) for row in rows if row.action.startswith("change.")]


def sent(expert: Asking, item: str = "account", **typed: str) -> ChangeView:
    expert.uploads(item)
    assert expert.asks(item, **typed).status_code == 303
    return expert.change(item)
