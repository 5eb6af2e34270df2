"""webhook and pages alone, with events of the HTTP API as AWS makes them, and with some that it would not."""

import base64
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.aws.cloud import Cloud
from tests.aws.events import form, request, signed, text_event, webhook_body
from tests.aws.gateway import response_of
from tests.support.clerk import Clerk
from tests.support.factories import PASSWORD
from tests.support.forms import typed_form
from tests.support.ledger import Ledger
from tests.support.page import Page

GARBAGE: list[Any] = [
    {}, [], None, "text", 7, {"version": "2.0"}, {"rawPath": "/"}, {"Records": []}, {"job": "sweep"},
    {"version": "2.0", "rawPath": "/", "rawQueryString": "", "headers": None, "requestContext": {}},
    {"version": "2.0", "rawPath": None, "headers": {}, "requestContext": {"http": {}}},
    {"version": "1.0", "httpMethod": "GET", "path": "/", "headers": None, "requestContext": {}},
]  # fmt: skip


def kept(cloud: Cloud, event_id: str) -> int:
    return Ledger(cloud.world.service.database).one("SELECT count(*) FROM inbox WHERE event_id = :id", id=event_id)


def somebody() -> str:
    return "U" + uuid.uuid4().hex


# --- webhook


def test_a_signed_event_is_kept_and_its_person_is_in_the_queue(cloud: Cloud):
    user = somebody()
    event = text_event(cloud, user, "こんにちは")
    found = cloud["webhook"].invoke(signed(cloud, webhook_body(event)))
    assert (found.value["statusCode"], found.value["body"]) == (200, "ok")
    assert kept(cloud, event["webhookEventId"]) == 1
    (message,) = cloud.mapping.receive()
    assert message["Body"] == f'{{"person": "{user}"}}'
    assert message["Attributes"]["MessageGroupId"] == user
    assert message["Attributes"]["MessageDeduplicationId"] == event["webhookEventId"]
    cloud.mapping.hand([message])


def test_a_body_in_base64_is_the_same_body(cloud: Cloud):
    event = text_event(cloud, somebody(), "バイナリ")
    found = cloud["webhook"].invoke(signed(cloud, webhook_body(event), Content_Type="application/octet-stream"))
    assert found.value["statusCode"] == 200
    assert kept(cloud, event["webhookEventId"]) == 1


def test_several_events_of_several_people_are_all_in_the_queue(cloud: Cloud):
    people = [somebody() for _ in range(12)]
    events = [text_event(cloud, user, "使い方") for user in people]
    assert cloud["webhook"].invoke(signed(cloud, webhook_body(*events))).value["statusCode"] == 200
    found: set[str] = set()
    while batch := cloud.mapping.receive():
        found |= {each["Attributes"]["MessageGroupId"] for each in batch}
        cloud.mapping.hand(batch)
    assert found == set(people)


def test_the_empty_body_of_lines_test_is_acknowledged(cloud: Cloud):
    assert cloud["webhook"].invoke(signed(cloud, webhook_body())).value["statusCode"] == 200


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (request("POST", "/line/webhook", b"{}", Content_Type="application/json"), 401),
        (request("POST", "/line/webhook", b"{}", X_Line_Signature="xx"), 401),
        (request("POST", "/line/webhook", b"\xff\xfe\x00", X_Line_Signature="=="), 401),
        (request("POST", "/line/webhook"), 401),
        (request("GET", "/line/webhook"), 405),
        (request("HEAD", "/line/webhook"), 405),
        (request("POST", "/line/webhook", b"x" * 2_100_000, X_Line_Signature="xx"), 413),
    ],
)
def test_what_is_not_lines_is_refused(cloud: Cloud, event: dict[str, Any], status: int):
    found = cloud["webhook"].invoke(event)
    assert found.ok, found.log
    assert found.value["statusCode"] == status


def test_a_signed_body_that_is_no_webhook_is_refused(cloud: Cloud):
    for body in (b"not json", b"[]", b'{"events": 7}', b"[" * 100_000):
        found = cloud["webhook"].invoke(signed(cloud, body))
        assert found.ok, found.log
        assert found.value["statusCode"] == 400


@pytest.mark.parametrize("name", ["webhook", "pages"])
def test_garbage_breaks_no_sandbox(cloud: Cloud, name: str):
    """The gateway sends none of this; whoever may invoke the function by hand gets an error, and it lives on."""
    function = cloud[name]
    function.invoke(request("GET", "/healthz"))
    for event in GARBAGE:
        assert function.invoke(event).kind in ("ok", "error"), event
    found = function.invoke(request("GET", "/healthz"))
    assert not found.cold


# --- pages


def test_health_and_readiness(cloud: Cloud):
    for path in ("/healthz", "/readyz"):
        found = response_of(cloud["pages"].invoke(request("GET", path)))
        assert (found.status, found.body) == (200, b"ok")


