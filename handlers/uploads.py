"""Files that pages take in: a form for a quarantine key, then judged, sealed and stored like photos from the chat.

A file goes from the browser to the file store, not through the page. Killed at any point, nothing is half done: what
was not taken over by a paper is deleted by `jobs retain` — in quarantine after a day, judged after an hour.
"""

from collections.abc import Sequence
from datetime import timedelta

from handlers.services import Services
from handlers.usecases.registration.draft import StoredPhoto
from models.rules.errors import NotAllowed, NotFound, NotPossible, TooManyAttempts
from models.rules.permissions import Actor
from models.views.people import PersonView
from storage import papers, people, uploads
from storage.files import FileMissing, FileTooLarge, new_key
from storage.images import MAX_BYTES, MIN_SIDE, Photo, PhotoRefused, is_pdf, judge_photo, too_large
from storage.pdf_pages import draw_pages
from storage.upload_forms import UploadForm

FORM_FOR = timedelta(hours=1)
OPEN_MOST = 30
ADOPTED_WITHIN = timedelta(hours=1)


def begin(services: Services, actor: Actor) -> tuple[str, UploadForm]:
    """A key for one file of this person, and the form to post it with within the hour.

    TooManyAttempts for somebody with 30 forms of the last hour that were not taken over. Commits.
    """
    if actor.kind != "person" or actor.person_id is None:
        raise NotAllowed
    key, now = new_key(uploads.QUARANTINE), services.clock()
    with services.database.unit() as uow:
        if uploads.open_since(uow, actor.person_id, now - FORM_FOR) >= OPEN_MOST:
            raise TooManyAttempts("upload.too_many")
        uploads.begin(uow, key, actor.person_id, now)
    return key, services.files.upload_form(key, MAX_BYTES, int(FORM_FOR.total_seconds()))


def take_in(
    services: Services, actor: Actor, key: str, *, min_side: int = MIN_SIDE, pdf: bool = False
) -> list[StoredPhoto]:
    """What the person posted under `key`, judged, sealed and stored; the pages of a PDF where `pdf` allows one.

    The caller adds the photos as papers in a transaction of its own, within the hour. NotFound for a key that is not
    this person's, NotPossible with a code of `photo.…`, `pdf.…` or `upload.…` for a file that cannot be used, and
    StoreUnavailable when trying again is right. Never to be called inside a transaction.
    """
    person = _owner(services, actor, key)
    try:
        data = services.files.get(key, MAX_BYTES)
        photos = draw_pages(data, min_side=min_side) if pdf and is_pdf(data) else [judge_photo(data, min_side=min_side)]
    except FileMissing:
        raise NotPossible("upload.missing") from None
    except (FileTooLarge, PhotoRefused) as error:
        _discard(services, key)
        refused = error if isinstance(error, PhotoRefused) else too_large()
        raise NotPossible(refused.code, **refused.data) from error
    stored = _store(services, person, photos)
    _discard(services, key)
    return stored


def _owner(services: Services, actor: Actor, key: str) -> PersonView:
    with services.database.read() as uow:
        owner = uploads.owner(uow, key) if key.isprintable() else None
        person = people.by_id(uow, owner) if owner and owner == actor.person_id else None
    if person is None:
        raise NotFound("upload.missing")
    return person


def _store(services: Services, person: PersonView, photos: Sequence[Photo]) -> list[StoredPhoto]:
    """Under the keys that the same photos would have from the chat; noted first, so that no file is forgotten."""
    vault = services.database.vault
    named = {papers.key_of(vault, person.user_id, photo.sha256): photo for photo in photos}
    with services.database.unit() as uow:
        papers.expect(uow, named, services.clock() + ADOPTED_WITHIN)
    for key, photo in named.items():
        services.files.put(key, vault.seal(photo.jpeg), "application/octet-stream")
    return [StoredPhoto(key, photo.sha256, photo.width, photo.height) for key, photo in named.items()]


def _discard(services: Services, key: str) -> None:
    """The file goes before its row does; the row alone lets nobody take anything in."""
    services.files.delete(key)
    with services.database.unit() as uow:
        uploads.forget(uow, key)
