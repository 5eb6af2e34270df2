"""Files that pages take in, on SQLite and PostgreSQL: whose they are, what becomes of them, what a kill leaves."""

import os
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from handlers import uploads
from handlers.jobs.retain import retain
from handlers.usecases.registration import draft
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, TooManyAttempts
from models.rules.permissions import SYSTEM
from models.tables.system import DoomedFile, Upload
from models.views.people import PersonView
from storage import papers, registration
from storage.files import FileMissing, FolderStore, StoreUnavailable
from tests.support import factories, photos
from tests.support.factories import House


class Town:
    """A person with a draft, and a stranger."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
            self.person, self.stranger = factories.person(uow), factories.person(uow)
            made = registration.create(uow, self.person.id, organisation, self.approver.id, None, house.clock())
            self.application = made

    @property
    def files(self) -> FolderStore:
        store = self.house.services.files
        assert isinstance(store, FolderStore)
        return store

    def posted(self, data: bytes, person: PersonView | None = None) -> str:
        key, form = uploads.begin(self.house.services, (person or self.person).actor)
        self.files.receive(form.fields, [data])
        return key

    def taken(self, key: str, person: PersonView | None = None, **how: object) -> list[draft.StoredPhoto]:
        return uploads.take_in(self.house.services, (person or self.person).actor, key, **how)  # type: ignore[arg-type]

    def add(self, photo: draft.StoredPhoto) -> tuple[str, bool]:
        with self.house.database.unit() as uow:
            at = self.house.clock()
            return draft.add_photo(uow, self.person.actor, self.application, "identity", photo, at)

    def rows(self, table: type) -> int:
        with self.house.database.read() as uow:
            return uow.session.scalar(select(func.count()).select_from(table)) or 0

    def retain(self) -> None:
        retain(self.house.database, self.files, self.house.clock())

    def opened(self, photo: draft.StoredPhoto) -> Image.Image:
        sealed = self.files.get(photo.file_key)
        return Image.open(BytesIO(self.house.database.vault.open(sealed)))


@pytest.fixture
def town(house: House) -> Town:
    return Town(house)


def refused(act: Callable[[], object]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("make", [photos.jpeg, photos.png, photos.heic])
def test_a_photo_is_judged_sealed_and_stored_and_the_quarantine_is_empty(town: Town, make: Callable[[], bytes]) -> None:
    key = town.posted(make())
    [photo] = town.taken(key)
    image = town.opened(photo)
    assert (image.format, image.size) == ("JPEG", (photo.width, photo.height))
    assert b"JFIF" not in town.files.get(photo.file_key)
    with pytest.raises(FileMissing):
        town.files.get(key)
    assert town.rows(Upload) == 0


def test_it_lies_where_the_same_photo_from_the_chat_would(town: Town) -> None:
    data = photos.jpeg(text="same")
    [photo] = town.taken(town.posted(data))
    vault = town.house.database.vault
    assert photo.file_key == f"papers/{vault.digest(f'{town.person.user_id}:{photo.sha256}')}"
    [again] = town.taken(town.posted(data))
    assert again == photo
    assert town.add(photo)[1] is True
    assert town.add(again)[1] is False


def test_the_pages_of_a_pdf_become_photos_where_pdfs_are_allowed(town: Town) -> None:
    pages = town.taken(town.posted(photos.pdf()), pdf=True)
    assert len(pages) == 1
    assert town.opened(pages[0]).format == "JPEG"
    assert refused(lambda: town.taken(town.posted(photos.pdf()))).code == "photo.is_pdf"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (photos.jpeg(300, 300), "photo.too_small"),
        (photos.mp4(), "photo.is_video"),
        (photos.truncated_jpeg(), "photo.broken"),
        (b"<html>", "photo.not_image"),
        (b"%PDF-1.4 junk", "pdf.broken"),
    ],
)
def test_what_cannot_be_used_is_refused_and_thrown_away(town: Town, data: bytes, code: str) -> None:
    key = town.posted(data)
    error = refused(lambda: town.taken(key, pdf=True))
    assert (type(error), error.code) == (NotPossible, code)
    assert not town.files.exists(key)
    assert (town.rows(Upload), town.rows(DoomedFile)) == (0, 0)


def test_more_bytes_than_a_form_allows_are_not_even_read(town: Town) -> None:
    """A form of another store's making might have let them in."""
    key, _ = uploads.begin(town.house.services, town.person.actor)
    town.files.put(key, b"\xff\xd8\xff" + b"x" * (10 * 1024 * 1024), "image/jpeg")
    assert refused(lambda: town.taken(key)).code == "photo.too_large"
    assert not town.files.exists(key)


def test_nobody_takes_in_what_another_posted(town: Town) -> None:
    key = town.posted(photos.jpeg())
    for person in (town.stranger, town.approver):
        error = refused(lambda person=person: town.taken(key, person))
        assert (type(error), error.code) == (NotFound, "upload.missing")
    assert town.taken(key)


