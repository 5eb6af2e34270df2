"""Claims one person's talk and runs its turns: one event, one transaction, delivery (`architecture.md` 2.2–2.7)."""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.line.events import Envelope, ImageMessage, TextMessage, parse
from handlers.delivery import Delivery, Result
from handlers.line import request, routes
from handlers.line.photos import FetchLater, PhotoRoom
from handlers.line.talk import Handler, Photo, Talk, read_guide, read_state, write_state
from handlers.links import Links
from handlers.watch.metrics import NO_METER, Meter
from models.rules.errors import DomainError
from models.rules.place import Point
from storage import inbox, outbox, people, trace
from storage.database import Database, Unavailable
from storage.inbox import Lease, LostLease, Pending, ms

LEASE = timedelta(seconds=90)
REPLY_WITHIN = timedelta(seconds=50)
TRIES = 5
log = structlog.get_logger()


class Bell:
    """Tells the worker of this process that there is something to do, and for whom."""

    def __init__(self) -> None:
        """Nobody waits yet, so nothing is kept: whoever begins to wait looks for what was left behind first."""
        self._heard = False
        self._people: dict[str, None] = {}
        self._lock = threading.Lock()
        self._rung = threading.Event()

    def ring(self, people_: Iterable[str]) -> None:
        """These people have something waiting."""
        with self._lock:
            if not self._heard:
                return
            self._people.update(dict.fromkeys(people_))
        self._rung.set()

    def wait(self, seconds: float) -> list[str]:
        """Who was rung for, waiting at most `seconds`."""
        self._heard = True
        self._rung.wait(seconds)
        with self._lock:
            self._rung.clear()
            rung, self._people = list(self._people), {}
        return rung


