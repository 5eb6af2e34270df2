"""The check-out page and the business's: what is sent twice, is odd, huge, foreign or late, and what a link opens."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import time_machine
from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import select
from werkzeug.test import TestResponse

from handlers.usecases.visit import record
from models.rules.dispatch import Status
from models.rules.visit import End, Grade
from models.tables.system import DoomedFile
from models.tables.visit import FeeRecord, Signature, VisitNote
from storage import dispatch, papers
from storage.files import StoreUnavailable
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.leaving import Visiting, visiting
from tests.support.own_pages import path_of
from tests.support.visitors import Browser


def png(kind: str = "strokes", size: tuple[int, int] = (700, 400)) -> str:
    """A drawing as the canvas gives it."""
    image = Image.new("RGB", size, "black" if kind == "black" else "white")
    pen = ImageDraw.Draw(image)
    if kind == "strokes":
        pen.line([(60, 100), (200, 250), (340, 120), (480, 260), (620, 140)], "black", 6)
    if kind == "dot":
        pen.ellipse([(300, 200), (330, 230)], "black")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@pytest.fixture
def at(house: House) -> Visiting:
    """Under way since 13:00; it is 16:40."""
    made = visiting(house)
    made.comes()
    made.at(220)
    return made


@pytest.fixture
def path(at: Visiting, visitor: Browser) -> str:
    """The sheet, open in the visitor's browser."""
    found = path_of(at.house, "check-out", at.expert, at.dispatch.id)
    assert visitor.get(found).status_code == 200
    return found


def body(at: Visiting, **more: object) -> dict[str, Any]:
    sent = {
        "nonce": "abcdef0123456789", "phone_at": at.house.clock().isoformat(), "waited": 200,
        "latitude": dispatches.OFFICE.latitude, "longitude": dispatches.OFFICE.longitude, "accuracy": 12,
        "minutes": "10", "name": "田中 一郎", "signature": png(),
    }  # fmt: skip
    return {key: value for key, value in (sent | more).items() if value is not None}


def send(visitor: Browser, path: str, sent: Any) -> TestResponse:
    return visitor.client.post(f"{path}/record", json=sent)


def signatures(at: Visiting) -> list[str | None]:
    with at.house.database.read() as uow:
        return list(uow.session.scalars(select(Signature.file_key)))


def doomed(at: Visiting) -> list[str]:
    with at.house.database.read() as uow:
        return [key for key in uow.session.scalars(select(DoomedFile.file_key)) if key.startswith("signatures/")]


def test_one_act_with_its_signature_and_the_receipt(at: Visiting, visitor: Browser, path: str) -> None:
    answer = send(visitor, path, body(at))
    assert answer.status_code == 200
    told = answer.get_json()
    assert (told["state"], told["title"], told["qr"]) == ("out", "チェックアウトしました 16:40", "")
    assert ["謝金", "3時間40分 − 対象外10分 = 3時間30分 → 18,480円", "plain"] in told["facts"]
    assert (at.visit.grade, at.status) == (Grade.A, Status.REPORT_DUE)
    (key,) = signatures(at)
    assert key
    assert at.house.services.files.exists(key)
    assert b"JFIF" not in at.house.services.files.get(key), "sealed"
    assert doomed(at) == []
    assert "チェックアウトしました" in visitor.get(path).text


def test_sent_twice_it_counts_once_and_its_drawing_stays(at: Visiting, visitor: Browser, path: str) -> None:
    first = send(visitor, path, body(at)).get_json()
    again = send(visitor, path, body(at))
    assert (again.status_code, again.get_json()["facts"]) == (200, first["facts"])
    other = send(visitor, path, body(at, nonce="another-nonce-1"))
    assert other.status_code == 409
    assert "チェックアウト済み" in other.get_json()["error"]
    assert other.get_json()["state"] == "out"
    assert len(signatures(at)) == 1
    assert doomed(at) == []


@pytest.mark.parametrize("nonce", ["\ud800", "\x00", "あ" * 70, "", 5, None, ["x"]])
def test_an_odd_name_of_an_act_after_the_end_is_no_error(
    at: Visiting, visitor: Browser, path: str, nonce: object
) -> None:
    assert send(visitor, path, body(at)).status_code == 200
    assert send(visitor, path, body(at) | {"nonce": nonce}).status_code == 409


