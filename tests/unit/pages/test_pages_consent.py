"""個人情報の取扱い: versions, publishing, old ones readable, and how a person stands to the newest."""

import pytest
from flask import Flask

from handlers.usecases.registration import draft
from storage import audit, consents
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

TEXT = "1. 集めるもの：氏名。\n2. 使いみち：審査。<b>"


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


def publish(browser: Browser, version: str = "2027-04", text: str = TEXT):
    browser.get("/admin/consent")
    return browser.post("/admin/consent", consent_version=version, consent_text=text)


def test_the_first_version_is_the_one_it_came_with(boss: Browser, visitor: Browser, house: House) -> None:
    page = boss.get("/admin/consent").text
    assert "2026-11版" in page
    assert "はじめからある版" in page
    for path in ("/admin/consent/2026-11", "/p/consent/2026-11"):
        assert "集めるもの" in (boss if "admin" in path else visitor).get(path).text
    with house.database.read() as uow:
        assert consents.current_version(uow) == consents.FIRST


def test_a_new_version_counts_and_old_ones_stay_readable(boss: Browser, visitor: Browser, house: House) -> None:
    assert publish(boss).status_code == 302
    page = boss.get("/admin/consent").text
    assert page.index("2027-04版") < page.index("2026-11版")
    assert "「2027-04」版を公開しました" in page
    assert "使いみち：審査。&lt;b&gt;" in boss.get("/admin/consent/2027-04").text
    shown = visitor.get("/p/consent/2027-04")
    assert "使いみち：審査。&lt;b&gt;" in shown.text
    assert "max-age" in shown.headers["Cache-Control"]
    assert "90日で消します" in visitor.get("/p/consent/2026-11").text
    with house.database.read() as uow:
        assert consents.current_version(uow) == "2027-04"
        assert [entry.action for entry in audit.of_subject(uow, "consent", "2027-04")] == ["consent.publish"]


@pytest.mark.parametrize(
    ("version", "text", "said"),
    [
        ("", TEXT, "版の名前"),
        ("2027", "", "本文"),
        ("2027", " \n ", "本文"),
        ("x" * 21, TEXT, "20文字まで"),
        ("a/b", TEXT, "使えません"),
        ("..", TEXT, "版の名前"),
        ("2026-11", TEXT, "もうあります"),
        ("2027", "長" * 20_001, "20,000文字まで"),
    ],
)
def test_what_cannot_be_published_is_explained_and_kept(boss: Browser, house: House, version, text, said) -> None:
    refused = publish(boss, version, text)
    assert refused.status_code == 422
    assert said in refused.text
    with house.database.read() as uow:
        assert len(consents.everything(uow)) == 1


def test_a_version_is_published_once(boss: Browser) -> None:
    assert publish(boss).status_code == 302
    again = publish(boss, text="別の文章")
    assert again.status_code == 422
    assert "別の文章" in again.text


def test_only_managers_publish(house: House, clerk: Browser, reader: Browser) -> None:
    for browser in (clerk, reader):
        assert "公開する</button>" not in browser.get("/admin/consent").text
        assert publish(browser).status_code == 403
    with house.database.read() as uow:
        assert len(consents.everything(uow)) == 1


def test_an_agreement_is_to_one_version(house: House, boss: Browser) -> None:
    with house.database.unit() as uow:
        person = factories.person(uow)
        assert consents.standing(uow, person.id) == consents.Standing("2026-11", given=False, earlier=False)
        draft.give_consent(uow, person, house.clock())
        draft.give_consent(uow, person, house.clock())
        assert consents.standing(uow, person.id) == consents.Standing("2026-11", given=True, earlier=False)
    assert "1人" in boss.get("/admin/consent").text
    publish(boss)
    with house.database.unit() as uow:
        assert consents.standing(uow, person.id) == consents.Standing("2027-04", given=False, earlier=True)
        assert not draft.has_consented(uow, person)
        draft.give_consent(uow, person, house.clock())
        assert draft.has_consented(uow, person)
        assert [e.detail for e in audit.of_subject(uow, "person", person.id)] == ["2026-11", "2027-04"]


@pytest.mark.parametrize("version", ["2099", "\x00", "%00", "🙂", "a" * 4000, "../2026-11"])
def test_a_version_nobody_published_is_no_page(boss: Browser, visitor: Browser, version: str) -> None:
    assert boss.get(f"/admin/consent/{version}").status_code == 404
    assert visitor.get(f"/p/consent/{version}").status_code == 404


def test_words_typed_into_a_session_that_ran_out_are_kept(house: House, boss: Browser) -> None:
    boss.get("/admin/consent")
    house.clock.advance(minutes=31)
    assert "使いみち：審査" in boss.post("/admin/consent", consent_version="2027", consent_text=TEXT).text
