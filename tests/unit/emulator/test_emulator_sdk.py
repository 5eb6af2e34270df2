"""LINE's own SDK against the stand-in, over HTTP; its webhooks through the SDK's parser."""

import io
from collections.abc import Iterator
from uuid import uuid4

import pytest
from linebot.v3 import WebhookParser
from linebot.v3.messaging import (
    ApiClient,
    ApiException,
    Configuration,
    MessagingApi,
    MessagingApiBlob,
    PushMessageRequest,
    ReplyMessageRequest,
    RichMenuRequest,
    ShowLoadingAnimationRequest,
)
from linebot.v3.webhooks import FollowEvent, ImageMessageContent, MessageEvent, PostbackEvent, UnsendEvent
from PIL import Image
from urllib3.exceptions import ProtocolError

from bot.emulator import Platform, create_app
from tests.support.serving import Serving
from tests.unit.emulator.conftest import SECRET, TOKEN, Product

HELLO = {"type": "text", "text": "こんにちは"}
AREA = {
    "bounds": {"x": 0, "y": 0, "width": 800, "height": 400},
    "action": {"type": "postback", "label": "a", "data": "d"},
}
MENU = {
    "size": {"width": 800, "height": 400},
    "selected": True,
    "name": "m",
    "chatBarText": "メニュー",
    "areas": [AREA],
}


def push_to(user: str) -> PushMessageRequest:
    return PushMessageRequest.from_dict({"to": user, "messages": [HELLO]})


@pytest.fixture
def sdk(platform: Platform) -> Iterator[ApiClient]:
    with Serving(create_app(platform)) as server:
        configuration = Configuration(host=server.address, access_token=TOKEN)
        configuration.retries = False  # pyright: ignore[reportAttributeAccessIssue] - typed as always None
        client = ApiClient(configuration)
        yield client
        client.rest_client.pool_manager.clear()


def test_sends(platform: Platform, sdk: ApiClient, user: str) -> None:
    api, key = MessagingApi(sdk), str(uuid4())
    token = platform.say(user, "はい")["replyToken"]
    replied = api.reply_message(ReplyMessageRequest.from_dict({"replyToken": token, "messages": [HELLO]}))
    pushed = api.push_message(push_to(user), x_line_retry_key=key)
    ids = [sent.id for sent in [*replied.sent_messages, *pushed.sent_messages]]
    assert [entry.id for entry in platform.received(user)] == ids
    with pytest.raises(ApiException) as repeated:
        api.push_message(push_to(user), x_line_retry_key=key)
    assert repeated.value.status == 409
    api.show_loading_animation(ShowLoadingAnimationRequest(chatId=user, loadingSeconds=5))
    assert api.get_profile(user).display_name == "山田 太郎"
    assert api.get_bot_info().basic_id == "@chusho119"
    assert api.get_message_quota().type == "none"
    assert api.get_message_quota_consumption().total_usage == 1
    assert api.test_webhook_endpoint().success is True


def test_fetches_content(platform: Platform, sdk: ApiClient, user: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (900, 900), "white").save(out, "JPEG")
    photo = platform.send_photo(user, out.getvalue())["message"]["id"]
    blob = MessagingApiBlob(sdk)
    assert bytes(blob.get_message_content(photo)) == out.getvalue()
    assert Image.open(io.BytesIO(blob.get_message_content_preview(photo))).size == (240, 240)
    assert blob.get_message_content_transcoding_by_message_id(photo).status == "succeeded"


def test_makes_rich_menus(platform: Platform, sdk: ApiClient, user: str) -> None:
    api = MessagingApi(sdk)
    request = RichMenuRequest.from_dict(MENU)
    api.validate_rich_menu_object(request)
    menu_id = api.create_rich_menu(request).rich_menu_id
    out = io.BytesIO()
    Image.new("RGB", (800, 400)).save(out, "PNG")
    MessagingApiBlob(sdk).set_rich_menu_image(menu_id, out.getvalue(), _headers={"Content-Type": "image/png"})
    api.link_rich_menu_id_to_user(user, menu_id)
    api.set_default_rich_menu(menu_id)
    assert api.get_rich_menu_id_of_user(user).rich_menu_id == menu_id
    assert [menu.rich_menu_id for menu in api.get_rich_menu_list().richmenus] == [menu_id]
    assert api.get_rich_menu_alias_list().aliases == []
    shown = platform.menu_of(user)
    assert shown is not None
    assert shown.menu_id == menu_id


def test_a_cut_connection_reaches_the_caller(platform: Platform, sdk: ApiClient, user: str) -> None:
    platform.add_fault("/v2/bot/message/push", drop="after")
    with pytest.raises(ProtocolError):
        MessagingApi(sdk).push_message(push_to(user))
    assert len(platform.received(user)) == 1


def test_the_sdk_reads_our_webhooks(platform: Platform, user: str, product: Product) -> None:
    photo = platform.send_photos(user, [b"1", b"2"])[0]["message"]["id"]
    platform.say(user, "はい")
    platform.tap_postback(user, "d", {"date": "2026-01-01"})
    platform.send_sticker(user)
    platform.send_location(user, 35.0, 139.0)
    platform.send_file(user, b"%PDF", "a.pdf")
    platform.send_video(user, b"film")
    platform.send_audio(user, b"voice")
    platform.unsend(user, photo)
    platform.block(user)
    platform.settle()
    parser = WebhookParser(SECRET)
    events = [
        event
        for body, headers in product.received
        for event in parser.parse(body.decode(), headers["x-line-signature"])  # pyright: ignore[reportGeneralTypeIssues]
    ]
    names = [type(event).__name__ for event in events]
    assert names == [
        "FollowEvent",
        *["MessageEvent"] * 3,
        "PostbackEvent",
        *["MessageEvent"] * 5,
        "UnsendEvent",
        "UnfollowEvent",
    ]
    assert isinstance(events[0], FollowEvent)
    assert isinstance(events[1], MessageEvent)
    assert isinstance(events[1].message, ImageMessageContent)
    assert isinstance(events[4], PostbackEvent)
    assert isinstance(events[10], UnsendEvent)
