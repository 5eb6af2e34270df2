"""Reply tokens, retry keys, quota, blocked people, faults, contents."""

from uuid import uuid4

import pytest

from bot.emulator import Platform
from tests.unit.emulator.conftest import Clock, Line, Product

HELLO = {"type": "text", "text": "こんにちは"}
STRANGER = "U" + "0" * 32


def texts(platform: Platform, user: str) -> list[tuple[str, str | None]]:
    return [(entry.message["text"], entry.via) for entry in platform.received(user)]


def test_a_reply_token_works_once(platform: Platform, line: Line, user: str) -> None:
    token = platform.say(user, "はじめまして")["replyToken"]
    first, second = line.reply(token, HELLO), line.reply(token, HELLO)
    assert first.status_code == 200
    assert [entry.id for entry in platform.received(user)] == [sent["id"] for sent in first.json["sentMessages"]]
    assert (second.status_code, second.json) == (400, {"message": "Invalid reply token"})
    assert texts(platform, user) == [("こんにちは", "reply")]


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (61, 400)])
def test_a_reply_token_dies_after_a_minute(
    platform: Platform, line: Line, user: str, clock: Clock, seconds: int, status: int
) -> None:
    token = platform.say(user, "はじめまして")["replyToken"]
    clock.pass_(seconds=seconds)
    assert line.reply(token, HELLO).status_code == status


@pytest.mark.parametrize(("minutes", "status"), [(20, 200), (21, 400)])
def test_a_redelivered_token_lives_again_while_the_event_is_young(
    platform: Platform, line: Line, user: str, clock: Clock, minutes: int, status: int
) -> None:
    event = platform.say(user, "はじめまして")
    clock.pass_(minutes=minutes)
    platform.redeliver(event)
    assert line.reply(event["replyToken"], HELLO).status_code == status


def test_a_used_token_stays_used_when_redelivered(platform: Platform, line: Line, user: str) -> None:
    event = platform.say(user, "はじめまして")
    line.reply(event["replyToken"], HELLO)
    platform.redeliver(event)
    assert line.reply(event["replyToken"], HELLO).status_code == 400


def test_a_refused_reply_leaves_the_token(platform: Platform, line: Line, user: str) -> None:
    token = platform.say(user, "はじめまして")["replyToken"]
    assert line.reply(token, {"type": "text", "text": ""}).status_code == 400
    assert line.reply(token, HELLO).status_code == 200


def test_the_same_retry_key_is_taken_once_a_day(platform: Platform, line: Line, user: str, clock: Clock) -> None:
    key = str(uuid4())
    first = line.push(user, HELLO, X_Line_Retry_Key=key)
    clock.pass_(hours=23, minutes=59)
    again = line.push(user, HELLO, X_Line_Retry_Key=key)
    assert (first.status_code, again.status_code) == (200, 409)
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert again.json["sentMessages"] == first.json["sentMessages"]
    clock.pass_(minutes=1)
    assert line.push(user, HELLO, X_Line_Retry_Key=key).status_code == 200
    assert texts(platform, user) == [("こんにちは", "push")] * 2


def test_a_refused_push_does_not_use_up_its_key(line: Line, user: str) -> None:
    key = str(uuid4())
    assert line.push(user, {"type": "text", "text": ""}, X_Line_Retry_Key=key).status_code == 400
    assert line.push(user, HELLO, X_Line_Retry_Key=key).status_code == 200


def test_a_retry_key_is_refused_on_a_reply_and_when_it_is_no_uuid(platform: Platform, line: Line, user: str) -> None:
    body = {"replyToken": platform.say(user, "はい")["replyToken"], "messages": [HELLO]}
    assert line.call("POST", "/message/reply", body, X_Line_Retry_Key=str(uuid4())).status_code == 400
    assert line.push(user, HELLO, X_Line_Retry_Key="once").status_code == 400
    assert platform.received(user) == []


def test_pushes_count_and_replies_do_not(platform: Platform, line: Line, user: str, clock: Clock) -> None:
    platform.monthly_quota = 2
    line.push(user, HELLO, HELLO)
    line.reply(platform.say(user, "はい")["replyToken"], HELLO)
    assert line.call("GET", "/message/quota").json == {"type": "limited", "value": 2}
    assert line.call("GET", "/message/quota/consumption").json == {"totalUsage": 1}
    assert line.push(user, HELLO).status_code == 200
    full = line.push(user, HELLO)
    assert (full.status_code, full.json) == (429, {"message": "You have reached your monthly limit."})
    clock.pass_(days=11)
    assert line.push(user, HELLO).status_code == 200


