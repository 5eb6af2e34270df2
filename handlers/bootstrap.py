"""Settings to engine, stores and apps: the only place that wires, and the only one that reads the environment.

Imports stand inside the functions, so that `webhook_app` loads nothing it does not need.
"""

import os
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.line.client import LineClient
    from handlers.delivery import Delivery
    from handlers.jobs.rounds import Rounds
    from handlers.letters import Letters
    from handlers.line.webhook import Webhook
    from handlers.line.worker import Bell, Worker
    from handlers.links import Links
    from handlers.services import Services
    from handlers.settings import Settings
    from handlers.tasks import Tasks
    from models.rules.place import Point
    from storage.ack import Acknowledger
    from storage.database import Database
    from storage.files import FileStore

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


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

    @cached_property
    def database(self) -> "Database":
        """The database with its vault."""
        from storage.database import Database
        from storage.secrets import Vault

        return Database(self.settings.database_url, Vault(self.settings.field_keys))

    @cached_property
    def acknowledger(self) -> "Acknowledger":
        """What stores events before they are acknowledged."""
        from storage.ack import open_acknowledger

        return open_acknowledger(self.settings.database_url)

    @cached_property
    def files(self) -> "FileStore":
        """The file store."""
        from storage.files import open_store

        return open_store(self.settings.file_store_url, self.settings.secret_key)

    @cached_property
    def client(self) -> "LineClient":
        """The adapter to LINE."""
        from bot.line.client import LineClient

        at = self.settings
        return LineClient(at.access_token, at.api_base_url, at.data_api_base_url)

    @cached_property
    def bell(self) -> "Bell":
        """Rung by the webhook and the pages of this process, heard by its worker thread."""
        from handlers.line.worker import Bell

        return Bell()

    @cached_property
    def links(self) -> "Links":
        """What makes and reads links."""
        from handlers.links import Links

        at = self.settings
        return Links(at.secret_key, at.public_base_url, at.account_id, at.liff_id)

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
        return Tasks(self.database, self.clock, works, self.bell.ring)

    @cached_property
    def rounds(self) -> "Rounds":
        """The jobs of this process."""
        from handlers.jobs.rounds import Rounds

        return Rounds(self.database, self.files, self.clock, self.bell.ring, self.letters, self.tasks)

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
            told=self.bell.ring,
            letters=self.letters,
            hurry=self.rounds.hurry.set,
            secure_cookies=at.public_base_url.startswith("https:"),
            liff=Liff(at.liff_id, LoginVerifier(at.login_channel_id, at.api_base_url).verify) if at.liff_id else None,
            tiles=Tiles(*at.map_tiles) if at.map_tiles else None,
            locate=self.locate,
        )

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
        )

    @cached_property
    def worker(self) -> "Worker":
        """What runs the turns."""
        from handlers.line.photos import PhotoRoom
        from handlers.line.worker import Worker

        photos = PhotoRoom(self.database, self.client, self.files)
        return Worker(
            self.database, self.delivery, photos, self.links, self.clock, locate=self.locate, owner=uuid.uuid4().hex
        )

    def webhook(self, stored: Callable[[Iterable[str]], None]) -> "Webhook":
        """The acknowledging path alone."""
        from handlers.line.webhook import Webhook

        return Webhook(self.settings.channel_secrets, self.acknowledger, stored, lambda: self.clock().timestamp())

    def web(self) -> Wsgi:
        """Webhook, health, pages."""
        from handlers.health import Health
        from handlers.line.webhook import PATH
        from handlers.pages import create_pages

        at = self.settings
        pages = create_pages(self.services, at.secret_key, at.trusted_hops)
        health = Health(self.database, self.files)
        return dispatch({PATH: self.webhook(self.bell.ring), "/healthz": health, "/readyz": health}, pages)

    def close(self) -> None:
        """Give everything back."""
        for name in ("acknowledger", "client", "database", "files"):
            if name in self.__dict__:
                getattr(self, name).close()


def dispatch(exact: dict[str, Wsgi], other: Wsgi) -> Wsgi:
    """A WSGI app that sends exact paths to their own apps and everything else to `other`."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return exact.get(environ.get("PATH_INFO", ""), other)(environ, start_response)

    return app


def web_app() -> Wsgi:
    """WSGI: everything (`gunicorn 'handlers.bootstrap:web_app()'`)."""
    return Service(settings()).web()


def webhook_app() -> "Webhook":
    """WSGI: the webhook alone, as light as it can be."""
    secrets = [part.strip() for part in os.environ.get("LINE_CHANNEL_SECRET", "").split(",") if part.strip()]
    url = os.environ.get("DATABASE_URL", "")
    if not secrets or not url:
        raise RuntimeError("webhook_app needs LINE_CHANNEL_SECRET and DATABASE_URL in the environment.")
    from handlers.line.webhook import Webhook
    from storage.ack import open_acknowledger

    return Webhook(secrets, open_acknowledger(url), lambda _people: None)
