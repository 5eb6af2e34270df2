"""Doubled, redelivered, reordered, batched: each effect exactly once, in the person's order."""

import pytest

from tests.support import photos
from tests.support.drafts import application_of, filled, joined
from tests.support.place import BASIC, KEYS, Place, begun


@pytest.mark.parametrize("how", ["duplicate", "reorder", "both", "single", "single twice"])
def test_a_section_answered_in_one_go_is_answered_once(place: Place, how: str):
    phone = begun(place, f"一度 {how}")
    events = place.texts(phone, BASIC)
    place.world.platform.send_events(
        events,
        duplicate=how in ("duplicate", "both", "single twice"),
        reorder=how in ("reorder", "both"),
        batch=not how.startswith("single"),
    )
    place.world.settle()
    assert list(application_of(place.world, phone).answers) == KEYS
    assert place.all_done(phone)
    assert place.ledger.one("SELECT count(*) FROM inbox WHERE user_id = :u", u=phone.user_id) == 4 + len(BASIC)


def test_every_event_is_answered_once_however_often_it_is_delivered(place: Place):
    phone = joined(place.world, place.approver, "返事 一度")
    events = place.texts(phone, ["使い方"] * 10)
    phone.seen = phone._last()
    for _ in range(3):
        place.world.platform.send_events(events, duplicate=True)
        place.world.settle()
    for event in events:
        assert place.world.platform.redeliver(event) == 200
    place.world.settle()
    assert len(phone.answers) == 10


def test_a_redelivered_submission_sends_nothing_again(place: Place):
    phone = filled(place.world, place.approver, "再配達 花子")
    phone.taps("承認依頼を送る")
    events = place.held(lambda: place.world.platform.tap(phone.user_id, "この内容で送る"))
    place.approver.seen = place.approver._last()
    for _ in range(3):
        place.world.platform.send_events(events)
        place.world.settle()
        place.world.clock.forward(minutes=5)
        assert place.world.platform.redeliver(events[0]) == 200
        place.world.settle()
    view = application_of(place.world, phone)
    assert place.ledger.one("SELECT count(*) FROM submissions WHERE application_id = :id", id=view.id) == 1
    assert sum("再配達 花子" in words for words in place.approver.answers) == 1


def test_an_event_redelivered_while_it_still_waits_is_one_event(place: Place):
    phone = begun(place, "待機 再配達")
    (event,) = place.texts(phone, ["待機 再配達"])
    place.world.platform.send_events([event])
    assert place.world.platform.redeliver(event) == 200
    place.world.settle()
    assert len(phone.answers) == 1
    assert application_of(place.world, phone).answers == {"name": "待機 再配達"}


def test_an_album_in_any_order_and_twice_is_kept_once(place: Place):
    phone = begun(place, "写真 並替", "写真")
    phone.sends(photos.jpeg(800, 1000, "album face"))
    phone.taps("このまま使う")
    shots = [photos.jpeg(1200, 800, f"album {number}") for number in range(3)]
    events = place.held(lambda: place.world.platform.send_photos(phone.user_id, shots))
    place.world.platform.send_events([events[2]], duplicate=True)
    place.world.settle()
    place.world.platform.send_events([events[0], events[1], events[2]], duplicate=True)
    place.world.settle()
    kinds = [paper.kind for paper in application_of(place.world, phone).papers]
    assert kinds == ["face", "identity", "identity", "identity"]
    assert place.all_done(phone)


def test_a_photo_taken_back_before_it_arrives_does_not_come_back(place: Place):
    phone = begun(place, "取消 先着", "写真")
    (sent,) = place.held(lambda: place.world.platform.send_photo(phone.user_id, photos.jpeg(800, 1000, "gone")))
    (unsend,) = place.held(lambda: place.world.platform.unsend(phone.user_id, sent["message"]["id"]))
    place.world.platform.send_events([unsend])
    place.world.settle()
    place.world.platform.send_events([sent], duplicate=True)
    place.world.settle()
    assert not application_of(place.world, phone).papers
    assert place.all_done(phone)


# --- In order


def test_a_photo_that_must_wait_is_not_overtaken_by_what_was_said_after_it(place: Place):
    phone = begun(place, "順番 待子", "写真")
    events = place.held(
        lambda: (
            place.world.platform.send_photo(phone.user_id, photos.jpeg(800, 1000, "slow")),
            place.world.platform.say(phone.user_id, "このまま使う"),
            place.world.platform.send_photo(phone.user_id, photos.jpeg(1200, 800, "next")),
        )
    )
    place.world.platform.add_fault(f"/v2/bot/message/{events[0]['message']['id']}/content", status=500, times=2)
    place.world.platform.send_events(events)
    place.world.settle()
    assert place.ledger.events(phone.user_id)["pending"] == 3
    for _ in range(3):
        place.world.clock.forward(seconds=5)
        place.world.settle()
    kinds = [paper.kind for paper in application_of(place.world, phone).papers]
    assert sorted(kinds)[0] == "face"
    assert place.all_done(phone)
