"""Fetching a photo before the turn's transaction: size cap, deadline, decoding, sealing, storing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.forms.visit import CHECK_IN_PHOTO
from bot.line.events import ImageMessage
from bot.line.outcomes import ContentGone, ContentSlow, ContentTooLarge, ContentUnsent, LineError
from bot.session import Session
from handlers.line.talk import Photo
from handlers.usecases.registration.draft import has_consented
from models.rules.registration import EDITABLE, PAPERS, Item
from storage import inbox, papers, people, registration_views, visit_photos
from storage.database import Database, UnitOfWork
from storage.files import FileStore, StoreUnavailable, new_key
from storage.images import Photo as Judged
from storage.images import PhotoRefused, judge_photo

if TYPE_CHECKING:
    from bot.line.client import LineClient

CAP = 10 * 1024 * 1024
DEADLINE_SECONDS = 15.0
LOADING_SECONDS = 20
PLACE_SIDE = 480
TAKEN_OVER_WITHIN = timedelta(days=2)
"""For how long a photo of a place waits for its act; the form refuses one of more than a day."""
LEAST_SIDE = min(rule.min_side for rule in PAPERS.values())


class FetchLater(Exception):
    """LINE or the file store does not answer now; the same event is worth another try."""


@dataclass(frozen=True)
class PhotoRoom:
    """Where photos come from and where they go."""

    database: Database
    client: "LineClient"
    files: FileStore

    def fetch(self, user_id: str, image: ImageMessage, running: Session | None, now: datetime) -> Photo | None:
        """The judged and stored photo, a refusal with its code, or None where no photo may be collected."""
        with self.database.read() as uow:
            if not _wanted(uow, user_id, image.message_id, running):
                return None
        if image.external:
            return Photo(code="photo.external")
        self.client.loading(user_id, LOADING_SECONDS)
        try:
            data = self.client.fetch_content(image.message_id, CAP, DEADLINE_SECONDS)
        except ContentTooLarge:
            return Photo(code="photo.too_large", data={"limit_mb": str(CAP // 1024 // 1024)})
        except ContentUnsent:
            return None
        except ContentGone:
            return Photo(code="photo.gone")
        except ContentSlow as error:
            raise FetchLater("slow") from error
        except LineError as error:
            if error.retryable:
                raise FetchLater(type(error.outcome).__name__) from error
            return Photo(code="photo.gone")
        return self._store(user_id, data, running, now)

    def _store(self, user_id: str, data: bytes, running: Session | None, now: datetime) -> Photo:
        try:
            photo = judge_photo(data, min_side=_least_side(running), max_bytes=CAP)
        except PhotoRefused as refused:
            return Photo(code=refused.code, data=refused.data)
        try:
            if shows_place(running):
                return self._store_place(photo, now)
            key = papers.key_of(self.database.vault, user_id, photo.sha256)
            # Also when it is there: one that no row names may be sealed with a key that is gone.
            self.files.put(key, self.database.vault.seal(photo.jpeg), "application/octet-stream")
        except StoreUnavailable as error:
            raise FetchLater("store") from error
        return Photo(key, photo.sha256, photo.width, photo.height)

    def _store_place(self, photo: Judged, now: datetime) -> Photo:
        """A photo of the place: under a key of its own, noted first so that one nobody sends off is deleted."""
        key = new_key(visit_photos.PREFIX)
        with self.database.unit() as uow:
            visit_photos.expect(uow, key, now + TAKEN_OVER_WITHIN)
        self.files.put(key, self.database.vault.seal(photo.jpeg), "application/octet-stream")
        return Photo(key, photo.sha256, photo.width, photo.height)


def shows_place(running: Session | None) -> bool:
    """Whether the form at hand wants a photo of the place of a visit."""
    return running is not None and running.form == CHECK_IN_PHOTO.key


def _wanted(uow: UnitOfWork, user_id: str, message_id: str, running: Session | None) -> bool:
    """Nothing is collected before consent, outside an open application or a check-in, or after it was taken back."""
    person = people.by_user_id(uow, user_id)
    if person is None or inbox.is_unsent(uow, message_id):
        return False
    if shows_place(running):
        return True
    if not has_consented(uow, person):
        return False
    application = registration_views.latest(uow, person.id)
    return application is not None and application.state in EDITABLE


def _least_side(running: Session | None) -> int:
    """The short side a photo must have: that of the question at hand, or the least of all."""
    if shows_place(running):
        return PLACE_SIDE
    if running and running.form == "papers" and running.step in PAPERS:
        return PAPERS[Item(running.step)].min_side
    return LEAST_SIDE
