"""派遣状況, the lists behind it and 謝金 as talks."""

from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urlsplit

import time_machine
from werkzeug.test import Client

from bot.postbacks import CardTap, encode
from models.rules.dispatch import Status, Why
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import people
from tests.journeys.test_profile import active
from tests.support import dispatches
from tests.support.factories import House
from tests.support.own_pages import Pair
from tests.support.world import Phone, World


class Told(Pair):
    """The pair behind two phones of a world."""

    def __init__(self, world: World) -> None:
        self.phone, self.asker = active(world)
        self.world = world
        self.house = cast("House", _Rooms(world))
        self.expert, self.approver = self._person(self.phone), self._person(self.asker)
        (self.organisation,) = self.approver.actor.organisations

    def _person(self, phone: Phone) -> PersonView:
        with self.world.service.database.read() as uow:
            found = people.by_user_id(uow, phone.user_id)
        assert found
        return found


class _Rooms:
    """What the makers of dispatches ask a house for."""

    def __init__(self, world: World) -> None:
        self.database, self.clock = world.service.database, world.clock


def press(world: World, phone: Phone, tap: CardTap) -> None:
    phone._do(lambda: world.platform.tap_postback(phone.user_id, encode(tap), wait=True))


def many(told: Told, number: int, status: Status = Status.REQUESTED, **how: Any) -> list[DispatchView]:
    now = told.world.clock()
    slots = [dispatches.slot(now, 3 + at) for at in range(number)]
    return [told.asks(status, title=f"件名{at}", times=(slots[at],), **how) for at in range(number)]


def test_the_approver_sees_counts_then_cards_then_one(world: World):
    told = Told(world)
    told.asker.taps("派遣状況")
    told.asker.sees("まだ派遣を依頼していません", "「派遣を依頼」")
    many(told, 12)
    (proposed,) = many(told, 1, Status.COUNTER_PROPOSED)
    told.asks(Status.COMPLETED, title="済んだ話")
    told.asker.taps("派遣状況")
    told.asker.sees("進行中 13件", "未処理", "12件", "完了", "〔調整中 1件を見る〕", "〔一覧・検索を開く〕")
    told.asker.taps("調整中 1件を見る")
    told.asker.sees("件名0", "山田 太郎", proposed.number, "〔内容を見る〕")
    told.asker.taps("内容を見る")
    told.asker.sees("調整中", "専門家から別の日程の提案が届いています")
    told.asker.taps("派遣状況")
    told.asker.taps("未処理 12件")
    told.asker.sees("12件あります", "1〜10件目", "件名9")
    told.asker.sees_not("件名10")
    told.asker.taps("つぎの10件")
    told.asker.sees("11〜12件目", "件名10", "件名11")
    told.asker.sees_not("件名9")
    told.asker.taps("まえの10件")
    told.asker.sees("1〜10件目")


def test_the_expert_has_lists_of_the_own_side(world: World):
    told = Told(world)
    (asked,) = many(told, 1)
    told.asks(Status.NEEDS_COORDINATION, title="まだ聞いていない話", why=Why.EXCEPTION)
    press(world, told.phone, CardTap("dispatches", "", 0, "expert:requested:0"))
    told.phone.sees("件名0", "千代田商工会", asked.number)
    press(world, told.phone, CardTap("dispatches", "", 0, "expert:needs_coordination:0"))
    told.phone.sees("「要調整」の派遣は、いまはありません")
    told.phone.sees_not("まだ聞いていない話")


def test_old_foreign_and_forged_buttons_show_nothing(world: World):
    told = Told(world)
    (asked,) = many(told, 1)
    values = (
        "organisation:requested:7", "expert:requested:0", "organisation:nonsense:0", "secretariat:requested:0", "",
        "x" * 40,
    )  # fmt: skip
    shown = ("件名0", "いまはありません", "古くなった", "古くなった", "古くなった", "古くなった")
    for value, words in zip(values, shown, strict=True):
        press(world, told.asker, CardTap("dispatches", "", 0, value))
        told.asker.sees(words)
    stranger = world.phone("他人")
    stranger.follows()
    for tap in (CardTap("dispatch", asked.id), CardTap("dispatch", "f" * 32), CardTap("dispatches", "", 0, values[0])):
        press(world, stranger, tap)
        stranger.sees_not("件名0", asked.number)
    stranger.says("派遣状況")
    stranger.sees("支援機関の担当者の方が使えます")
    hidden = told.asks(Status.NEEDS_COORDINATION, title="まだ聞いていない話", why=Why.EXCEPTION)
    press(world, told.phone, CardTap("dispatch", hidden.id))
    told.phone.sees_not("まだ聞いていない話")


def test_the_fee_of_this_visit_this_month_and_this_year(world: World):
    told = Told(world)
    told.phone.taps("謝金")
    told.phone.sees("まだ謝金の記録はありません")
    for month, minutes in ((11, 160), (11, 60), (9, 400)):
        at = datetime(2026, month, 10 + minutes % 7, 4, 0, tzinfo=UTC)
        view = told.asks(Status.COMPLETED, times=((at, at),))
        told.visited(view, at, minutes, 10)
    told.phone.taps("謝金")
    told.phone.sees(
        "今月 15,840円", "直近の支援（2026年11月16日（月））", "2時間40分 − 対象外10分 = 2時間30分 → 13,200円",
        "今月（11月）2件", "11/16（月） 2時間30分 13,200円", "合計 15,840円", "今年度（2026年4月〜）3件",
        "9月 1件 31,680円", "合計 47,520円", "源泉徴収の前", "〔明細・CSVを開く〕",
    )  # fmt: skip
    told.asker.says("謝金")
    told.asker.sees_not("15,840")


def test_the_page_opens_from_the_talk(world: World):
    with time_machine.travel(world.clock.now):
        told = Told(world)
        many(told, 2, Status.CONFIRMED)
        told.asker.taps("派遣状況")
        page = Client(world.service.web()).get(urlsplit(told.asker.link("一覧・検索を開く")).path)
    assert page.status_code == 200
    assert "件名1" in page.text
