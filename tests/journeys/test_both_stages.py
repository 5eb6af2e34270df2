"""One human, two hats: an approver who also works for the secretariat never decides both stages."""

import pytest

from handlers.usecases import staff as usecase
from handlers.usecases.registration import decide
from models.rules.errors import NotAllowed
from models.rules.registration import State
from storage import registration, staff
from tests.support.talks import registered, staff_user
from tests.support.world import Phone, World


def line_code(world: World, user: str) -> str:
    with world.service.database.read() as uow:
        return usecase.line_code(uow, user, world.clock())


def approved_by(approver: Phone) -> None:
    approver.taps("内容を見る")
    approver.taps("承認する")
    approver.taps("承認する")


def test_a_linked_clerk_cannot_give_the_second_approval_to_what_they_approved(world: World):
    approver = world.approver("佐藤 恵")
    user = staff_user(world)
    approver.says(f"事務局コード {line_code(world, user)}")
    approver.sees("事務局 花子さんの事務局ページと、このLINEを結びつけました")
    registered(world, approver, "山田 太郎")
    approved_by(approver)
    with world.service.database.unit() as uow:
        clerk = staff.by_id(uow, user)
        assert clerk
        (row,) = registration.queue(uow, clerk.actor, (State.SECRETARIAT_REVIEW,))
        with pytest.raises(NotAllowed) as refused:
            decide.approve(uow, clerk.actor, row.id, row.version, world.clock())
    assert refused.value.code == "approval.both_stages"


def test_a_wrong_or_old_code_links_nobody_and_guesses_are_slowed_down(world: World):
    approver = world.approver("佐藤 恵")
    user = staff_user(world)
    old = line_code(world, user)
    world.clock.forward(minutes=30)
    approver.says(f"事務局コード {old}")
    approver.sees("見つかりませんでした")
    for _ in range(5):
        approver.says("事務局コード AAAA-BBBB")
    approver.says(f"事務局コード {line_code(world, user)}")
    approver.sees("15分ほど")
    world.clock.forward(minutes=16)
    approver.says(f"事務局コード {line_code(world, user)}")
    approver.sees("結びつけました")


def test_one_line_account_is_one_member_of_staff(world: World):
    approver = world.approver("佐藤 恵")
    first, second = staff_user(world, "a@example.jp"), staff_user(world, "b@example.jp")
    approver.says(f"事務局コード {line_code(world, first)}")
    approver.says(f"事務局コード {line_code(world, second)}")
    approver.sees("別の事務局の方と結びついています")


def test_the_line_account_of_somebody_who_left_stays_theirs(world: World):
    """Their approvals still count against the second stage; a manager may let them back in."""
    approver = world.approver("佐藤 恵")
    first, second = staff_user(world, "a@example.jp"), staff_user(world, "b@example.jp")
    approver.says(f"事務局コード {line_code(world, first)}")
    with world.service.database.unit() as uow:
        row = staff.row(uow, first)
        assert row
        row.ended_at = world.clock()
    approver.says(f"事務局コード {line_code(world, second)}")
    approver.sees("すでに別の事務局の方と結びついています")
