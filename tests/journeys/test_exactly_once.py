"""Doubled, redelivered, reordered, batched, handled by several workers at once: each effect exactly once."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.postbacks import CardTap, encode
from handlers.bootstrap import Service
from handlers.line import routes
from handlers.line.photos import PhotoRoom
from handlers.line.talk import Talk
from handlers.line.worker import Worker
from storage import inbox
from storage.inbox import ms
from tests.support import photos
from tests.support.databases import KINDS, fresh
from tests.support.drafts import application_of, code_by, filled, joined, submitted
from tests.support.ledger import Ledger
from tests.support.world import Phone, World, open_world

BASIC = ("山田 太郎", "ヤマダ タロウ", "1980-04-01", "09012345678", "taro@example.jp", "個人（所属なし）", "東京都")
KEYS = ["name", "kana", "birth_date", "phone", "mail", "affiliation", "prefecture"]


@dataclass
class Watch:
    """A turn's handler that notes who is being attended to, and how often at once."""

    active: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    together: int = 0
    most: int = 0
    handled: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, talk: Talk) -> None:
        user = talk.person.user_id
        with self.lock:
            self.active[user] += 1
            self.most = max(self.most, self.active[user])
            self.together = max(self.together, sum(self.active.values()))
        time.sleep(0.001)
        try:
            routes.handle(talk)
        finally:
            with self.lock:
                self.active[user] -= 1
                self.handled.append((user, talk.envelope.event_id or ""))


@dataclass
class Place:
    """One world, and a second process' worth of workers on its database."""

    world: World
    approver: Phone
    other: Service

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.world.service.database)

    def worker(self, handle: Callable[[Talk], None] = routes.handle, service: Service | None = None) -> Worker:
        at = service or self.other
        room = PhotoRoom(at.database, at.client, at.files, at.database.vault.digest)
        return Worker(at.database, at.delivery, room, at.services.links, at.clock, handle)

    def held(self, act: Callable[[], Any]) -> list[Any]:
        with self.world.platform.hold() as events:
            act()
        return list(events)

    def texts(self, phone: Phone, words: Sequence[str]) -> list[Any]:
        return self.held(lambda: [self.world.platform.say(phone.user_id, each) for each in words])

    def all_done(self, phone: Phone) -> bool:
        return set(self.ledger.events(phone.user_id)) == {"done"}


@pytest.fixture(scope="module", params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("once")
    with open_world(folder, fresh(request.param, folder)) as world:
        other = Service(world.service.settings, world.clock)
        yield Place(world, world.approver("佐藤 恵"), other)
        other.close()


def begun(place: Place, name: str, section: str = "基本情報") -> Phone:
    phone = joined(place.world, place.approver, name)
    phone.taps(section)
    phone.seen = phone._last()
    return phone


# --- Once


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


# --- Several workers


@pytest.mark.parametrize("workers", [2, 4])
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
    _together(
        lambda: place.worker(watch, place.world.service).work([phone.user_id]),
        lambda: place.worker(watch).work([phone.user_id]),
        lambda: place.worker(watch).sweep(),
    )
    place.world.settle()
    assert watch.most == 1
    assert len(watch.handled) == len(BASIC)
    assert list(application_of(place.world, phone).answers) == KEYS
    assert place.all_done(phone)


def _together(*acts: Callable[[], Any]) -> None:
    gate, failed = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failed


def test_one_code_sent_by_two_people_at_once_opens_the_door_for_one(place: Place):
    code = code_by(place.world, place.approver)
    two = [place.world.phone(f"競争 {number}") for number in (1, 2)]
    for phone in two:
        phone.follows()
        phone.seen = phone._last()
        place.world.platform.send_events(place.texts(phone, [f"招待コード {code}"]))
    _together(
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
    _together(
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

    late.photos = PhotoRoom(place.other.database, Slow(), place.other.files, late.photos.digest)  # type: ignore[arg-type]
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


def test_the_database_goes_away_in_the_middle_and_nothing_is_lost(place: Place, tmp_path: Path):
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
