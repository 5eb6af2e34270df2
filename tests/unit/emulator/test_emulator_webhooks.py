"""How webhooks are signed, shaped, batched, doubled, reordered and sent again."""

import re
import time
from collections.abc import Callable

import pytest

from bot.emulator import PhoneError, Platform, refuse_with_credentials
from bot.emulator.webhooks import sign
from tests.unit.emulator.conftest import SECRET, Clock, Line, Product

GOLDEN_BODY = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
GOLDEN_SIGNATURE = "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="


def until(true: Callable[[], bool]) -> None:
    for _ in range(300):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("never")


def test_signs_as_in_the_documentation() -> None:
    assert sign(GOLDEN_BODY, SECRET) == GOLDEN_SIGNATURE


def test_an_event_has_the_shape_of_a_real_one(platform: Platform, user: str, product: Product) -> None:
    event = platform.say(user, "こんにちは", wait=True)
    assert event.status == 200
    body, headers = product.received[-1]
    assert headers["x-line-signature"] == sign(body, SECRET)
    sent = product.bodies[-1]
    assert re.fullmatch("U[0-9a-f]{32}", sent["destination"])
    (received,) = sent["events"]
    assert received == event
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", received["webhookEventId"])
    assert received["message"]["id"].isdigit()
    assert (received["message"]["text"], received["mode"]) == ("こんにちは", "active")
    assert received["source"] == {"type": "user", "userId": user}
    assert received["deliveryContext"] == {"isRedelivery": False}


def test_events_of_one_person_come_in_order_and_later_ones_are_later(
    platform: Platform, user: str, product: Product
) -> None:
    for number in range(20):
        platform.say(user, str(number))
    platform.settle()
    received = product.events[1:]
    assert [event["message"]["text"] for event in received] == [str(number) for number in range(20)]
    stamps = [event["timestamp"] for event in product.events]
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    ("how", "shapes"),
    [
        ({}, [["a", "b"]]),
        ({"batch": False}, [["a"], ["b"]]),
        ({"reorder": True}, [["b", "a"]]),
        ({"duplicate": True}, [["a", "b"], ["a", "b"]]),
        ({"duplicate": True, "reorder": True, "batch": False}, [["b"], ["b"], ["a"], ["a"]]),
    ],
)
def test_held_events_are_sent_in_any_shape(
    platform: Platform, user: str, product: Product, how: dict[str, bool], shapes: list[list[str]]
) -> None:
    product.received.clear()
    with platform.hold() as events:
        platform.say(user, "a")
        platform.say(user, "b")
    assert product.received == []
    assert platform.send_events(events, **how) == [200] * len(shapes)
    assert [[event["message"]["text"] for event in body["events"]] for body in product.bodies] == shapes


def test_a_redelivery_differs_in_its_flag_alone(platform: Platform, user: str, product: Product) -> None:
    event = platform.say(user, "a", wait=True)
    assert platform.redeliver(event) == 200
    first, again = product.events[-2:]
    assert again == {**first, "deliveryContext": {"isRedelivery": True}}
    assert event["deliveryContext"] == {"isRedelivery": False}


def test_what_was_not_taken_comes_again_when_redelivery_is_on(platform: Platform, user: str, product: Product) -> None:
    platform.redelivery, platform.redelivery_delays = True, (0.01, 0.01)
    product.statuses = [500, 0]
    assert platform.say(user, "a", wait=True).status == 500
    until(lambda: len(platform.deliveries) == 4)
    assert [d.status for d in platform.deliveries][1:] == [500, 0, 200]
    assert [e["deliveryContext"]["isRedelivery"] for e in product.events[1:]] == [False, True, True]


def test_standby_events_carry_no_reply_token(platform: Platform, user: str) -> None:
    assert "replyToken" not in platform.make_event(user, "message", mode="standby")


def test_several_photos_are_a_set(platform: Platform, user: str) -> None:
    events = platform.send_photos(user, [b"1", b"2"], wait=True)
    sets = [event["message"]["imageSet"] for event in events]
    assert [(each["index"], each["total"]) for each in sets] == [(1, 2), (2, 2)]
    assert sets[0]["id"] == sets[1]["id"]
    assert "imageSet" not in platform.send_photo(user, b"3")["message"]


def test_blocking_and_coming_back(platform: Platform, user: str, product: Product) -> None:
    assert "replyToken" not in platform.unfollow(user, wait=True)
    with pytest.raises(PhoneError):
        platform.say(user, "a")
    assert platform.unblock(user, wait=True)["follow"] == {"isUnblocked": True}
    assert [event["type"] for event in product.events] == ["follow", "unfollow", "follow"]


def test_taps_do_what_the_action_says(platform: Platform, line: Line, user: str, product: Product) -> None:
    picker = {"type": "datetimepicker", "label": "日付", "data": "d", "mode": "date", "min": "2026-01-01"}
    actions = [
        {"type": "postback", "label": "はい", "data": "yes", "displayText": "はい！"},
        {"type": "message", "label": "いいえ", "text": "やめます"},
        picker,
        {"type": "uri", "label": "開く", "uri": "https://example.jp/"},
    ]
    items = [{"type": "action", "action": action} for action in actions]
    line.push(user, {"type": "text", "text": "?", "quickReply": {"items": items}})
    assert platform.actions_of(user) == actions
    assert platform.tap(user, "開く") is None
    with pytest.raises(PhoneError):
        platform.tap(user, picker, {"date": "2025-12-31"})
    platform.tap(user, "日付", {"date": "2026-05-01"}, wait=True)
    assert product.events[-1]["postback"] == {"data": "d", "params": {"date": "2026-05-01"}}
    platform.tap(user, actions[1], wait=True)
    assert product.events[-1]["message"]["text"] == "やめます"
    platform.tap(user, actions[0], wait=True)
    assert product.events[-1]["postback"] == {"data": "yes"}
    assert platform.messages(user)[-1].message == {"type": "text", "text": "はい！"}
    with pytest.raises(PhoneError, match="はい"):
        platform.tap(user, "はい")


def test_the_console_can_test_the_webhook(line: Line, product: Product, clock: Clock) -> None:
    assert line.call("POST", "/channel/webhook/test", {}).json["success"] is True
    assert product.bodies[-1]["events"] == []
    product.statuses = [503]
    assert line.call("POST", "/channel/webhook/test", {}).json["statusCode"] == 503
    assert line.call("PUT", "/channel/webhook/endpoint", {"endpoint": "http://product.example/"}).status_code == 400
    assert line.call("PUT", "/channel/webhook/endpoint", {"endpoint": "https://b.example/"}).status_code == 200
    assert line.call("GET", "/channel/webhook/endpoint").json == {
        "endpoint": "https://b.example/",
        "active": True,
    }


@pytest.mark.parametrize("name", ["LINE_CHANNEL_SECRET", "LINE_CHANNEL_ACCESS_TOKEN"])
def test_never_starts_beside_real_credentials(name: str) -> None:
    refuse_with_credentials({"PORT": "8119", name: ""})
    with pytest.raises(RuntimeError, match=name):
        refuse_with_credentials({name: "x"})
