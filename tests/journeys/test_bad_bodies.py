"""Bodies and events nobody should send: refused before anything is stored, or kept and survived, never a 500."""

import base64
import hashlib
import hmac
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.emulator.webhooks import sign
from handlers.bootstrap import Service
from handlers.line.webhook import Webhook
from storage.ack import open_acknowledger
from tests.support.databases import fresh
from tests.support.drafts import joined
from tests.support.ledger import Ledger
from tests.support.town import WEBHOOK, Town, call, count


def test_an_unsigned_body_is_refused_and_nothing_is_stored(town: Town):
    before = count(town)
    connection = HTTPConnection(urlsplit(town.world.base_url).netloc)
    connection.request("POST", WEBHOOK, json.dumps({"events": [{"type": "follow"}]}))
    assert connection.getresponse().status == 401
    connection.close()
    assert town.raw(b'{"events":[]}', "") == 401
    assert count(town) == before


@pytest.mark.parametrize(
    "signature", ["AAAA", "=", "not base64!", "あ".encode().decode("latin-1"), "A" * 5000, "\t", "QUJD" * 11]
)
def test_a_junk_signature_is_refused(town: Town, signature: str):
    before = count(town)
    assert town.raw(b'{"events":[{"type":"follow"}]}', signature) == 401
    assert count(town) == before


def test_a_wrong_signature_is_refused_even_for_the_same_body_and_another_secret(town: Town):
    phone = town.world.phone("署名")
    phone.follows()
    body = json.dumps({"events": [town.text(phone, "x")]}).encode()
    before = count(town)
    assert town.raw(body, sign(body, "another secret")) == 401
    assert town.raw(body + b" ", sign(body, town.world.platform.settings.channel_secret)) == 401
    hexed = hmac.new(town.world.platform.settings.channel_secret.encode(), body, hashlib.sha256).hexdigest()
    assert town.raw(body, hexed) == 401
    assert town.raw(body, base64.b64encode(b"").decode()) == 401
    assert count(town) == before


@pytest.mark.parametrize(
    ("signature", "foreign"),
    [
        (sign(b"{}", "another secret"), True), (sign(b'{"events":[]}', "another secret"), True), ("QUJD" * 11, False),
        ("", False), ("AAAA", False), ("not base64!", False), ("é" * 44, False), ("A" * 5000, False),
    ],
)  # fmt: skip
def test_only_what_has_the_form_of_a_signature_counts_as_one_of_another_secret(tmp_path, signature: str, foreign: bool):
    """What roams the internet must not ring the alarm of a wrong channel secret."""
    told: list[tuple[int, bool]] = []
    kept = open_acknowledger(fresh("sqlite", tmp_path))
    webhook = Webhook(["secret"], kept, answered=lambda _seconds, *said: told.append(said))
    assert call(webhook, b'{"events":[]}', signature) == "401 Unauthorized"
    assert call(webhook, b'{"events":[]}', sign(b'{"events":[]}', "secret")) == "200 OK"
    assert told == [(401, foreign), (200, False)]
    kept.close()


