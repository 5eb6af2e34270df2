"""The whole service in one process, spoken to as LINE and people do: signed webhooks over HTTP, the stand-in's phones.

A journey reads as a chat: `expert.says(…)`, `expert.taps(…)`, `expert.sees(…)`. Turns run when a test asks for them
(after each act, unless `auto` is off), so a test decides what is redelivered, reordered or killed, and when.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import time_machine

from bot.emulator import Platform, create_app
from bot.line.menu_images import draw
from handlers import menus
from handlers.bootstrap import Service
from handlers.line.webhook import PATH
from handlers.settings import read
from handlers.usecases import organisation
from storage import inbox, outbox
from tests.support.databases import copied
from tests.support.serving import Serving

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # Tuesday, 10:00 in Tokyo
drawn = cache(draw)
"""The menus' pictures, drawn once a process: the same definition gives the same bytes, and drawing takes its time."""


@dataclass
class Clock:
    """Time stands still until a test moves it (a millisecond a look, so that no two events share one)."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass
class World:
    """The service, the platform and the clock of one test."""

    service: Service
    platform: Platform
    clock: Clock
    base_url: str
    auto: bool = True
    phones: dict[str, "Phone"] = field(default_factory=dict)

    def phone(self, name: str) -> "Phone":
        if name not in self.phones:
            user_id = self.platform.add_phone(name)
            self.phones[name] = Phone(self, str(getattr(user_id, "user_id", user_id)), name)
        return self.phones[name]

    def settle(self) -> None:
        """Run everything that waits, as the worker's sweep would."""
        worker = self.service.worker
        for _ in range(50):
            with self.service.database.read() as uow:
                waiting = inbox.waiting_people(uow, self.clock())
            worker.work([*waiting, outbox.MAIL])
            if not waiting:
                return
        raise AssertionError("the worker never comes to rest")

    def acted(self) -> None:
        if self.auto:
            self.settle()

    def jobs(self) -> None:
        """The minute's round of every job."""
        assert self.service.rounds.once()

    def browsing(self) -> AbstractContextManager[object]:
        """Within it, pages are opened at the world's time: links are stamped by the machine's clock."""
        return time_machine.travel(self.clock.now)

    def organisation(self, name: str = "千代田商工会", prefecture: str = "東京都") -> str:
        """An organisation, or one more code for it: the approver's code."""
        with self.service.database.unit() as uow:
            return organisation.code_for(uow, name, prefecture, self.clock())

    def approver(self, name: str, org: str = "千代田商工会", prefecture: str = "東京都") -> "Phone":
        """Somebody who joined as an approver by talking."""
        phone = self.phone(name)
        phone.follows()
        phone.says(f"招待コード {self.organisation(org, prefecture)}")
        phone.says(name)
        return phone


@dataclass
class Phone:
    """One person's phone."""

    world: World
    user_id: str
    name: str
    seen: int = 0

    def _do(self, act: Callable[[], Any]) -> Any:
        self.seen = self._last()
        event = act()
        self.world.acted()
        return event

    def _last(self) -> int:
        entries = self.world.platform.messages(self.user_id)
        return entries[-1].seq if entries else 0

    def follows(self) -> Any:
        return self._do(lambda: self.world.platform.follow(self.user_id, wait=True))

    def blocks(self) -> Any:
        return self._do(lambda: self.world.platform.unfollow(self.user_id, wait=True))

    def unblocks(self) -> Any:
        return self._do(lambda: self.world.platform.unblock(self.user_id, wait=True))

    def says(self, text: str) -> Any:
        return self._do(lambda: self.world.platform.say(self.user_id, text, wait=True))

    def taps(self, label: str, params: dict[str, str] | None = None) -> Any:
        """Press the newest button of that label (quick reply, card or menu)."""
        return self._do(lambda: self.world.platform.tap(self.user_id, label, params, wait=True))

    def picks(self, date: str) -> Any:
        return self.taps("日付を選ぶ", {"date": date})

    def sends(self, *photos: bytes) -> Any:
        return self._do(lambda: self.world.platform.send_photos(self.user_id, list(photos), wait=True))

    def unsends(self, message_id: str) -> Any:
        return self._do(lambda: self.world.platform.unsend(self.user_id, message_id, wait=True))

    @property
    def answers(self) -> list[str]:
        """What the phone shows since the last act, as words."""
        entries = self.world.platform.messages(self.user_id, self.seen)
        return [words_of(entry.message) for entry in entries if entry.sender == "bot"]

    @property
    def labels(self) -> list[str]:
        """The buttons of the newest answers."""
        return [str(action.get("label", "")) for action in self.world.platform.actions_of(self.user_id)]

    def link(self, label: str) -> str:
        """The address behind the newest button of that label that opens a page."""
        actions = self.world.platform.actions_of(self.user_id)
        found = [str(action["uri"]) for action in actions if action.get("label") == label and "uri" in action]
        assert found, f"{self.name} has no link 「{label}」 among {self.labels}"
        return found[0]

    def sees(self, *parts: str) -> None:
        shown = "\n".join(self.answers)
        for part in parts:
            assert part in shown, f"{self.name} does not see 「{part}」 in:\n{shown}"

    def sees_not(self, *parts: str) -> None:
        shown = "\n".join(self.answers)
        for part in parts:
            assert part not in shown, f"{self.name} sees 「{part}」 in:\n{shown}"

    def history(self) -> str:
        """The whole talk in words."""
        return "\n".join(
            ("> " if entry.sender == "bot" else "< ") + words_of(entry.message)
            for entry in self.world.platform.messages(self.user_id)
        )


def words_of(message: dict[str, Any]) -> str:
    """Every word a message shows."""
    if message.get("type") == "text":
        return str(message["text"])
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "text":
                found.append(str(node["text"]))
            if node.get("type") == "button":
                found.append(f"〔{node['action'].get('label', '')}〕")
            for key, value in node.items():
                if key != "action":
                    walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(message.get("contents", {}))
    return "\n".join(found) or str(message.get("type"))


@contextmanager
def open_world(var: Path, database_url: str = "", **environment: str) -> Iterator[World]:
    """A world on its own folder; SQLite unless a database is named."""
    clock = Clock()
    parts: dict[str, Any] = {}
    pages_lock = threading.Lock()

    def route(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ.get("PATH_INFO", "")
        if path == PATH:
            return parts["webhook"](environ, start_response)
        if not path.startswith(("/line/", "/admin", "/p/", "/static/", "/healthz", "/readyz")):
            return parts["phones"](environ, start_response)
        with pages_lock:
            if "web" not in parts:
                parts["web"] = service.web()
        return parts["web"](environ, start_response)

    server = Serving(route)
    url = database_url or f"sqlite:///{copied(var / 'world.db')}"
    settings = read({"PORT": str(server.port), "DATABASE_URL": url, **environment}, var)
    service = Service(settings, clock)
    platform = Platform(
        webhook_url=f"{server.address}/line/webhook",
        channel_secret=settings.channel_secrets[0],
        access_token=settings.access_token,
        mail_dir=var / "mail",
        clock=clock,
    )
    parts["phones"], parts["webhook"] = create_app(platform), service.webhook(service.stored)
    try:
        with patch.object(menus, "draw", drawn):
            menus.sync(service.database, service.client, clock())
        yield World(service, platform, clock, server.address)
    finally:
        platform.close()
        server.close()
        service.close()