def test_no_quota_is_none(line: Line) -> None:
    assert line.call("GET", "/message/quota").json == {"type": "none"}


def test_who_blocks_gets_nothing_and_the_sender_is_not_told(platform: Platform, line: Line, user: str) -> None:
    token = platform.say(user, "はい")["replyToken"]
    platform.block(user)
    assert line.push(user, HELLO).status_code == 200
    assert line.reply(token, HELLO).status_code == 200
    assert platform.received(user) == []
    assert line.call("GET", "/message/quota/consumption").json == {"totalUsage": 0}
    assert line.call("GET", f"/profile/{user}").status_code == 404


def test_a_stranger_is_refused(line: Line) -> None:
    assert line.push(STRANGER, HELLO).status_code == 400
    assert line.call("GET", f"/profile/{STRANGER}").status_code == 404


def test_multicast_reaches_friends(platform: Platform, line: Line, user: str) -> None:
    body = {"to": [user, user, STRANGER], "messages": [HELLO]}
    assert line.call("POST", "/message/multicast", body).json == {}
    assert texts(platform, user) == [("こんにちは", "push")]
    assert line.call("POST", "/message/multicast", {**body, "to": [user] * 501}).status_code == 400


def test_a_wrong_token_is_refused(line: Line) -> None:
    answer = line.call("GET", "/info", None, Authorization="Bearer other")
    assert answer.status_code == 401


def test_who_we_are(line: Line, user: str) -> None:
    assert line.call("GET", "/info").json["basicId"] == "@chusho119"
    assert line.call("GET", f"/profile/{user}").json["displayName"] == "山田 太郎"


@pytest.mark.parametrize("seconds", [5, 60])
def test_loading_is_shown_until_a_message_comes(
    platform: Platform, line: Line, user: str, clock: Clock, seconds: int
) -> None:
    answer = line.call("POST", "/chat/loading/start", {"chatId": user, "loadingSeconds": seconds})
    assert answer.status_code == 202
    until = platform.phone(user).loading_until
    assert until is not None
    assert (until - clock.now).total_seconds() == seconds
    line.push(user, HELLO)
    assert platform.phone(user).loading_until is None


@pytest.mark.parametrize("seconds", [0, 7, 65])
def test_loading_goes_in_steps_of_five(line: Line, user: str, seconds: int) -> None:
    body = {"chatId": user, "loadingSeconds": seconds}
    assert line.call("POST", "/chat/loading/start", body).status_code == 400


@pytest.mark.parametrize(
    ("status", "message"),
    [(429, "The API rate limit has been exceeded. Try again later."), (500, "Internal server error")],
)
def test_faults_on_demand(platform: Platform, line: Line, user: str, status: int, message: str) -> None:
    platform.add_fault("/v2/bot/message/push", status=status, times=2)
    key = str(uuid4())
    answers = [line.push(user, HELLO, X_Line_Retry_Key=key) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].json == {"message": message}
    assert [request.status for request in platform.requests] == [status, status, 200]
    assert {request.retry_key for request in platform.requests} == {key}
    assert platform.faults == []


def test_a_dropped_connection_leaves_the_outcome_unknown(platform: Platform, line: Line, user: str) -> None:
    platform.add_fault("/v2/bot/message/push", drop="after")
    with pytest.raises(ConnectionAbortedError):
        line.push(user, HELLO)
    platform.add_fault("/v2/bot/message/push", drop="before")
    with pytest.raises(ConnectionAbortedError):
        line.push(user, HELLO)
    assert len(platform.received(user)) == 1


def test_content_is_there_being_prepared_unknown_or_gone(
    platform: Platform, line: Line, user: str, product: Product
) -> None:
    photo = platform.send_photo(user, b"\xff\xd8\xff picture", wait=True)["message"]["id"]
    answer = line.call("GET", f"/message/{photo}/content")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, b"\xff\xd8\xff picture", "image/jpeg")
    film = platform.send_video(user, b"film", preparing=2)["message"]["id"]
    assert line.call("GET", f"/message/{film}/content").status_code == 202
    assert line.call("GET", f"/message/{film}/content/transcoding").json == {"status": "processing"}
    assert line.call("GET", f"/message/{film}/content/transcoding").json == {"status": "succeeded"}
    assert line.call("GET", f"/message/{film}/content").data == b"film"
    assert line.call("GET", "/message/1/content").status_code == 404
    platform.unsend(user, photo)
    assert line.call("GET", f"/message/{photo}/content").status_code == 410
    platform.settle()
    assert product.events[-1]["unsend"] == {"messageId": photo}
    assert "replyToken" not in product.events[-1]
