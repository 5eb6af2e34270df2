"""Getting in: password, counted attempts, one-time code, lifetimes, logging out."""

import pytest
from flask import Flask
from pyotp.totp import TOTP

from handlers.usecases import staff as usecase
from storage import audit
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


@pytest.fixture(autouse=True)
def user(house: House) -> str:
    with house.database.unit() as uow:
        return factories.staff_user(uow, "boss@example.jp", "manager").id


def enter(browser: Browser, password: str = factories.PASSWORD, code: str = "", email: str = "boss@example.jp"):
    browser.get("/admin/login")
    return browser.post("/admin/login", email=email, password=password, code=code)


def test_a_right_password_opens_the_page_that_was_asked_for(visitor: Browser, house: House, user: str) -> None:
    asked = visitor.get("/admin/applications?state=returned")
    assert asked.status_code == 302
    login = asked.headers["Location"]
    visitor.get(login)
    response = visitor.post(login, email=" BOSS@example.jp ", password=factories.PASSWORD)
    assert response.headers["Location"] == "/admin/applications?state=returned"
    with house.database.read() as uow:
        assert [entry.action for entry in audit.of_subject(uow, "staff", user)] == ["staff.create", "staff.log_in"]


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "https://evil.example/admin/", "/\\evil.example", "/p/x", "/admin/\r\nSet-Cookie: a=b"],
)
def test_login_leads_nowhere_else(visitor: Browser, target: str) -> None:
    visitor.get("/admin/login")
    response = visitor.client.post(
        "/admin/login",
        query_string={"next": target},
        data={"csrf_token": visitor.token, "email": "boss@example.jp", "password": factories.PASSWORD},
    )
    assert response.headers["Location"] == "/admin/"


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(visitor: Browser) -> None:
    wrong = enter(visitor, "wrong password")
    unknown = enter(visitor, email="nobody@example.jp")
    assert wrong.status_code == unknown.status_code == 401
    assert "どれかが違います" in wrong.text
    assert "どれかが違います" in unknown.text
    assert 'value="boss@example.jp"' in wrong.text


def test_guessing_is_stopped_even_for_the_right_password_and_opens_again_later(visitor: Browser, house: House) -> None:
    for _ in range(usecase.TRIES):
        assert enter(visitor, "wrong password").status_code == 401
    locked = enter(visitor)
    assert locked.status_code == 429
    assert "15分ほど" in locked.text
    house.clock.advance(minutes=16)
    assert enter(visitor).status_code == 302


def test_junk_is_refused_politely(visitor: Browser) -> None:
    for email, password in (("\x00", "\x00"), ("a" * 5000, "b" * 5000), ("", ""), ("あ@例え.jp", "🙂" * 400)):
        assert enter(visitor, password, email=email).status_code in (401, 429)


def turn_on(browser: Browser, house: House) -> TOTP:
    enter(browser)
    page = browser.get("/admin/account").text
    secret = page.split("<code>")[1].split("</code>")[0].replace(" ", "")
    totp = TOTP(secret)
    assert browser.post("/admin/account/code/on", code="000000").status_code == 422
    assert secret in browser.get("/admin/account").text.replace(" ", "")
    assert browser.post("/admin/account/code/on", code=totp.at(house.clock())).status_code == 302
    return totp


def test_a_one_time_code_is_asked_for_and_good_once(visitor: Browser, house: House, app: Flask) -> None:
    totp = turn_on(visitor, house)
    other = Browser(app.test_client())
    assert enter(other).status_code == 401
    assert enter(other, code=totp.at(house.clock())).status_code == 401, "the code that turned it on is spent"
    house.clock.advance(seconds=30)
    code = totp.at(house.clock())
    assert enter(other, code=f" {code[:3]} {code[3:]}").status_code == 302
    again = Browser(app.test_client())
    assert enter(again, code=code).status_code == 401


def test_turning_the_code_off_takes_a_code_and_counts_wrong_ones(visitor: Browser, house: House) -> None:
    totp = turn_on(visitor, house)
    visitor.get("/admin/account")
    house.clock.advance(seconds=60)
    for _ in range(usecase.TRIES):
        assert "確認コードが違います" in visitor.post("/admin/account/code/off", code="000000").text
    right = totp.at(house.clock())
    assert "15分ほど" in visitor.post("/admin/account/code/off", code=right).text
    house.clock.advance(minutes=16)
    assert visitor.post("/admin/account/code/off", code=totp.at(house.clock())).status_code == 302
    assert "使っていません" in visitor.get("/admin/account").text


def test_an_idle_session_ends_after_half_an_hour(visitor: Browser, house: House) -> None:
    enter(visitor)
    house.clock.advance(minutes=29)
    assert visitor.get("/admin/").status_code == 200
    house.clock.advance(minutes=29)
    assert visitor.get("/admin/").status_code == 200
    house.clock.advance(minutes=31)
    assert visitor.get("/admin/").status_code == 302


def test_a_busy_session_ends_after_half_a_day(visitor: Browser, house: House) -> None:
    enter(visitor)
    for _ in range(36):
        house.clock.advance(minutes=20)
        assert visitor.get("/admin/").status_code == 200
    house.clock.advance(minutes=1)
    assert visitor.get("/admin/").status_code == 302


def test_logging_out_ends_this_session_and_everywhere_ends_all(visitor: Browser, app: Flask) -> None:
    other = Browser(app.test_client())
    enter(visitor)
    enter(other)
    visitor.get("/admin/account")
    assert visitor.post("/admin/logout").status_code == 302
    assert visitor.get("/admin/").status_code == 302
    enter(visitor)
    visitor.get("/admin/account")
    assert visitor.post("/admin/account/everywhere").status_code == 302
    assert other.get("/admin/").status_code == 302


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(house: House) -> None:
    from dataclasses import replace

    from handlers.pages import create_pages

    safe = create_pages(replace(house.services, secure_cookies=True), factories.SECRET_KEY)
    response = safe.test_client().get("/admin/login", base_url="https://localhost")
    cookie = response.headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/admin"))
    assert "Strict-Transport-Security" in response.headers


def test_forms_work_over_https_although_browsers_send_no_referer(house: House, app: Flask) -> None:
    browser = Browser(app.test_client())
    page = browser.get("/admin/login", base_url="https://localhost")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    form = {"csrf_token": browser.token, "email": "boss@example.jp", "password": factories.PASSWORD}
    assert browser.client.post("/admin/login", data=form, base_url="https://localhost").status_code == 302
