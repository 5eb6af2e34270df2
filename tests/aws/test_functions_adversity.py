"""Messages lost, doubled and late, workers killed, services away: every event has its effect exactly once."""

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.aws.adversity import (
    DOUBLED,
    PHOTO,
    TURN,
    about_to_submit,
    database_away,
    looks_away,
    submitted_once,
    times_told,
)
from tests.aws.cloud import Cloud
from tests.aws.events import request, signed, text_event, webhook_body
from tests.aws.services import RECEIVES_MAX
from tests.support import photos
from tests.support.clerk import Clerk
from tests.support.drafts import application_of, joined
from tests.support.ledger import Ledger
from tests.support.world import Phone

LINES_PATIENCE = 2.0
FAMILIES = ("井上", "木下", "清水", "森田", "原口")
NAMES = (f"{family} {given}" for given, family in itertools.product("一二三四五六", FAMILIES))


@pytest.fixture
def approver(cloud: Cloud) -> Phone:
    name = "小林 窓口"
    return cloud.world.phones.get(name) or cloud.world.approver(name)


@pytest.fixture
def expert(cloud: Cloud, approver: Phone) -> Phone:
    """Somebody whose 承認依頼 waits for one tap."""
    return about_to_submit(cloud, approver, next(NAMES))


def ledger(cloud: Cloud) -> Ledger:
    return Ledger(cloud.world.service.database)


# --- messages


def test_a_lost_message_costs_a_sweep_and_nothing_else(cloud: Cloud, expert: Phone, approver: Phone):
    cloud.mapping.drop = lambda _message: True
    cloud.world.auto = True
    expert.taps("この内容で送る")
    assert expert.answers == []
    cloud.tick("sweep")
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


def test_a_doubled_message_changes_nothing(cloud: Cloud, expert: Phone, approver: Phone):
    expert.taps("この内容で送る")
    for number in range(3):
        cloud.sends(expert.user_id, {"person": expert.user_id}, f"again {expert.user_id} {number}")
    cloud.world.settle()
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1
    assert [group for group, _ in cloud.mapping.bodies()].count(expert.user_id) >= 3


def test_the_same_message_in_two_workers_at_once_is_one_turn(cloud: Cloud, expert: Phone, approver: Phone):
    expert.taps("この内容で送る")
    batch = cloud.mapping.receive()
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(cloud.mapping.hand, batch) for _ in range(2)]:
            each.result()
    cloud.world.auto = True
    cloud.world.settle()
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


def test_a_webhook_delivered_again_wakes_the_worker_again_and_changes_nothing(
    cloud: Cloud, expert: Phone, approver: Phone
):
    expert.taps("この内容で送る")
    event = cloud.world.platform.last_event(expert.user_id)
    assert event
    cloud.world.settle()
    assert [cloud.world.platform.redeliver(event) for _ in range(2)] == [200, 200]
    cloud.world.settle()
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


def test_late_messages_come_when_all_is_done(cloud: Cloud, approver: Phone):
    """Three answers; the message of the first is late, the second's is lost, the third's does the work of all."""
    phone = joined(cloud.world, approver, next(NAMES))
    phone.taps("基本情報")
    cloud.world.auto = False
    looks_away(phone)
    held = []
    for words in ("山田 太郎", "ヤマダ タロウ", "1980-04-01"):
        cloud.world.platform.say(phone.user_id, words, wait=True)
        held += cloud.mapping.receive()
    late, lost = held[:1], held[1:]
    assert late
    cloud.mapping.delete(lost)
    cloud.sends(phone.user_id, {"person": phone.user_id}, f"third {phone.user_id}")
    cloud.mapping.failed += late
    cloud.mapping.again()
    cloud.world.settle()
    assert list(application_of(cloud.world, phone).answers) == ["name", "kana", "birth_date"]
    assert len(phone.answers) == 3
    assert ledger(cloud).events(phone.user_id)["pending"] == 0


