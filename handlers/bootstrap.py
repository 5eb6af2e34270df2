"""Settings to engine, stores and apps: the only place that wires, and the only one that reads the environment.

Imports stand inside the functions, so that `webhook_app` loads nothing it does not need.
"""

import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.line.client import LineClient
    from handlers.delivery import Delivery
    from handlers.doctor import Examiner
    from handlers.jobs.named import Jobs
    from handlers.jobs.rounds import Rounds
    from handlers.letters import Letters
    from handlers.line.webhook import Answered, Stored, Webhook
    from handlers.line.worker import Bell, Worker
    from handlers.links import Links
    from handlers.services import Services
    from handlers.settings import Settings
    from handlers.tasks import Tasks
    from handlers.watch.emf import Emf
    from handlers.watch.gauges import Gauges
    from handlers.watch.health import Health
    from handlers.watch.metrics import Meter
    from handlers.watch.prometheus import Prometheus
    from models.rules.place import Point
    from storage.ack import Acknowledger
    from storage.database import Database
    from storage.files import FileStore
    from storage.queue import EventQueue

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
ANSWER_MOST = 4_000_000
"""Bytes of an answer that fit into the 6 MB of a Lambda function's, whose text form makes four of three."""
FUNCTION_NEEDS = (
    "LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN", "DATABASE_URL", "FILE_STORE_URL", "MAIL_URL", "EVENT_QUEUE_URL",
    "PUBLIC_BASE_URL", "SECRET_KEY", "FIELD_KEYS",
)  # fmt: skip


def utc_now() -> datetime:
    """The clock of everything that is not a test."""
    return datetime.now(UTC)


def settings() -> "Settings":
    """The settings from the environment; SettingsError says what is missing."""
    from handlers.settings import read

    return read(os.environ)