@pytest.mark.parametrize(
    "target",
    [
        "/nothing", "/p/nothing/at/all", "/p/form/x.y.z", "/static/../../etc/passwd", "/static/%2e%2e/base.css",
        "/admin/experts/%00", "/%E3%81%82", "/%ff%fe", "//admin/", "/p/form/" + "x" * 6000, "/?a=%zz&a=1&a=2",
        "/phones", "/v2/bot/info", "/metrics",
    ],
)  # fmt: skip
def test_a_wrong_path_is_answered_and_no_error(cloud: Cloud, target: str):
    found = cloud["pages"].invoke(request("GET", target))
    assert found.ok, found.log
    assert 300 <= found.value["statusCode"] < 500, found.value


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_other_methods_are_answered(cloud: Cloud, method: str):
    found = cloud["pages"].invoke(request(method, "/admin/login"))
    assert found.ok, found.log
    assert found.value["statusCode"] < 500
    if method == "HEAD":
        assert found.value["statusCode"] == 200
        assert not found.value["body"]


def test_a_binary_answer_is_in_base64_and_text_is_not(cloud: Cloud):
    page = cloud["pages"].invoke(request("GET", "/admin/login")).value
    links = re.findall(r'href="(/[^"]+\.css[^"]*)"', page["body"])
    style = cloud["pages"].invoke(request("GET", links[0])).value
    assert (style["isBase64Encoded"], style["headers"]["content-type"].partition(";")[0]) == (False, "text/css")
    world = cloud.world
    picture = world.service.links.invitation("0" * 32, "https://line.me/x", world.clock.now + timedelta(days=1))
    found = cloud["pages"].invoke(request("GET", picture.removeprefix(world.service.links.base_url))).value
    assert (found["isBase64Encoded"], found["headers"]["content-type"]) == (True, "image/png")
    assert base64.b64decode(found["body"]).startswith(b"\x89PNG")


def test_a_login_by_a_form_with_its_cookies(cloud: Cloud):
    cloud.world.clock.forward(minutes=1)
    clerk = Clerk(cloud.world, "http@example.jp")
    first = cloud["pages"].invoke(request("GET", "/admin/login?next=/admin/experts&next=x")).value
    assert all("HttpOnly" in cookie for cookie in first["cookies"])
    typed = {**typed_form(first["body"]), "email": clerk.email, "password": PASSWORD}
    event = form("/admin/login", {name: str(value) for name, value in typed.items()})
    event["cookies"] = [cookie.partition(";")[0] for cookie in first["cookies"]]
    second = cloud["pages"].invoke(event).value
    assert second["statusCode"] == 302
    assert second["cookies"]
    inside = request("GET", "/admin/experts?region=%E9%96%A2%E6%9D%B1&region=x&page=1&page=2")
    inside["cookies"] = [cookie.partition(";")[0] for cookie in second["cookies"]]
    assert cloud["pages"].invoke(inside).value["statusCode"] == 200


def test_an_answer_larger_than_lambda_takes_goes_by_way_of_the_file_store(cloud: Cloud):
    """The audit as CSV: more than 6 MB."""
    rows = (
        "INSERT INTO audit (at, actor_kind, action, subject_kind, subject_id, detail)"
        " SELECT timestamptz '2026-11-01' + n * interval '1 second', 'system', 'list.export', 'list',"
        " md5(n::text), repeat('x', 200) FROM generate_series(1, 26000) n"
    )
    ledger = Ledger(cloud.world.service.database)
    ledger.change(rows)
    try:
        manager = Clerk(cloud.world, f"big{uuid.uuid4().hex[:6]}@example.jp", "manager")
        manager.opens("audit")
        page = manager._page
        assert page
        text = page._open(f"{cloud.world.base_url}/admin/audit.csv")
        assert page.status == 200, text[:300]
        assert text.count("\n") > 26_000
        assert len(text.encode()) > 6 * 1024 * 1024
        assert "/handover/" in page.url, "the browser was sent on to the store"
    finally:
        ledger.change("DELETE FROM audit WHERE action = 'list.export' AND detail = repeat('x', 200)")


def test_what_is_too_large_to_come_in_is_refused_by_the_gateway(cloud: Cloud):
    page = Page(f"{cloud.world.base_url}/admin/login")
    page._open(f"{cloud.world.base_url}/admin/login", b"x" * (10 * 1024 * 1024 + 1))
    assert page.status == 413
    page._open(f"{cloud.world.base_url}/admin/login", b"x" * (5 * 1024 * 1024))
    assert page.status in (413, 500)


def test_lists_are_pages_of_the_desk_with_its_csp(cloud: Cloud):
    found = cloud["pages"].invoke(request("GET", "/admin/login")).value
    assert "default-src 'self'" in found["headers"]["content-security-policy"]
    assert found["headers"]["cache-control"]
