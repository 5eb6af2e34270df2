"""職員: adding and ending users, roles, one-time codes and sessions; the mailed link that sets a password."""

import json
import re

import pytest
from flask import Flask
from pyotp.totp import TOTP
from sqlalchemy import select

from handlers.usecases import staff as accounts
from models.tables.conversation import OutboxRow
from storage import audit, staff
from storage.staff import StaffRow
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

NEW = {"email": "New@Example.jp", "name": "新田　一子", "role": "clerk"}
GOOD = "a perfectly good password"


@pytest.fixture
def boss(house: House, app: Flask) -> Browser:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    browser = Browser(app.test_client())
    browser.log_in("boss@example.jp")
    return browser


def row(house: House, email: str) -> StaffRow:
    with house.database.read() as uow:
        return next(each for each in staff.listed(uow) if each.view.email == email)


def path(house: House, email: str, act: str = "") -> str:
    return f"/admin/staff/{row(house, email).view.id}" + (f"/{act}" if act else "")


def links(house: House) -> list[str]:
    """Every link that was mailed, as the path of its page."""
    with house.database.read() as uow:
        rows = uow.session.scalars(select(OutboxRow.notice).order_by(OutboxRow.seq)).all()
    found = [json.loads(notice) for notice in rows if notice]
    return ["/admin/" + each["link"].partition("/admin/")[2] for each in found if each["kind"] == "StaffLink"]


def actions(house: House, email: str) -> list[str]:
    with house.database.read() as uow:
        return [entry.action for entry in audit.of_subject(uow, "staff", row(house, email).view.id)]


def set_password(browser: Browser, link: str, password: str = GOOD, again: str = GOOD):
    browser.get("/admin/login")
    browser.get(link)
    return browser.post(link, password=password, password_twice=again)


def enter(browser: Browser, email: str, password: str = GOOD, code: str = "") -> int:
    browser.get("/admin/login")
    return browser.post("/admin/login", email=email, password=password, code=code).status_code


# --- adding ---------------------------------------------------------------------------------------


def test_somebody_new_sets_a_password_by_a_mailed_link_that_works_once(house: House, boss: Browser, app: Flask) -> None:
    boss.get("/admin/staff")
    assert boss.post("/admin/staff", **NEW).status_code == 302
    listed = boss.get("/admin/staff").text
    for words in ("新田 一子", "new@example.jp", "担当", "パスワード未設定"):
        assert words in listed
    newcomer = Browser(app.test_client())
    for guess in ("", "nobody", GOOD):
        assert enter(newcomer, "new@example.jp", guess) == 401, "nobody gets in before a password is set"
    [link] = links(house)
    assert "新田 一子" in newcomer.get(link).text
    assert newcomer.get(link).status_code == 200, "looking spends nothing"
    done = set_password(newcomer, link)
    assert done.headers["Location"] == "/admin/login"
    assert "パスワードを決めました" in newcomer.get("/admin/login").text
    assert enter(newcomer, "new@example.jp") == 302
    stranger = Browser(app.test_client())
    assert set_password(stranger, link, "another good password", "another good password").status_code == 410
    assert enter(Browser(app.test_client()), "new@example.jp") == 302
    assert actions(house, "new@example.jp")[:3] == ["staff.create", "staff.password_link", "staff.password"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"email": "boss@example.jp"}, "もう職員に登録"),
        ({"email": "x"}, "「@」"),
        ({"email": "a@gmial.com"}, "gmail.com"),
        ({"name": ""}, "名前を"),
        ({"name": "長" * 121}, "名前を"),
        ({"role": "owner"}, "権限を"),
        ({"role": ""}, "権限を"),
    ],
)
def test_what_does_not_fit_is_explained_and_kept(house: House, boss: Browser, changed, said) -> None:
    boss.get("/admin/staff")
    refused = boss.post("/admin/staff", **{**NEW, **changed})
    assert refused.status_code == 422
    assert said in refused.text
    if "email" not in changed:
        assert "New@Example.jp" in refused.text
    assert not links(house)


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("short", "short", "12文字以上"),
        (GOOD, GOOD + "!", "2つの欄"),
        ("NEW@example.jp", "NEW@example.jp", "メールアドレスと同じ"),
        ("", "", "12文字以上"),
    ],
)
def test_a_bad_password_spends_no_link(house: House, boss: Browser, visitor: Browser, password, again, said) -> None:
    boss.get("/admin/staff")
    boss.post("/admin/staff", **NEW)
    refused = set_password(visitor, links(house)[0], password, again)
    assert refused.status_code == 422
    assert said in refused.text
    assert GOOD not in refused.text
    assert set_password(visitor, links(house)[0]).status_code == 302


