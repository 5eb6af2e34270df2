"""The state all parts of the stand-in share: phones and talks, who listens, a lock, a clock, a store."""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from bot.emulator import ids
from bot.emulator.records import (
    ApiRequest,
    Content,
    Delivery,
    Entry,
    Event,
    Fault,
    Json,
    Phone,
    PhoneError,
    Sender,
    Via,
)
from bot.emulator.store import Store

REMEMBERED = 50_000
"""So many requests, events and webhooks are remembered; a benchmark makes more."""

Clock = Callable[[], datetime]
Change = tuple[str | None, int]


def utc_now() -> datetime:
    """The time of day unless another clock is given."""
    return datetime.now(UTC)


@dataclass
class Settings:
    """Who the account is and how strictly it looks. `webhook_url`: empty while none is set."""

    webhook_url: str
    channel_secret: str
    access_token: str
    friend_link_id: str
    official_name: str
    admin_url: str
    admin_note: str
    allow_http_localhost: bool
    validate: bool
    webhook_active: bool = True

    @property
    def bot_user_id(self) -> str:
        """The account's own user id, what webhooks name as `destination`."""
        return "U" + hashlib.md5(self.friend_link_id.encode(), usedforsecurity=False).hexdigest()


class Core:
    """Phones and their talks. All public methods are safe to call from any thread."""

    def __init__(self, settings: Settings, state_dir: Path | None, mail_dir: Path | None, clock: Clock) -> None:
        self.settings = settings
        self.mail_dir = mail_dir
        self.clock = clock
        self.lock = threading.RLock()
        self.store = Store(state_dir)
        self.revision = 0
        self.faults: list[Fault] = []
        self.requests: deque[ApiRequest] = deque(maxlen=REMEMBERED)
        self.events: deque[Event] = deque(maxlen=REMEMBERED)
        self.deliveries: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._listeners: list[SimpleQueue[Change]] = []
        self.users: dict[str, Phone] = {key: Phone(**body) for key, body in self.store.all("phone").items()}
        self.contents: dict[str, Content] = {key: Content(**body) for key, body in self.store.all("content").items()}
        for key, body in self.store.all("entry").items():
            self.users[key.partition("/")[0]].entries.append(Entry.from_json(body))

    def close(self) -> None:
        """Let go of the state file."""
        with self.lock:
            self.store.close()

    def add_phone(self, name: str, user_id: str | None = None, caption: str = "") -> str:
        """A new person, not yet a friend; the user id. An id that is there already is left as it is."""
        user_id = user_id or ids.user_id()
        with self.lock:
            if user_id not in self.users:
                self.users[user_id] = Phone(user_id, name, caption or name)
                self._keep(self.users[user_id])
                self.changed(user_id)
        return user_id

    def seed_phones(self, captions: Iterable[str | tuple[str, str]]) -> list[str]:
        """A phone for each caption, or (name, caption); the same captions always give the same user ids.

        They come first and in this order, after a restart too.
        """
        seeds = [(seed, seed) if isinstance(seed, str) else seed for seed in captions]
        seeded = [
            self.add_phone(name, "U" + hashlib.md5(caption.encode(), usedforsecurity=False).hexdigest(), caption)
            for name, caption in seeds
        ]
        with self.lock:
            self.users = {user_id: self.users[user_id] for user_id in dict.fromkeys((*seeded, *self.users))}
        return seeded

    def phone(self, user_id: str) -> Phone:
        """The phone of a person; PhoneError when there is none."""
        phone = self.users.get(user_id)
        if phone is None:
            raise PhoneError("この電話は見つかりません。画面を読み込み直してください。")
        return phone

    def messages(self, user_id: str, after: int = 0) -> list[Entry]:
        """The bubbles after that `seq`, in order."""
        with self.lock:
            return self.phone(user_id).entries[max(0, after) :]

    def received(self, user_id: str) -> list[Entry]:
        """What the account sent and this phone shows, in order, with way and request id."""
        return [entry for entry in self.messages(user_id) if entry.sender == "bot"]

    def read(self, user_id: str) -> None:
        """The person looked at the talk."""
        with self.lock:
            phone = self.phone(user_id)
            if phone.unread:
                phone.unread = 0
                self._keep(phone)

    def listen(self) -> "SimpleQueue[Change]":
        """A queue that gets (user id or None, revision) at each change, until `unlisten`."""
        queue: SimpleQueue[Change] = SimpleQueue()
        with self.lock:
            self._listeners.append(queue)
        return queue

    def unlisten(self, queue: "SimpleQueue[Change]") -> None:
        """No more changes into this queue."""
        with self.lock:
            self._listeners.remove(queue)

    def changed(self, user_id: str | None) -> None:
        """Tell who listens that a phone (None: something else) looks different now."""
        with self.lock:
            self.revision += 1
            for queue in self._listeners:
                queue.put((user_id, self.revision))

    def add_fault(self, path: str, **how: Any) -> Fault:
        """Trouble for the next requests whose path begins with `path`; see `Fault` for the rest."""
        fault = Fault(path, **how)
        with self.lock:
            self.faults.append(fault)
        return fault

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The first trouble meant for this request, used up by one."""
        with self.lock:
            for fault in self.faults:
                if path.startswith(fault.path) and fault.method in (None, method):
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
        return None

    def content_state(self, message_id: str, state: str | None = None, *, preparing: int = 0) -> Content:
        """Set what fetching gives: `ready`, `processing`, `failed`, `unsent`; `preparing` times 202 first."""
        with self.lock:
            content = self.contents[message_id]
            content.state = state or content.state  # type: ignore[assignment]
            content.still_preparing = preparing
            self.store.put("content", message_id, content.as_json())
            return content

    def _add_content(self, message_id: str, user_id: str, data: bytes, content_type: str) -> None:
        content = Content(message_id, user_id, content_type)
        self.contents[message_id] = content
        self.store.put_bytes(f"content/{message_id}", data)
        self.store.put("content", message_id, content.as_json())

    def _show(
        self,
        phone: Phone,
        sender: Sender,
        message: Json,
        message_id: str,
        via: Via | None = None,
        request_id: str | None = None,
    ) -> Entry:
        """A new bubble at the end of a talk."""
        entry = Entry(len(phone.entries) + 1, message_id, sender, self.clock(), message, via, request_id)
        phone.entries.append(entry)
        self._keep_entry(phone, entry)
        return entry

    def _keep(self, phone: Phone) -> None:
        self.store.put("phone", phone.user_id, phone.as_json())

    def _keep_entry(self, phone: Phone, entry: Entry) -> None:
        self.store.put("entry", f"{phone.user_id}/{entry.seq:09d}", entry.as_json())
