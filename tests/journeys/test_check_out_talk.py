"""チェックアウト as a talk: minutes, signature or later, the receipt, times declared afterwards, and odd buttons."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import time_machine

from bot.emulator import mailbox
from handlers.usecases.visit.record import record
from models.rules.dispatch import Status
from models.rules.visit import End, Evidence, Grade, Reason, Source
from models.views.visit import VisitView
from storage import dispatch, visits
from tests.support import dispatches
from tests.support.experts import commissioned, look_away
from tests.support.page import Page
from tests.support.requests import house_of, person_of
from tests.support.world import Phone, World


@dataclass
class Case:
    """A visit of today, 13:00–16:00, and its expert's phone."""

    world: World
    expert: Phone
    approver: Phone
    id: str
    starts: datetime

    def goes_to(self, minutes: int) -> datetime:
        self.world.clock.now = self.starts + timedelta(minutes=minutes)
        return self.world.clock.now

    def comes(self, minutes: int = 0) -> None:
        at = self.goes_to(minutes)
        expert = person_of(self.world, self.expert)
        with self.world.service.database.unit() as uow:
            record(uow, expert.actor, self.id, End.IN, Source.GPS, at, point=dispatches.OFFICE, accuracy=12)

    @property
    def visit(self) -> VisitView | None:
        with self.world.service.database.read() as uow:
            return visits.view(uow, self.id, person_of(self.world, self.expert).id)

    @property
    def status(self) -> Status:
        with self.world.service.database.read() as uow:
            found = dispatch.view(uow, self.id)
        assert found
        return found.status

    def sends_place(self, latitude: float = 35.6813, longitude: float = 139.7672) -> None:
        phone = self.expert
        phone._do(lambda: self.world.platform.send_location(phone.user_id, latitude, longitude, wait=True))

    def mails(self) -> str:
        found = mailbox.letters(self.world.platform.mail_dir)
        return "\n".join(letter.text for letter in found if "tanaka@example.jp" in letter.to)


def case(world: World, status: Status = Status.CONFIRMED, days: int = 0) -> Case:
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    inviter = person_of(world, approver)
    slot = dispatches.slot(world.clock(), days)
    made = dispatches.request(
        house_of(world),
        min(inviter.actor.organisations),
        inviter,
        person_of(world, expert),
        status=status,
        times=(slot,),
    )
    look_away(world)
    return Case(world, expert, approver, made.id, slot[0])


def test_minutes_then_signature_or_later_with_the_fee_so_far(world: World):
    at = case(world)
    at.comes()
    at.goes_to(202)
    at.expert.taps("チェックアウト")
    at.expert.sees("対象外時間")
    assert at.expert.labels[:5] == ["なし", "15分", "30分", "60分", "ほか"]
    at.expert.taps("ほか")
    with time_machine.travel(world.clock.now):
        at.expert.says("10")
    at.expert.sees(
        "株式会社みほん製作所様",
        "10分",
        "3時間22分 − 対象外10分 = 3時間12分",
        "15,840円",
        "あと18分",
        "署名画面を開く",
        "あとで確認してもらう",
    )
    assert at.visit
    assert (at.visit.non_payable, at.visit.went) == (10, None)
    page = Page(at.expert.link("署名画面を開く"))
    assert "株式会社みほん製作所様" in page.text
    assert "署名してチェックアウト" in page.text
    assert 'value="10"' in page.text


def test_confirmed_later_by_a_location_message(world: World):
    at = case(world)
    at.comes()
    at.goes_to(180)
    at.expert.taps("チェックアウト")
    at.expert.taps("なし")
    at.expert.taps("あとで確認してもらう")
    at.expert.sees("GPSで記録", "位置情報で記録")
    assert "later=1" in at.expert.link("GPSで記録")
    at.expert.taps("位置情報で記録")
    at.expert.says("ここです")
    at.expert.sees("位置情報を受け取れませんでした")
    at.sends_place()
    at.expert.sees("チェックアウトしました 16:00", "13:00〜16:00", "3時間 → 15,840円", "LINEの位置情報")
    at.expert.sees(
        "事業者の確認（署名）がまだありません", "確認のメールを送りました", "確認用のQRを表示", "12/1（火）まで"
    )
    assert at.visit
    assert (at.visit.grade, at.visit.yen, at.status) == (Grade.B, 15_840, Status.REPORT_DUE)
    assert "/p/certify/" in at.mails()
    at.expert.taps("チェックアウト")
    at.expert.sees("チェックアウトする支援はありません")


