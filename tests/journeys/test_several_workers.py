"""Several workers on one database: turns of one person never interleave, and a late worker leaves nothing."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from bot.postbacks import CardTap, encode
from handlers.line.photos import PhotoRoom
from storage import inbox
from storage.inbox import ms
from tests.support import photos
from tests.support.drafts import application_of, code_by, submitted
from tests.support.place import BASIC, KEYS, Place, Watch, begun, together


@pytest.mark.parametrize("workers", [3])
def test_turns_of_one_person_never_interleave_and_each_is_done_once(place: Place, workers: int):
    crowd = [place.world.phone(f"群{workers}-{number}") for number in range(6)]
    for phone in crowd:
        phone.follows()
    place.world.auto = False
    events = [event for phone in crowd for event in place.texts(phone, ["使い方"] * 8)]
    for phone in crowd:
        phone.seen = phone._last()
    watch = Watch()
    gate = threading.Barrier(workers)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        worker = place.worker(watch, place.world.service if number % 2 else place.other)
        gate.wait()
        try:
            for _ in range(60):
                if not worker.sweep():
                    time.sleep(0.01)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for at in range(0, len(events), 12):
        assert place.world.platform.send_events(events[at : at + 12]) == [200]
    for thread in threads:
        thread.join(60)
    place.world.auto = True
    place.world.settle()
    assert not failed
    assert watch.most == 1
    ids = [event["webhookEventId"] for event in events]
    assert sorted(event_id for _, event_id in watch.handled if event_id in ids) == sorted(ids)
    for phone in crowd:
        mine = [event_id for user, event_id in watch.handled if user == phone.user_id]
        assert mine == [i for i in ids if i in mine]
        assert [words[:5] for words in phone.answers] == ["【使い方】"] * 8


def test_two_workers_at_the_same_person_at_the_same_moment(place: Place):
    phone = begun(place, "同時 花子")
    place.world.platform.send_events(place.texts(phone, BASIC), duplicate=True)
    watch = Watch()
    together(
        lambda: place.worker(watch, place.world.service).work([phone.user_id]),
        lambda: place.worker(watch).work([phone.user_id]),
        lambda: place.worker(watch).sweep(),
    )
    place.world.settle()
    assert watch.most == 1
    assert len(watch.handled) == len(BASIC)
    assert list(application_of(place.world, phone).answers) == KEYS
    assert place.all_done(phone)


def test_one_code_sent_by_two_people_at_once_opens_the_door_for_one(place: Place):
    code = code_by(place.world, place.approver)
    two = [place.world.phone(f"競争 {number}") for number in (1, 2)]
    for phone in two:
        phone.follows()
        phone.seen = phone._last()
        place.world.platform.send_events(place.texts(phone, [f"招待コード {code}"]))
    together(
        lambda: place.worker(service=place.world.service).work([two[0].user_id]),
        lambda: place.worker().work([two[1].user_id]),
    )
    place.world.settle()
    shown = ["\n".join(phone.answers) for phone in two]
    assert sum("招待を確認しました" in words for words in shown) == 1
    assert sum("すでに使われています" in words for words in shown) == 1


def test_two_approvers_at_once_decide_once(place: Place):
    applicant = submitted(place.world, place.approver, "審査 同時")
    second = place.world.approver("鈴木 次郎")
    view = application_of(place.world, applicant)
    for phone in (place.approver, second):
        phone.seen = phone._last()
        tap = encode(CardTap("approve_yes", view.id, view.version))
        place.world.platform.send_events(
            place.held(lambda phone=phone, tap=tap: place.world.platform.tap_postback(phone.user_id, tap))
        )
    together(
        lambda: place.worker(service=place.world.service).work([place.approver.user_id]),
        lambda: place.worker().work([second.user_id]),
    )
    place.world.settle()
    decisions = place.ledger.rows("SELECT answer FROM decisions WHERE application_id = :id", id=view.id)
    assert [row[0] for row in decisions] == ["approve"]
    shown = ["\n".join(phone.answers) for phone in (place.approver, second)]
    assert sum("を承認しました。事務局の審査に進みます" in words for words in shown) == 1
    assert sum("承認済み" in words for words in shown) == 1
    assert place.all_done(second)


# --- Leases


def test_a_late_holder_of_a_lease_leaves_nothing(place: Place):
    phone = begun(place, "期限 切子")
    place.world.platform.send_events(place.texts(phone, ["期限 切子"]))
    before, rows = place.ledger.domain(), len(place.ledger.outbox(phone.user_id))
    late = place.worker()
    commit = late._commit

    def taken_over(*args: Any, **named: Any) -> Any:
        now = place.world.clock()
        place.ledger.let_leases_end()
        with place.world.service.database.unit() as uow:
            assert inbox.claim(uow, phone.user_id, "another", ms(now), ms(now + timedelta(seconds=90)))
        return commit(*args, **named)

    late._commit = taken_over  # type: ignore[method-assign]
    assert late.attend(phone.user_id) == set()
    assert place.ledger.domain() == before
    assert len(place.ledger.outbox(phone.user_id)) == rows
    assert place.ledger.events(phone.user_id)["pending"] == 1
    lease = place.ledger.rows("SELECT lease_owner FROM conversations WHERE user_id = :u", u=phone.user_id)
    assert lease[0][0] == "another"
    assert not phone.answers
    place.world.clock.forward(seconds=91)
    place.world.settle()
    assert application_of(place.world, phone).answers == {"name": "期限 切子"}
    assert len(phone.answers) == 1


def test_a_photo_that_took_so_long_that_another_worker_did_it(place: Place):
    phone = begun(place, "長い 写真", "写真")
    place.world.platform.send_events(
        place.held(lambda: place.world.platform.send_photo(phone.user_id, photos.jpeg(800, 1000, "long")))
    )
    late = place.worker()
    fetch = late.photos.client.fetch_content

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(place.other.client, name)

        def fetch_content(self, *args: Any) -> bytes:
            data = fetch(*args)
            place.world.clock.forward(seconds=91)
            place.world.settle()
            return data

    late.photos = PhotoRoom(place.other.database, Slow(), place.other.files)  # type: ignore[arg-type]
    late.attend(phone.user_id)
    place.world.settle()
    assert [paper.kind for paper in application_of(place.world, phone).papers] == ["face"]
    assert sum("顔写真を受け取りました" in words for words in phone.answers) == 1
    assert place.all_done(phone)


def test_while_one_holds_the_lease_no_other_gets_it_and_afterwards_one_does(place: Place):
    phone = begun(place, "賃借 太郎")
    now = place.world.clock()
    database, other = place.world.service.database, place.other.database
    with database.unit() as uow:
        first = inbox.claim(uow, phone.user_id, "a", ms(now), ms(now + timedelta(seconds=90)))
    assert first
    with other.unit() as uow:
        assert inbox.claim(uow, phone.user_id, "b", ms(now), ms(now + timedelta(seconds=90))) is None
    later = now + timedelta(seconds=91)
    with other.unit() as uow:
        second = inbox.claim(uow, phone.user_id, "b", ms(later), ms(later + timedelta(seconds=90)))
    assert second
    assert second.fence > first.fence
    with database.unit() as uow:
        inbox.release(uow, first)
    with database.unit() as uow, pytest.raises(inbox.LostLease):
        inbox.keep_session(uow, first, {"running": None}, 1, ms(later))
    with database.unit() as uow:
        assert inbox.claim(uow, phone.user_id, "c", ms(later), ms(later)) is None
    with other.unit() as uow:
        inbox.release(uow, second)
    phone.says("賃借 太郎")
    phone.sees("フリガナ")


def test_the_database_goes_away_in_the_middle_and_nothing_is_lost(place: Place):
    phone = begun(place, "停電 花子")
    place.world.platform.send_events(place.texts(phone, BASIC[:3]))
    shaky = place.worker()
    calls = 0
    commit = shaky._commit

    def failing(*args: Any, **named: Any) -> Any:
        from storage.database import Unavailable

        nonlocal calls
        calls += 1
        if calls == 2:
            raise Unavailable("gone")
        return commit(*args, **named)

    shaky._commit = failing  # type: ignore[method-assign]
    shaky.attend(phone.user_id)
    place.world.clock.forward(seconds=5)
    place.world.settle()
    assert list(application_of(place.world, phone).answers) == KEYS[:3]
    assert len(phone.answers) == 3
    assert place.all_done(phone)


def test_who_writes_fast_does_not_keep_the_others_waiting(place: Place):
    chatty, calm = (place.world.phone(name) for name in ("多弁", "一言"))
    for phone in (chatty, calm):
        phone.follows()
    place.world.auto = False
    place.world.platform.send_events(place.texts(chatty, ["使い方"] * 5) + place.texts(calm, ["使い方"]))
    watch = Watch()
    place.worker(watch).work([chatty.user_id, calm.user_id])
    assert [user for user, _ in watch.handled] == [chatty.user_id, calm.user_id, *[chatty.user_id] * 4]
