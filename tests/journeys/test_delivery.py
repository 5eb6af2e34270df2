"""How messages leave: by reply, by push; later, once, in order, and never in the way of each other."""

import pytest

from storage import outbox
from storage.outbox import ReplyTo
from tests.support.ledger import Ledger
from tests.support.post import PUSH, REPLY, calls, numbers_seen, sent, tell_apart, ways
from tests.support.world import Phone, World, words_of


@pytest.fixture
def world(calm_world: World) -> World:
    return calm_world


@pytest.fixture
def phone(receiver: Phone) -> Phone:
    return receiver


# --- Reply, then push


def test_an_answer_leaves_by_reply_and_costs_nothing(world: World, phone: Phone):
    used = world.platform.consumption()
    phone.says("使い方")
    phone.sees("【使い方】")
    assert ways(phone) == ["reply"]
    assert world.platform.consumption() == used


def test_a_notice_leaves_by_push_with_a_retry_key(world: World, phone: Phone, ledger: Ledger):
    tell_apart(world, phone, "N-1")
    world.settle()
    assert ways(phone) == ["push"]
    (request,) = calls(world, PUSH, phone)
    assert request.retry_key == ledger.outbox(phone.user_id)[-1].retry_key


def test_an_answer_whose_token_is_too_old_is_pushed(world: World, phone: Phone):
    world.auto = False
    phone.says("使い方")
    world.auto = True
    world.clock.forward(seconds=70)
    before = len(calls(world, REPLY, phone))
    world.settle()
    assert ways(phone) == ["push"]
    assert len(calls(world, REPLY, phone)) == before


def test_an_answer_whose_token_was_used_is_pushed(world: World, phone: Phone):
    world.auto = False
    event = phone.says("使い方")
    world.auto = True
    world.platform.tokens[event["replyToken"]].used = True
    world.settle()
    phone.sees("【使い方】")
    assert ways(phone) == ["push"]


@pytest.mark.parametrize("status", [429, 500, 502, 401])
def test_an_answer_that_is_refused_for_now_comes_later(world: World, phone: Phone, status: int):
    world.platform.add_fault(REPLY, status=status)
    phone.says("使い方")
    assert not phone.answers
    world.clock.forward(seconds=61)
    world.settle()
    assert [words_of(entry.message)[:5] for entry in world.platform.received(phone.user_id)][-1] == "【使い方】"


def test_an_answer_lost_on_its_way_out_is_pushed_and_seen_once(world: World, phone: Phone):
    world.platform.add_fault(REPLY, drop="before")
    phone.says("使い方")
    assert ways(phone) == ["push"]


def test_an_answer_of_unknown_outcome_goes_again_by_push(world: World, phone: Phone, ledger: Ledger):
    world.platform.add_fault(REPLY, drop="after")
    phone.says("使い方")
    assert ways(phone) == ["reply", "push"]
    assert sent(ledger, phone)


# --- Push again


def test_a_push_of_unknown_outcome_is_repeated_with_the_same_key_and_body(world: World, phone: Phone, ledger: Ledger):
    world.platform.add_fault(PUSH, drop="after", times=2)
    tell_apart(world, phone, "N-1")
    for _ in range(3):
        world.settle()
        world.clock.forward(seconds=5)
    requests = calls(world, PUSH, phone)
    assert [request.status for request in requests][-1] == 409
    assert len(requests) == 3
    assert len({request.retry_key for request in requests}) == 1
    assert all(request.body == requests[0].body for request in requests)
    assert numbers_seen(phone) == ["N-1"]
    assert sent(ledger, phone)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_push_refused_for_now_is_tried_again_more_and_more_slowly(world: World, phone: Phone, status: int):
    world.platform.add_fault(PUSH, status=status, times=4)
    tell_apart(world, phone, "N-1")
    world.settle()
    tries = [len(calls(world, PUSH, phone))]
    for _ in range(16):
        world.clock.forward(seconds=1)
        world.settle()
        tries.append(len(calls(world, PUSH, phone)))
    assert tries[0] == 1
    assert [tries.index(number) for number in range(1, 6)] == pytest.approx([0, 1, 3, 7, 15], abs=1)
    assert numbers_seen(phone) == ["N-1"]


def test_a_refused_message_is_dead_and_does_not_block_those_behind_it(world: World, phone: Phone, ledger: Ledger):
    with world.service.database.unit() as uow:
        reply = ReplyTo("turn", None, 0)
        outbox.answer(uow, phone.user_id, [{"type": "hologram"}], reply, world.clock())
    tell_apart(world, phone, "N-1")
    world.settle()
    assert numbers_seen(phone) == ["N-1"]
    with world.service.database.read() as uow:
        assert outbox.troubles(uow) == {"held": 0, "dead": 1}
    assert [row.state for row in ledger.outbox(phone.user_id)][-2:] == ["dead", "sent"]
    assert len(calls(world, PUSH, phone)) == 2


