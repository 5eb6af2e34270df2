"""How messages leave: by reply, by push, by mail; later, once, in order, and never in the way of each other."""

from collections.abc import Iterator
from typing import Any

import pytest

from models.notices import ApplicationApproved, InvitationUsed
from storage import outbox, people
from storage.outbox import MAIL, ReplyTo
from tests.support.databases import fresh
from tests.support.ledger import Ledger
from tests.support.smtp import postbox
from tests.support.world import Phone, World, open_world, words_of

PUSH, REPLY = "/v2/bot/message/push", "/v2/bot/message/reply"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("delivery")
    with open_world(folder, fresh("sqlite", folder)) as world:
        yield world


@pytest.fixture
def world(shared: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The shared world at ten in the morning of another day, without faults or limits."""
    shared.clock.now = shared.clock.now.replace(hour=1, minute=0)
    shared.clock.forward(days=1)
    yield shared
    shared.platform.faults.clear()
    shared.platform.monthly_quota = None
    Ledger(shared.service.database).change("UPDATE outbox SET state = 'sent' WHERE state <> 'sent'")


@pytest.fixture
def phone(world: World) -> Phone:
    found = world.phone(f"受取人{len(world.phones)}")
    found.follows()
    found.seen = found._last()
    return found


@pytest.fixture
def ledger(world: World) -> Ledger:
    return Ledger(world.service.database)


def tell(world: World, phone: Phone, *names: str) -> None:
    """A notice for each name, written but not sent yet."""
    with world.service.database.unit() as uow:
        for name in names:
            outbox.tell(uow, phone.user_id, InvitationUsed(name), world.clock())


def tell_apart(world: World, phone: Phone, *numbers: str) -> None:
    """Notices that can be told from each other on the phone."""
    with world.service.database.unit() as uow:
        for number in numbers:
            outbox.tell(uow, phone.user_id, ApplicationApproved(number, "organisation", "商工会"), world.clock())


def numbers_seen(phone: Phone) -> list[str]:
    import re

    return re.findall(r"N-\d+", "\n".join(phone.answers))


def calls(world: World, path: str, phone: Phone) -> list[Any]:
    """The requests to a path that name this person (pushes) or answered them (replies)."""
    return [
        request
        for request in world.platform.requests
        if request.path == path and (path != PUSH or (request.body or {}).get("to") == phone.user_id)
    ]


def ways(phone: Phone) -> list[str | None]:
    entries = phone.world.platform.messages(phone.user_id, phone.seen)
    return [entry.via for entry in entries if entry.sender == "bot"]


def sent(ledger: Ledger, phone: Phone) -> bool:
    return {row.state for row in ledger.outbox(phone.user_id)} == {"sent"}


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


# --- The month's quota


def test_when_the_quota_is_used_up_notices_wait_for_the_next_free_reply(world: World, phone: Phone, ledger: Ledger):
    world.platform.monthly_quota = world.platform.consumption() + 1
    tell_apart(world, phone, "N-1", "N-2", "N-3")
    world.settle()
    assert numbers_seen(phone) == ["N-1"]
    with world.service.database.read() as uow:
        assert outbox.troubles(uow) == {"held": 2, "dead": 0}
        assert [trouble.dead for trouble in outbox.troubled(uow)] == [False, False]
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


def _mail(world: World, address: str, number: str) -> None:
    with world.service.database.unit() as uow:
        notice = ApplicationApproved(number, "organisation", "商工会")
        outbox.tell(uow, address, notice, world.clock(), channel=MAIL)