def test_a_drawing_that_was_certified_with_is_never_written_over(at: Visiting, visitor: Browser, path: str) -> None:
    """Not even by the same act sent again, once the end it was for was taken back."""
    assert send(visitor, path, body(at)).status_code == 200
    (key,) = signatures(at)
    assert key
    sealed = at.house.services.files.get(key)
    with at.house.database.unit() as uow:
        clerk = factories.staff_user(uow).actor
        record.undo(uow, clerk, at.dispatch.id, at.house.clock(), end=End.OUT, reason="押し間違い")
    send(visitor, path, body(at, signature=png(size=(600, 300))))
    vault = at.house.database.vault
    assert vault.open(at.house.services.files.get(key)) == vault.open(sealed)


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"name": ""}, 422, "name"), ({"name": None}, 422, "name"), ({"name": "あ" * 51}, 422, "name"),
        ({"name": ["x"]}, 422, "name"), ({"minutes": "いろいろ"}, 422, "minutes"), ({"minutes": -1}, 422, "minutes"),
        ({"minutes": 721}, 422, "minutes"), ({"minutes": True}, 422, "minutes"), ({"minutes": None}, 422, "minutes"),
        ({"minutes": 1e400}, 422, "minutes"), ({"signature": None}, 422, "signature"),
        ({"signature": ""}, 422, "signature"),
        ({"signature": "data:image/png;base64,@@@@"}, 422, "signature"), ({"signature": 5}, 422, "signature"),
        ({"signature": "data:image/png;base64,aGVsbG8="}, 422, "signature"), ({"signature": "dot"}, 422, "signature"),
        ({"signature": "blank"}, 422, "signature"), ({"signature": "black"}, 422, "signature"),
        ({"signature": "data:image/png;base64," + "A" * 400_000}, 413, None),
        ({"nonce": "x"}, 422, ""), ({"nonce": None}, 422, ""), ({"phone_at": "yesterday"}, 422, ""),
        ({"latitude": 95}, 422, ""), ({"waited": "long"}, 422, ""),
        ({"phone_at": "2026-11-16T13:00:00+09:00", "waited": 200_000_000}, 409, None),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(
    at: Visiting, visitor: Browser, path: str, more: dict[str, object], status: int, field: str | None
) -> None:
    if more.get("signature") in ("dot", "blank", "black"):
        more = {"signature": png(str(more["signature"]))}
    answer = send(visitor, path, body(at, **more))
    assert answer.status_code == status, answer.text
    assert answer.get_json()["error"]
    assert answer.get_json().get("field") == field
    assert at.visit.went is None
    assert signatures(at) == []


@pytest.mark.parametrize("sent", [None, [], "x", 5, {"later": True}, {"nonce": {"a": 1}}])
def test_bodies_of_another_kind_are_refused(at: Visiting, visitor: Browser, path: str, sent: object) -> None:
    assert send(visitor, path, sent).status_code in (409, 415, 422)
    assert at.visit.went is None


def test_without_a_signature_the_business_is_asked_by_mail_and_qr(at: Visiting, visitor: Browser, path: str) -> None:
    told = send(visitor, path, body(at, later=True, name=None, signature=None)).get_json()
    assert told["qr"].startswith("data:image/svg+xml")
    assert "事業者の方へ、確認のメールを送りました。" in told["notes"]
    assert at.visit.grade is Grade.B


def test_without_a_place_it_is_recorded_and_graded(at: Visiting, visitor: Browser, path: str) -> None:
    assert send(visitor, path, body(at, latitude=None, longitude=None, accuracy=None)).status_code == 200
    assert at.visit.grade is Grade.B


