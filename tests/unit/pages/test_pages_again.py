"""Dangerous actions ask for the password again; nothing typed is lost on the way, and nothing can be guessed there."""

import re
from html import unescape

import pytest
from flask import Flask, Response, request

from handlers.admin.again import dangerous
from handlers.admin.guard import blueprint
from handlers.pages import create_pages
from handlers.usecases import staff as usecase
from storage import audit
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
DANGER = "/admin/account/danger?list=2"
done: list[tuple[str, dict[str, list[str]]]] = []


@dangerous
def danger() -> Response:
    """What a dangerous action would be given."""
    done.append((request.full_path, request.form.to_dict(flat=False)))
    return Response("done")


@pytest.fixture
def app(house: House, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The pages with one more action, dangerous and nothing else."""

    def with_danger():
        bp = blueprint()
        bp.add_url_rule("/account/danger", view_func=danger, methods=["GET", "POST"])
        return bp

    monkeypatch.setattr("handlers.admin.blueprint", with_danger)
    done.clear()
    return create_pages(house.services, factories.SECRET_KEY)


def carried(page: str) -> dict[str, list[str]]:
    """The hidden fields of the page that asks, as a browser would send them."""
    found: dict[str, list[str]] = {}
    main = page[page.index("<main") :]
    for name, value in HIDDEN.findall(main):
        found.setdefault(name, []).append(unescape(value))
    return found


def send(browser: Browser, **form: object) -> tuple[int, str]:
    """Post the form of the page that was shown last, as that browser would."""
    response = browser.client.post(DANGER, data=form)
    return response.status_code, response.text


def test_right_after_logging_in_nothing_more_is_asked(clerk: Browser) -> None:
    assert clerk.post(DANGER, a="1").text == "done"


def test_looking_is_never_dangerous(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    assert clerk.get(DANGER).text == "done"


def test_after_ten_minutes_the_password_is_asked_and_all_that_was_typed_goes_on(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    typed = {"reason": '二行の\n「理由」<b>"&', "item": ["a", "b", "a"], "empty": ""}
    asked = clerk.post(DANGER, **typed)
    assert asked.status_code == 401
    assert not done
    assert "操作はまだ行っていません" in asked.text
    fields = carried(asked.text)
    assert len(fields.pop("csrf_token")) == 1
    assert fields == {"reason": [typed["reason"]], "item": ["a", "b", "a"], "empty": [""]}
    wrong = clerk.post(DANGER, **fields, password_again="wrong password")
    assert wrong.status_code == 401
    assert "パスワードが違います" in wrong.text
    assert "wrong password" not in wrong.text
    again = carried(wrong.text)
    assert again.pop("csrf_token")
    assert again == fields
    assert clerk.post(DANGER, **again, password_again=factories.PASSWORD).text == "done"
    path, form = done[0]
    assert path == DANGER
    assert form["item"] == ["a", "b", "a"]
    assert form["reason"] == [typed["reason"]]


def test_a_proof_is_good_for_ten_minutes_and_is_audited(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    assert clerk.post(DANGER, password_again=factories.PASSWORD).text == "done"
    house.clock.advance(minutes=10)
    assert clerk.post(DANGER).text == "done"
    house.clock.advance(seconds=1)
    assert clerk.post(DANGER).status_code == 401
    with house.database.read() as uow:
        user = usecase.staff.by_email(uow, "clerk@example.jp")
        assert user
        assert [entry.action for entry in audit.of_subject(uow, "staff", user.id)][-1] == "staff.prove"


def test_the_password_cannot_be_guessed_here(house: House, app: Flask, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    for _ in range(usecase.TRIES):
        assert clerk.post(DANGER, password_again="wrong password").status_code == 401
    locked = clerk.post(DANGER, password_again=factories.PASSWORD)
    assert locked.status_code == 429
    assert "15分ほど" in locked.text
    assert not done
    assert Browser(app.test_client()).log_in().status_code == 429, "the login counts the same tries"
    house.clock.advance(minutes=16)
    clerk.get(DANGER)
    assert clerk.post(DANGER, password_again=factories.PASSWORD).text == "done"


def test_somebody_elses_password_proves_nothing(house: House, clerk: Browser) -> None:
    other = usecase.hash_password("another good password")
    with house.database.unit() as uow:
        usecase.create(uow, factories.SYSTEM, "other@example.jp", "他の人", other, "manager", factories.START)
    house.clock.advance(minutes=11)
    assert clerk.post(DANGER, password_again="another good password").status_code == 401
    assert not done


def test_without_the_forms_token_not_even_the_password_is_asked(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    refused = clerk.client.post(DANGER, data={"password_again": factories.PASSWORD})
    assert refused.status_code == 400
    assert not done


@pytest.mark.parametrize("junk", ["", "\x00", "🙂" * 5000, "a" * 100_000])
def test_junk_for_a_password_is_refused(house: House, clerk: Browser, junk: str) -> None:
    house.clock.advance(minutes=11)
    assert clerk.post(DANGER, password_again=junk).status_code == 401


def test_the_way_out_leads_to_the_nearest_page(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    asked = clerk.post("/admin/account/code/on", code="123456")
    assert asked.status_code == 401
    assert '<a class="button" href="/admin/account">やめる</a>' in asked.text


def test_leaving_every_browser_is_never_held_up(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=11)
    assert clerk.post("/admin/account/everywhere").headers["Location"] == "/admin/login"
