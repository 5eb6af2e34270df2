"""Raw webhook events become typed ones, and nothing in them can raise."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.line.events import (
    EARLIEST,
    LATEST,
    Envelope,
    FileMessage,
    Follow,
    ImageMessage,
    LocationMessage,
    PostbackEvent,
    Sticker,
    TextMessage,
    Unfollow,
    Unknown,
    Unsent,
    parse,
)

USER = "U" + "0123456789abcdef" * 2
COMMON = {
    "mode": "active",
    "timestamp": 1_762_300_800_123,
    "source": {"type": "user", "userId": USER},
    "webhookEventId": "01FZ74A0TDDPYRVKNK77XKC3ZR",
    "deliveryContext": {"isRedelivery": False},
    "replyToken": "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
}


def read(event: dict[str, object], **common: object) -> Envelope:
    return parse(json.dumps({**COMMON, **event, **common}).encode())


def message(**content: object) -> dict[str, object]:
    return {"type": "message", "message": {"id": "444573844083572737", **content}}


ID = "444573844083572737"
KNOWN = [
    ({"type": "follow", "follow": {"isUnblocked": True}}, Follow(True)),
    ({"type": "follow"}, Follow(False)),
    ({"type": "unfollow"}, Unfollow()),
    (message(type="text", text="山田\x00 太郎"), TextMessage("山田\x00 太郎", ID)),
    (message(type="text", text=""), TextMessage("", ID)),
    (message(type="text", text="\ud83d"), TextMessage("\ufffd", ID)),
    (message(type="text", text="\ud83d\ude00"), TextMessage("😀", ID)),
    (message(type="text", text="😀" * 2500), TextMessage("😀" * 2500, ID)),
    (message(type="text", text="a" + "😀" * 2500), TextMessage("a" + "😀" * 2499, ID)),
    (message(type="image", contentProvider={"type": "line"}), ImageMessage(ID)),
    (message(type="image", contentProvider={"type": "external"}), ImageMessage(ID, external=True)),
    (
        message(
            type="image",
            imageSet={"id": "E005D41A7288F41B65593ED38FF6E9834B046AB36A37921A", "index": 1, "total": 2},
        ),
        ImageMessage(ID, False, "E005D41A7288F41B65593ED38FF6E9834B046AB36A37921A", 1, 2),
    ),
    (message(type="image", imageSet={"id": "E0", "index": True, "total": -1}), ImageMessage(ID, False, "E0")),
    (message(type="video"), FileMessage("video", ID)),
    (message(type="audio"), FileMessage("audio", ID)),
    (message(type="file", fileName="通帳.pdf"), FileMessage("file", ID, "通帳.pdf")),
    (message(type="sticker"), Sticker()),
    (
        message(type="location", latitude=35.6, longitude=139, title="店", address=None),
        LocationMessage(35.6, 139.0, "店", None, ID),
    ),
    ({"type": "postback", "postback": {"data": "menu?word=x"}}, PostbackEvent("menu?word=x")),
    (
        {"type": "postback", "postback": {"data": "d", "params": {"date": "2025-11-05", "odd": 3}}},
        PostbackEvent("d", {"date": "2025-11-05"}),
    ),
    ({"type": "unsend", "unsend": {"messageId": ID}}, Unsent(ID)),
]
UNREADABLE = [
    ({}, "?"),
    ({"type": 7}, "?"),
    ({"type": "x" * 65}, "?"),
    ({"type": "videoPlayComplete"}, "videoPlayComplete"),
    ({"type": "message"}, "message.?"),
    ({"type": "message", "message": []}, "message.?"),
    ({"type": "message", "message": {"type": "text", "text": "no id"}}, "message.text"),
    ({"type": "message", "message": {"type": "text", "id": "../../x", "text": "a"}}, "message.text"),
    (message(type="text", text=None), "message.text"),
    (message(type="hologram"), "message.hologram"),
    (message(type="location", latitude=91, longitude=0), "message.location"),
    (message(type="location", latitude=float("nan"), longitude=0), "message.location"),
    (message(type="location", latitude=0, longitude=float("inf")), "message.location"),
    (message(type="location", latitude=True, longitude=0), "message.location"),
    (message(type="location", latitude="35", longitude=0), "message.location"),
    ({"type": "postback", "postback": {"data": 5}}, "postback"),
    ({"type": "unsend", "unsend": {}}, "unsend"),
]


@pytest.mark.parametrize(("raw", "event"), KNOWN)
def test_known_events(raw: dict[str, object], event: object) -> None:
    assert read(raw).event == event


@pytest.mark.parametrize(("raw", "kind"), UNREADABLE)
def test_what_cannot_be_read_is_unknown(raw: dict[str, object], kind: str) -> None:
    assert read(raw).event == Unknown(kind)


def test_the_envelope() -> None:
    envelope = read({"type": "unfollow"})
    assert envelope.event_id == "01FZ74A0TDDPYRVKNK77XKC3ZR"
    assert envelope.user_id == USER
    assert envelope.occurred_at == datetime(2025, 11, 5, 0, 0, 0, 123000, tzinfo=UTC)
    assert envelope.reply_token == "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA"
    assert (envelope.redelivery, envelope.active, envelope.source_kind) == (False, True, "user")


def test_redelivery_standby_and_groups() -> None:
    envelope = read(
        {"type": "unfollow"},
        mode="standby",
        deliveryContext={"isRedelivery": True},
        source={"type": "group", "groupId": "C1"},
    )
    assert (envelope.redelivery, envelope.active) == (True, False)
    assert (envelope.source_kind, envelope.user_id) == ("group", None)


@pytest.mark.parametrize("user_id", [None, 5, "", USER.upper(), USER + "0", USER + "\n", "U" + "g" * 32])
def test_an_odd_user_id_is_no_user(user_id: object) -> None:
    assert read({"type": "follow"}, source={"type": "user", "userId": user_id}).user_id is None


@pytest.mark.parametrize("token", [None, "", 7, "a b", "あ", "x" * 256])
def test_an_odd_reply_token_is_none(token: object) -> None:
    assert read({"type": "follow"}, replyToken=token).reply_token is None


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        (None, EARLIEST),
        ("1762300800123", EARLIEST),
        (True, EARLIEST),
        (1.5e12, EARLIEST),
        (-1, EARLIEST),
        (10**30, LATEST),
    ],
)
def test_timestamps_are_clipped(timestamp: object, moment: datetime) -> None:
    assert read({"type": "follow"}, timestamp=timestamp).occurred_at == moment


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"timestamp":' + b"9" * 5000 + b"}",
        b'{"type":NaN}',
    ],
)
def test_what_is_no_event_at_all(body: bytes) -> None:
    envelope = parse(body)
    assert envelope.event == Unknown("?")
    assert (envelope.event_id, envelope.user_id, envelope.reply_token) == (None, None, None)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
KINDS = st.sampled_from(["follow", "unfollow", "message", "postback", "unsend", "join"])
CONTENTS = st.sampled_from(["text", "image", "video", "file", "sticker", "location", "coupon"])
PROPERTY = ANYTHING | st.just(ID)


def some(*names: str) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, PROPERTY))


NEAR_MISSES = st.fixed_dictionaries(
    {"type": KINDS | ANYTHING},
    optional={
        "source": some("type", "userId") | ANYTHING,
        "timestamp": ANYTHING,
        "mode": ANYTHING,
        "replyToken": ANYTHING,
        "webhookEventId": ANYTHING,
        "deliveryContext": some("isRedelivery") | ANYTHING,
        "follow": some("isUnblocked") | ANYTHING,
        "postback": some("data", "params") | ANYTHING,
        "unsend": some("messageId") | ANYTHING,
        "message": ANYTHING
        | st.fixed_dictionaries(
            {"type": CONTENTS, "id": PROPERTY},
            optional=dict.fromkeys(
                ("text", "contentProvider", "imageSet", "fileName", "latitude", "longitude", "title"),
                PROPERTY,
            ),
        ),
    },
)


@given(ANYTHING | NEAR_MISSES)
def test_nothing_raises_and_everything_can_be_stored(raw: object) -> None:
    envelope = parse(json.dumps(raw).encode())
    assert EARLIEST <= envelope.occurred_at <= LATEST
    repr(envelope).encode()
    if isinstance(envelope.event, TextMessage):
        envelope.event.text.encode()


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    assert isinstance(parse(body), Envelope)
