"""What LINE refuses in messages, as a table: just inside each limit, and just outside it."""

from typing import Any

import pytest

from bot.emulator import Platform
from bot.emulator.validation import problems_of_messages
from tests.unit.emulator.conftest import Line

EMOJI = "👍"
FAMILY = "👨\u200d👩\u200d👧"
URL = "https://example.jp/"
POSTBACK = {"type": "postback", "label": "はい", "data": "yes"}


def text(value: Any = "こんにちは", **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def quick(action: Any, count: int = 1) -> dict[str, Any]:
    return text(quickReply={"items": [{"type": "action", "action": action}] * count})


def postback(**more: Any) -> dict[str, Any]:
    return quick({**POSTBACK, **more})


def picker(**more: Any) -> dict[str, Any]:
    return quick({"type": "datetimepicker", "label": "日付", "data": "d", "mode": "date", **more})


def uri(address: str) -> dict[str, Any]:
    return quick({"type": "uri", "label": "開く", "uri": address})


def image(url: str, preview: str = URL) -> dict[str, Any]:
    return {"type": "image", "originalContentUrl": url, "previewImageUrl": preview}


def flex(contents: Any, alt: str = "カード") -> dict[str, Any]:
    return {"type": "flex", "altText": alt, "contents": contents}


def bubble(*contents: Any, layout: str = "vertical", **more: Any) -> dict[str, Any]:
    return {"type": "bubble", "body": {"type": "box", "layout": layout, "contents": list(contents)}, **more}


def card(*contents: Any, **more: Any) -> dict[str, Any]:
    return flex(bubble(*contents, **more))


def word(value: str = "状態", **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": value, **more}


def button(**more: Any) -> dict[str, Any]:
    return card({"type": "button", "action": {**POSTBACK, **more}})


def picture(**more: Any) -> dict[str, Any]:
    return card({"type": "image", "url": URL, **more})


def filled(size: int) -> dict[str, Any]:
    """A bubble of exactly so many bytes of JSON."""
    empty = len('{"type":"bubble","body":{"type":"box","layout":"vertical","contents":[{"type":"text","text":""}]}}')
    return bubble(word("a" * (size - empty)))


def carousel(*bubbles: Any) -> dict[str, Any]:
    return flex({"type": "carousel", "contents": list(bubbles)})


def template(**template: Any) -> dict[str, Any]:
    return {"type": "template", "altText": "選択", "template": template}


def buttons(actions: int = 1, **more: Any) -> dict[str, Any]:
    return template(**{"type": "buttons", "text": "本文", "actions": [POSTBACK] * actions, **more})


def columns(count: int, actions: int = 1, **more: Any) -> dict[str, Any]:
    column = {"text": "本文", "actions": [POSTBACK] * actions, **more}
    return template(type="carousel", columns=[column] * count)


def location(**more: Any) -> dict[str, Any]:
    return {
        "type": "location",
        "title": "駅",
        "address": "東京",
        "latitude": 35.0,
        "longitude": 139.0,
        **more,
    }


CAMERAS = [{"type": kind, "label": "開く"} for kind in ("camera", "cameraRoll", "location")]

INSIDE = [
    text("a" * 5000),
    text(EMOJI * 2500),
    quick(POSTBACK, 13),
    *(quick(action) for action in CAMERAS),
    postback(label="あ" * 20),
    postback(label=FAMILY * 20),
    postback(data="a" * 300),
    postback(displayText=FAMILY * 300),
    postback(inputOption="openKeyboard", fillInText="a" * 300),
    quick({"type": "message", "label": "はい", "text": "あ" * 300}),
    quick({"type": "clipboard", "label": "写す", "clipboardText": "a" * 1000}),
    picker(min="2026-01-01", max="2026-01-02", initial="2026-01-01"),
    picker(min="1900-01-01", max="2100-12-31"),
    picker(mode="time", min="08:00", max="20:00"),
    picker(mode="datetime", initial="2026-01-01t10:00"),
    *(uri(address) for address in (URL, "http://localhost:8119/p/1", "line://nv/camera/", "tel:0312345678")),
    uri("https://example.jp/" + "a" * (1000 - len(URL))),
    image(URL),
    image("http://localhost:8119/a.png", "http://127.0.0.1:8119/a.png"),
    image(URL + "a" * (2000 - len(URL))),
    flex(bubble(word()), alt="a" * 1500),
    card(word(color="#1A2b3C", size="18px", margin="md", flex=0, maxLines=2)),
    card({"type": "text", "contents": [{"type": "span", "text": "色", "color": "#FF0000"}]}),
    card(),
    card({"type": "icon", "url": URL}, word(), layout="baseline"),
    flex({"type": "bubble", "hero": {"type": "image", "url": URL, "aspectRatio": "1:3", "size": "full"}}),
    button(label="あ" * 40),
    card(word(action=POSTBACK), word(action={"type": "uri", "uri": URL})),
    flex(filled(30 * 1024)),
    carousel(*[bubble(word())] * 12),
    carousel(bubble(word(), size="mega"), bubble(word())),
    carousel(filled(25_000), filled(26_000)),
    buttons(4, text="あ" * 160),
    buttons(text="あ" * 60, title="あ" * 40),
    template(type="confirm", text="あ" * 240, actions=[POSTBACK] * 2),
    columns(10, 3, text="あ" * 120),
    columns(1, thumbnailImageUrl=URL, text="あ" * 60),
    template(type="image_carousel", columns=[{"imageUrl": URL, "action": {**POSTBACK, "label": "あ" * 12}}]),
    location(title="あ" * 100, address="あ" * 100),
    {"type": "sticker", "packageId": "446", "stickerId": "1988"},
    {"type": "audio", "originalContentUrl": URL, "duration": 1},
    text(sender={"name": "あ" * 20, "iconUrl": URL}),
]

OUTSIDE = [
    (text("a" * 5001), "text"),
    (text(EMOJI * 2500 + "a"), "text"),
    (text(""), "text"),
    (text(None), "text"),
    (text(5), "text"),
    ({"type": "text"}, "text"),
    ({"text": "a"}, "type"),
    ({"type": "poem", "text": "a"}, "type"),
    (text(txet="a"), "txet"),
    (quick(POSTBACK, 14), "quickReply.items"),
    (text(quickReply={"items": []}), "quickReply.items"),
    (text(quickReply=[]), "quickReply"),
    (text(quickReply={"items": [{"type": "action"}]}), "quickReply.items[0].action"),
    (text(quickReply={"items": [{"type": "knob", "action": POSTBACK}]}), "quickReply.items[0].type"),
    (postback(label=None), "quickReply.items[0].action.label"),
    (postback(label=""), "quickReply.items[0].action.label"),
    (postback(label="あ" * 21), "quickReply.items[0].action.label"),
    (postback(label=FAMILY * 21), "quickReply.items[0].action.label"),
    (quick({"type": "camera"}), "quickReply.items[0].action.label"),
    (quick({"type": "poem"}), "quickReply.items[0].action.type"),
    (
        quick({"type": "richmenuswitch", "label": "次", "data": "d", "richMenuAliasId": "a"}),
        "quickReply.items[0].action.type",
    ),
    (postback(data=None), "quickReply.items[0].action.data"),
    (postback(data=""), "quickReply.items[0].action.data"),
    (postback(data="a" * 301), "quickReply.items[0].action.data"),
    (postback(data=EMOJI * 151), "quickReply.items[0].action.data"),
    (postback(displayText="あ" * 301), "quickReply.items[0].action.displayText"),
    (postback(displayText="a", text="a"), "quickReply.items[0].action.text"),
    (postback(fillInText="a"), "quickReply.items[0].action.fillInText"),
    (postback(inputOption="openDoor"), "quickReply.items[0].action.inputOption"),
    (quick({"type": "message", "label": "はい"}), "quickReply.items[0].action.text"),
    (quick({"type": "message", "label": "はい", "text": "あ" * 301}), "quickReply.items[0].action.text"),
    (
        quick({"type": "clipboard", "label": "写す", "clipboardText": "a" * 1001}),
        "quickReply.items[0].action.clipboardText",
    ),
    (picker(min="2026-01-02", max="2026-01-02"), "quickReply.items[0].action.max"),
    (picker(min="2026-01-02", initial="2026-01-01"), "quickReply.items[0].action.initial"),
    (picker(min="1899-12-31"), "quickReply.items[0].action.min"),
    (picker(initial="2026/01/01"), "quickReply.items[0].action.initial"),
    (picker(mode=None), "quickReply.items[0].action.mode"),
    *((uri(address), "quickReply.items[0].action.uri") for address in ("ftp://a.jp/", "javascript:1", "a", "https://")),
    (uri("https://example.jp/日本"), "quickReply.items[0].action.uri"),
    (uri("https://example.jp/" + "a" * (1001 - len(URL))), "quickReply.items[0].action.uri"),
    (image("http://example.jp/a.png"), "originalContentUrl"),
    (image("https://example.jp/a b.png"), "originalContentUrl"),
    (image(URL, "http://example.jp/a.png"), "previewImageUrl"),
    (image(URL + "a" * (2001 - len(URL))), "originalContentUrl"),
    ({"type": "image", "originalContentUrl": URL}, "previewImageUrl"),
    (flex(bubble(word()), alt="a" * 1501), "altText"),
    (flex(bubble(word()), alt=""), "altText"),
    (flex({"type": "box"}), "contents.type"),
    (flex({"type": "bubble"}), "contents"),
    (card(word("")), "contents.body.contents[0].text"),
    (card({"type": "text"}), "contents.body.contents[0].text"),
    (card({"type": "text", "contents": [{"type": "span"}]}), "contents.body.contents[0].contents[0].text"),
    (card(word(color="red")), "contents.body.contents[0].color"),
    (card(word(size="huge")), "contents.body.contents[0].size"),
    (card(word(margin="10")), "contents.body.contents[0].margin"),
    (card(word(flex=-1)), "contents.body.contents[0].flex"),
    (card(word(weight="heavy")), "contents.body.contents[0].weight"),
    (card(word(wrap="true")), "contents.body.contents[0].wrap"),
    (card({"type": "icon", "url": URL}), "contents.body.contents[0].type"),
    (card({"type": "button", "action": POSTBACK}, layout="baseline"), "contents.body.contents[0].type"),
    (card(layout="diagonal"), "contents.body.layout"),
    (card({"type": "button"}), "contents.body.contents[0].action"),
    (button(label=None), "contents.body.contents[0].action.label"),
    (button(label="あ" * 41), "contents.body.contents[0].action.label"),
    (button(type="camera", data=None), "contents.body.contents[0].action.data"),
    (card(word(action=CAMERAS[0])), "contents.body.contents[0].action.type"),
    (picture(url="http://example.jp/a"), "contents.body.contents[0].url"),
    (picture(aspectRatio="1:4"), "contents.body.contents[0].aspectRatio"),
    (card(word(), size="tera"), "contents.size"),
    (card(word(), styles={"body": {"backgroundColor": "#12"}}), "contents.styles.body.backgroundColor"),
    (card(word(), hero={"type": "text", "text": "a"}), "contents.hero.type"),
    (flex(filled(30 * 1024 + 1)), "contents"),
    (carousel(*[bubble(word())] * 13), "contents.contents"),
    (carousel(), "contents.contents"),
    (carousel(bubble(word(), size="kilo"), bubble(word())), "contents.contents"),
    (carousel(filled(26_000), filled(26_000)), "contents"),
    (buttons(5), "template.actions"),
    (buttons(text="あ" * 161), "template.text"),
    (buttons(text="あ" * 61, title="題"), "template.text"),
    (buttons(title="あ" * 41), "template.title"),
    (template(type="confirm", text="あ" * 241, actions=[POSTBACK] * 2), "template.text"),
    (template(type="confirm", text="あ", actions=[POSTBACK]), "template.actions"),
    (columns(11), "template.columns"),
    (columns(1, 4), "template.columns[0].actions"),
    (columns(1, text="あ" * 121), "template.columns[0].text"),
    (columns(1, title="題", text="あ" * 61), "template.columns[0].text"),
    (
        template(type="image_carousel", columns=[{"imageUrl": URL, "action": {**POSTBACK, "label": "あ" * 13}}]),
        "template.columns[0].action.label",
    ),
    (location(title="あ" * 101), "title"),
    (location(address=""), "address"),
    (location(latitude=90.1), "latitude"),
    ({"type": "audio", "originalContentUrl": URL, "duration": 0}, "duration"),
    (text(sender={"name": "あ" * 21}), "sender.name"),
]


def validated(line: Line, *messages: Any) -> Any:
    return line.call("POST", "/message/validate/push", {"messages": list(messages)})


@pytest.mark.parametrize("message", INSIDE)
def test_takes_what_is_just_inside(line: Line, message: Any) -> None:
    answer = validated(line, message)
    assert (answer.status_code, answer.json) == (200, {})


@pytest.mark.parametrize(("message", "where"), OUTSIDE)
def test_refuses_what_is_just_outside(line: Line, message: Any, where: str) -> None:
    answer = validated(line, message)
    assert answer.status_code == 400
    assert answer.json["message"] == f"The request body has {len(answer.json['details'])} error(s)"
    assert f"messages[0].{where}" in [detail["property"] for detail in answer.json["details"]]


@pytest.mark.parametrize("count", [1, 5])
def test_takes_one_to_five_messages(line: Line, count: int) -> None:
    assert validated(line, *[text()] * count).status_code == 200


@pytest.mark.parametrize("count", [0, 6])
def test_refuses_none_and_six_messages(line: Line, count: int) -> None:
    answer = validated(line, *[text()] * count)
    assert [detail["property"] for detail in answer.json["details"]] == ["messages"]


def test_plain_http_pictures_are_for_this_machine_only_when_allowed() -> None:
    message = image("http://localhost:8119/a.png")
    assert problems_of_messages([message], allow_http_localhost=True) == []
    assert [p.path for p in problems_of_messages([message])] == ["messages[0].originalContentUrl"]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b" " * (2 * 1024 * 1024 + 1), "application/json", 413),
    ],
)
def test_refuses_bodies_that_are_no_request(
    line: Line, platform: Platform, body: bytes, content_type: str, status: int
) -> None:
    headers = {"Authorization": "Bearer access-token"}
    answer = line.client.post("/v2/bot/message/push", data=body, content_type=content_type, headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-line-request-id"] == platform.requests[-1].request_id
