"""The state of one person's talk between turns, and what a turn may use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.form import Form, Turn
from bot.line.events import Envelope
from bot.line.messages import Message
from bot.session import Session, from_json, to_json
from handlers.links import Links
from models.rules.place import Point
from models.views.people import PersonView
from storage.database import UnitOfWork


@dataclass(frozen=True)
class Photo:
    """A photo that was fetched and judged before the turn: either kept in the file store, or refused with a code."""

    file_key: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    code: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Talk:
    """One turn: the person, the transaction, the sessions, and the words that will be said.

    `guide` is the path to the question of 申請・リンク that was asked last, if nothing came after it. `located`: where
    an address lies that was sent as a place, looked up before the turn.
    """

    uow: UnitOfWork
    now: datetime
    envelope: Envelope
    person: PersonView
    links: Links
    photo: Photo | None = None
    late: bool = False
    role_changed: bool = False
    guide: str | None = None
    located: Point | None = None
    running: Session | None = None
    paused: dict[str, Session] = field(default_factory=dict)
    replies: list[Message] = field(default_factory=list)

    @property
    def first_revision(self) -> int:
        """Where a new session's revisions start: unlike those of any earlier session, so old buttons are known."""
        return int(self.envelope.occurred_at.timestamp() * 1000) % 10**12

    def say(self, *messages: Message) -> None:
        """Answer the person."""
        self.replies += messages

    def take(self, form: Form, turn: Turn) -> None:
        """Keep what the engine said and where the form stands now."""
        self.say(*turn.replies)
        self.running = None if turn.paused else turn.session
        if turn.paused and turn.session:
            self.paused[form.key] = turn.session
        else:
            self.paused.pop(form.key, None)

    def pause(self) -> Session | None:
        """Set a running form aside; it is kept and offered again."""
        session, self.running = self.running, None
        if session:
            self.paused[session.form] = session
        return session


def read_state(state: Mapping[str, Any]) -> tuple[Session | None, dict[str, Session]]:
    """The running session and the paused ones, from what the conversation row kept."""
    running = from_json(state["running"]) if isinstance(state.get("running"), dict) else None
    kept = state.get("paused")
    found = [from_json(data) for data in kept if isinstance(data, dict)] if isinstance(kept, list) else []
    return running, {session.form: session for session in found if session}


def read_guide(state: Mapping[str, Any]) -> str | None:
    """The path of 申請・リンク that the conversation row kept."""
    kept = state.get("guide")
    return kept if isinstance(kept, str) else None


def write_state(talk: Talk) -> dict[str, Any]:
    """What the conversation row keeps; empty when no form is open."""
    state: dict[str, Any] = {}
    if talk.running:
        state["running"] = to_json(talk.running)
    if talk.guide is not None:
        state["guide"] = talk.guide
    if talk.paused:
        state["paused"] = [to_json(session) for session in talk.paused.values()]
    return state


Handler = Callable[[Talk], None]
