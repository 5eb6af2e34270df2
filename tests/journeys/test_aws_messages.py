"""The queue's messages: what becomes of each, and that the sweep brings to an end what they did not."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest

from handlers.aws_worker import Messages
from handlers.line.worker import Worker
from storage import inbox
from storage.database import Unavailable
from storage.inbox import ms
from storage.outbox import MAIL
from storage.secrets import SealBroken
from tests.support.world import Phone, World

MENU = "使い方"


@dataclass
class Heard:
    """A queue that only notes what it was asked."""

    woken: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    hurried: int = 0

    def stored(self, events: Sequence[tuple[str, str]]) -> None:
        self.woken += [person for person, _ in events]

    def wake(self, people: Iterable[str]) -> None:
        self.woken += people

    def hurry(self) -> None:
        self.hurried += 1

    def soon(self, receipts: Sequence[str]) -> None:
        self.again += receipts

    def check(self) -> None: ...

    def close(self) -> None: ...


class Time:
    """A context whose time is up after `looks` looks at it."""

    def __init__(self, looks: int = 1000) -> None:
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 50_000 if self.looks >= 0 else 10_000


def record(body: object, number: int = 1, group: str = "") -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    group = group or (str(body["person"]) if isinstance(body, dict) and "person" in body else "none")
    attributes = {"MessageGroupId": group, "MessageDeduplicationId": str(number), "ApproximateReceiveCount": "1"}
    return {"messageId": f"m{number}", "receiptHandle": f"r{number}", "body": text, "attributes": attributes}


def about(*phones: Phone) -> list[dict[str, Any]]:
    return [record({"person": phone.user_id}, number) for number, phone in enumerate(phones, 1)]


def failed(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


@pytest.fixture
def queue(world: World) -> Heard:
    heard = Heard()
    world.service.__dict__["queue"] = heard
    world.auto = False
    return heard


@pytest.fixture
def messages(world: World, queue: Heard) -> Messages:
    return Messages(world.service)


def follower(world: World, name: str) -> Phone:
    phone = world.phone(name)
    phone.follows()
    world.settle()
    return phone


def run(messages: Messages, records: list[dict[str, Any]], time: Time | None = None) -> list[str]:
    return failed(messages({"Records": records}, time or Time()))


def test_a_message_brings_its_person_the_answer(world: World, messages: Messages, queue: Heard):
    one, other = follower(world, "一"), follower(world, "二")
    one.says(MENU)
    other.says(MENU)
    assert run(messages, about(one, other)) == []
    one.sees("【使い方】")
    other.sees("【使い方】")
    assert not queue.woken
    assert not queue.again


def test_doubled_and_empty_messages_do_no_harm(world: World, messages: Messages):
    phone = follower(world, "一")
    phone.says(MENU)
    assert run(messages, about(phone, phone, phone)) == []
    assert run(messages, about(phone)) == []
    assert [words[:5] for words in phone.answers] == ["【使い方】"]
    assert run(messages, [record({"person": "U" + "0" * 32})]) == []


@pytest.mark.parametrize(
    "body",
    ["", "{", "null", "[]", '"U"', "{}", '{"person": 5}', '{"person": ""}', '{"tasks": "yes"}', "[" * 5000, '{"a": 1}'],
)
def test_what_nobody_can_read_is_dropped_and_stops_nobody(world: World, messages: Messages, body: str):
    phone = follower(world, "一")
    phone.says(MENU)
    assert run(messages, [record(body, 9), *about(phone)]) == []
    phone.sees("【使い方】")


def test_one_whose_turn_breaks_keeps_no_other_waiting(world: World, messages: Messages):
    one, other = follower(world, "一"), follower(world, "二")
    one.says(MENU)
    other.says(MENU)
    attend = Worker.attend

    def breaks(self: Worker, user_id: str) -> set[str]:
        if user_id == one.user_id:
            raise ValueError("never shown")
        return attend(self, user_id)

    with patch.object(Worker, "attend", breaks):
        assert run(messages, [*about(one, other), record({"person": one.user_id}, 3)]) == ["m1", "m3"]
    other.sees("【使い方】")
    assert run(messages, about(one)) == []
    one.sees("【使い方】")


def test_a_talk_that_cannot_be_opened_stops_neither_message_nor_sweep(world: World, messages: Messages):
    one, other = follower(world, "一"), follower(world, "二")
    one.says(MENU)
    other.says(MENU)
    claim = inbox.claim

    def sealed(uow: Any, user_id: str, *given: Any) -> Any:
        if user_id == one.user_id:
            raise SealBroken
        return claim(uow, user_id, *given)

    with patch.object(inbox, "claim", sealed):
        assert run(messages, about(one)) == []
        assert world.service.worker.sweep() == 2
    other.sees("【使い方】")
    world.settle()
    one.sees("【使い方】")


def test_while_the_database_is_away_messages_wait(world: World, messages: Messages, queue: Heard):
    phone = follower(world, "一")
    phone.says(MENU)
    with patch.object(inbox, "claim", side_effect=Unavailable("OperationalError")):
        assert run(messages, about(phone)) == ["m1"]
    assert not queue.again, "it comes again when its time has run out: a database needs some to come back"
    assert run(messages, about(phone)) == []
    phone.sees("【使い方】")


def test_what_there_is_no_time_for_comes_again_soon(world: World, messages: Messages, queue: Heard):
    one, other = follower(world, "一"), follower(world, "二")
    one.says(MENU)
    other.says(MENU)
    other.says("登録状況")
    assert run(messages, about(one, other, other), Time(4)) == ["m2", "m3"]
    one.sees("【使い方】")
    assert queue.again == ["r2", "r3"]
    assert run(messages, about(other, other)) == []
    assert len(other.answers) == 2


def test_whoever_a_turn_has_something_for_is_woken_when_time_is_up(world: World, queue: Heard):
    phone, others = follower(world, "一"), ["U" + "1" * 32, MAIL]

    def work(_people: Iterable[str], _go_on: object) -> list[str]:
        return [*others, phone.user_id]

    messages = Messages(world.service)
    with patch.object(world.service.worker, "work", work):
        assert run(messages, about(phone)) == ["m1"]
    assert queue.woken == others
    assert queue.again == ["r1"]


def test_work_says_who_is_left(world: World, queue: Heard):
    one, other = follower(world, "一"), follower(world, "二")
    for phone in (one, other):
        phone.says(MENU)
        phone.says("登録状況")
    left = Time(3)
    people = [one.user_id, other.user_id]
    assert world.service.worker.work(people, lambda: left.get_remaining_time_in_millis() > 15_000) == people
    assert world.service.worker.work(people) == []


def test_a_message_that_meets_a_held_lease_is_done_by_the_holder(world: World, messages: Messages):
    phone = follower(world, "一")
    phone.says(MENU)
    at, now = world.service, world.clock()
    with at.database.unit() as uow:
        assert inbox.claim(uow, phone.user_id, "killed", ms(now), ms(now) + 90_000)
    assert run(messages, about(phone)) == [], "the message is gone: the holder looks again, or its lease runs out"
    assert at.jobs.run("sweep")["attended"] == 0
    world.clock.forward(seconds=91)
    assert at.jobs.run("sweep")["attended"] == 1
    phone.sees("【使い方】")


def test_an_event_put_off_is_done_by_the_sweep(world: World, messages: Messages):
    phone = follower(world, "一")
    phone.says(MENU)
    with patch.object(Worker, "_commit", side_effect=ValueError("never shown")):
        assert run(messages, about(phone)) == []
    assert world.service.jobs.run("sweep")["attended"] == 0
    world.clock.forward(seconds=2)
    assert world.service.jobs.run("sweep")["attended"] == 1
    phone.sees("【使い方】")


def test_mails_and_long_work_have_messages_too(world: World, messages: Messages):
    done: list[str] = []
    with (
        patch.object(type(world.service.delivery), "send_mails", lambda _: done.append("mails")),
        patch.object(type(world.service.tasks), "advance", lambda *_: done.append("tasks") or 0),
    ):
        assert run(messages, [record({"person": MAIL}), record({"tasks": True}, 2, "tasks")]) == []
    assert done == ["mails", "tasks"]


def test_long_work_that_breaks_is_left_to_the_scheduled_job(world: World, messages: Messages):
    with patch.object(type(world.service.tasks), "advance", side_effect=ValueError("never shown")):
        assert run(messages, [record({"tasks": True}, 2, "tasks")]) == []


def test_a_sweep_reaches_more_people_than_one_look_finds(world: World, queue: Heard):
    phones = [follower(world, str(number)) for number in range(5)]
    for phone in phones:
        phone.says(MENU)
    waiting = inbox.waiting_people
    with patch.object(inbox, "waiting_people", lambda uow, now: waiting(uow, now, limit=2)):
        assert world.service.worker.sweep() == 5
    for phone in phones:
        phone.sees("【使い方】")
