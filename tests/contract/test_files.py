"""One contract for every file store: a folder, and a real S3 server."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from storage.files import BadKey, FileMissing, FileStore, StoreUnavailable, new_key, open_store
from tests.support.s3 import Seaweed, seaweed

SECRET_KEY = "forms-under-test"
PAPER = b"\xff\xd8\xff paper \x00\x01"
Opener = Callable[[str], str]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Seaweed]:
    with seaweed() as server:
        yield server


@pytest.fixture
def s3_environment(s3_server: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Seaweed:
    for name, value in s3_server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return s3_server


@pytest.fixture(params=["folder", "s3", "s3 without prefix"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return f"file:{tmp_path}/files"
    server: Seaweed = request.getfixturevalue("s3_environment")
    return f"s3://{server.bucket}/some/prefix" if request.param == "s3" else f"s3://{server.bucket}"


@pytest.fixture
def store(url: str) -> Iterator[FileStore]:
    with closing(open_store(url, SECRET_KEY)) as opened:
        yield opened


def test_what_is_put_is_got(store: FileStore) -> None:
    key = new_key("photos")
    store.put(key, PAPER, "image/jpeg")
    assert store.get(key) == PAPER
    assert store.exists(key)


@pytest.mark.parametrize("size", [0, 1, 5_000_001])
def test_every_size_comes_back_whole(store: FileStore, size: int) -> None:
    key, data = new_key("sizes"), os.urandom(size)
    store.put(key, data, "application/octet-stream")
    assert store.get(key) == data


def test_putting_again_replaces(store: FileStore) -> None:
    key = new_key("photos")
    store.put(key, PAPER, "image/jpeg")
    store.put(key, b"other", "text/plain")
    assert store.get(key) == b"other"


def test_what_was_never_put_is_missing(store: FileStore) -> None:
    key = new_key("photos")
    assert not store.exists(key)
    with pytest.raises(FileMissing) as caught:
        store.get(key)
    assert caught.value.key == key
    assert not caught.value.retryable


def test_a_part_of_a_key_is_missing(store: FileStore) -> None:
    store.put("deep/er/still.jpg", PAPER, "image/jpeg")
    assert not store.exists("deep/er")
    with pytest.raises(FileMissing):
        store.get("deep/er")
    store.delete("deep/er")
    assert store.get("deep/er/still.jpg") == PAPER


def test_deleting_forgets_and_may_be_repeated(store: FileStore) -> None:
    key = new_key("photos")
    store.put(key, PAPER, "image/jpeg")
    store.delete(key)
    store.delete(key)
    assert not store.exists(key)
    with pytest.raises(FileMissing):
        store.get(key)


def test_another_store_on_the_same_url_sees_it(store: FileStore, url: str) -> None:
    key = new_key("photos")
    store.put(key, PAPER, "image/jpeg")
    with closing(open_store(url, SECRET_KEY)) as other:
        assert other.get(key) == PAPER


def test_several_threads_share_one_store(store: FileStore) -> None:
    keys = [new_key("threads") for _ in range(12)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: store.put(key, key.encode(), "text/plain"), keys))
        assert list(pool.map(store.get, keys)) == [key.encode() for key in keys]


def test_check_is_content_and_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    store.check()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "key",
    [
        *("", "/a", "a/", "a//b", "..", "a/../b", "a/..", "./a", "a.jpg/b", "a..b"),
        *("~", "A", "é", "a b", "a\n", "a\0", "a" * 201),
    ],
)
def test_keys_that_lead_elsewhere_are_refused(store: FileStore, key: str) -> None:
    uses: list[Callable[[str], object]] = [store.get, store.delete, store.exists]
    for use in [*uses, lambda bad: store.put(bad, b"", "text/plain")]:
        with pytest.raises(BadKey):
            use(key)


def test_new_keys_are_unguessable_and_valid(store: FileStore) -> None:
    keys = {new_key("papers/2026") for _ in range(500)}
    assert len(keys) == 500
    assert all(key.startswith("papers/2026/") and len(key.rpartition("/")[2]) >= 40 for key in keys)
    assert not store.exists(keys.pop())


def test_new_keys_refuse_a_bad_prefix() -> None:
    with pytest.raises(BadKey):
        new_key("../etc")


@pytest.mark.parametrize("bad", ["", "var/files", "file:", "file://host/x", "s3:", "s3:///x", "ftp://x/y", "http://x"])
def test_other_urls_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="FILE_STORE_URL"):
        open_store(bad, SECRET_KEY)


# The folder's own promises


def test_folder_files_are_private(tmp_path: Path) -> None:
    open_store(f"file:{tmp_path}/files", SECRET_KEY).put("a/b/c.jpg", PAPER, "image/jpeg")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "files").rglob("*")}
    assert modes == {"a": 0o700, "b": 0o700, "c.jpg": 0o600}
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700


def test_folder_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("file:var/files", SECRET_KEY).put("a", PAPER, "image/jpeg")
    assert (tmp_path / "var/files/a").read_bytes() == PAPER


def test_a_full_disk_keeps_what_was_there_and_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"file:{tmp_path}/files", SECRET_KEY)
    store.put("a", PAPER, "image/jpeg")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for use in (lambda: store.put("a", b"new", "image/jpeg"), store.check):
            with pytest.raises(StoreUnavailable, match="No space left") as caught:
                use()
            assert caught.value.retryable
    assert store.get("a") == PAPER
    assert [path.name for path in (tmp_path / "files").iterdir()] == ["a"]


def test_a_write_that_stops_in_the_middle_leaves_no_half(tmp_path: Path) -> None:
    store = open_store(f"file:{tmp_path}/files", SECRET_KEY)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StoreUnavailable):
            store.put("a", b"x" * 5000, "image/jpeg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "files").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        open_store("file:/proc/nothing", SECRET_KEY).check()


def test_a_folder_that_is_a_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    store = open_store(f"file:{tmp_path}/files", SECRET_KEY)
    with pytest.raises(StoreUnavailable):
        store.check()
    with pytest.raises(StoreUnavailable):
        store.put("a", PAPER, "image/jpeg")


def test_every_key_is_walked(store: FileStore) -> None:
    """More than one answer of S3 holds; half files and what is not ours are none."""
    keys = {f"walked-{number // 400}/{number:05}" for number in range(1_205)} | {"top", "deep/er/still.pdf"}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: store.put(key, key.encode(), "image/jpeg"), keys))
    found = [key for key in store.all_keys() if key in keys]
    assert (len(found), set(found)) == (len(keys), keys)


def test_a_file_of_any_size_goes_in_and_comes_out_in_pieces(store: FileStore, tmp_path: Path) -> None:
    source, key = tmp_path / "big", new_key("sizes")
    source.write_bytes(os.urandom(3_000_001))
    store.put_file(key, source, "application/pdf")
    pieces = list(store.pieces(key))
    assert b"".join(pieces) == source.read_bytes()
    assert len(pieces) > 1
    with pytest.raises(FileMissing):
        list(store.pieces(new_key("sizes")))


def test_half_files_of_a_folder_are_no_keys(tmp_path: Path) -> None:
    store = open_store(f"file:{tmp_path}/files", SECRET_KEY)
    assert list(store.all_keys()) == []
    store.put("papers/a", PAPER, "image/jpeg")
    (tmp_path / "files/papers/part-abc").write_bytes(b"half")
    (tmp_path / "files/.check-1").write_bytes(b"ok")
    assert list(store.all_keys()) == ["papers/a"]


# S3's own promises


def test_s3_keeps_the_prefix_and_the_content_type(s3_environment: Seaweed) -> None:
    from boto3.session import Session
    from botocore.config import Config

    key = new_key("photos")
    with closing(open_store(f"s3://{s3_environment.bucket}/house/a", SECRET_KEY)) as store:
        store.put(key, PAPER, "image/jpeg")
    with closing(Session().client("s3", config=Config(s3={"addressing_style": "path"}))) as client:
        found = client.head_object(Bucket=s3_environment.bucket, Key=f"house/a/{key}")
    assert (found["ContentType"], found["ContentLength"]) == ("image/jpeg", len(PAPER))


def test_s3_without_its_bucket_is_unavailable(s3_environment: Seaweed) -> None:
    with closing(open_store("s3://no-such-bucket/x", SECRET_KEY)) as store:
        with pytest.raises(StoreUnavailable, match="no-such-bucket"):
            store.check()
        with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
            store.put("a", PAPER, "image/jpeg")
        with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
            store.get("a")


def test_s3_with_wrong_credentials_is_unavailable(s3_environment: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with closing(open_store(f"s3://{s3_environment.bucket}", SECRET_KEY)) as store:
        with pytest.raises(StoreUnavailable):
            store.check()
        with pytest.raises(StoreUnavailable):
            store.exists("a")
        with pytest.raises(StoreUnavailable):
            store.get("a")


def test_s3_that_does_not_answer_is_unavailable(s3_environment: Seaweed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with (
        closing(open_store("s3://bucket", SECRET_KEY)) as store,
        pytest.raises(StoreUnavailable, match="EndpointConnection"),
    ):
        store.check()


def test_amazon_itself_is_addressed_by_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from storage.files_s3 import S3Store

    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    with closing(S3Store("papers")) as store:
        link = store._client.generate_presigned_url("get_object", Params={"Bucket": "papers", "Key": "a"})
    assert link.startswith("https://papers.s3.")