def test_both_secrets_are_good_during_a_rotation(tmp_path):
    environment = {"LINE_CHANNEL_SECRET": "new-secret, old-secret", "LINE_CHANNEL_ACCESS_TOKEN": "token"}
    environment |= {"SECRET_KEY": "k" * 43 + "=", "FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}
    environment |= {"LINE_API_BASE_URL": "http://127.0.0.1:1", "DATABASE_URL": fresh("sqlite", tmp_path)}
    from handlers.settings import read

    service = Service(read(environment, tmp_path))
    webhook = service.webhook(lambda _people: None)
    body = b'{"events":[{"type":"follow","webhookEventId":"e1"}]}'
    statuses = [call(webhook, body, sign(body, secret)) for secret in ("new-secret", "old-secret", "older")]
    assert statuses == ["200 OK", "200 OK", "401 Unauthorized"]
    assert Ledger(service.database).one("SELECT count(*) FROM inbox") == 1
    service.close()


def test_get_on_the_webhook_is_not_allowed(town: Town):
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        connection = HTTPConnection(urlsplit(town.world.base_url).netloc)
        connection.request(method, WEBHOOK)
        assert connection.getresponse().status == 405
        connection.close()


def test_a_body_over_two_megabytes_is_refused(town: Town):
    before = count(town)
    body = b'{"events":[],"x":"' + b"a" * (2 * 1024 * 1024) + b'"}'
    app = town.world.service.webhook(lambda _people: None)
    assert call(app, body, sign(body, town.world.platform.settings.channel_secret)).startswith("413")
    assert town.world.platform.send_raw(body) in (413, 0)  # 0: we hung up before it was all sent
    assert count(town) == before


@pytest.mark.parametrize(
    ("length", "terminated"), [(None, False), ("", False), ("x", False), ("-5", False), ("0", True), (None, True)]
)
def test_a_request_without_a_usable_length(town: Town, length: str | None, terminated: bool):
    """Refused when the body cannot be told; read to its end where the server says there is one (chunked)."""
    app = town.world.service.webhook(lambda _people: None)
    body, secret = b'{"events":[]}', town.world.platform.settings.channel_secret
    wanted = "200 OK" if terminated else "401 Unauthorized"
    assert call(app, body, sign(body, secret), length=length, terminated=terminated) == wanted
    big = body + b" " * (2 * 1024 * 1024)
    if terminated:
        assert call(app, big, sign(big, secret), length=length, terminated=True).startswith("413")


# --- Signed, but not what LINE sends


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"x"',
        b"{}",
        b'{"events":{}}',
        b'{"events":null}',
        b'{"events":"x"}',
        b"\xff\xfe\x00",
        b'{"events":[],' + b"\x00" + b"}",
        b'{"events":[' + b"1" * 6000 + b"]}",
        b'{"events":' + b"[" * 100_000,
        b"\x80abc",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_a_signed_body_that_is_no_webhook_is_refused(town: Town, body: bytes):
    before = count(town)
    assert town.raw(body) == 400
    assert count(town) == before


@pytest.mark.parametrize("depth", [10, 300, 480, 700, 900, 940, 970, 980, 985, 990, 995, 1000, 5000])
def test_a_deeply_nested_event_is_kept_or_refused_but_never_a_500(town: Town, depth: int):
    phone = town.world.phone("深い人")
    nested = "[" * depth + "]" * depth
    event = json.dumps(town.event(phone, "message", message={"type": "text", "id": "1", "text": "x"}))
    body = f'{{"events":[{event[:-1]},"more":{nested}}}]}}'.encode()
    assert town.raw(body) in (200, 400)


def test_numbers_that_are_none_or_too_large(town: Town):
    phone = town.world.phone("大きい数")
    phone.follows()
    event = json.dumps(town.text(phone, "使い方"))
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "1" * 400, "-1", "0", "1.5", "true", '"1"', "null"):
        before = len(phone.answers)
        fresh_id = hashlib.md5(number.encode()).hexdigest()
        changed = {**json.loads(event), "webhookEventId": fresh_id, "timestamp": "@@", "more": {"x": "@@"}}
        body = json.dumps({"events": [changed]}).replace('"@@"', number).encode()
        assert town.raw(body) == 200, number
        assert len(phone.answers) >= before
    assert town.ledger.events(phone.user_id) == {"done": 12}


def test_an_event_from_the_future_does_not_make_all_that_follows_late(town: Town):
    phone = joined(town.world, town.approver, "未来 太郎")
    phone.taps("基本情報")
    at = int(town.world.clock().timestamp() * 1000)
    assert town.send(town.text(phone, "未来 太郎", timestamp=at + 10**9)) == 200
    town.world.clock.forward(seconds=5)
    phone.says("ミライ タロウ")
    phone.sees("生年月日")


def test_no_events_at_all_is_fine(town: Town):
    before = count(town)
    assert town.send() == 200
    assert count(town) == before


def test_things_in_the_list_that_are_no_events_do_not_stop_their_neighbours(town: Town):
    phone = town.world.phone("隣人")
    phone.follows()
    phone.seen = phone._last()
    assert town.send(None, 3, "x", [], {}, {"type": None}, town.text(phone, "使い方"), {"type": ["x"]}) == 200
    phone.sees("【使い方】")


