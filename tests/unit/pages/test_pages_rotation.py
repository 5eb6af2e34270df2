"""SECRET_KEY is changed without a stop: what was signed stays good while its key is listed, and ends with it."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from handlers.links import Links
from handlers.pages import create_pages
from models.tables.conversation import OutboxRow
from storage.upload_forms import FormRefused, FormSigner
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

OLD, NEW = "old-" * 12, "new-" * 12
COOKIE = "chusho119_session"
BOTH = pytest.mark.parametrize("keys", [[NEW, OLD], [OLD, NEW]], ids=["newest first", "not signing yet"])


def pages_of(house: House, *keys: str) -> Browser:
    """A browser at the pages of a process with these keys."""
    return Browser(create_pages(house.services, keys).test_client())


def moved(browser: Browser, house: House, *keys: str) -> Browser:
    """The same browser, with its cookies and its open page, at a process with other keys."""
    other, cookie = pages_of(house, *keys), browser.client.get_cookie(COOKIE, path="/admin")
    assert cookie
    other.client.set_cookie(COOKIE, cookie.value, path="/admin")
    other.token = browser.token
    return other


@pytest.fixture
def boss(house: House) -> Browser:
    """Logged in under the old key, with a form open."""
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = pages_of(house, OLD)
    assert browser.log_in("boss@example.jp").status_code == 302
    return browser


def publishes(browser: Browser, version: str) -> tuple[int, str]:
    sent = browser.post("/admin/terms", terms_version=version, terms_text="委嘱の条件です。")
    return sent.status_code, sent.text


@BOTH
def test_a_session_and_an_open_form_stay_good(house: House, boss: Browser, keys: Sequence[str]):
    other = moved(boss, house, *keys)
    assert publishes(other, "2027-1")[0] == 302
    assert other.get("/admin/").status_code == 200
    back = moved(other, house, OLD, NEW)
    assert back.get("/admin/").status_code == 200, "a process that does not sign with the new key yet believes it"


def test_when_the_old_key_is_gone_nothing_typed_is_lost(house: House, boss: Browser):
    other = moved(boss, house, NEW)
    assert other.get("/admin/").status_code == 302
    status, page = publishes(other, "2027-1")
    assert status == 400
    assert "もう一度ログインしてください" in page
    assert "委嘱の条件です。" in page
    assert other.log_in("boss@example.jp").status_code == 302
    assert publishes(other, "2027-1")[0] == 302


def test_a_session_that_was_used_meanwhile_outlives_the_old_key(house: House, boss: Browser):
    between = moved(boss, house, NEW, OLD)
    house.clock.advance(minutes=2)
    between.get("/admin/account")
    assert moved(between, house, NEW).get("/admin/").status_code == 200


@BOTH
def test_a_mailed_password_link_opens_until_its_key_is_gone(house: House, boss: Browser, keys: Sequence[str]):
    boss.post("/admin/account/password")
    link = mailed_link(house)
    assert pages_of(house, *keys).get(link).status_code == 200
    assert pages_of(house, NEW).get(link).status_code == 410


def mailed_link(house: House) -> str:
    with house.database.read() as uow:
        told = " ".join(filter(None, uow.session.scalars(select(OutboxRow.notice))))
    found = re.search(r"https?://[^\"\s]+/admin/password/[^\"\s]+", told)
    assert found
    return urlsplit(found[0]).path


@BOTH
def test_links_and_upload_forms(keys: Sequence[str]):
    token = Links(OLD, "http://x").page("papers", "p", "s").rsplit("/", 1)[1]
    assert Links(keys, "http://x").person_of(token) == "p"
    assert Links([NEW], "http://x").person_of(token) is None
    signed = Links(keys, "http://x").page("papers", "p", "s").rsplit("/", 1)[1]
    assert Links([keys[0]], "http://x").person_of(signed) == "p", "the first one signs"
    form = FormSigner(OLD).form("quarantine/a", 10, 60)
    assert FormSigner(keys).read(form.fields) == ("quarantine/a", 10)
    with pytest.raises(FormRefused):
        FormSigner([NEW]).read(form.fields)


def test_a_one_time_code_begun_under_a_key_of_the_fields_that_is_gone_begins_anew(house: House, boss: Browser):
    with boss.client.session_transaction("/admin/") as session:
        session["totp"] = "gAAAAAsealed-with-a-key-that-is-gone"
    page = boss.get("/admin/account")
    assert page.status_code == 200
    assert "data:image/svg" in page.text
