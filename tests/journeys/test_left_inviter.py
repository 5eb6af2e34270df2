"""An approver who was taken from the organisation hears nothing more of its experts; the colleagues do."""

import pytest

from handlers.usecases import organisation as usecase
from storage import people
from tests.support.experts import accept, at, clerk, commissioned, job, lettered, look_away, steer
from tests.support.world import Phone, World


def removed(world: World, phone: Phone) -> None:
    with world.service.database.unit() as uow:
        person = people.by_user_id(uow, phone.user_id)
        assert person
        (place,) = person.actor.organisations
        usecase.remove_approver(uow, clerk(uow), place, person.id, world.clock())
    world.settle()
    look_away(world)


@pytest.fixture
def pair(world: World) -> tuple[Phone, Phone]:
    return world.approver("佐藤 恵"), world.approver("田中 実")


def test_who_was_removed_does_not_hear_that_an_expert_is_suspended(world: World, pair: tuple[Phone, Phone]):
    inviter, colleague = pair
    expert = commissioned(world, inviter=inviter)
    removed(world, inviter)
    steer(world, expert, "suspend", "確認のため")
    inviter.sees_not("山田 太郎")
    colleague.sees("山田 太郎さん", "委嘱が停止されました")


def test_who_was_removed_does_not_hear_of_an_acceptance(world: World, pair: tuple[Phone, Phone]):
    inviter, colleague = pair
    expert, _ = lettered(world, inviter=inviter)
    removed(world, inviter)
    accept(expert)
    inviter.sees_not("山田 太郎")
    colleague.sees("山田 太郎さん", "就任を承諾し")


def test_who_was_removed_does_not_hear_whose_year_is_over(world: World, pair: tuple[Phone, Phone]):
    inviter, colleague = pair
    commissioned(world, inviter=inviter)
    removed(world, inviter)
    at(world, "2027-04-02")
    job(world)
    inviter.sees_not("山田 太郎")
    colleague.sees("山田 太郎")


def test_while_the_inviter_is_there_the_colleagues_are_left_in_peace(world: World, pair: tuple[Phone, Phone]):
    inviter, colleague = pair
    expert = commissioned(world, inviter=inviter)
    look_away(world)
    steer(world, expert, "suspend", "確認のため")
    inviter.sees("山田 太郎さん")
    colleague.sees_not("山田 太郎")
