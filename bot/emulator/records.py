"""What the stand-in remembers: phones and their talks, contents, rich menus, requests, faults."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Sender = Literal["user", "bot"]
Via = Literal["reply", "push"]
ContentState = Literal["ready", "processing", "failed", "unsent"]


@dataclass
class Entry:
    """One bubble of a talk; `seq` counts from 1 within the talk."""

    seq: int
    id: str
    sender: Sender
    at: datetime
    message: Json
    via: Via | None = None
    request_id: str | None = None
    unsent: bool = False

    def as_json(self) -> Json:
        """As the phone page reads it."""
        return {
            "seq": self.seq,
            "id": self.id,
            "from": self.sender,
            "at": self.at.isoformat(),
            "message": self.message,
            "unsent": self.unsent,
            "via": self.via,
            "request_id": self.request_id,
        }

    @classmethod
    def from_json(cls, body: Json) -> "Entry":
        """The inverse of `as_json`."""
        plain = {key: body[key] for key in ("seq", "id", "message", "via", "request_id", "unsent")}
        return cls(sender=body["from"], at=datetime.fromisoformat(body["at"]), **plain)


@dataclass
class Phone:
    """A person with LINE on a phone, and the talk with the account."""

    user_id: str
    name: str
    caption: str
    friend: bool = False
    blocked: bool = False
    menu_id: str | None = None
    unread: int = 0
    entries: list[Entry] = field(default_factory=list)
    loading_until: datetime | None = None

    @property
    def reachable(self) -> bool:
        """Whether what the account sends is shown."""
        return self.friend and not self.blocked

    def as_json(self) -> Json:
        """What is kept of the person; the talk is kept bubble by bubble."""
        keys = ("user_id", "name", "caption", "friend", "blocked", "menu_id", "unread")
        return {key: getattr(self, key) for key in keys}


@dataclass
class Content:
    """What a person sent besides text; the bytes lie in the store."""

    message_id: str
    user_id: str
    content_type: str
    state: ContentState = "ready"
    still_preparing: int = 0
    """How many more times the answer is 202."""

    def as_json(self) -> Json:
        """What is kept."""
        return dict(vars(self))


@dataclass
class Menu:
    """A rich menu; it can be used once it has its picture, which lies in the store."""

    menu_id: str
    definition: Json
    image_type: str | None = None

    def as_json(self) -> Json:
        """What is kept."""
        return dict(vars(self))


@dataclass
class ReplyToken:
    """The right to answer once."""

    user_id: str
    issued: datetime
    alive_until: datetime
    used: bool = False


@dataclass(frozen=True)
class ApiRequest:
    """A request of the product and how it was answered; `body` is the parsed JSON, None for anything else."""

    at: datetime
    method: str
    path: str
    retry_key: str | None
    body: Any
    status: int
    request_id: str


@dataclass(frozen=True)
class Delivery:
    """A webhook sent: the ids of its events, and the product's answer (0: none came in time)."""

    at: datetime
    event_ids: tuple[str, ...]
    status: int


@dataclass
class Fault:
    """A trouble for the next `times` requests whose path begins with `path`.

    `status` refuses without doing anything; `drop` breaks the connection `before` the work or `after` it
    (outcome unknown to the caller); `delay` is in seconds and comes first.
    """

    path: str
    method: str | None = None
    status: int | None = None
    message: str | None = None
    times: int = 1
    delay: float = 0.0
    drop: Literal["before", "after"] | None = None


class Event(dict[str, Any]):
    """A webhook event; `status` is the product's HTTP answer once it was waited for (0: no answer came)."""

    status: int | None = None


class PhoneError(Exception):
    """A phone cannot do this; the message is for the person at the page."""