def test_a_refused_part_of_a_reply_does_not_take_the_rest_with_it(world: World, phone: Phone, ledger: Ledger):
    with world.service.database.unit() as uow:
        reply = ReplyTo("turn", None, 0)
        outbox.answer(uow, phone.user_id, [{"type": "hologram"}], reply, world.clock())
    phone.says("使い方")
    phone.sees("【使い方】")
    assert [row.state for row in ledger.outbox(phone.user_id)][-2:] == ["dead", "sent"]


def test_a_notice_that_cannot_be_put_into_words_is_dead_and_blocks_nobody(world: World, phone: Phone, ledger: Ledger):
    tell_apart(world, phone, "N-1", "N-2")
    ledger.change("UPDATE outbox SET notice = '{\"kind\": \"Forgotten\"}' WHERE notice LIKE '%N-1%'")
    world.settle()
    assert numbers_seen(phone) == ["N-2"]
    assert [row.state for row in ledger.outbox(phone.user_id)][-2:] == ["dead", "sent"]


def test_one_persons_trouble_is_not_anothers(world: World, phone: Phone):
    other = world.phone("別の受取人")
    other.follows()
    other.seen = other._last()
    world.platform.add_fault(PUSH, status=500)
    tell_apart(world, phone, "N-1")
    tell_apart(world, other, "N-2")
    world.settle()
    assert (numbers_seen(phone), numbers_seen(other)) == ([], ["N-2"])


# --- Order


def test_notices_keep_their_order_when_the_first_has_to_wait(world: World, phone: Phone):
    world.platform.add_fault(PUSH, status=500, times=2)
    tell_apart(world, phone, "N-1", "N-2", "N-3")
    for _ in range(5):
        world.settle()
        world.clock.forward(seconds=3)
    assert numbers_seen(phone) == ["N-1", "N-2", "N-3"]


def test_a_later_notice_does_not_overtake_one_that_waits(world: World, phone: Phone):
    world.platform.add_fault(PUSH, status=500, times=2)
    tell_apart(world, phone, "N-1")
    world.settle()
    tell_apart(world, phone, "N-2")
    for _ in range(5):
        world.settle()
        world.clock.forward(seconds=3)
    assert numbers_seen(phone) == ["N-1", "N-2"]


def test_an_answer_does_not_overtake_a_notice_that_waits(world: World, phone: Phone):
    world.platform.add_fault(PUSH, status=500)
    tell_apart(world, phone, "N-1")
    world.settle()
    phone.says("使い方")
    shown = "\n".join(phone.answers)
    assert 0 <= shown.find("N-1") < shown.find("【使い方】")


def test_the_answer_waits_for_a_notice_whose_outcome_is_unknown_and_nothing_is_doubled(
    world: World, phone: Phone, ledger: Ledger
):
    world.platform.add_fault(PUSH, drop="after")
    tell_apart(world, phone, "N-1")
    world.settle()
    seen = phone.seen
    phone.says("使い方")
    phone.seen = seen
    assert numbers_seen(phone) == ["N-1"]
    phone.sees("【使い方】")
    assert sent(ledger, phone)


def test_earlier_notices_go_along_in_the_free_reply(world: World, phone: Phone):
    tell_apart(world, phone, "N-1", "N-2", "N-3")
    phone.says("使い方")
    shown = "\n".join(phone.answers)
    assert numbers_seen(phone) == ["N-1", "N-2", "N-3"]
    assert shown.find("N-3") < shown.find("【使い方】")
    assert set(ways(phone)) == {"reply"}


def test_more_than_five_messages_all_arrive_in_order(world: World, phone: Phone):
    wanted = [f"N-{number}" for number in range(1, 9)]
    tell_apart(world, phone, *wanted)
    phone.says("使い方")
    assert numbers_seen(phone) == wanted
    assert phone.answers[-1].startswith("【使い方】")
    assert ways(phone) == ["push"] * 4 + ["reply"] * 5


def test_an_answer_of_seven_messages_arrives_whole(world: World, phone: Phone, ledger: Ledger):
    with world.service.database.unit() as uow:
        event = world.platform.make_event(phone.user_id, "message")
        until = int(world.clock().timestamp() * 1000) + 50_000
        words = [{"type": "text", "text": f"N-{number}"} for number in range(1, 8)]
        outbox.answer(uow, phone.user_id, words, ReplyTo("turn", event["replyToken"], until), world.clock())
    world.settle()
    assert numbers_seen(phone) == [f"N-{number}" for number in range(1, 8)]
    assert ways(phone) == ["reply"] * 5 + ["push"] * 2
    assert sent(ledger, phone)


def test_dozens_of_notices_at_once_all_arrive_in_order(world: World, phone: Phone):
    wanted = [f"N-{number}" for number in range(1, 51)]
    tell_apart(world, phone, *wanted)
    world.settle()
    assert numbers_seen(phone) == wanted
