"""What is counted: each send once, each reply that is no longer free, LINE's refusals by kind, the dead."""

from collections.abc import Iterator
from typing import Any

import pytest

from handlers.bootstrap import Service
from handlers.line import routes
from models.notices import AccountCode, OldAccountTold
from storage import outbox
from storage.mail import MailRefused
from tests.support.ledger import Ledger
from tests.support.meters import Kept
from tests.support.post import PUSH, REPLY, tell_apart
from tests.support.world import Phone, World, open_world

OUTCOMES = ("replies", "pushes", "replies_turned_pushes", "mails")


@pytest.fixture(scope="module")
def meter() -> Iterator[Kept]:
    kept = Kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Service, "meter", kept)
        yield kept


@pytest.fixture(scope="module")
def shared(meter: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("figures")) as world:
        yield world


@pytest.fixture
def world(shared: World, meter: Kept) -> Iterator[World]:
    yield shared
    shared.platform.faults.clear()
    shared.platform.monthly_quota = None
    shared.auto = True
    Ledger(shared.service.database).change("UPDATE outbox SET state = 'sent' WHERE state = 'pending'")


@pytest.fixture
def phone(world: World, meter: Kept) -> Phone:
    found = world.phone(f"計測{len(world.phones)}")
    found.follows()
    meter.seen.clear()
    return found


def outcomes(meter: Kept) -> tuple[float, ...]:
    return tuple(meter.total(name) for name in OUTCOMES)


def later(world: World, seconds: float = 61) -> None:
    world.clock.forward(seconds=seconds)
    world.settle()


def test_a_turn_is_timed_and_its_reply_counted(phone: Phone, meter: Kept):
    phone.says("使い方")
    assert outcomes(meter) == (1, 0, 0, 0)
    names = [name for name, _ in meter.seen]
    assert names.count("turn_seconds") == names.count("acknowledge_seconds") == names.count("http_requests 2xx") == 1
    assert meter.total("line_errors timeout") == 0


def test_a_notice_is_a_push_and_no_lost_reply(world: World, phone: Phone, meter: Kept):
    tell_apart(world, phone, "N-1")
    world.settle()
    assert outcomes(meter) == (0, 1, 0, 0)


def test_an_answer_too_late_for_its_token(world: World, phone: Phone, meter: Kept):
    world.auto = False
    phone.says("使い方")
    later(world, 70)
    assert outcomes(meter) == (0, 1, 1, 0)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"status": 401}, {"drop": "before"}])
def test_a_reply_that_failed_turns_into_one_push_once(world: World, phone: Phone, meter: Kept, fault: dict[str, Any]):
    world.platform.add_fault(REPLY, **fault)
    world.platform.add_fault(PUSH, status=503, times=2)
    phone.says("使い方")
    for _ in range(4):
        later(world)
    assert outcomes(meter) == (0, 1, 1, 0)
    kind = {500: "5xx", 429: "rate", 401: "unauthorised"}.get(fault.get("status", 0), "timeout")
    assert meter.total(f"line_errors {kind}") == (3 if kind == "5xx" else 1)
    assert meter.total("line_errors 5xx") >= 2


def test_a_quota_used_up_is_an_error_of_its_own_kind(world: World, phone: Phone, meter: Kept):
    world.platform.monthly_quota = 0
    tell_apart(world, phone, "N-1")
    world.settle()
    assert meter.total("line_errors quota") == 1
    phone.says("使い方")
    assert outcomes(meter) == (1, 0, 0, 0), "what was held goes with the reply"


def test_what_line_refuses_and_what_cannot_be_put_into_words_is_dead(world: World, phone: Phone, meter: Kept):
    tell_apart(world, phone, "N-1")
    world.platform.add_fault(PUSH, status=400)
    world.settle()
    with world.service.database.unit() as uow:
        outbox.tell(uow, phone.user_id, OldAccountTold(cut_off=True), world.clock())
    Ledger(world.service.database).change("UPDATE outbox SET notice = '{}' WHERE state = 'pending' AND body IS NULL")
    world.settle()
    assert meter.total("dead_messages message") == 2
    assert meter.total("line_errors 4xx") == 1


def test_mails_that_leave_and_that_do_not(world: World, meter: Kept, monkeypatch: pytest.MonkeyPatch):
    meter.seen.clear()
    with world.service.database.unit() as uow:
        outbox.tell(uow, "a@example.jp", AccountCode("12345678", 30), world.clock(), channel=outbox.MAIL)
    world.service.worker.sweep()
    assert outcomes(meter) == (0, 0, 0, 1)

    def refuse(_mail: object) -> None:
        raise MailRefused("no")

    monkeypatch.setattr(world.service.delivery.mailer, "send", refuse)
    with world.service.database.unit() as uow:
        outbox.tell(uow, "b@example.jp", AccountCode("12345678", 30), world.clock(), channel=outbox.MAIL)
    world.service.worker.sweep()
    assert meter.total("dead_messages mail") == 1


def test_a_turn_that_cannot_be_done_is_counted_each_time_and_its_event_once(
    world: World, phone: Phone, meter: Kept, monkeypatch: pytest.MonkeyPatch
):
    def broken(_talk: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(world.service.worker, "handle", broken)
    phone.says("使い方")
    for _ in range(6):
        later(world)
    assert meter.total("turn_failures") == 5
    assert meter.total("dead_messages event") == 1
    monkeypatch.setattr(world.service.worker, "handle", routes.handle)


def test_jobs_are_timed_by_their_parts(world: World, meter: Kept):
    meter.seen.clear()
    world.service.jobs.run("sweep")
    assert {name for name, _ in meter.seen} >= {"job_seconds levels", "job_seconds sweep", "ready", "inbox_waiting"}
