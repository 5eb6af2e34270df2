"""The terms: every version readable, a new one published by managers, the full text for everybody."""

from urllib.parse import quote, urlsplit

import pytest
from flask import Flask

from models.rules.registration import State
from storage import appointment, registration_views
from tests.support import factories
from tests.support.factories import TERMS_VERSION, House
from tests.support.visitors import Browser


@pytest.fixture
def manager(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "manager@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("manager@example.jp")
    browser.get("/admin/terms")
    return browser


def published(house: House) -> list[str]:
    with house.database.read() as uow:
        return [each.version for each in appointment.all_terms(uow)]


def test_a_manager_publishes_a_version_and_old_ones_stay_readable(house: House, manager: Browser) -> None:
    assert "まだ版がありません" in manager.get("/admin/terms").text
    first = manager.post("/admin/terms", terms_version="2026-1", terms_text="第1条\r\n<b>秘密</b>を守る。")
    assert "「2026-1」版を公開しました" in manager.get(first.headers["Location"]).text
    house.clock.advance(minutes=5)
    manager.post("/admin/terms", terms_version="2027 改訂", terms_text="第1条 新しい条件")
    assert published(house) == ["2027 改訂", "2026-1"]
    page = manager.get("/admin/terms").text
    assert page.count("いま送っている版") == 1
    assert page.index("2027 改訂版") < page.index("2026-1版")
    old = manager.get("/admin/terms/2026-1")
    assert "第1条\n&lt;b&gt;秘密&lt;/b&gt;を守る。" in old.text
    assert "新しい条件" in manager.get("/admin/terms/2027 改訂").text
    assert manager.get("/admin/terms/1999-9").status_code == 404


def test_the_first_version_is_told_to_those_who_wait_for_it(house: House, manager: Browser) -> None:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made, applicant = factories.approved_once(house, organisation, approver)
    factories.approve(house, factories.office(house), made)
    with house.database.read() as uow:
        view = registration_views.load(uow, made)
    assert view
    assert view.state is State.TERMS_SENT
    house.told.clear()
    manager.post("/admin/terms", terms_version="2026-1", terms_text="第1条")
    assert applicant.user_id in house.told


def test_a_refusal_is_a_sentence_and_keeps_what_was_typed(house: House, manager: Browser) -> None:
    factories.terms_published(house)
    again = manager.post("/admin/terms", terms_version=TERMS_VERSION, terms_text="書き直した<本文>")
    assert again.status_code == 422
    assert "もうあります" in again.text
    assert 'value="2026-1"' in again.text
    assert "書き直した&lt;本文&gt;</textarea>" in again.text
    for version, text in (("", "本文"), ("2026-2", " \n"), ("あ" * 21, "本文"), ("2026-2", "あ" * 20_001)):
        refused = manager.post("/admin/terms", terms_version=version, terms_text=text)
        assert refused.status_code == 422
        assert "20文字まで" in refused.text
        assert text.strip() in refused.text
    assert published(house) == [TERMS_VERSION]


def test_two_managers_at_once_publish_one_version(
    house: House, manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.terms_published(house)
    monkeypatch.setattr("storage.appointment.terms", lambda *_: None)
    late = manager.post("/admin/terms", terms_version=TERMS_VERSION, terms_text="もうひとつの本文")
    assert late.status_code == 422
    assert "もうひとつの本文" in late.text


@pytest.mark.parametrize("text", ["\x00\x07", "\ud800", "🙂", "' OR 1=1 --", "%00"])
def test_junk_is_answered(manager: Browser, text: str) -> None:
    form = {"terms_version": text, "terms_text": text}
    encoded = {name: value.encode("utf-8", "surrogatepass") for name, value in form.items()}
    assert manager.post("/admin/terms", **encoded).status_code in (302, 422)


def test_others_read_and_publish_nothing(house: House, clerk: Browser, reader: Browser) -> None:
    factories.terms_published(house)
    for browser in (clerk, reader):
        page = browser.get("/admin/terms").text
        assert "2026-1版" in page
        assert "管理者が公開します" in page
        assert "<textarea" not in page
        assert browser.get("/admin/terms/2026-1").status_code == 200
        refused = browser.post("/admin/terms", terms_version="2026-2", terms_text="第1条")
        assert refused.status_code == 403
    assert published(house) == ["2026-1"]


def test_publishing_needs_the_token_and_a_session_that_ran_out_keeps_the_words(house: House, manager: Browser) -> None:
    form = {"terms_version": "2026-2", "terms_text": "長い時間をかけて書いた本文"}
    assert manager.client.post("/admin/terms", data=form).status_code == 400
    house.clock.advance(minutes=31)
    over = manager.post("/admin/terms", **form)
    assert over.status_code == 400
    assert "長い時間をかけて書いた本文" in over.text
    assert published(house) == []


def test_everybody_reads_the_full_text_of_every_version(house: House, visitor: Browser) -> None:
    factories.terms_published(house)
    address = urlsplit(house.services.links.public("terms", TERMS_VERSION)).path
    page = visitor.get(address)
    assert page.status_code == 200
    assert "第1条" in page.text
    assert "\n第2条" in page.text
    assert "LINEにもどって" in page.text
    assert "public" in page.headers["Cache-Control"]
    assert "Set-Cookie" not in page.headers
    assert len(page.data) < 150_000


def test_a_name_with_odd_characters_has_its_page_too(house: House, manager: Browser, visitor: Browser) -> None:
    for name in ("2026/2", "令和8年 <改訂>", "a?b#c%d"):
        manager.post("/admin/terms", terms_version=name, terms_text=f"{name}の本文")
        shown = visitor.get(house.services.links.public("terms", name).removeprefix("http://localhost"))
        assert shown.status_code == 200, name
        assert manager.get(f"/admin/terms/{quote(name)}").status_code == 200, name


@pytest.mark.parametrize("version", ["1999-9", "%00", "%ED%A0%80", "a" * 4000, "..%2f..", "2026-1/x", "%0a"])
def test_a_version_nobody_published_says_what_to_do(house: House, visitor: Browser, version: str) -> None:
    factories.terms_published(house)
    answer = visitor.get(f"/p/terms/{version}")
    assert answer.status_code == 404
    assert "もう一度開いてください" in answer.text
