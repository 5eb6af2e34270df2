"""A world with a second process' worth of workers on its database, and a watch over their turns."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.bootstrap import Service
from handlers.line import routes
from handlers.line.photos import PhotoRoom
from handlers.line.talk import Talk
from handlers.line.worker import Worker
from tests.support.drafts import joined
from tests.support.ledger import Ledger
from tests.support.world import Phone, World

BASIC = ("山田 太郎", "ヤマダ タロウ", "1980-04-01", "09012345678", "taro@example.jp", "個人（所属なし）", "東京都")
KEYS = ["name", "kana", "birth_date", "phone", "mail", "affiliation", "prefecture"]


@dataclass
class Watch:
    """A turn's handler that notes who is being attended to, and how often at once."""

    active: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    together: int = 0
    most: int = 0
    handled: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, talk: Talk) -> None:
        user = talk.person.user_id
        with self.lock:
            self.active[user] += 1
            self.most = max(self.most, self.active[user])
            self.together = max(self.together, sum(self.active.values()))
        time.sleep(0.001)
        try:
            routes.handle(talk)
        finally:
            with self.lock:
                self.active[user] -= 1
                self.handled.append((user, talk.envelope.event_id or ""))


@dataclass
class Place:
    """One world, and a second process' worth of workers on its database."""

    world: World
    approver: Phone
    other: Service

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.world.service.database)

    def worker(self, handle: Callable[[Talk], None] = routes.handle, service: Service | None = None) -> Worker:
        at = service or self.other
        room = PhotoRoom(at.database, at.client, at.files)
        return Worker(at.database, at.delivery, room, at.services.links, at.clock, handle)

    def held(self, act: Callable[[], Any]) -> list[Any]:
        with self.world.platform.hold() as events:
            act()
        return list(events)

    def texts(self, phone: Phone, words: Sequence[str]) -> list[Any]:
        return self.held(lambda: [self.world.platform.say(phone.user_id, each) for each in words])

    def all_done(self, phone: Phone) -> bool:
        return set(self.ledger.events(phone.user_id)) == {"done"}


def begun(place: Place, name: str, section: str = "基本情報") -> Phone:
    phone = joined(place.world, place.approver, name)
    phone.taps(section)
    phone.seen = phone._last()
    return phone


def together(*acts: Callable[[], Any]) -> None:
    gate, failed = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed
