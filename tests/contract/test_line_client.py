"""The adapter to LINE against the stand-in for LINE, over HTTP."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bot.emulator import Event, Platform, create_app
from bot.line import events
from bot.line.client import BotInfo, LineClient, Quota
from bot.line.menu_images import draw
from bot.line.outcomes import (
    ContentGone,
    ContentSlow,
    ContentTooLarge,
    ContentUnsent,
    LineError,
    OutcomeUnknown,
    QuotaUsedUp,
    Refused,
    Retry,
    Sent,
    TokenDead,
    Unauthorised,
)
from bot.line.richmenus import APPROVER, EXPERT, MENUS, NEWCOMER, RichMenu, sync
from tests.support.serving import Serving

TOKEN = "contract-token"
HELLO = [{"type": "text", "text": "こんにちは"}]
PHOTO = b"\xff\xd8" + b"x" * 200_000
REPLY, PUSH = "/v2/bot/message/reply", "/v2/bot/message/push"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 5, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Iterator[Platform]:
    platform = Platform("http://localhost/line/webhook", "secret", TOKEN, clock=clock, post=lambda *_: 200)
    with platform:
        yield platform


@pytest.fixture
def address(line: Platform) -> Iterator[str]:
    with Serving(create_app(line)) as server:
        yield server.address


@pytest.fixture
def client(address: str) -> Iterator[LineClient]:
    client = LineClient(TOKEN, address, address, connect_timeout=5, read_timeout=2.0)
    yield client
    client.close()


@pytest.fixture
def person(line: Platform) -> str:
    user_id = line.add_phone("山田 太郎")
    line.follow(user_id, wait=True)
    return user_id


def texts(line: Platform, user_id: str) -> list[str]:
    return [entry.message["text"] for entry in line.received(user_id)]


def said(line: Platform, user_id: str) -> events.Envelope:
    return parsed(line.say(user_id, "もしもし", wait=True))


def parsed(event: Event) -> events.Envelope:
    return events.parse(json.dumps(event).encode())


def token_of(line: Platform, user_id: str) -> str:
    return said(line, user_id).reply_token or ""


def key() -> str:
    return str(uuid4())


def test_what_the_stand_in_sends_is_understood(line: Platform, person: str) -> None:
    envelope = said(line, person)
    assert (envelope.user_id, envelope.active, envelope.redelivery) == (person, True, False)
    assert isinstance(envelope.event, events.TextMessage)
    assert parsed(line.tap_postback(person, "data", wait=True)).event == events.PostbackEvent("data")
    photos = [parsed(event).event for event in line.send_photos(person, [PHOTO, PHOTO], wait=True)]
    assert [(photo.index, photo.total) for photo in photos if isinstance(photo, events.ImageMessage)] == [
        (1, 2),
        (2, 2),
    ]


def test_a_reply_arrives_once(line: Platform, client: LineClient, person: str) -> None:
    token = token_of(line, person)
    assert isinstance(client.reply(token, HELLO), Sent)
    assert client.reply(token, HELLO) == TokenDead()
    assert texts(line, person) == ["こんにちは"]


def test_a_reply_token_dies_of_age(line: Platform, client: LineClient, person: str, clock: Clock) -> None:
    token = token_of(line, person)
    clock.now += timedelta(minutes=2)
    assert client.reply(token, HELLO) == TokenDead()


def test_the_request_id_is_what_line_would_look_up(line: Platform, client: LineClient, person: str) -> None:
    outcome = client.push(person, HELLO, key())
    assert outcome == Sent(line.requests[-1].request_id)


def test_a_push_with_the_same_key_arrives_once(line: Platform, client: LineClient, person: str) -> None:
    retry_key = key()
    first = client.push(person, HELLO, retry_key)
    assert client.push(person, HELLO, retry_key) == first
    assert line.requests[-1].status == 409
    assert texts(line, person) == ["こんにちは"]


def test_a_push_whose_answer_got_lost_is_safely_repeated(line: Platform, client: LineClient, person: str) -> None:
    retry_key = key()
    line.add_fault(PUSH, drop="after")
    assert isinstance(client.push(person, HELLO, retry_key), OutcomeUnknown)
    assert isinstance(client.push(person, HELLO, retry_key), Sent)
    assert texts(line, person) == ["こんにちは"]


def test_a_push_that_took_too_long_is_safely_repeated(line: Platform, client: LineClient, person: str) -> None:
    retry_key = key()
    line.add_fault(PUSH, delay=2.6)
    assert isinstance(client.push(person, HELLO, retry_key), OutcomeUnknown)
    time.sleep(0.5)
    assert isinstance(client.push(person, HELLO, retry_key), Sent)
    assert texts(line, person) == ["こんにちは"]


def test_a_reply_whose_answer_got_lost_was_sent(line: Platform, client: LineClient, person: str) -> None:
    token = token_of(line, person)
    line.add_fault(REPLY, drop="after")
    assert isinstance(client.reply(token, HELLO), OutcomeUnknown)
    assert client.reply(token, HELLO) == TokenDead()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (500, Retry(None, "status 500")),
        (503, Retry(None, "status 503")),
        (429, Retry(None, "rate limit")),
        (401, Unauthorised(401)),
    ],
)
def test_a_refusal_leaves_the_token_alive(
    line: Platform, client: LineClient, person: str, status: int, outcome: object
) -> None:
    token = token_of(line, person)
    line.add_fault(REPLY, status=status)
    assert client.reply(token, HELLO) == outcome
    assert isinstance(client.reply(token, HELLO), Sent)


def test_a_message_line_refuses(line: Platform, client: LineClient, person: str) -> None:
    for wrong in ([{"type": "text", "text": ""}], [], HELLO * 6, [{"type": "hologram"}]):
        assert isinstance(client.push(person, wrong, key()), Refused)
    assert isinstance(client.push("U" + "0" * 32, HELLO, key()), Refused)
    assert texts(line, person) == []


def test_the_quota_of_the_month(line: Platform, client: LineClient, person: str) -> None:
    assert client.quota() == Quota(None, 0)
    line.monthly_quota = 1
    assert isinstance(client.push(person, HELLO, key()), Sent)
    assert client.push(person, HELLO, key()) == QuotaUsedUp()
    assert isinstance(client.reply(token_of(line, person), HELLO), Sent)
    assert client.quota() == Quota(1, 1)


def test_a_wrong_token(line: Platform, address: str, person: str) -> None:
    stranger = LineClient("another", address, address)
    assert stranger.push(person, HELLO, key()) == Unauthorised(401)
    with pytest.raises(LineError) as caught:
        stranger.bot_info()
    assert caught.value.outcome == Unauthorised(401)
    stranger.close()


def test_who_we_are_and_whom_we_talk_to(line: Platform, client: LineClient, person: str) -> None:
    assert client.bot_info() == BotInfo(line.settings.bot_user_id, "@chusho119", "中小企業119")
    profile = client.profile(person)
    assert profile
    assert (profile.user_id, profile.display_name, profile.picture_url) == (person, "山田 太郎", None)
    line.unfollow(person, wait=True)
    assert client.profile(person) is None


def test_the_loading_indicator(line: Platform, client: LineClient, person: str) -> None:
    assert isinstance(client.loading(person, 20), Sent)
    assert line.phone(person).loading_until
    assert isinstance(client.loading(person, 7), Refused)


def photo(line: Platform, user_id: str) -> str:
    event = parsed(line.send_photo(user_id, PHOTO, wait=True)).event
    assert isinstance(event, events.ImageMessage)
    return event.message_id


def test_a_photo_is_fetched_within_its_cap(line: Platform, client: LineClient, person: str) -> None:
    message_id = photo(line, person)
    assert client.fetch_content(message_id, len(PHOTO), 5) == PHOTO
    with pytest.raises(ContentTooLarge):
        client.fetch_content(message_id, len(PHOTO) - 1, 5)


def test_a_photo_still_in_preparation(line: Platform, client: LineClient, person: str) -> None:
    message_id = photo(line, person)
    line.content_state(message_id, preparing=2)
    assert client.fetch_content(message_id, len(PHOTO), 5) == PHOTO
    line.content_state(message_id, "processing")
    with pytest.raises(ContentSlow) as caught:
        client.fetch_content(message_id, len(PHOTO), 0.8)
    assert caught.value.retryable


def test_a_photo_that_is_gone(line: Platform, client: LineClient, person: str) -> None:
    with pytest.raises(ContentGone):
        client.fetch_content("404404", 1000, 5)
    message_id = photo(line, person)
    line.content_state(message_id, "failed")
    with pytest.raises(ContentGone):
        client.fetch_content(message_id, 1000, 5)


def test_a_photo_taken_back(line: Platform, client: LineClient, person: str) -> None:
    message_id = photo(line, person)
    assert parsed(line.unsend(person, message_id, wait=True)).event == events.Unsent(message_id)
    with pytest.raises(ContentUnsent):
        client.fetch_content(message_id, len(PHOTO), 5)


@pytest.mark.parametrize("trouble", [{"drop": "before"}, {"delay": 2.6}])
def test_a_photo_behind_a_bad_connection(
    line: Platform, client: LineClient, person: str, trouble: dict[str, object]
) -> None:
    message_id = photo(line, person)
    line.add_fault(f"/v2/bot/message/{message_id}", **trouble)
    with pytest.raises(ContentSlow):
        client.fetch_content(message_id, len(PHOTO), 5)
    assert client.fetch_content(message_id, len(PHOTO), 5) == PHOTO


def test_rich_menus_are_made_once(line: Platform, client: LineClient) -> None:
    first = sync(client, MENUS, draw)
    asked = len(line.requests)
    second = sync(client, MENUS, draw)
    assert (second.ids, second.done) == (first.ids, ())
    assert {request.method for request in list(line.requests)[asked:]} == {"GET"}
    assert client.aliases() == first.ids
    assert client.default_menu() == first.ids[NEWCOMER.alias]
    assert len(client.menus()) == len(MENUS)


def test_a_changed_rich_menu_takes_the_place_of_the_old(line: Platform, client: LineClient, person: str) -> None:
    old = sync(client, MENUS, draw).ids
    client.link_menu(person, old[APPROVER.alias])
    fewer = RichMenu(APPROVER.alias, APPROVER.areas[:1])
    synced = sync(client, (NEWCOMER, EXPERT, fewer), draw, lambda _alias, menu_id: client.link_menu(person, menu_id))
    assert synced.moved == {APPROVER.alias}
    assert line.phone(person).menu_id == synced.ids[APPROVER.alias]
    assert {menu["richMenuId"] for menu in client.menus()} == set(synced.ids.values())


def test_a_sync_that_broke_off_is_finished_by_the_next(line: Platform, client: LineClient) -> None:
    line.add_fault("/v2/bot/richmenu/alias", method="POST", status=500)
    with pytest.raises(LineError) as caught:
        sync(client, MENUS, draw)
    assert caught.value.retryable
    synced = sync(client, MENUS, draw)
    assert client.aliases() == synced.ids
    assert len(client.menus()) == len(MENUS)


def test_a_person_gets_the_menu_of_their_role_and_its_words_come_back(
    line: Platform, client: LineClient, person: str
) -> None:
    ids = sync(client, MENUS, draw).ids
    client.link_menu(person, ids[EXPERT.alias])
    assert line.phone(person).menu_id == ids[EXPERT.alias]
    event = line.tap(person, "チェックイン", wait=True)
    assert event
    assert parsed(event).event == events.PostbackEvent(EXPERT.areas[1].as_json()["action"]["data"])


def test_no_default_menu_at_first_and_no_link_to_a_menu_that_is_not_there(client: LineClient, person: str) -> None:
    assert client.default_menu() is None
    with pytest.raises(LineError) as caught:
        client.link_menu(person, "richmenu-none")
    assert not caught.value.retryable