def test_two_people_run_side_by_side_and_one_persons_turns_do_not(cloud: Cloud, approver: Phone):
    one, two = (joined(cloud.world, approver, next(NAMES)) for _ in range(2))
    cloud.world.auto = False
    looks_away(one, two)
    for words in ("使い方", "登録状況", "使い方"):
        for phone in (one, two):
            cloud.world.platform.say(phone.user_id, words, wait=True)
    cloud.world.settle()
    for phone in (one, two):
        assert len(phone.answers) == 3, phone.history()
        assert set(ledger(cloud).events(phone.user_id)) == {"done"}


# --- workers that die


def dies(cloud: Cloud, point: str, act: Callable[[], object]) -> None:
    """The worker that attends to what is done now is killed at the point."""
    cloud["worker"].stops_next(point, how="die")
    cloud.mapping.results.clear()
    act()
    cloud.world.settle()
    assert "exit" in [result.kind for result in cloud.mapping.results], f"{point} was not reached"


@pytest.mark.parametrize("point", TURN)
def test_a_worker_killed_in_a_turn_leaves_the_rest_to_the_next(
    cloud: Cloud, expert: Phone, approver: Phone, point: str
):
    dies(cloud, TURN[point], lambda: expert.taps("この内容で送る"))
    cloud.time_passes()
    cloud.world.settle()
    cloud.world.clock.forward(minutes=2)
    cloud.tick("sweep")
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == (2 if point in DOUBLED else 1)
    assert cloud.dead_letters() == []


def test_at_its_deadline_a_worker_is_killed_and_the_sweep_ends_it_right(cloud: Cloud, expert: Phone, approver: Phone):
    """In the middle of its transaction. The message never comes again; the sweep finds the person after the lease."""
    cloud["worker"].stops_next(TURN["just before the commit"], how="stall")
    cloud["worker"].timeout = 16
    cloud.mapping.results.clear()
    expert.taps("この内容で送る")
    cloud.world.settle()
    assert [result.kind for result in cloud.mapping.results] == ["timeout"]
    cloud["worker"].timeout = 0
    cloud.mapping.delete(cloud.mapping.failed)
    cloud.mapping.failed.clear()
    cloud.world.clock.forward(minutes=2)
    cloud.tick("sweep")
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


@pytest.mark.parametrize("point", PHOTO)
def test_a_photo_whose_worker_was_killed_is_kept_once(cloud: Cloud, approver: Phone, point: str):
    expert = joined(cloud.world, approver, next(NAMES))
    expert.taps("写真")
    cloud.world.auto = False
    dies(cloud, PHOTO[point], lambda: expert.sends(photos.jpeg(800, 1000, f"face {expert.name}")))
    cloud.time_passes()
    cloud.world.settle()
    (paper,) = application_of(cloud.world, expert).papers
    sealed = cloud.world.service.files.get(paper.file_key, 10_000_000)
    assert cloud.world.service.database.vault.open(sealed).startswith(b"\xff\xd8")
    assert sum("顔写真を受け取りました" in words for words in expert.answers) == 1


def test_jobs_killed_in_a_sweep_are_followed_by_the_next(cloud: Cloud, expert: Phone, approver: Phone):
    cloud.mapping.drop = lambda _message: True
    cloud["jobs"].stops_next(TURN["right after the commit"], how="die")
    expert.taps("この内容で送る")
    assert cloud["jobs"].invoke({"job": "sweep"}).kind == "exit"
    cloud.world.clock.forward(minutes=2)
    cloud.mapping.drain()
    cloud.tick("sweep")
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


# --- services that are away


def test_without_the_queue_the_webhook_answers_at_once_and_the_sweep_does_the_work(
    cloud: Cloud, expert: Phone, approver: Phone
):
    cloud["webhook"].invoke(request("GET", "/line/webhook"))
    with cloud.moto.away():
        expert.taps("この内容で送る")
        assert cloud.world.platform.deliveries[-1].status == 200
        assert cloud.gateway.last < LINES_PATIENCE
        cloud.tick("sweep")
        submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


def test_a_queue_that_says_nothing_keeps_nobody_waiting(cloud: Cloud, expert: Phone, approver: Phone):
    cloud["webhook"].invoke(request("GET", "/line/webhook"))
    with cloud.moto.away(silent=True):
        expert.taps("この内容で送る")
        assert cloud.world.platform.deliveries[-1].status == 200, cloud.gateway.errors
        assert cloud.gateway.last < LINES_PATIENCE
    cloud.tick("sweep")
    submitted_once(cloud, expert, approver)


