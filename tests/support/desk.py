"""The secretariat's page over one world: pressed as a person would, with the worker after it."""

import re
from dataclasses import dataclass

import time_machine
from werkzeug.test import TestResponse

from bot.emulator import mailbox
from handlers.pages import create_pages
from storage import people
from tests.support.talks import staff_user
from tests.support.visitors import Browser
from tests.support.world import Phone, World


@dataclass
class Office:
    """Somebody of the secretariat, logged in. `staff_id` is the user's id."""

    world: World
    browser: Browser
    staff_id: str
    email: str

    def logs_in(self) -> None:
        """Once more, after the session has ended."""
        assert self.browser.log_in(self.email).status_code == 302

    def get(self, path: str) -> TestResponse:
        """A page; nothing happens by looking."""
        return self.browser.get(path)

    def posts(self, path: str, **form: str) -> TestResponse:
        """A button was pressed; then whatever that gave to do is done."""
        answer = self.browser.post(path, **form)
        for phone in self.world.phones.values():
            phone.seen = phone._last()
        self.world.acted()
        return answer

    def sees(self, path: str, *parts: str) -> str:
        """The words of a page."""
        page = self.get(path)
        assert page.status_code == 200, page.text
        for part in parts:
            assert part in page.text, f"「{part}」 is not on {path}:\n{page.text}"
        return page.text


def office(world: World, email: str = "clerk@example.jp", role: str = "clerk") -> Office:
    """A user of the secretariat who has just logged in."""
    user = staff_user(world, email, role)
    settings = world.service.settings
    app = create_pages(world.service.services, settings.secret_key)
    browser = Browser(app.test_client())
    opened = Office(world, browser, user, email)
    opened.logs_in()
    return opened


def person_of(world: World, phone: Phone) -> str:
    """The id of whoever is behind this phone now."""
    with world.service.database.read() as uow:
        found = people.by_user_id(uow, phone.user_id)
    assert found
    return found.id


def menu_of(world: World, phone: Phone) -> str:
    """The words of the rich menu this phone shows, the first one first."""
    menu = world.platform.menu_of(phone.user_id)
    return str(menu.definition["areas"][0]["action"]["label"]) if menu else ""


def mails(world: World, to: str) -> list[mailbox.Letter]:
    """The mails to an address, the newest first."""
    return [letter for letter in mailbox.letters(world.platform.mail_dir) if letter.to == to]


def code_in_words(text: str) -> str:
    """The only code `XXXX-XXXX` that a text shows."""
    found = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
    assert len(set(found)) == 1, text
    return found[0]


def papers_link(world: World, approver: Phone) -> str:
    """内容を見る: the path of the link to the papers, made at the world's time."""
    with time_machine.travel(world.clock.now, tick=False):
        approver.taps("内容を見る")
    actions = world.platform.actions_of(approver.user_id)
    link = next(str(action["uri"]) for action in actions if action.get("label") == "書類を開く")
    return link.removeprefix(world.service.settings.public_base_url)
