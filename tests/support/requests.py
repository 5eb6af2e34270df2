"""Asking for a dispatch on LINE in tests: an expert of the world, and the chat's questions answered."""

import re
from typing import cast

from sqlalchemy import update

from models.tables.person import Person
from models.views.people import PersonView
from storage import organisations, people
from tests.support import dispatches
from tests.support.factories import Clock, House
from tests.support.page import Page
from tests.support.world import Phone, World

EXPERT = "山田 太郎"
SLOT = {"datetime": "2026-12-01T13:00"}
DETAILS = {"contact_name": "田中 一郎", "contact_phone": "03-1234-5678", "wishes": "原価を下げたい。現場も見てほしい。"}
ADDRESS = "東京都千代田区丸の内1-9-1"


def house_of(world: World) -> House:
    """The world's services as test data is made with."""
    return House(world.service.services, cast("Clock", world.clock), [])


def person_of(world: World, phone: Phone) -> PersonView:
    """Who holds the phone."""
    with world.service.database.read() as uow:
        found = people.by_user_id(uow, phone.user_id)
    assert found
    return found


def expert_of(world: World, approver: Phone, **answers: str) -> PersonView:
    """Somebody of the approver's organisation who can be dispatched, with the phone `world.phones[EXPERT]`."""
    inviter = person_of(world, approver)
    made = dispatches.expert(house_of(world), min(inviter.actor.organisations), inviter, **answers)
    phone = world.phone(EXPERT)
    with world.service.database.unit() as uow:
        uow.session.execute(update(Person).where(Person.id == made.id).values(user_id=phone.user_id))
    phone.follows()
    with world.service.database.read() as uow:
        found = people.by_id(uow, made.id)
    assert found
    return found


def other_organisation(world: World, name: str = "札幌商工会議所") -> str:
    """One more organisation; its id."""
    with world.service.database.unit() as uow:
        return organisations.create(uow, name, "北海道", world.clock())


def answers_chat(approver: Phone, *, business: str = "株式会社みほん製作所", expert: str = "山田") -> None:
    """Every question of 派遣を依頼, by typing and tapping."""
    approver.taps("派遣を依頼")
    approver.says(business)
    approver.says(ADDRESS)
    approver.says("原価管理の見直し")
    approver.says("生産管理")
    approver.taps("事業者の所在地と同じ")
    approver.taps("3時間")
    approver.taps("日時を選ぶ", SLOT)
    approver.says("12/2 10:00〜12:00")
    approver.taps("スキップ")
    approver.says(expert)


def fills_page(approver: Phone, **more: str) -> Page:
    """What the chat did not ask, on the page that its card leads to; the page of the last look."""
    with approver.world.browsing():
        approver.taps("派遣を依頼")
        page = Page(approver.link("ページで入力する"))
        form = {**typed_in(page.text), **DETAILS, **more, "do": "check"}
        page.sends(form)
    return page


def typed_in(text: str) -> dict[str, str]:
    """What the page's form holds, as a plain submit would send it."""
    found = dict(re.findall(r'<input[^>]*name="([\w]+)"[^>]*? value="([^"]*)"', text))
    chosen = re.findall(r'<input type="radio" name="(\w+)" value="([^"]*)" checked', text)
    radios = set(re.findall(r'<input type="radio" name="(\w+)"', text))
    topic = re.findall(r'<option value="([^"]+)" selected', text)
    return {key: value for key, value in found.items() if key not in radios} | dict(chosen) | {"topic": topic[0]}
