"""Messages that cannot leave as usual: no quota, at night, blocked, no menu, mail that fails."""

from typing import Any

import pytest

from models.notices import ApplicationApproved
from storage import given_up, outbox, people
from storage.outbox import MAIL
from tests.support.databases import fresh
from tests.support.ledger import Ledger
from tests.support.post import PUSH, calls, numbers_seen, sent, tell_apart, ways
from tests.support.smtp import postbox
from tests.support.world import Phone, World, open_world


@pytest.fixture
def world(calm_world: World) -> World:
    return calm_world


@pytest.fixture
def phone(receiver: Phone) -> Phone:
    return receiver


# --- The month's quota


def test_when_the_quota_is_used_up_notices_wait_for_the_next_free_reply(world: World, phone: Phone, ledger: Ledger):
    world.platform.monthly_quota = world.platform.consumption() + 1
    tell_apart(world, phone, "N-1", "N-2", "N-3")
    world.settle()
    assert numbers_seen(phone) == ["N-1"]
    with world.service.database.read() as uow:
        assert outbox.troubles(uow) == {"held": 2, "dead": 0}
        assert [row.held for row in given_up.messages(uow)] == [True, True]
    world.clock.forward(hours=1)
    world.settle()
    assert len(calls(world, PUSH, phone)) == 2
    phone.says("使い方")
    shown = "\n".join(phone.answers)
    assert numbers_seen(phone) == ["N-2", "N-3"]
    assert shown.find("N-3") < shown.find("【使い方】")
    assert set(ways(phone)) == {"reply"}
    assert sent(ledger, phone)
    with world.service.database.read() as uow:
        assert outbox.troubles(uow) == {"held": 0, "dead": 0}


def test_many_held_notices_come_oldest_first_and_never_stand_in_the_way(world: World, phone: Phone):
    world.platform.monthly_quota = world.platform.consumption()
    wanted = [f"N-{number}" for number in range(1, 31)]
    tell_apart(world, phone, *wanted)
    world.settle()
    seen = phone._last()
    for _ in range(8):
        phone.says("使い方")
        assert phone.answers[-1].startswith("【使い方】")
        assert set(ways(phone)) == {"reply"}
    phone.seen = seen
    assert numbers_seen(phone) == wanted


def test_answers_go_on_by_reply_when_the_quota_is_used_up(world: World, phone: Phone, ledger: Ledger):
    world.platform.monthly_quota = world.platform.consumption()
    for _ in range(3):
        phone.says("使い方")
        phone.sees("【使い方】")
    assert sent(ledger, phone)


def test_held_notices_go_again_when_they_are_released(world: World, phone: Phone):
    world.platform.monthly_quota = world.platform.consumption()
    tell_apart(world, phone, "N-1", "N-2")
    world.settle()
    world.platform.monthly_quota = None
    with world.service.database.unit() as uow:
        assert outbox.release_held(uow, world.clock()) == 2
    world.settle()
    assert numbers_seen(phone) == ["N-1", "N-2"]


# --- Night


def test_a_notice_waits_for_the_morning_and_an_answer_does_not(world: World, phone: Phone):
    world.clock.now = world.clock.now.replace(hour=12, minute=0)  # 21:00 in Tokyo
    tell_apart(world, phone, "N-1")
    world.settle()
    assert not phone.answers
    phone.says("使い方")
    phone.sees("【使い方】")
    assert not numbers_seen(phone)
    world.clock.forward(hours=10, minutes=58)
    world.settle()
    assert not numbers_seen(phone)
    world.clock.forward(minutes=3)  # 8:01
    world.settle()
    assert numbers_seen(phone) == ["N-1"]
    assert ways(phone)[-1] == "push"


# --- Who blocks us