def test_unknown_kinds_of_events_and_messages_are_kept_and_answered_with_nothing(town: Town):
    phone = town.world.phone("新機能")
    phone.follows()
    before = town.ledger.domain()
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("teleport", {"teleport": {"to": "moon"}}),
        ("membership", {"membership": 1}),
        ("", {}),
        ("postback", {}),
        ("postback", {"postback": {"data": 5}}),
        ("message", {}),
        ("message", {"message": []}),
        ("message", {"message": {"type": "hologram", "id": "1"}}),
        ("message", {"message": {"type": "text"}}),
        ("message", {"message": {"type": "text", "id": 5, "text": 5}}),
        ("unsend", {"unsend": {}}),
        ("message", {"message": {"type": "image"}}),
        ("message", {"message": {"type": "location", "id": "1"}}),
    ]
    events = [town.event(phone, kind, **fields) for kind, fields in kinds]
    assert town.send(*events) == 200
    assert town.ledger.events(phone.user_id)["done"] == len(events) + 1
    assert town.ledger.domain() == before
    phone.seen = phone._last()
    phone.says("使い方")
    phone.sees("【使い方】")


def test_an_event_without_an_id_is_kept_once(town: Town):
    phone = town.world.phone("番号なし")
    phone.follows()
    event = town.text(phone, "使い方")
    for missing in (None, 5, "", "x" * 65, "a b", "\u0000", "ｘ"):
        event["webhookEventId"] = missing
        assert town.send(event, event) == 200
        assert town.send(event) == 200
    assert town.ledger.events(phone.user_id)["done"] == 1 + 7


@pytest.mark.parametrize(
    "source",
    [
        None,
        [],
        {},
        {"type": "user"},
        {"type": "user", "userId": None},
        {"type": "user", "userId": 5},
        {"type": "user", "userId": "U" + "g" * 32},
        {"type": "user", "userId": "U" + "0" * 31 + "\u0000"},
        {"type": "user", "userId": "U" + "0" * 32 + "\n"},
        {"userId": "U" + "1" * 32},
        {"type": "group", "groupId": "C" + "1" * 32, "userId": "U" + "1" * 32},
        {"type": "room", "roomId": "R" + "1" * 32, "userId": "U" + "1" * 32},
    ],
    ids=repr,
)
def test_whoever_cannot_be_answered_is_ignored_but_kept(town: Town, source: Any):
    phone = town.world.phone("誰か")
    before, talks = town.ledger.all_events(), town.ledger.one("SELECT count(*) FROM conversations")
    event = town.text(phone, f"使い方 {source!r}")
    event["source"] = source
    asked = len(town.world.platform.requests)
    assert town.send(event) == 200
    after = town.ledger.all_events()
    assert (after["ignored"], after["done"]) == (before["ignored"] + 1, before["done"])
    assert town.ledger.one("SELECT count(*) FROM conversations") == talks
    assert len(town.world.platform.requests) == asked


def test_in_standby_nothing_is_sent_and_nothing_done(town: Town):
    phone = joined(town.world, town.approver, "待機 花子")
    phone.taps("基本情報")
    before, asked = town.ledger.domain(), len(town.world.platform.requests)
    assert town.send(town.text(phone, "待機 花子", mode="standby")) == 200
    assert town.ledger.domain() == before
    assert len(town.world.platform.requests) == asked
    phone.says("待機 花子")
    phone.sees("フリガナ")


def test_a_hundred_events_of_many_people_in_one_body(town: Town):
    crowd = [town.world.phone(f"群衆{number}") for number in range(20)]
    with town.world.platform.hold() as held:
        for phone in crowd:
            town.world.platform.follow(phone.user_id)
        for _ in range(4):
            for phone in crowd:
                town.world.platform.say(phone.user_id, "使い方")
    for phone in crowd:
        phone.seen = 0
    assert town.world.platform.send_events(held) == [200]
    town.world.settle()
    for phone in crowd:
        assert town.ledger.events(phone.user_id) == {"done": 5}
        assert sum("【使い方】" in words for words in phone.answers) == 4
        phone.sees("友だち追加ありがとうございます")
