"""Answers too big for a Lambda function go by way of the file store; all others stay as they are."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask, Response, make_response

from handlers.jobs.retain import retain
from handlers.pages import create_pages
from storage.files import HANDOVER, FolderStore, StoreUnavailable
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

MOST = 10_000
NAME = "attachment; filename=\"list.csv\"; filename*=UTF-8''%E4%B8%80%E8%A6%A7.csv"


class Store(FolderStore):
    """A folder that gives addresses as S3 does."""

    given: list[tuple[str, str, int]]

    def handover(self, key: str, content_type: str, disposition: str, valid_for_seconds: int) -> str:
        self.given.append((content_type, disposition, valid_for_seconds))
        return f"https://papers.example.jp/{key}?a=1&b=2"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store", "forms-under-test")
    made.given = []
    return made


def pieces(size: int, closed: list[bool]) -> Iterator[bytes]:
    try:
        for at in range(0, size, 100):
            yield b"x" * min(100, size - at)
    finally:
        closed.append(True)


@pytest.fixture
def closed() -> list[bool]:
    return []


@pytest.fixture
def app(house: House, store: Store, closed: list[bool]) -> Flask:
    made = create_pages(replace(house.services, files=store, answer_most=MOST), factories.SECRET_KEY)

    @made.route("/admin/answer/<way>/<int:size>/<int:status>", methods=["GET", "POST"])
    def answer(way: str, size: int, status: int) -> Response:
        body: bytes | Iterator[bytes] = b"x" * size if way == "whole" else pieces(size, closed)
        answered = Response(body, status, mimetype="text/csv")
        if way == "told":
            answered.content_length = size
        answered.headers["Content-Disposition"] = NAME
        answered.set_cookie("seen", "yes")
        return answered

    @made.route("/p/page")
    def page() -> Response:
        return make_response("x" * 20_000)

    return made


WAYS = ["whole", "stream", "told"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [0, 1, MOST - 1, MOST])
def test_what_fits_is_answered_as_ever(visitor: Browser, store: Store, way: str, size: int):
    answer = visitor.get(f"/admin/answer/{way}/{size}/200")
    assert (answer.status_code, answer.data) == (200, b"x" * size)
    assert answer.content_length == size or way == "told"
    assert answer.headers["Content-Disposition"] == NAME
    assert not store.older_than(HANDOVER, factories.START + timedelta(days=9999))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [MOST + 1, 250_000])
def test_a_big_file_is_fetched_from_the_store(visitor: Browser, store: Store, closed: list[bool], way: str, size: int):
    answer = visitor.get(f"/admin/answer/{way}/{size}/200")
    assert answer.status_code == 303
    address = answer.headers["Location"]
    key = address.removeprefix("https://papers.example.jp/").partition("?")[0]
    assert key.startswith("handover/")
    assert store.get(key) == b"x" * size
    assert store.given == [("text/csv; charset=utf-8", NAME, 60)]
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Set-Cookie"].startswith("seen=yes")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert len(answer.headers.getlist("Content-Type")) == 1
    assert "Content-Disposition" not in answer.headers
    assert len(answer.data) < MOST
    assert closed == ([] if way == "whole" else [True])


def test_a_posted_form_is_answered_with_a_page_that_leads_there(visitor: Browser, store: Store, house: House):
    visitor.get("/admin/login")
    answer = visitor.post("/admin/answer/stream/50000/200")
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert "ファイルができました" in answer.text
    assert '<meta http-equiv="refresh" content="0;url=https://papers.example.jp/handover/' in answer.text
    assert answer.text.count("?a=1&amp;b=2") == 2
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "Content-Disposition" not in answer.headers


def test_what_is_no_good_answer_stays(visitor: Browser, store: Store):
    answer = visitor.get("/admin/answer/whole/50000/404")
    assert (answer.status_code, len(answer.data)) == (404, 50000)
    assert visitor.client.head("/admin/answer/whole/50000/200").status_code == 200
    assert not store.given


def test_a_page_that_grew_too_big_can_be_had_as_a_file(visitor: Browser, store: Store):
    assert visitor.get("/p/page").status_code == 303
    assert store.given[0][:2] == ("text/html; charset=utf-8", "attachment")


def test_a_store_that_is_away_is_told_as_such(visitor: Browser, store: Store, monkeypatch: pytest.MonkeyPatch):
    def away(*_: object) -> None:
        raise StoreUnavailable("full")

    monkeypatch.setattr(store, "put_file", away)
    answer = visitor.get("/admin/answer/whole/50000/200")
    assert answer.status_code == 503
    assert "少し時間をおいて" in answer.text
    assert answer.headers["Retry-After"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_store_without_addresses_leaves_the_answer_alone(house: House):
    app = create_pages(replace(house.services, answer_most=10), factories.SECRET_KEY)
    with app.test_client().get("/p/static/base.css") as answer:
        assert answer.status_code == 200
        assert len(answer.data) > 10


def test_where_nothing_is_said_of_a_limit_there_is_none(house: House):
    app = create_pages(house.services, factories.SECRET_KEY)
    app.add_url_rule("/p/big", view_func=lambda: "x" * 5_000_000)
    assert len(app.test_client().get("/p/big").data) == 5_000_000


def test_what_was_handed_over_is_taken_away_again(house: House, store: Store):
    store.put(f"{HANDOVER}/old", b"x", "text/csv")
    assert retain(house.database, store, house.clock())["answers"] == 0
    assert retain(house.database, store, datetime.now(UTC) + timedelta(hours=1, seconds=5))["answers"] == 1
    assert not store.exists(f"{HANDOVER}/old")