def test_a_notice_for_somebody_who_blocks_us_goes_by_mail_and_the_menu_comes_back(
    world: World, phone: Phone, ledger: Ledger
):
    with world.service.database.unit() as uow:
        person = people.by_user_id(uow, phone.user_id)
        assert person
        people.set_mail(uow, person.id, "taro@example.jp")
    phone.blocks()
    before = letters(world)
    asked = len(calls(world, PUSH, phone))
    tell_apart(world, phone, "N-1")
    world.settle()
    assert len(calls(world, PUSH, phone)) == asked
    assert len(letters(world)) == len(before) + 1
    assert ledger.one("SELECT error FROM outbox WHERE state = 'dead' AND channel = 'line'") == "blocked, mailed"
    assert not linked(phone)
    phone.unblocks()
    assert linked(phone)
    phone.seen = phone._last()
    tell_apart(world, phone, "N-2")
    world.settle()
    assert numbers_seen(phone) == ["N-2"]


def linked(phone: Phone) -> bool:
    """Whether the person has a menu of their own."""
    return phone.world.platform.phone(phone.user_id).menu_id is not None


def letters(world: World) -> list[Any]:
    assert world.platform.mail_dir
    return sorted(world.platform.mail_dir.glob("*.eml"))


def test_a_menu_that_cannot_be_linked_holds_up_no_message(world: World, ledger: Ledger):
    phone = world.phone("メニューなし")
    world.platform.add_fault("/v2/bot/user/", status=500, times=3)
    phone.follows()
    phone.sees("友だち追加ありがとうございます")
    assert not linked(phone)
    for _ in range(4):
        world.clock.forward(seconds=30)
        world.settle()
    assert linked(phone)
    assert sent(ledger, phone)


def test_a_menu_that_is_refused_is_given_up_and_messages_go_on(world: World, ledger: Ledger):
    phone = world.phone("メニュー拒否")
    world.platform.add_fault("/v2/bot/user/", status=400)
    phone.follows()
    phone.sees("友だち追加ありがとうございます")
    phone.says("使い方")
    phone.sees("【使い方】")
    assert [row.state for row in ledger.outbox(phone.user_id) if row.channel == "menu"] == ["dead"]


# --- Mail


def test_mails_are_tried_again_and_refused_ones_block_nobody(tmp_path):
    with (
        postbox() as box,
        open_world(
            tmp_path, fresh("sqlite", tmp_path), MAIL_URL=f"smtp://{box.host}:{box.port}", MAIL_SENDER="desk@example.jp"
        ) as world,
    ):
        ledger = Ledger(world.service.database)
        box.answer_content = "451 try again later"
        _mail(world, "a@example.jp", "N-1")
        world.settle()
        assert not box.mails
        box.answer_content = "250 taken"
        world.settle()
        assert not box.mails
        world.clock.forward(minutes=3)
        world.settle()
        assert box.recipients == ["a@example.jp"]
        box.answer_recipient = "550 no such person"
        _mail(world, "b@example.jp", "N-2")
        world.settle()
        box.answer_recipient = "250 ok"
        _mail(world, "c@example.jp", "N-3")
        world.settle()
        assert box.recipients == ["a@example.jp", "c@example.jp"]
        assert [row.state for row in ledger.outbox("b@example.jp")] == ["dead"]
        assert ledger.outbox("a@example.jp")[0].attempts == 2


def test_a_mail_that_cannot_be_written_is_dead_and_blocks_no_other(world: World, ledger: Ledger):
    before = len(letters(world))
    _mail(world, "bad@example.jp", "N-1")
    ledger.change("UPDATE outbox SET notice = '{\"kind\": \"Forgotten\"}' WHERE recipient = 'bad@example.jp'")
    _mail(world, "good@example.jp", "N-2")
    world.settle()
    assert len(letters(world)) == before + 1
    assert [row.state for row in ledger.outbox("bad@example.jp")] == ["dead"]
    assert [row.state for row in ledger.outbox("good@example.jp")] == ["sent"]


def test_one_sweep_sends_all_mails_that_are_due(world: World):
    """Where a sweep comes once a minute, twenty at a time would keep one-time codes waiting behind letters for many."""
    before = len(letters(world))
    for number in range(45):
        _mail(world, f"{number}@example.jp", f"N-{number}")
    assert world.service.worker.sweep(lambda: True) == 0
    assert len(letters(world)) == before + 45


def _mail(world: World, address: str, number: str) -> None:
    with world.service.database.unit() as uow:
        notice = ApplicationApproved(number, "organisation", "商工会")
        outbox.tell(uow, address, notice, world.clock(), channel=MAIL)
