"""One person's data: what is held, the export as a zip, and the erasure."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from flask import Flask

from handlers.jobs.retain import retain
from models.views.people import PersonView
from storage import audit, people
from storage.files import FolderStore, StoreUnavailable
from tests.support import factories
from tests.support.factories import House
from tests.support.traces import Life, found_in, lived
from tests.support.visitors import Browser


@pytest.fixture
def approver(house: House) -> PersonView:
    with house.database.unit() as uow:
        return factories.approver(uow, factories.organisation(uow))


@pytest.fixture
def life(house: House, approver: PersonView) -> Life:
    (organisation,) = approver.actor.organisations
    return lived(house, organisation, approver)


@pytest.fixture
def manager(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "manager@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("manager@example.jp")
    return browser


def address(life: Life, act: str = "") -> str:
    return f"/admin/experts/{life.person.id}/data{act}"


def exported(browser: Browser, life: Life) -> zipfile.ZipFile:
    with browser.post(address(life, "/export")) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "application/zip"
        assert "no-store" in answer.headers["Cache-Control"]
        return zipfile.ZipFile(io.BytesIO(answer.data))


def actions(house: House, person_id: str) -> list[str]:
    with house.database.read() as uow:
        return [entry.action for entry in audit.of_subject(uow, "person", person_id)]


def test_the_page_says_what_is_held(life: Life, manager: Browser) -> None:
    page = manager.get(address(life)).text
    for words in ("錦織 圭太郎", "結びついています", life.number, "<dd>4枚</dd>", "<dd>2件</dd>", "取り消せません"):
        assert words in page
    assert manager.get(f"/admin/experts/{'0' * 32}/data").status_code == 404


def test_only_managers_come_here(life: Life, clerk: Browser, reader: Browser, visitor: Browser, house: House) -> None:
    for browser, status in ((clerk, 403), (reader, 403), (visitor, 302)):
        assert browser.get(address(life)).status_code == status
    for browser in (clerk, reader):
        for act in ("/export", "/erase"):
            assert browser.post(address(life, act), typed=life.number).status_code == 403
    assert found_in(house.database, life.words)
    assert "person.export" not in actions(house, life.person.id)


def test_the_export_holds_everything_in_words(life: Life, house: House, manager: Browser) -> None:
    manager.get(address(life))
    packed = exported(manager, life)
    data = json.loads(packed.read("データ.json"))
    (application,) = data["申請"]
    assert data["氏名"] == "錦織 圭太郎"
    assert data["LINEとの結びつき"] == "あり"
    assert application["受付番号"] == life.number
    assert application["いまの内容"]["生年月日"] == "1971年2月3日"
    assert application["いまの内容"]["口座番号"] == "7654321"
    assert application["いまの内容"]["金融機関"] != "0001", "as a person reads it"
    assert [sent["内容"]["メールアドレス"] for sent in application["送った内容"]] == [
        "old@nishikori.example", "keitaro@nishikori.example",
    ]  # fmt: skip
    assert application["審査"][0]["コメント"] == {"身分証明書": "暗くて読めない"}
    assert application["停止・終了などの理由"][0]["理由"] == "内緒の理由"
    assert application["内容の変更の申し出"][0]["内容"] == {"氏名": "錦織 圭太郎", "フリガナ": "ニシコオリ ケイタロウ"}
    assert data["休みの日"] == ["2026-12-24"]
    assert {"application.submit", "application.end"} <= {entry["操作"] for entry in data["操作の記録"]}
    assert "佐藤" not in json.dumps(data, ensure_ascii=False), "nobody else's name"
    named = [file["ファイル"] for file in application["ファイル"]]
    assert sorted(named) == sorted(set(packed.namelist()) - {"データ.json"})
    kinds = {name.rsplit("-", 1)[-1]: packed.read(name)[:4] for name in named}
    assert kinds["身分証明書.jpg"] == b"\xff\xd8\xff\xe0" or kinds["身分証明書.jpg"].startswith(b"\xff\xd8")
    assert kinds["委嘱状.pdf"] == b"%PDF"
    assert kinds["就任承諾書.pdf"] == b"%PDF"
    assert actions(house, life.person.id).count("person.export") == 1


def test_a_file_that_is_gone_is_named_and_spoils_nothing(
    life: Life, house: House, manager: Browser, tmp_path: Path
) -> None:
    next(path for path in (tmp_path / "files").rglob("*") if path.is_file()).unlink()
    manager.get(address(life))
    data = json.loads(exported(manager, life).read("データ.json"))
    assert [file["ファイル"] for file in data["申請"][0]["ファイル"]].count("（ファイルはありません）") == 1


def test_a_store_that_does_not_answer_sends_no_half_a_file(
    life: Life, house: House, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_store: FolderStore, _key: str) -> bytes:
        raise StoreUnavailable("away")

    monkeypatch.setattr(FolderStore, "get", away)
    manager.get(address(life))
    assert manager.post(address(life, "/export")).status_code == 503
    assert "person.export" not in actions(house, life.person.id)


def test_both_ask_for_the_password_again_after_a_while(life: Life, house: House, manager: Browser) -> None:
    house.clock.advance(minutes=11)
    manager.get(address(life))
    for act in ("/export", "/erase"):
        asked = manager.post(address(life, act), typed=life.number)
        assert asked.status_code == 401
        assert "もう一度、パスワード" in asked.text
    assert found_in(house.database, life.words)
    done = manager.post(address(life, "/erase"), typed=life.number, password_again=factories.PASSWORD)
    assert done.status_code == 302
    assert found_in(house.database, life.words) == []


def test_the_erasure_wants_the_right_words_and_is_said(life: Life, house: House, manager: Browser) -> None:
    manager.get(address(life))
    wrong = manager.post(address(life, "/erase"), typed="錦織<b>")
    assert wrong.status_code == 422
    assert "違います" in wrong.text
    assert "錦織&lt;b&gt;" in wrong.text
    assert manager.post(address(life, "/erase")).status_code == 422
    done = manager.post(address(life, "/erase"), typed=life.number)
    assert done.status_code == 302
    assert house.hurried == [True]
    page = manager.get(address(life)).text
    assert "消去しました" in page
    assert "錦織" not in page
    assert "消去する</button>" not in page
    assert manager.post(address(life, "/erase"), typed=life.number).status_code == 422
    for path in (f"/admin/applications/{life.application}", "/admin/applications?state=ended", "/admin/experts"):
        assert manager.get(path).status_code == 200, path
    house.clock.advance(seconds=1)
    retain(house.database, house.services.files, house.clock())
    assert exported(manager, life).namelist() == ["データ.json"]


def test_what_stands_in_the_way_is_said_before_anything_is_typed(
    house: House, approver: PersonView, manager: Browser
) -> None:
    (organisation,) = approver.actor.organisations
    _, person = factories.submitted(house, organisation, approver)
    page = manager.get(f"/admin/experts/{person.id}/data").text
    assert "審査中の申請があります" in page
    assert 'name="typed"' not in page
    refused = manager.post(f"/admin/experts/{person.id}/data/erase", typed="山田 太郎")
    assert refused.status_code == 422
    assert "審査中" in refused.text
    with house.database.read() as uow:
        assert people.by_id(uow, person.id)


def test_a_manager_does_not_erase_themselves(life: Life, house: House, app: Flask) -> None:
    with house.database.unit() as uow:
        factories.staff_user(uow, "self@example.jp", "manager", life.person.id)
    own = Browser(app.test_client())
    own.log_in("self@example.jp")
    assert "ご自身の情報は消去できません" in own.get(address(life)).text
    assert own.post(address(life, "/erase"), typed=life.number).status_code == 422
    assert found_in(house.database, life.words)
