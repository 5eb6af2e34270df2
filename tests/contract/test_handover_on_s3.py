"""Big answers by way of a real S3: the browser gets the file under its name, from nobody knows where, for a while."""

import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import urllib3

from storage.files import HANDOVER, FileStore, new_key, open_store
from tests.support.s3 import Seaweed

NAME = "attachment; filename=\"list.csv\"; filename*=UTF-8''%E4%B8%80%E8%A6%A7.csv"
FILE = "氏名,金額\r\n".encode("utf-8-sig") * 300_000


@pytest.fixture
def store(s3: Seaweed, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileStore]:
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    with closing(open_store(f"s3://{s3.bucket}/handing", "forms-under-test")) as opened:
        yield opened


def test_the_address_gives_the_file_and_only_that_one(store: FileStore):
    key = new_key(HANDOVER)
    url = store.handover(key, "text/csv; charset=utf-8", NAME, 60)
    store.put(key, FILE, "text/csv")
    answer = urllib3.request("GET", url)
    assert (answer.status, answer.data == FILE) == (200, True)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == NAME
    assert answer.headers["Cache-Control"] == "private, no-store"
    other = new_key(HANDOVER)
    store.put(other, b"other", "text/csv")
    assert urllib3.request("GET", url.replace(key, other)).status == 403
    assert urllib3.request("GET", url.partition("?")[0]).status == 403
    assert urllib3.request("PUT", url, body=b"mine").status == 403
    assert len(urlsplit(url).query) < 2000, "a header holds it"


def test_the_address_is_soon_over(store: FileStore):
    key = new_key(HANDOVER)
    store.put(key, b"x", "text/csv")
    url = store.handover(key, "text/csv", NAME, 1)
    time.sleep(2.1)
    assert urllib3.request("GET", url).status == 403
