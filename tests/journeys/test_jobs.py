"""Scheduled work: reminders to colleagues, erasing what is no longer needed, one process at a time."""

from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from handlers.jobs.remind import remind
from handlers.jobs.retain import retain
from handlers.jobs.rounds import Rounds
from handlers.tasks import Tasks
from models.tables.conversation import InboxEvent, OutboxRow
from tests.support import photos
from tests.support.talks import fill_basic, invited, registered
from tests.support.world import World


def test_colleagues_are_reminded_once_after_two_business_days(world: World):
    first, second = world.approver("佐藤 恵"), world.approver("田中 実")
    registered(world, first, "山田 太郎")
    second.sees_not("山田 太郎")
    world.clock.forward(days=2)  # Tuesday to Thursday: two business days, not more
    assert not remind(world.service.database, world.clock())
    world.clock.forward(days=1)
    second.seen = second._last()
    assert remind(world.service.database, world.clock())
    world.settle()
    second.sees("2営業日以上承認を待っています")
    assert not remind(world.service.database, world.clock())


def bodies(world: World) -> tuple[int, int]:
    with world.service.database.read() as uow:
        inbox = uow.session.scalar(select(func.count()).where(InboxEvent.body.is_not(None)))
        outbox = uow.session.scalar(select(func.count()).where(OutboxRow.body.is_not(None)))
    return inbox or 0, outbox or 0


def test_what_was_said_is_erased_after_a_week_and_not_before(world: World):
    invited(world, "山田")
    assert all(bodies(world))
    world.clock.forward(days=6)
    retain(world.service.database, world.service.files, world.clock())
    assert all(bodies(world))
    world.clock.forward(days=2)
    retain(world.service.database, world.service.files, world.clock())
    assert bodies(world) == (0, 0)


def stored(world: World) -> list[Path]:
    return [path for path in (world.service.settings.var / "files").rglob("*") if path.is_file()]


def test_a_photo_that_was_replaced_is_deleted_from_the_store(world: World):
    expert = invited(world, "山田")
    fill_basic(expert)
    expert.taps("写真")
    expert.sends(photos.jpeg(800, 1000, "one"))
    expert.sends(photos.jpeg(800, 1000, "two"))
    assert len(stored(world)) == 2
    done = retain(world.service.database, world.service.files, world.clock())
    assert done["files"] == 1
    assert len(stored(world)) == 1
    expert.sees("入れ替えました")


def test_only_one_process_runs_the_jobs(world: World):
    at = world.service
    ours, theirs = (Rounds(replace(at.jobs, owner=name)) for name in "ab")
    assert ours.once()
    assert not theirs.once()
    assert ours.once()
    world.clock.forward(minutes=10)
    assert theirs.once()


def test_a_process_that_is_to_end_leaves_the_round_to_the_next(world: World, monkeypatch: pytest.MonkeyPatch):
    done: list[str] = []
    monkeypatch.setattr("handlers.jobs.named.remind", lambda *_: done.append("remind") or set())
    monkeypatch.setattr("handlers.jobs.named.retain", lambda *_: done.append("retain") or {})
    assert Rounds(world.service.jobs).once(lambda: not done)
    assert done == ["remind"]


def test_messages_held_for_want_of_quota_go_in_the_new_month(world: World):
    approver = world.approver("佐藤 恵")
    world.platform.monthly_quota = world.platform.consumption()
    registered(world, approver, "山田 太郎")
    approver.sees_not("【要対応】")
    rounds = world.service.rounds
    rounds.once()
    world.settle()
    approver.sees_not("【要対応】")
    world.clock.forward(days=8)  # 2 December
    world.platform.monthly_quota = None
    rounds.once()
    world.settle()
    approver.sees("【要対応】山田 太郎さんの専門家登録")


@pytest.mark.parametrize("broken", ["tasks", "remind", "renew"])
def test_a_job_that_fails_keeps_no_other(world: World, monkeypatch: pytest.MonkeyPatch, broken: str):
    done: list[str] = []
    stop = Event()

    def does(name: str, answer: object):
        def job(*_given: object):
            done.append(name)
            if name == "retain":
                stop.set()
            if name == broken:
                raise ValueError("never shown")
            return answer

        return job

    for name, answer in (("remind", set[str]()), ("renew", set[str]()), ("retain", dict[str, int]())):
        monkeypatch.setattr(f"handlers.jobs.named.{name}", does(name, answer))
    monkeypatch.setattr(Tasks, "advance", does("tasks", 0))
    rounds = Rounds(world.service.jobs)
    rounds.hurry.set()
    rounds.run(stop)
    assert done == ["tasks", "remind", "renew", "retain"]