@dataclass
class Worker:
    """Runs turns. Several may run, in threads or processes: a lease keeps each person's events in one hand."""

    database: Database
    delivery: Delivery
    photos: PhotoRoom
    links: Links
    clock: Callable[[], datetime]
    handle: Handler = routes.handle
    locate: Callable[[str], Point | None] | None = None
    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    meter: Meter = NO_METER

    def run(self, bell: Bell, stop: threading.Event, sweep_seconds: float = 2.0) -> None:
        """Work until `stop`: at once when the bell rings, and a sweep for whatever was left behind."""
        swept, waiting = 0.0, dict[str, None]()
        while not stop.is_set():
            try:
                waiting.update(dict.fromkeys(bell.wait(0 if waiting else sweep_seconds)))
                if time.monotonic() - swept >= sweep_seconds:
                    swept = time.monotonic()
                    waiting.update(dict.fromkeys([*self._left_behind(), outbox.MAIL]))
                waiting = self._round(waiting, lambda: not stop.is_set())
            except Exception:
                log.exception("worker_round_failed")
                stop.wait(1)

    def sweep(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Attend to everybody who waits, and send due mails; returns how many people. `go_on`: see `work`.

        As many at once as one look finds, until a look finds nobody new: who could not be helped waits for the next.
        """
        seen = dict[str, None]()
        while go_on() and (waiting := [each for each in self._left_behind() if each not in seen]):
            seen.update(dict.fromkeys(waiting))
            self.work(waiting, go_on)
        self.work([outbox.MAIL], go_on)
        return len(seen)

    def work(self, people_: Iterable[str], go_on: Callable[[], bool] = lambda: True) -> list[str]:
        """Attend to these people, and to whomever that gave something, until nobody has anything waiting.

        `go_on` is asked before each turn. Returns who is left when it says no; a later sweep finds them too.
        """
        waiting = dict.fromkeys(people_)
        while waiting and go_on():
            waiting = self._round(waiting, go_on)
        return list(waiting)

    def _left_behind(self) -> list[str]:
        with self.database.read() as uow:
            return inbox.waiting_people(uow, self.clock())

    def _round(self, waiting: Iterable[str], go_on: Callable[[], bool] = lambda: True) -> dict[str, None]:
        """Attend to each once; returns who has something waiting then."""
        after: dict[str, None] = {}
        for user_id in waiting:
            if not go_on():
                after[user_id] = None
            elif user_id == outbox.MAIL:
                after |= {outbox.MAIL: None} if self.delivery.send_mails() else {}
            else:
                after.update(dict.fromkeys(sorted(self.attend(user_id))))
        return after

    def attend(self, user_id: str) -> set[str]:
        """Run the person's next turn and deliver; returns who has something waiting now.

        The person is among them when another event waits: whoever writes fast does not keep the others waiting.
        """
        try:
            lease, events = self._claim(user_id)
        except Unavailable:
            raise
        except Exception:
            log.exception("claim_failed")
            self.meter.count("turn_failures")
            return set()
        if lease is None:
            return set()
        now = ms(self.clock())
        event = events[0] if events and events[0].not_before_ms <= now else None
        if event is None:
            return self._serve(lease, None)
        began = time.perf_counter()
        with trace.bound(event.event_id):
            told = self._serve(lease, event)
            took = time.perf_counter() - began
            self.meter.observe("turn_seconds", took)
            log.info("turn_ended", ms=round(took * 1000), waited_ms=now - event.received_ms)
        return told

    def _serve(self, claimed: Lease, event: Pending | None) -> set[str]:
        """One turn, if there is one, and what is due to leave."""
        lease: Lease | None = claimed
        told: set[str] = set()
        try:
            if event:
                told |= self._turn(claimed, event)
            while lease:
                lease, more = self._deliver(lease, ended=event is None)
                told |= {claimed.user_id} if more else set()
        except LostLease:
            log.warning("lease_lost")
        except Exception:
            log.exception("attend_failed")
            self.meter.count("turn_failures")
            self._let_go(lease)
        return told

    def _claim(self, user_id: str) -> tuple[Lease | None, Sequence[Pending]]:
        now = self.clock()
        with self.database.unit() as uow:
            lease = inbox.claim(uow, user_id, self.owner, ms(now), ms(now + LEASE))
            return lease, inbox.pending(uow, user_id, 1) if lease else ()

    def _let_go(self, lease: Lease | None) -> None:
        """After an unexpected failure, give the lease back if the database still takes it; else it runs out."""
        if lease is None:
            return
        with suppress(Unavailable), self.database.unit() as uow:
            inbox.release(uow, lease)

    def _turn(self, lease: Lease, event: Pending) -> set[str]:
        envelope = parse(event.body)
        try:
            photo = self._photo(lease, event, envelope)
            located = self._located(lease, envelope)
            return self._commit(lease, event, envelope, photo, self.handle, located=located)
        except FetchLater as later:
            return self._retry(lease, event, envelope, str(later), "photo.unfetchable")
        except DomainError as error:
            refusal = error
            return self._commit(lease, event, envelope, None, lambda talk: routes.refuse(talk, refusal))
        except LostLease:
            raise
        except Exception as error:
            log.exception("turn_failed", event_id=event.event_id, attempts=event.attempts)
            self.meter.count("turn_failures")
            return self._retry(lease, event, envelope, type(error).__name__, "error.unexpected")

    def _photo(self, lease: Lease, event: Pending, envelope: Envelope) -> Photo | None:
        """The photo of the event. Each try is counted first: one that kills the process is not tried for ever."""
        if not isinstance(envelope.event, ImageMessage) or not envelope.active:
            return None
        if event.attempts >= TRIES:
            log.error("photo_given_up", event_id=event.event_id)
            return Photo(code="photo.unfetchable")
        with self.database.unit() as uow:
            inbox.count_try(uow, event.seq)
        running, _ = read_state(lease.session)
        return self.photos.fetch(lease.user_id, envelope.event, running, self.clock())

    def _located(self, lease: Lease, envelope: Envelope) -> Point | None:
        """Where the address lies that answers the question at hand, if it is one for a place."""
        running, _ = read_state(lease.session)
        words = request.address_in(envelope, running) if self.locate else ""
        return self.locate(words) if self.locate and words else None

    def _commit(
        self, lease: Lease, event: Pending, envelope: Envelope, photo: Photo | None, handle: Handler, error: str = "",
        *, located: Point | None = None,
    ) -> set[str]:  # fmt: skip
        """The turn's one transaction: event done, session, domain rows, audit and outbox, or nothing."""
        now = self.clock()
        running, paused = read_state(lease.session)
        with self.database.unit() as uow:
            if not inbox.finish(uow, event.seq, error=error or None):
                return set()
            person = people.ensure(uow, lease.user_id, now)
            talk = Talk(
                uow, now, envelope, person, self.links, photo,
                late=_is_late(envelope, event, lease, running), running=running, paused=paused,
                guide=read_guide(lease.session), located=located,
            )  # fmt: skip
            handle(talk)
            if talk.replies and envelope.active:
                until = event.received_ms + int(REPLY_WITHIN.total_seconds() * 1000)
                reply = outbox.ReplyTo(event.event_id, envelope.reply_token, until)
                outbox.answer(uow, lease.user_id, [message.as_json() for message in talk.replies], reply, now)
            state = write_state(talk)
            last = max(lease.last_event_ms, event.occurred_ms)
            inbox.keep_session(uow, lease, state, last, ms(now + LEASE))
        lease.session, lease.last_event_ms = state, last
        return uow.told - {lease.user_id}

    def _retry(self, lease: Lease, event: Pending, envelope: Envelope, error: str, code: str) -> set[str]:
        """Leave the event for later; after the last try it is set aside, and the person is told what to do."""
        if event.attempts + 1 < TRIES:
            with self.database.unit() as uow:
                later = self.clock() + timedelta(seconds=2.0**event.attempts)
                counted = isinstance(envelope.event, ImageMessage)
                inbox.put_off(uow, event.seq, ms(later), error, counted=counted)
            return set()
        log.error("event_dead", event_id=event.event_id, error=error)
        self.meter.count("dead_messages", what="event")
        failed = DomainError(code)
        return self._commit(
            lease, event, envelope, None, lambda talk: routes.refuse(talk, failed), error=error
        )  # fmt: skip

    def _deliver(self, lease: Lease, *, ended: bool) -> tuple[Lease | None, bool]:
        """Send what is due; then give the lease back, or hold it when there may be more to send (no turn was run).

        Also says whether another event waits. The release comes before the look for more: whoever stores an event after
        that look finds the lease free.
        """
        results: list[Result] = self.delivery.send_due(lease.user_id)
        now = self.clock()
        with self.database.unit() as uow:
            for result in results:
                result(uow)
            inbox.release(uow, lease)
            events = inbox.pending(uow, lease.user_id, 1)
            due = bool(events) and events[0].not_before_ms <= ms(now)
            if due or not (results and ended):
                return None, due
            inbox.prolong(uow, lease, ms(now + LEASE))
        return lease, False


def _is_late(envelope: Envelope, event: Pending, lease: Lease, running: object) -> bool:
    """Whether words or a photo are older than what was handled last (but not one photo of the same album)."""
    if not isinstance(envelope.event, TextMessage | ImageMessage):
        return False
    album = getattr(running, "album", ("", 0))[0]
    if isinstance(envelope.event, ImageMessage) and album and envelope.event.set_id == album:
        return False
    return event.occurred_ms < lease.last_event_ms