@dataclass
class Service:
    """Everything one process holds open, made when first asked for (after a fork)."""

    settings: "Settings"
    clock: Callable[[], datetime] = utc_now
    answer_most: int | None = None
    prometheus: "Prometheus | None" = None

    @cached_property
    def database(self) -> "Database":
        """The database with its vault."""
        from storage.database import Database
        from storage.secrets import Vault

        return Database(self.settings.database_url, Vault(self.settings.field_keys, self.settings.digest_key))

    @cached_property
    def meter(self) -> "Meter":
        """What takes the figures; whoever wants them sets another one before anything else is asked for."""
        from handlers.watch.metrics import NO_METER

        return NO_METER

    def measure(self) -> None:
        """Keep figures for Prometheus if there is a token to guard them; call it first, and after a fork."""
        if self.settings.metrics_token:
            from handlers.watch.prometheus import Prometheus

            self.meter = self.prometheus = Prometheus(self.settings.var / "metrics")

    @cached_property
    def health(self) -> "Health":
        """What says whether everything this process needs answers."""
        from handlers.watch.health import Health

        return Health(self.database, self.files, self.queue)

    @cached_property
    def gauges(self) -> "Gauges":
        """What reads how the service stands."""
        from handlers.watch.gauges import Gauges

        return Gauges(self.database, self.health, lambda: self.client.quota(), self.meter, self.clock)

    @cached_property
    def acknowledger(self) -> "Acknowledger":
        """What stores events before they are acknowledged."""
        from storage.ack import open_acknowledger

        return open_acknowledger(self.settings.database_url, prepare=not self.settings.database_proxy)

    @cached_property
    def files(self) -> "FileStore":
        """The file store."""
        from storage.files import open_store

        return open_store(self.settings.file_store_url, self.settings.secret_keys)

    @cached_property
    def client(self) -> "LineClient":
        """The adapter to LINE."""
        from bot.line.client import LineClient

        at = self.settings
        return LineClient(
            at.access_token, at.api_base_url, at.data_api_base_url,
            failed=lambda kind: self.meter.count("line_errors", kind=kind),
        )  # fmt: skip

    @cached_property
    def bell(self) -> "Bell":
        """Rung by the webhook and the pages of this process, heard by its worker thread."""
        from handlers.line.worker import Bell

        return Bell()

    @cached_property
    def queue(self) -> "EventQueue | None":
        """What carries the news of an event to a worker on another machine; None where the worker is in the house."""
        from storage.queue import open_queue

        return open_queue(self.settings.event_queue_url) if self.settings.event_queue_url else None

    @property
    def wake(self) -> Callable[[Iterable[str]], None]:
        """Called after a commit with the people who have something waiting."""
        return self.queue.wake if self.queue else self.bell.ring

    @property
    def stored(self) -> "Stored":
        """Called by the webhook with what it has kept."""
        return self.queue.stored if self.queue else self._ring

    @property
    def hurry(self) -> Callable[[], None]:
        """Called when a page has started long work."""
        return self.queue.hurry if self.queue else self.rounds.hurry.set

    def _ring(self, events: Iterable[tuple[str, str]]) -> None:
        self.bell.ring(user_id for user_id, _ in events)

    @cached_property
    def links(self) -> "Links":
        """What makes and reads links."""
        from handlers.links import Links

        at = self.settings
        return Links(at.secret_keys, at.public_base_url, at.account_id, at.liff_id)

    @cached_property
    def letters(self) -> "Letters":
        """What prints commission letters."""
        from handlers.letters import Letters

        return Letters(self.database, self.files, self.clock)

    @cached_property
    def tasks(self) -> "Tasks":
        """What goes on with long work started on a page."""
        from handlers.imports import Imports
        from handlers.tasks import Tasks

        imports = Imports(self.database, self.files, self.clock, self.links.friend)
        works = {"letters": self.letters, "import": imports}
        return Tasks(self.database, self.clock, works, self.wake)

    @cached_property
    def jobs(self) -> "Jobs":
        """What each scheduled job does."""
        from handlers.jobs.named import Jobs

        return Jobs(
            self.database, self.files, self.clock, self.letters, self.tasks, sweep=self._sweep, told=self.wake,
            levels=lambda: self.gauges.report(), meter=self.meter,
        )  # fmt: skip

    def _sweep(self, go_on: Callable[[], bool]) -> int:
        return self.worker.sweep(go_on)

    @cached_property
    def rounds(self) -> "Rounds":
        """The jobs of this process, in rounds."""
        from handlers.jobs.rounds import Rounds

        return Rounds(self.jobs)

    @cached_property
    def services(self) -> "Services":
        """What pages are given."""
        from bot.line.login import LoginVerifier
        from handlers.services import Liff, Services, Tiles

        at = self.settings
        return Services(
            database=self.database,
            files=self.files,
            links=self.links,
            clock=self.clock,
            told=self.wake,
            letters=self.letters,
            hurry=self.hurry,
            secure_cookies=at.public_base_url.startswith("https:"),
            liff=Liff(at.liff_id, LoginVerifier(at.login_channel_id, at.api_base_url).verify) if at.liff_id else None,
            tiles=Tiles(*at.map_tiles) if at.map_tiles else None,
            locate=self.locate,
            answer_most=self.answer_most,
            examiner=self.examiner,
        )

    @cached_property
    def examiner(self) -> "Examiner":
        """What finds out how the system stands."""
        from handlers.doctor import Examiner

        return Examiner(self)

    @cached_property
    def locate(self) -> "Callable[[str], Point | None] | None":
        """What looks addresses up on the map, if there is anything to ask."""
        from handlers.places import Geocoder

        return Geocoder(self.settings.geocoder_url).find if self.settings.geocoder_url else None

    @cached_property
    def delivery(self) -> "Delivery":
        """What sends the outbox."""
        from functools import partial

        from bot.screens import notices
        from handlers.delivery import Delivery
        from storage.mail import open_mailer

        return Delivery(
            database=self.database,
            client=self.client,
            mailer=open_mailer(self.settings.mail_url, self.settings.mail_sender),
            render=notices.render,
            render_mail=partial(notices.mail, admin_link=self.links.admin()),
            clock=self.clock,
            meter=self.meter,
        )

    @cached_property
    def worker(self) -> "Worker":
        """What runs the turns."""
        from handlers.line.photos import PhotoRoom
        from handlers.line.worker import Worker

        photos = PhotoRoom(self.database, self.client, self.files)
        return Worker(
            self.database, self.delivery, photos, self.links, self.clock, locate=self.locate, owner=uuid.uuid4().hex,
            meter=self.meter,
        )  # fmt: skip

    def webhook(self, stored: "Stored") -> "Webhook":
        """The acknowledging path alone."""
        from handlers.line.webhook import Webhook
        from handlers.watch.metrics import acknowledging

        secrets, answered = self.settings.channel_secrets, acknowledging(self.meter)
        return Webhook(secrets, self.acknowledger, stored, lambda: self.clock().timestamp(), answered)

    def web(self) -> Wsgi:
        """Webhook, health, pages."""
        from handlers.line.webhook import PATH

        return dispatch({PATH: self.webhook(self.stored)}, self.pages())

    def pages(self) -> Wsgi:
        """Health and pages; the webhook is somebody else's."""
        from handlers.pages import create_pages
        from handlers.watch.edge import Edge

        at = self.settings
        pages = create_pages(self.services, at.secret_keys, at.trusted_hops)
        exact: dict[str, Wsgi] = {"/healthz": self.health, "/readyz": self.health}
        if self.prometheus:
            from handlers.watch.prometheus import PATH, Scrape

            exact[PATH] = Scrape(at.metrics_token, self.prometheus, self.gauges)
        return dispatch(exact, Edge(pages, self.meter, behind_proxy=at.trusted_hops > 0))

    def close(self) -> None:
        """Give everything back."""
        for name in ("acknowledger", "client", "database", "files", "queue"):
            if (held := self.__dict__.get(name)) is not None:
                held.close()