def test_old_buttons_show_what_there_is(world: World):
    at = case(world)
    at.comes()
    at.goes_to(180)
    at.expert.taps("チェックアウト")
    at.expert.taps("なし")
    at.expert.taps("あとで確認してもらう")
    at.expert.taps("位置情報で記録")
    at.sends_place()
    at.expert.taps("あとで確認してもらう")
    at.expert.sees("チェックアウトしました 16:00", "15,840円")
    at.expert.taps("位置情報で記録")
    at.expert.sees("チェックアウトしました")
    assert at.visit
    assert at.visit.non_payable == 0


def test_a_forgotten_end_is_declared_with_a_reason(world: World):
    at = case(world)
    at.comes()
    at.goes_to(26 * 60)
    at.expert.taps("チェックアウト")
    at.expert.sees("チェックアウトがまだです", "終わった時刻を申告する")
    at.expert.taps("終わった時刻を申告する")
    at.expert.sees("実際に支援を行った時刻だけ", "支援の終了は何時でしたか")
    at.expert.says("12:59:00")
    at.expert.sees("時刻を読み取れませんでした")
    at.expert.says("11/26 16:00")
    at.expert.sees("これから先の時刻は申告できません")
    at.expert.says("16:05")
    at.expert.taps("15分")
    at.expert.taps("押し忘れた")
    at.expert.sees("この内容で申告します", "16:05", "15分", "押し忘れた")
    at.expert.taps("この内容で送る")
    at.expert.sees("申告を受け付けました", "3時間5分 − 対象外15分", "13,200円", "時刻があとから申告されました")
    assert at.visit
    assert (at.visit.grade, at.visit.evidence, at.visit.yen) == (Grade.C, Evidence.WAITING, 13_200)
    assert "/p/certify/" in at.mails()


def test_a_dead_phones_visit_is_declared_from_beginning_to_end(world: World):
    at = case(world, status=Status.REPORT_DUE)
    at.goes_to(300)
    at.expert.taps("チェックアウト")
    at.expert.sees("チェックインの記録がありません")
    at.expert.taps("時刻を申告する")
    at.expert.sees("支援の開始は何時でしたか")
    at.expert.taps("日時を選ぶ", {"datetime": "2026-11-24T13:10"})
    at.expert.says("午後4時半")
    at.expert.taps("なし")
    at.expert.says("電池が切れていました")
    at.expert.sees("13:10", "16:30")
    at.expert.taps("この内容で送る")
    at.expert.sees("申告を受け付けました", "3時間20分", "15,840円")
    assert at.visit
    assert Reason.DECLARED in at.visit.reasons
    assert at.status is Status.REPORT_DUE


def test_the_business_confirms_and_the_expert_hears_of_it(world: World):
    at = case(world)
    at.comes()
    at.goes_to(180)
    at.expert.taps("チェックアウト")
    at.expert.taps("なし")
    at.expert.taps("あとで確認してもらう")
    at.expert.taps("位置情報で記録")
    at.sends_place()
    link = re.findall(r"http\S+/p/certify/\S+", at.mails())[0]
    page = Page(link)
    assert "みほん製作所" not in page.text
    page._open(f"{link}/open", b"")
    assert "株式会社みほん製作所" in page.text
    assert at.visit
    page._open(f"{link}/confirm", f"name=tanaka&version={at.visit.version}".encode())
    assert "確認済みです" in page.text
    world.settle()
    at.expert.sees("みほん製作所")
    assert at.visit
    assert at.visit.reasons == (Reason.LOCATION,)


@pytest.mark.parametrize("word", ["チェックアウト"])
def test_there_is_nothing_to_leave(world: World, word: str):
    at = case(world, days=3)
    at.expert.taps(word)
    at.expert.sees("チェックアウトする支援はありません")
    at.approver.says(word)
    at.approver.sees_not("チェックアウトする支援はありません")
