"""Every route is guarded, every input is answered, and headers are on everything."""

import re

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.routing import Rule

from storage import registration_views
from storage.database import Database
from tests.support import factories
from tests.support.addresses import address
from tests.support.factories import House
from tests.support.visitors import Browser

OPEN = {"admin.log_in", "admin.forgot", "admin.set_password", "admin.static", "static"}
JUNK = ["\x00", "%00", "%ED%A0%80", "%FF%FE", "..%2f..%2fetc", "a" * 4000, "🙂", "' OR 1=1 --", "-1", "None"]


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint not in OPEN]


def test_no_page_of_the_secretariat_opens_for_a_stranger(app: Flask, visitor: Browser) -> None:
    visitor.get("/admin/login")
    for rule in rules(app):
        if not rule.rule.startswith("/admin"):
            continue
        for method in rule.methods or ():
            if method == "POST":
                response = visitor.post(address(rule))
                assert response.status_code == 400, rule.rule
                assert "もう一度ログイン" in response.text
            elif method == "GET":
                assert "/admin/login" in visitor.get(address(rule)).headers["Location"], rule.rule


def test_no_page_opened_from_line_opens_with_a_forged_link(app: Flask, visitor: Browser) -> None:
    for rule in rules(app):
        if rule.rule.startswith("/p/") and "GET" in (rule.methods or ()):
            assert visitor.get(address(rule)).status_code in (404, 410), rule.rule


def test_every_route_lies_under_admin_or_p(app: Flask) -> None:
    assert all(rule.rule.startswith(("/admin", "/p/")) for rule in app.url_map.iter_rules())


def test_a_reader_changes_nothing(house: House, reader: Browser) -> None:
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    waiting, _ = factories.approved_once(house, organisation, approver)
    page = reader.get(f"/admin/applications/{waiting}").text
    assert "data-opens" not in page
    assert "閲覧だけの権限" in page
    assert "加える" not in reader.get("/admin/organisations").text
    with house.database.read() as uow:
        view = registration_views.load(uow, waiting)
    assert view
    version = str(view.version)
    for answer in ("approve", "return", "reject"):
        form = {"version": version, "item": "basic", "comment_basic": "x", "reason": "x"}
        refused = reader.post(f"/admin/applications/{waiting}/{answer}", **form)
        assert refused.status_code == 409
        assert "権限がありません" in refused.text
    assert reader.post("/admin/organisations", name="新しい商工会", prefecture="東京都").status_code == 403
    assert reader.post(f"/admin/organisations/{organisation}/code").status_code == 403


def test_a_user_with_a_role_nobody_knows_gets_nowhere(house: House, clerk: Browser) -> None:
    from sqlalchemy import update

    from models.tables.staff import Staff

    with house.database.unit() as uow:
        uow.session.execute(update(Staff).values(role="guest"))
    assert clerk.get("/admin/").status_code == 403


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_an_address_is_no_such_page(app: Flask, clerk: Browser, junk: str) -> None:
    for rule in rules(app):
        if "<" not in rule.rule:
            continue
        response = clerk.get(address(rule, junk=junk))
        assert response.status_code in (302, 404, 405, 410), rule.rule
        if "POST" in (rule.methods or ()):
            assert clerk.post(address(rule, junk=junk)).status_code in (404, 405, 410), rule.rule


@pytest.mark.parametrize("junk", [*JUNK, "999999999999999999999", "१२", "１", "+1", "1e9"])
def test_junk_in_a_query_or_a_form_is_answered(clerk: Browser, junk: str) -> None:
    for path in ("/admin/applications", "/admin/letters", "/admin/terms", "/admin/organisations", "/admin/"):
        for name in ("q", "page", "state", "sort"):
            assert clerk.get(f"{path}?{name}={junk.replace('%', '')}").status_code == 200
            assert clerk.get(f"{path}?{name}={junk}").status_code == 200
    for path in ("organisations", "account/code/on", f"applications/{'0' * 32}/return"):
        form = {"name": junk, "prefecture": junk, "code": junk, "version": junk, "item": junk, "comment": junk}
        assert clerk.post(f"/admin/{path}", **form).status_code in (302, 404, 422)


def test_errors_say_what_to_do_and_show_no_stack(app: Flask, visitor: Browser, clerk: Browser) -> None:
    for path, method, code in (("/nothing", "GET", 404), ("/admin/login", "DELETE", 405)):
        response = clerk.client.open(path, method=method)
        assert response.status_code == code
        assert "Traceback" not in response.text
        assert "<h1>" in response.text
    big = clerk.client.post("/admin/organisations", data={"name": "x" * 400_000})
    assert big.status_code == 413
    assert "短くして" in big.text


def test_a_mistake_of_ours_is_an_apology_and_logs_no_data(clerk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("secret 090-1234-5678")

    logged: list[object] = []
    monkeypatch.setattr("handlers.pages.log.error", lambda *words, **data: logged.append((words, data)))
    monkeypatch.setattr("storage.registration.count", broken)
    response = clerk.get("/admin/applications?q=secret")
    assert response.status_code == 500
    assert "申し訳ありません" in response.text
    assert "page_failed" in str(logged)
    assert "admin.application_list" in str(logged)
    assert "secret" not in str(logged)


def test_a_database_that_does_not_answer_is_said_plainly(
    clerk: Browser, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_self: Database) -> None:
        raise OperationalError("select", {}, Exception("no answer"))

    monkeypatch.setattr("storage.database.Session.__enter__", gone)
    response = clerk.get("/admin/")
    assert response.status_code == 503
    assert "少し時間をおいて" in response.text
    assert response.headers["Retry-After"]


def test_headers_are_on_every_answer(clerk: Browser, visitor: Browser) -> None:
    for path in ("/admin/", "/admin/login", "/p/papers/x", "/nothing", "/p/static/base.css"):
        with clerk.get(path) as response:
            headers = response.headers
        assert "script-src" not in headers["Content-Security-Policy"]
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert ("no-store" in headers["Cache-Control"]) is not path.endswith(".css")


def test_no_page_carries_scripts_or_styles_inside(clerk: Browser) -> None:
    parts = ("", "applications", "letters", "terms", "organisations", "account", "troubles")
    for path in (f"/admin/{part}" for part in parts):
        page = clerk.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|//cdn|https?://(?!www\.w3)", page), (
            path
        )


def test_a_form_without_its_token_changes_nothing_and_keeps_the_words(clerk: Browser) -> None:
    form = {"comment_identity": "有効期限が<b>切れて</b>います", "reason": "", "password": "hidden"}
    response = clerk.client.post(f"/admin/applications/{'0' * 32}/return", data=form)
    assert response.status_code == 400
    assert "有効期限が&lt;b&gt;切れて&lt;/b&gt;います" in response.text
    assert "hidden" not in response.text


def test_words_typed_into_a_session_that_ran_out_are_kept(house: House, clerk: Browser) -> None:
    house.clock.advance(minutes=31)
    response = clerk.post(f"/admin/applications/{'0' * 32}/return", comment_identity="有効期限が切れています")
    assert response.status_code == 400
    assert "有効期限が切れています" in response.text