def test_without_the_queue_the_desk_goes_on_working(cloud: Cloud, expert: Phone, approver: Phone):
    clerk = Clerk(cloud.world, f"{expert.user_id[:12]}@example.jp")
    clerk.opens("applications")
    with cloud.moto.away():
        expert.taps("この内容で送る")
        cloud.tick("sweep")
        assert "申請" in clerk.opens("applications")
        ready = cloud["pages"].invoke(request("GET", "/readyz")).value
        assert (ready["statusCode"], "queue" in ready["body"]) == (503, True)
    submitted_once(cloud, expert, approver)


def test_while_the_database_is_away_line_is_asked_to_come_again(cloud: Cloud, approver: Phone):
    """Nothing is acknowledged that is not kept; messages stay in the queue, and pages say that they cannot."""
    phone = joined(cloud.world, approver, next(NAMES))
    phone.taps("基本情報")
    cloud.world.auto = False
    cloud.world.platform.say(phone.user_id, "山田 太郎", wait=True)
    looks_away(phone)
    event = text_event(cloud, phone.user_id, "ヤマダ タロウ")
    with database_away(cloud):
        assert cloud["webhook"].invoke(signed(cloud, webhook_body(event))).value["statusCode"] == 503
        assert cloud["pages"].invoke(request("GET", "/admin/login")).value["statusCode"] in (200, 503)
        assert cloud["pages"].invoke(request("GET", "/readyz")).value["statusCode"] == 503
        cloud.mapping.drain()
        assert cloud.mapping.failed
    assert cloud.world.platform.redeliver(event) == 200  # pyright: ignore[reportArgumentType]
    cloud.time_passes()
    cloud.world.settle()
    assert list(application_of(cloud.world, phone).answers) == ["name", "kana"]
    assert set(ledger(cloud).events(phone.user_id)) == {"done"}


def test_a_message_given_up_is_a_dead_letter_and_the_event_is_handled_all_the_same(cloud: Cloud, approver: Phone):
    phone = joined(cloud.world, approver, next(NAMES))
    cloud.world.auto = False
    looks_away(phone)
    cloud.world.platform.say(phone.user_id, "使い方", wait=True)
    with database_away(cloud):
        for _ in range(RECEIVES_MAX):
            assert cloud.mapping.drain() == 1
            cloud.mapping.again()
            time.sleep(0.01)
        assert cloud.mapping.drain() == 0
    assert {"person": phone.user_id} in cloud.dead_letters()
    cloud.sqs.purge_queue(QueueUrl=cloud.dead)
    cloud.tick("sweep")
    assert len(phone.answers) == 1
    cloud.world.auto = True
    phone.says("使い方")
    assert len(phone.answers) == 1


def test_while_line_does_not_answer_nothing_is_lost_and_nothing_is_said_twice(
    cloud: Cloud, expert: Phone, approver: Phone
):
    cloud.world.platform.add_fault("/v2/bot/message/", status=500, times=6)
    expert.taps("この内容で送る")
    cloud.world.settle()
    for _ in range(6):
        cloud.world.clock.forward(minutes=1)
        cloud.tick("sweep")
    submitted_once(cloud, expert, approver)
    assert times_told(expert) == 1


def test_a_burst_of_events_at_once_is_answered_by_few_workers(cloud: Cloud, approver: Phone):
    """Ten people, three events each, all at the same time; the messages of a person keep together."""
    people = [cloud.world.phone(f"群衆 {number}") for number in range(10)]
    for phone in people:
        phone.follows()
    looks_away(*people)
    cloud.world.auto = False

    def says_thrice(phone: Phone) -> None:
        for _ in range(3):
            cloud.world.platform.say(phone.user_id, "使い方", wait=True)

    posts = [threading.Thread(target=says_thrice, args=(phone,)) for phone in people]
    for post in posts:
        post.start()
    for post in posts:
        post.join()
    cloud.world.settle()
    assert [len(phone.answers) for phone in people] == [3] * 10