def test_a_link_ends_after_a_day_and_a_forged_one_never_opens(house: House, boss: Browser, visitor: Browser) -> None:
    boss.get("/admin/staff")
    boss.post("/admin/staff", **NEW)
    [link] = links(house)
    for forged in (link[:-3] + "abc", "/admin/password/x", "/admin/password/" + "a" * 5000, "/admin/password/%00"):
        assert visitor.get(forged).status_code == 410
    house.clock.advance(hours=23, minutes=59)
    assert visitor.get(link).status_code == 200
    house.clock.advance(minutes=1)
    assert visitor.get(link).status_code == 410
    assert "新しいリンクを送る" in visitor.get(link).text


# --- forgotten ------------------------------------------------------------------------------------


def test_a_forgotten_password_gets_the_same_answer_for_everybody(house: House, boss: Browser, visitor: Browser) -> None:
    answers = []
    for address in ("boss@example.jp", "nobody@example.jp", "", "\x00", "🙂" * 900):
        visitor.get("/admin/forgot")
        sent = visitor.post("/admin/forgot", email=address)
        assert sent.status_code == 200
        answers.append(re.sub(r'value="[^"]*"', "", sent.text))
    assert len(set(answers)) == 1
    assert len(links(house)) == 1
    assert house.told == ["mail"]
    assert enter(visitor, "boss@example.jp", factories.PASSWORD) == 302, "asking changes nothing"


def test_asking_again_and_again_sends_three_an_hour(house: House, boss: Browser, visitor: Browser) -> None:
    for _ in range(6):
        visitor.get("/admin/forgot")
        visitor.post("/admin/forgot", email=" BOSS@example.jp")
    assert len(links(house)) == 3
    house.clock.advance(minutes=61)
    visitor.post("/admin/forgot", email="boss@example.jp")
    assert len(links(house)) == 4


def test_a_new_password_ends_every_session_and_every_other_link(house: House, boss: Browser, visitor: Browser) -> None:
    for _ in range(2):
        visitor.get("/admin/forgot")
        visitor.post("/admin/forgot", email="boss@example.jp")
        house.clock.advance(seconds=1)
    first, second = links(house)
    assert set_password(visitor, first).status_code == 302
    assert set_password(visitor, second).status_code == 410
    assert boss.get("/admin/").status_code == 302, "the old session is over"
    assert enter(boss, "boss@example.jp", factories.PASSWORD) == 401
    assert enter(boss, "boss@example.jp") == 302


def test_a_mailed_link_does_not_replace_the_one_time_code(house: House, boss: Browser, visitor: Browser) -> None:
    page = boss.get("/admin/account").text
    totp = TOTP(page.split("<code>")[1].split("</code>")[0].replace(" ", ""))
    boss.post("/admin/account/code/on", code=totp.at(house.clock()))
    visitor.get("/admin/forgot")
    visitor.post("/admin/forgot", email="boss@example.jp")
    set_password(visitor, links(house)[-1])
    assert enter(visitor, "boss@example.jp") == 401
    house.clock.advance(seconds=30)
    assert enter(visitor, "boss@example.jp", code=totp.at(house.clock())) == 302


def test_ones_own_password_is_changed_by_the_same_link(house: House, boss: Browser) -> None:
    boss.get("/admin/account")
    assert boss.post("/admin/account/password").status_code == 302
    assert "メールで送りました" in boss.get("/admin/account").text
    assert len(links(house)) == 1


def test_guessing_stays_counted_when_the_password_is_set(house: House, boss: Browser, visitor: Browser) -> None:
    for _ in range(accounts.TRIES):
        enter(visitor, "boss@example.jp", "wrong password")
    visitor.get("/admin/forgot")
    visitor.post("/admin/forgot", email="boss@example.jp")
    set_password(visitor, links(house)[0])
    assert enter(visitor, "boss@example.jp") == 302, "whoever holds the mailbox is not kept waiting"


# --- what a manager does --------------------------------------------------------------------------


def test_a_role_changes_at_once(house: House, boss: Browser, clerk: Browser) -> None:
    boss.get("/admin/staff")
    assert boss.post(path(house, "clerk@example.jp", "role"), role="manager").status_code == 302
    assert clerk.get("/admin/staff").status_code == 200
    assert boss.post(path(house, "clerk@example.jp", "role"), role="reader").status_code == 302
    assert clerk.get("/admin/staff").status_code == 403
    assert actions(house, "clerk@example.jp").count("staff.role") == 2
    assert boss.post(path(house, "clerk@example.jp", "role"), role="king").status_code == 422


def test_an_ended_user_is_out_at_once_and_can_be_let_in_again(house: House, boss: Browser, clerk: Browser) -> None:
    boss.get("/admin/staff")
    assert boss.post(path(house, "clerk@example.jp", "end")).status_code == 302
    assert clerk.get("/admin/").status_code == 302
    assert enter(clerk, "clerk@example.jp", factories.PASSWORD) == 401
    assert "clerk@example.jp" not in boss.get("/admin/staff").text
    assert "利用を終えました" in boss.get("/admin/staff?ended=yes").text
    assert "以前に利用を終えた" in boss.post("/admin/staff", **{**NEW, "email": "clerk@example.jp"}).text
    for act in ("role", "everywhere", "code", "link"):
        assert boss.post(path(house, "clerk@example.jp", act), role="clerk").status_code == 422
    assert boss.post(path(house, "clerk@example.jp", "restore")).status_code == 302
    assert enter(clerk, "clerk@example.jp", factories.PASSWORD) == 401, "the old password is gone"
    set_password(clerk, links(house)[-1])
    assert enter(clerk, "clerk@example.jp") == 302