@pytest.mark.parametrize("key", ["", "quarantine/", "quarantine/" + "0" * 48, "papers/../x", "\x00", "x" * 5000, "🙂"])
def test_a_key_nobody_was_given_is_no_file(town: Town, key: str) -> None:
    assert type(refused(lambda: town.taken(key))) is NotFound


def test_a_file_that_did_not_arrive_is_said_to_be_missing(town: Town) -> None:
    key, _ = uploads.begin(town.house.services, town.person.actor)
    assert refused(lambda: town.taken(key)).code == "upload.missing"
    town.files.put(key, photos.jpeg(), "image/jpeg")
    assert town.taken(key)


def test_taken_once_it_is_gone(town: Town) -> None:
    key = town.posted(photos.jpeg())
    town.taken(key)
    assert refused(lambda: town.taken(key)).code == "upload.missing"


def test_thirty_open_uploads_of_an_hour_are_enough_for_one_person(town: Town) -> None:
    for _ in range(uploads.OPEN_MOST):
        uploads.begin(town.house.services, town.person.actor)
    error = refused(lambda: uploads.begin(town.house.services, town.person.actor))
    assert (type(error), error.code) == (TooManyAttempts, "upload.too_many")
    assert uploads.begin(town.house.services, town.stranger.actor)[0]
    town.house.clock.advance(hours=1)
    assert uploads.begin(town.house.services, town.person.actor)[0]


def test_uploads_that_were_taken_over_do_not_count(town: Town) -> None:
    data = photos.jpeg()
    for _ in range(3):
        town.taken(town.posted(data))
    assert town.rows(Upload) == 0


def test_only_a_person_uploads(town: Town) -> None:
    for actor in (SYSTEM, factories.office(town.house)):
        assert type(refused(lambda actor=actor: uploads.begin(town.house.services, actor))) is NotAllowed


# What a kill leaves


def test_a_photo_that_no_paper_takes_over_is_deleted_after_an_hour(town: Town) -> None:
    [photo] = town.taken(town.posted(photos.jpeg()))
    town.house.clock.advance(minutes=59)
    town.retain()
    assert town.files.exists(photo.file_key)
    town.house.clock.advance(minutes=2)
    town.retain()
    assert not town.files.exists(photo.file_key)
    assert town.rows(DoomedFile) == 0


def test_a_photo_that_a_paper_took_over_stays(town: Town) -> None:
    [photo] = town.taken(town.posted(photos.jpeg()))
    town.add(photo)
    town.house.clock.advance(days=3)
    town.retain()
    assert town.files.exists(photo.file_key)


def test_sending_again_what_is_held_already_puts_nothing_in_danger(town: Town) -> None:
    data = photos.jpeg()
    [photo] = town.taken(town.posted(data))
    town.add(photo)
    town.taken(town.posted(data))
    town.house.clock.advance(days=1)
    town.retain()
    assert town.files.exists(photo.file_key)


def test_what_was_removed_and_is_sent_again_stays(town: Town) -> None:
    data = photos.jpeg()
    [photo] = town.taken(town.posted(data))
    paper, _ = town.add(photo)
    with town.house.database.unit() as uow:
        held = [each for each in papers.current(uow, town.application) if each.id == paper]
        papers.remove(uow, held, town.house.clock())
    [again] = town.taken(town.posted(data))
    town.retain()
    assert town.files.exists(photo.file_key)
    town.add(again)
    town.house.clock.advance(hours=2)
    town.retain()
    assert town.files.exists(photo.file_key)


def test_a_store_that_fails_in_between_leaves_the_upload_to_be_taken_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = town.posted(photos.jpeg())

    def full(*_: object) -> None:
        raise StoreUnavailable("full")

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "put", full)
        with pytest.raises(StoreUnavailable):
            town.taken(key)
    [photo] = town.taken(key)
    assert town.files.exists(photo.file_key)


def test_quarantine_is_emptied_after_a_day(town: Town, tmp_path: Path) -> None:
    old, new = town.posted(photos.jpeg()), town.posted(photos.jpeg())
    orphan = "quarantine/" + "a" * 48
    town.files.put(orphan, b"x", "text/plain")
    for key in (old, orphan):
        long_ago = (town.house.clock() - timedelta(days=1, minutes=1)).timestamp()
        os.utime(tmp_path / "files" / key, (long_ago, long_ago))
    recent = town.house.clock().timestamp()
    os.utime(tmp_path / "files" / new, (recent, recent))
    town.retain()
    assert [town.files.exists(key) for key in (old, orphan, new)] == [False, False, True]
    town.house.clock.advance(days=1, minutes=1)
    town.retain()
    assert town.rows(Upload) == 0
    assert not town.files.exists(new)
