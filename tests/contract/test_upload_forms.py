"""One contract for the forms browsers post files with: our own endpoint over a folder, and a real S3 server."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
import urllib3
from werkzeug.exceptions import ClientDisconnected

from handlers.pages import create_pages
from storage.files import FileMissing, FileStore, FileTooLarge, FolderStore, new_key, open_store
from storage.upload_forms import UploadForm
from tests.support import factories
from tests.support.s3 import Seaweed

MOST = 100_000
Post = Callable[..., int]


@dataclass(frozen=True)
class Place:
    """A store, and a browser that posts to it: `post(form, file)` gives the status."""

    store: FileStore
    post: Post

    def form(self, key: str, most: int = MOST, seconds: int = 3600) -> UploadForm:
        return self.store.upload_form(key, most, seconds)

    def holds(self, key: str) -> bytes | None:
        try:
            return self.store.get(key)
        except FileMissing:
            return None


def multipart(form: UploadForm, file: bytes, fields: Mapping[str, str]) -> tuple[bytes, str]:
    parts = [*{**form.fields, **fields}.items(), ("file", ("写真.jpg", file, "image/jpeg"))]
    return urllib3.encode_multipart_formdata(parts)


def on_folder(tmp_path: Path) -> Iterator[Place]:
    store = FolderStore(tmp_path / "posted", "forms-under-test")
    house = factories.open_house(tmp_path / "house")
    browser = create_pages(replace(house.services, files=store), factories.SECRET_KEY).test_client()

    def post(form: UploadForm, file: bytes, **fields: str) -> int:
        body, content_type = multipart(form, file, fields)
        return browser.post(form.url, data=body, content_type=content_type).status_code

    yield Place(store, post)
    house.database.close()


def on_s3(server: Seaweed) -> Iterator[Place]:
    def post(form: UploadForm, file: bytes, **fields: str) -> int:
        body, content_type = multipart(form, file, fields)
        return urllib3.request(
            "POST", form.url, body=body, headers={"Content-Type": content_type}, retries=False
        ).status

    with closing(open_store(f"s3://{server.bucket}/posted", "")) as store:
        yield Place(store, post)


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "folder":
        yield from on_folder(tmp_path)
        return
    server: Seaweed = request.getfixturevalue("s3")
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    yield from on_s3(server)


@pytest.mark.parametrize("size", [1, 70_000, MOST])
def test_a_posted_file_lies_under_its_key(place: Place, size: int) -> None:
    key, file = new_key("quarantine"), b"\xff\r\n--" * size
    assert place.post(place.form(key), file[:size]) == 204
    assert place.holds(key) == file[:size]


def test_the_same_form_replaces(place: Place) -> None:
    form = place.form(key := new_key("quarantine"))
    assert [place.post(form, b"first"), place.post(form, b"second")] == [204, 204]
    assert place.holds(key) == b"second"


@pytest.mark.parametrize("size", [0, MOST + 1, MOST * 3])
def test_a_file_of_another_size_is_not_kept(place: Place, size: int) -> None:
    form = place.form(key := new_key("quarantine"))
    assert 400 <= place.post(form, b"x" * size) < 500
    assert place.holds(key) is None


def test_a_form_opens_no_other_key(place: Place) -> None:
    form, other = place.form(key := new_key("quarantine")), new_key("quarantine")
    wrong = form.fields["key"].replace(key, other)
    assert place.post(form, b"x", key=wrong) == 403
    assert [place.holds(key), place.holds(other)] == [None, None]


def test_a_form_that_was_tampered_with_opens_nothing(place: Place) -> None:
    """Each signed field of one form, put into another or changed, is refused."""
    form, wider = place.form(key := new_key("quarantine")), place.form(new_key("quarantine"), MOST * 10)
    policy = form.fields["policy"]
    for forged in (policy[:-3], policy[::-1], "", wider.fields["policy"]):
        assert place.post(form, b"x", policy=forged) in (400, 403)
    for name in set(form.fields) - {"policy", "key"}:
        assert place.post(form, b"x", **{name: form.fields[name] + "x"}) in (400, 403)
    assert place.holds(key) is None


def test_a_form_that_is_over_opens_nothing(place: Place) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=2)):
        form = place.form(key := new_key("quarantine"))
    assert place.post(form, b"x") == 403
    assert place.holds(key) is None


def test_more_than_the_caller_takes_is_not_read(place: Place) -> None:
    place.store.put(key := new_key("quarantine"), b"x" * 11, "text/plain")
    with pytest.raises(FileTooLarge):
        place.store.get(key, 10)
    assert place.store.get(key, 11) == b"x" * 11


def test_files_that_lie_there_for_long_are_found(place: Place) -> None:
    keys = {new_key("quarantine") for _ in range(3)}
    for key in keys:
        place.store.put(key, b"x", "text/plain")
    place.store.put(new_key("papers"), b"x", "text/plain")
    now = datetime.now(UTC)
    assert keys <= set(place.store.older_than("quarantine", now + timedelta(minutes=1)))
    assert not keys & set(place.store.older_than("quarantine", now - timedelta(minutes=1)))
    assert not place.store.older_than("nothing-here", now + timedelta(minutes=1))


# Our own endpoint's manners


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Place]:
    yield from on_folder(tmp_path)


def test_a_folder_keeps_no_half_of_a_broken_connection(folder: Place, tmp_path: Path) -> None:
    key = new_key("quarantine")
    store = folder.store
    assert isinstance(store, FolderStore)

    def breaks() -> Iterator[bytes]:
        yield b"half"
        raise ClientDisconnected

    with pytest.raises(ClientDisconnected):
        store.receive(folder.form(key).fields, breaks())
    assert folder.holds(key) is None
    assert not [path for path in (tmp_path / "posted").rglob("*") if path.is_file()]


def test_what_a_kill_left_half_written_is_found_and_can_be_deleted(folder: Place, tmp_path: Path) -> None:
    folder.store.put("quarantine/a", b"x", "text/plain")
    (tmp_path / "posted" / "quarantine" / "part-abc123_x").write_bytes(b"half")
    left = folder.store.older_than("quarantine", datetime.now(UTC) + timedelta(minutes=1))
    assert sorted(left) == ["quarantine/a", "quarantine/part-abc123_x"]
    for key in left:
        folder.store.delete(key)
    assert list((tmp_path / "posted" / "quarantine").iterdir()) == []


def test_a_body_that_is_no_such_form_is_answered(tmp_path: Path) -> None:
    house = factories.open_house(tmp_path)
    browser = create_pages(house.services, factories.SECRET_KEY).test_client()
    plain = "multipart/form-data; boundary=x"
    head = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    bodies = [
        b"",
        b"junk",
        b"--x--\r\n",
        head % b"policy",
        head % b"policy" + b"p" * 60_000 + b"\r\n--x--\r\n",
        b"\x00" * 200_000,
    ]
    for body in bodies:
        for content_type in (plain, "multipart/form-data", "text/plain", "multipart/form-data; boundary=\xff"):
            assert browser.post("/p/upload", data=body, content_type=content_type).status_code in (400, 403, 413)
    assert browser.post("/p/upload", data=b"x" * 11_000_000, content_type=plain).status_code == 413
    assert browser.get("/p/upload").status_code == 405
    house.database.close()


def test_where_the_store_is_s3_our_own_endpoint_is_not_there(
    s3: Seaweed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    house = factories.open_house(tmp_path)
    with closing(open_store(f"s3://{s3.bucket}", "")) as store:
        browser = create_pages(replace(house.services, files=store), factories.SECRET_KEY).test_client()
        assert browser.post("/p/upload", data={"policy": "x"}).status_code == 404
        assert store.upload_origin() == s3.endpoint
    house.database.close()


def test_amazon_itself_is_posted_to_in_its_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form for another host is answered with a redirect, which no browser follows across origins."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with closing(open_store("s3://papers/a", "")) as store:
        form = store.upload_form("quarantine/b", MOST, 60)
        assert store.upload_origin() == "https://papers.s3.ap-northeast-1.amazonaws.com"
    assert form.fields["key"] == "a/quarantine/b"
    assert "AWS4-HMAC-SHA256" in form.fields.values()