def test_a_link_of_an_ended_user_is_dead(house: House, boss: Browser, clerk: Browser, visitor: Browser) -> None:
    boss.get("/admin/staff")
    boss.post(path(house, "clerk@example.jp", "link"))
    boss.post(path(house, "clerk@example.jp", "end"))
    assert set_password(visitor, links(house)[-1]).status_code == 410


def test_a_lost_phone(house: House, boss: Browser, clerk: Browser) -> None:
    page = clerk.get("/admin/account").text
    totp = TOTP(page.split("<code>")[1].split("</code>")[0].replace(" ", ""))
    clerk.post("/admin/account/code/on", code=totp.at(house.clock()))
    boss.get("/admin/staff")
    assert "コードあり" in boss.get("/admin/staff").text
    assert boss.post(path(house, "clerk@example.jp", "code")).status_code == 302
    assert clerk.get("/admin/").status_code == 302, "sessions on the lost phone end"
    assert enter(clerk, "clerk@example.jp", factories.PASSWORD) == 302
    assert boss.post(path(house, "clerk@example.jp", "code")).status_code == 422
    assert boss.post(path(house, "clerk@example.jp", "everywhere")).status_code == 302
    assert clerk.get("/admin/").status_code == 302


@pytest.mark.parametrize("act", ["role", "end", "everywhere", "code", "link"])
def test_nobody_does_it_to_themselves(house: House, boss: Browser, act: str) -> None:
    boss.get("/admin/staff")
    refused = boss.post(path(house, "boss@example.jp", act), role="reader")
    assert refused.status_code == 422
    assert "自分では変えられません" in refused.text
    assert row(house, "boss@example.jp").view.role == "manager"
    assert boss.get("/admin/").status_code == 200


def test_two_managers_cannot_throw_each_other_out(house: House, boss: Browser, app: Flask) -> None:
    with house.database.unit() as uow:
        factories.staff_user(uow, "second@example.jp", "manager")
    second = Browser(app.test_client())
    second.log_in("second@example.jp")
    boss.get("/admin/staff")
    assert boss.post(path(house, "second@example.jp", "role"), role="clerk").status_code == 302
    assert second.post(path(house, "boss@example.jp", "role"), role="clerk").status_code == 403
    with house.database.read() as uow:
        assert len(staff.lock_managers(uow)) == 1


@pytest.mark.parametrize("act", ["role", "end", "restore", "everywhere", "code", "link"])
def test_each_of_it_takes_the_password_after_ten_minutes(house: House, boss: Browser, clerk: Browser, act: str) -> None:
    boss.get("/admin/staff")
    house.clock.advance(minutes=11)
    before = row(house, "clerk@example.jp")
    assert boss.post(path(house, "clerk@example.jp", act), role="reader").status_code == 401
    assert boss.post("/admin/staff", **NEW).status_code == 401
    assert row(house, "clerk@example.jp") == before
    assert not links(house)


def test_only_managers_see_or_do_any_of_it(house: House, boss: Browser, clerk: Browser, reader: Browser) -> None:
    for browser in (clerk, reader):
        assert browser.get("/admin/staff").status_code == 403
        assert browser.get("/admin/staff.csv").status_code == 403
        assert browser.get(path(house, "boss@example.jp")).status_code == 403
        assert browser.post("/admin/staff", **NEW).status_code == 403
        for act in ("role", "end", "restore", "everywhere", "code", "link"):
            assert browser.post(path(house, "boss@example.jp", act), role="reader").status_code == 403
    assert row(house, "boss@example.jp").view.role == "manager"
    assert not links(house)


def test_nobody_of_that_id_is_no_page(boss: Browser) -> None:
    boss.get("/admin/staff")
    assert boss.get(f"/admin/staff/{'0' * 32}").status_code == 404
    assert boss.post(f"/admin/staff/{'0' * 32}/end").status_code == 404
    assert boss.post(f"/admin/staff/{'0' * 32}/dance").status_code == 404


def test_the_list_is_searched_sorted_and_exported(house: House, boss: Browser, clerk: Browser) -> None:
    assert "clerk@example.jp" in boss.get("/admin/staff?q=CLERK").text
    assert "clerk@example.jp" not in boss.get("/admin/staff?role=reader").text
    emails = re.findall(r"(\w+)@example\.jp", boss.get("/admin/staff?sort=-email").text)
    assert emails.index("clerk") < emails.index("boss")
    assert "boss@example.jp" in boss.get("/admin/staff.csv").text