def dispatch(exact: dict[str, Wsgi], other: Wsgi) -> Wsgi:
    """A WSGI app that sends exact paths to their own apps and everything else to `other`."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return exact.get(environ.get("PATH_INFO", ""), other)(environ, start_response)

    return app


def web_app() -> Wsgi:
    """WSGI: everything (`gunicorn 'handlers.bootstrap:web_app()'`)."""
    service = Service(settings())
    service.measure()
    return service.web()


def webhook_app(answered: "Answered" = lambda _seconds, _status, _foreign: None) -> "Webhook":
    """WSGI: the webhook alone, as light as it can be. `answered` is told of each request."""
    secrets = [part.strip() for part in os.environ.get("LINE_CHANNEL_SECRET", "").split(",") if part.strip()]
    url = os.environ.get("DATABASE_URL", "")
    if not secrets or not url:
        raise RuntimeError("webhook_app needs LINE_CHANNEL_SECRET and DATABASE_URL in the environment.")
    from handlers.line.webhook import Webhook
    from storage.ack import open_acknowledger

    kept = open_acknowledger(url, prepare=not os.environ.get("DATABASE_PROXY", "").strip("0"))
    return Webhook(secrets, kept, _stored(os.environ.get("EVENT_QUEUE_URL", "")), answered=answered)


def _stored(queue_url: str) -> "Stored":
    """What tells a worker elsewhere of events; nothing where its sweep is to find them."""
    if not queue_url:
        return lambda _events: None
    from storage.queue import open_queue

    return open_queue(queue_url).stored


def fetch_settings() -> None:
    """Put what the references of the environment stand for in their place: libpq reads its own settings there."""
    from storage.parameters import resolved

    os.environ.update(resolved(os.environ))


@cache
def figures() -> "Emf":
    """What a Lambda function measures; its stage is named by `STAGE`."""
    from handlers.watch.emf import Emf

    return Emf(os.environ.get("STAGE", "dev"))


def function_service() -> Service:
    """What a Lambda function works with: no setting is made up there, for nothing written there is kept."""
    import tempfile
    from pathlib import Path

    from handlers.settings import SettingsError, read
    from handlers.watch import logs

    logs.set_up()
    if missing := [name for name in FUNCTION_NEEDS if not os.environ.get(name)]:
        raise SettingsError(f"A function needs these settings too: {', '.join(missing)}.")
    service = Service(read(os.environ, Path(tempfile.gettempdir())), answer_most=ANSWER_MOST)
    service.meter = figures()
    return service


def upgrade() -> str | None:
    """Bring the schema of `DATABASE_URL` to the newest revision, which is returned; no other setting is read."""
    from storage import schema
    from storage.database import make_engine

    engine = make_engine(os.environ["DATABASE_URL"])
    try:
        schema.upgrade(engine)
    finally:
        engine.dispose()
    return schema.head()