def test_a_store_that_is_down_keeps_the_act_on_the_phone(
    at: Visiting, visitor: Browser, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("down")

    monkeypatch.setattr(type(at.house.services.files), "put", down)
    answer = send(visitor, path, body(at))
    assert (answer.status_code, at.visit.went) == (503, None)
    monkeypatch.undo()
    assert send(visitor, path, body(at)).status_code == 200


def test_a_drawing_stored_for_nothing_is_deleted_again(at: Visiting, visitor: Browser, path: str) -> None:
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        row.starts, row.ends = at.starts - timedelta(days=3), at.starts - timedelta(days=3)
    assert send(visitor, path, body(at)).status_code == 409
    assert len(doomed(at)) == 1
    with at.house.database.read() as uow:
        due = papers.doomed_files(uow, at.house.clock() + timedelta(hours=2))
    assert set(doomed(at)) <= set(due)


def test_somebody_elses_link_and_a_dispatch_that_ended(at: Visiting, visitor: Browser, app: Flask, path: str) -> None:
    other = Browser(app.test_client())
    assert other.get(path).status_code == 403
    assert send(other, path, body(at)).status_code == 403
    approver = Browser(app.test_client())
    foreign = path_of(at.house, "check-out", at.approver, at.dispatch.id)
    assert "いまは変えられません" in approver.get(foreign).text
    assert send(approver, foreign, body(at)).status_code == 409
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        dispatch.set_status(uow, row, Status.CANCELLED, at.house.clock())
    assert "いまは変えられません" in visitor.get(path).text
    assert send(visitor, path, body(at)).status_code == 409
    assert at.visit.went is None


def test_a_visit_that_was_not_begun_has_no_sheet(house: House, visitor: Browser) -> None:
    at = visiting(house)
    shown = visitor.get(path_of(house, "check-out", at.expert, at.dispatch.id)).text
    assert "まだチェックインしていません" in shown
    assert "data-check-out" not in shown


@contextmanager
def _link(at: Visiting) -> Iterator[str]:
    with time_machine.travel(at.house.clock(), tick=False):
        yield at.house.services.links.certify(at.dispatch.id).removeprefix("http://localhost")


@pytest.fixture
def certify(at: Visiting, visitor: Browser) -> str:
    """The business's link of a visit that was left without a signature, open in the visitor's browser."""
    at.leaves(220)
    with _link(at) as link:
        assert visitor.post(f"{link}/open").status_code == 303
        return link


def test_a_link_names_nobody_until_it_is_opened_and_then_in_one_browser(
    at: Visiting, certify: str, visitor: Browser, app: Flask
) -> None:
    assert "株式会社みほん製作所" in visitor.get(certify).text
    stranger = Browser(app.test_client())
    closed = stranger.get(certify)
    assert closed.status_code == 200
    for word in ("みほん", "山田", "千代田", "原価管理", at.dispatch.number):
        assert word not in closed.text
    assert stranger.post(f"{certify}/open").status_code == 403
    assert stranger.post(f"{certify}/confirm", name="x", version=str(at.visit.version)).status_code == 403
    assert stranger.post(f"{certify}/wrong", wrong="x", version=str(at.visit.version)).status_code == 403
    assert at.visit.attendance is None


@pytest.mark.parametrize("version", ["", "0", "x", "９", "1" * 40, "-1"])
def test_an_odd_version_confirms_nothing(at: Visiting, certify: str, visitor: Browser, version: str) -> None:
    answer = visitor.post(f"{certify}/confirm", name="田中 一郎", version=version)
    assert answer.status_code == 409
    assert "記録が直されました" in answer.text
    assert "田中 一郎" in answer.text, "what was typed is not lost"
    assert at.visit.attendance is None


def test_confirmed_twice_counts_once(at: Visiting, certify: str, visitor: Browser) -> None:
    version = str(at.visit.version)
    assert visitor.post(f"{certify}/confirm", name="田中 一郎", version=version).status_code == 303
    again = visitor.post(f"{certify}/confirm", name="田中 一郎", version=version)
    assert again.status_code == 409
    assert "確認が済んでいます" in again.text
    assert visitor.post(f"{certify}/wrong", wrong="違う", version=version).status_code == 409
    assert at.visit.grade is Grade.A
    assert "確認済みです" in visitor.get(certify).text


def test_a_name_and_words_have_limits_and_are_shown_as_text(at: Visiting, certify: str, visitor: Browser) -> None:
    version = str(at.visit.version)
    for name in ("", " ", "あ" * 60):
        answer = visitor.post(f"{certify}/confirm", name=name, version=version)
        assert (answer.status_code, 'aria-invalid="true"' in answer.text) == (422, True)
    evil = "<script>alert(1)</script>" * 20
    answer = visitor.post(f"{certify}/wrong", wrong=evil, version=version)
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert visitor.post(f"{certify}/wrong", wrong="15時に\n終わった", version=version).status_code == 303
    with at.house.database.read() as uow:
        assert uow.session.scalars(select(VisitNote.text)).all() == ["15時に\n終わった"]


def test_times_that_were_mended_are_to_be_confirmed_anew(at: Visiting, certify: str, visitor: Browser) -> None:
    seen = str(at.visit.version)
    at.declares(240, 250)
    answer = visitor.post(f"{certify}/confirm", name="田中 一郎", version=seen)
    assert answer.status_code == 409
    assert "13:00〜17:00" in answer.text
    assert visitor.post(f"{certify}/confirm", name="田中 一郎", version=str(at.visit.version)).status_code == 303


def test_forged_foreign_and_old_links_open_nothing(at: Visiting, certify: str, visitor: Browser) -> None:
    assert visitor.get("/p/certify/nonsense").status_code == 410
    own = path_of(at.house, "check-out", at.expert, at.dispatch.id).rsplit("/", 1)[1]
    assert visitor.get(f"/p/certify/{own}").status_code == 410
    assert visitor.get(f"/p/check-out/{certify.rsplit('/', 1)[1]}").status_code == 410
    at.house.clock.now += timedelta(days=15)
    assert "新しいリンクをお求めください" in visitor.get(certify).text


def test_a_cancelled_visit_is_not_shown(at: Visiting, certify: str, visitor: Browser) -> None:
    with at.house.database.unit() as uow:
        row = dispatch.lock(uow, at.dispatch.id)
        assert row
        dispatch.set_status(uow, row, Status.CANCELLED, at.house.clock())
    for answer in (visitor.get(certify), visitor.post(f"{certify}/confirm", name="x", version="1")):
        assert answer.status_code == 404
        assert "お心当たりのないときは" in answer.text
        assert "みほん" not in answer.text


def test_a_fee_is_stored_once_whatever_is_pressed(at: Visiting, visitor: Browser, path: str) -> None:
    for _ in range(3):
        send(visitor, path, body(at))
    with at.house.database.read() as uow:
        assert uow.session.scalars(select(FeeRecord.yen)).all() == [18_480]
    assert at.house.clock() > factories.START


def test_who_certified_other_times_is_not_shown_as_having_certified_these(
    at: Visiting, visitor: Browser, path: str
) -> None:
    assert send(visitor, path, body(at)).status_code == 200
    page = path_of(at.house, "dispatch", at.expert, at.dispatch.id)
    assert "田中 一郎さんが確認" in visitor.get(page).text
    at.declares(260, 300)
    assert "まだありません" in visitor.get(page).text.partition("事業者の確認")[2].partition("</div>")[0]
