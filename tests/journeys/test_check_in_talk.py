"""チェックイン as a talk: today's visits, a location message, the photo of the place, taking it back, odd buttons."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from bot.postbacks import CardTap, encode
from models.rules.dispatch import Status
from models.rules.visit import End, Source
from models.tables.system import DoomedFile
from models.tables.visit import VisitPhoto
from models.views.visit import ActView, VisitView
from storage import visits
from tests.support import dispatches, photos
from tests.support.experts import commissioned, look_away
from tests.support.page import Page
from tests.support.requests import house_of, person_of
from tests.support.statements import counted
from tests.support.world import Phone, World


@dataclass
class Day:
    """An expert's day: visits by their hour, the clock where the test puts it."""

    world: World
    expert: Phone
    approver: Phone
    ids: dict[int, str] = field(default_factory=dict)

    def visit_at(self, hour: int, days: int = 0, **more: Any) -> str:
        inviter = person_of(self.world, self.approver)
        slot = dispatches.slot(self.world.clock(), days, hour, more.pop("minutes", 180))
        made = dispatches.request(
            house_of(self.world), min(inviter.actor.organisations), inviter, person_of(self.world, self.expert),
            status=more.pop("status", Status.CONFIRMED), times=(slot,), **more,
        )  # fmt: skip
        self.ids[hour] = made.id
        return made.id

    def is_at(self, hour: int, minute: int = 0) -> datetime:
        clock = self.world.clock
        clock.now = clock.now.replace(hour=(hour - 9) % 24, minute=minute, second=0, microsecond=0)
        return clock.now

    def sends_place(self, latitude: float = 35.6815, longitude: float = 139.7672) -> None:
        phone = self.expert
        phone._do(lambda: self.world.platform.send_location(phone.user_id, latitude, longitude, wait=True))

    def taps_raw(self, tap: CardTap) -> None:
        phone = self.expert
        phone._do(lambda: self.world.platform.tap_postback(phone.user_id, encode(tap), wait=True))

    def acts(self, hour: int) -> list[ActView]:
        with self.world.service.database.read() as uow:
            return list(visits.acts(uow, self.ids[hour]))

    def held(self, hour: int) -> bytes:
        """The photo's bytes as they lie in the store, unsealed; nothing is doomed any more."""
        service = self.world.service
        with service.database.read() as uow:
            key = uow.session.scalars(select(VisitPhoto.file_key).where(VisitPhoto.dispatch_id == self.ids[hour])).one()
            assert uow.session.get(DoomedFile, key) is None
        return service.database.vault.open(service.files.get(key, 10_000_000))

    def visit(self, hour: int) -> VisitView:
        with self.world.service.database.read() as uow:
            found = visits.view(uow, self.ids[hour], person_of(self.world, self.expert).id)
        assert found
        return found


@pytest.fixture
def day(world: World) -> Day:
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    look_away(world)
    return Day(world, expert, approver)


def test_the_menu_shows_todays_visit_with_the_way_to_the_page(day: Day):
    day.visit_at(13)
    day.is_at(12, 50)
    with time_machine.travel(day.world.clock.now):
        day.expert.taps("チェックイン")
        day.expert.sees("株式会社みほん製作所様", "チェックイン前", "13:00〜16:00")
        day.expert.sees("〔GPSでチェックイン〕", "〔現地の写真で〕", "〔地図を開く〕")
        page = Page(day.expert.link("GPSでチェックイン"))
    assert page.status == 200
    assert "チェックインする" in page.text


def test_without_a_visit_today_the_next_one_is_named(day: Day):
    day.expert.taps("チェックイン")
    day.expert.sees("本日、チェックインできる支援はありません")
    day.visit_at(13, days=3)
    day.expert.taps("チェックイン")
    day.expert.sees("次の支援は11月27日（金）13:00、株式会社みほん製作所様です")
    day.sends_place()
    day.expert.sees("位置情報はいまは使いません")


def test_a_location_message_at_the_time_is_recorded_at_once(day: Day):
    day.visit_at(13)
    at = day.is_at(12, 55)
    day.expert.taps("チェックイン")
    day.sends_place()
    day.expert.sees("チェックインしました", "12:55", "支援場所から30m", "LINEの位置情報", "GPSではなくLINEの位置情報")
    (act,) = day.acts(13)
    assert (act.source, act.distance, act.accuracy) == (Source.LOCATION, 30, None)
    assert act.at - at < timedelta(seconds=5)
    day.sends_place()
    day.expert.sees("チェックイン済みです", "12:55")
    assert len(day.acts(13)) == 1
    day.expert.taps("チェックイン")
    day.expert.sees("支援中", "〔チェックアウト〕", "〔チェックインを取り消す〕")


def test_the_turn_of_a_location_message_takes_few_statements(day: Day):
    """Nine o'clock, when thousands check in at once: from the claim to the answer that was sent."""
    day.visit_at(13)
    day.is_at(12, 55)
    day.world.auto = False
    day.sends_place()
    with counted(day.world.service.database) as run:
        day.world.service.worker.attend(day.expert.user_id)
    assert len(day.acts(13)) == 1
    day.expert.sees("チェックインしました")
    assert len(run) <= 25, "\n".join(run)


def test_a_location_far_from_the_time_or_with_two_visits_is_asked_about(day: Day):
    day.visit_at(13)
    day.is_at(10)
    day.sends_place()
    day.expert.sees("どの支援のチェックインですか？")
    assert day.acts(13) == []
    day.visit_at(17, business="株式会社つぎの商店", corporate_number="")
    day.is_at(12, 50)
    day.sends_place()
    day.expert.sees("どの支援のチェックインですか？")
    assert day.expert.labels[:2] == ["13:00 株式会社みほん製作所", "17:00 株式会社つぎの商店"]
    day.expert.taps("13:00 株式会社みほん製作所")
    day.expert.sees("チェックインしました", "12:50")
    day.is_at(16, 50)
    day.sends_place()
    day.expert.taps("17:00 株式会社つぎの商店")
    day.expert.sees(
        "チェックインしました",
        "株式会社みほん製作所様（11月24日（火）13:00）の支援が、まだチェックアウトされていません",
    )
    assert [act.end for act in day.acts(17)] == [End.IN]
    day.expert.taps("チェックイン")
    day.expert.sees("支援中", "株式会社つぎの商店様")


def test_a_location_sets_another_form_aside(day: Day):
    day.visit_at(13)
    day.is_at(13)
    day.expert.taps("チェックイン")
    day.expert.taps("現地の写真で")
    day.expert.sees("現地の写真を1枚送ってください")
    day.sends_place()
    day.expert.sees("チェックインしました", "途中の「写真でチェックイン」は保存してあります")


def test_the_photo_counts_from_when_it_was_sent_and_is_kept_sealed(day: Day):
    day.visit_at(13)
    day.is_at(13, 1)
    day.expert.taps("チェックイン")
    day.expert.taps("現地の写真で")
    day.expert.sends(photos.jpeg(800, 600, text="entrance"))
    day.expert.sees("現地の写真を受け取りました", "支援場所だとわかりますか？")
    day.is_at(13, 9)
    day.expert.taps("このまま使う")
    day.expert.sees("位置情報で記録できない理由")
    day.expert.says("ビルの地下で測れない")
    day.expert.sees("この内容でチェックインします", "ビルの地下で測れない", "1枚")
    day.expert.taps("この内容で送る")
    day.expert.sees("チェックインしました", "13:01", "現地の写真と理由", "位置情報の代わりに写真で記録されました")
    (act,) = day.acts(13)
    assert (act.source, act.point) == (Source.PHOTO, None)
    with day.world.service.database.read() as uow:
        (note,) = visits.notes(uow, day.ids[13])
    assert (note.kind, note.text, note.act_seq) == ("photo", "ビルの地下で測れない", act.seq)
    assert day.held(13).startswith(b"\xff\xd8")


def test_the_photo_of_an_expert_who_only_sends_it_is_offered(day: Day):
    day.visit_at(13)
    day.is_at(13)
    day.expert.sends(photos.jpeg(800, 600))
    day.expert.sees("写真でチェックインするときは")
    day.expert.taps("現地の写真で")
    day.expert.sends(b"%PDF-1.7 no photo")
    day.expert.sees("現地の写真を1枚")
    assert day.acts(13) == []


def test_an_unsent_photo_leaves_the_form_and_a_recorded_one_stays(day: Day):
    day.visit_at(13)
    day.is_at(13)
    day.expert.says("写真でチェックイン")
    (sent,) = day.expert.sends(photos.jpeg(800, 600, text="a"))
    day.expert.unsends(sent["message"]["id"])
    day.expert.sees("送信を取り消した写真は使いません", "現地の写真を1枚送ってください")
    (sent,) = day.expert.sends(photos.jpeg(800, 600, text="b"))
    day.expert.taps("このまま使う")
    day.expert.taps("屋内や地下で位置がずれる")
    day.expert.taps("この内容で送る")
    day.expert.sees("チェックインしました")
    day.expert.unsends(sent["message"]["id"])
    day.expert.sees("送信を取り消しても残ります")


def test_a_check_in_is_taken_back_within_ten_minutes_as_a_row_of_its_own(day: Day):
    day.visit_at(13)
    day.is_at(13)
    day.sends_place()
    day.expert.taps("チェックインを取り消す")
    day.expert.sees("チェックインを取り消しますか？")
    day.expert.taps("いいえ")
    day.expert.sees("取り消しませんでした")
    day.is_at(13, 9)
    day.expert.taps("チェックイン")
    day.expert.taps("チェックインを取り消す")
    day.expert.taps("はい")
    day.expert.sees("チェックインを取り消しました", "チェックイン前")
    assert [act.source for act in day.acts(13)] == [Source.LOCATION, Source.UNDONE]
    assert day.visit(13).came is None
    day.is_at(13, 20)
    day.sends_place()
    day.expert.sees("チェックインしました", "13:20")
    day.is_at(13, 31)
    day.expert.taps("チェックインを取り消す")
    day.expert.sees("10分が過ぎたため")
    day.expert.taps("チェックイン")
    day.expert.sees("支援中")
    day.expert.sees_not("〔チェックインを取り消す〕")


def test_across_midnight_yesterdays_visit_is_still_todays(day: Day):
    day.visit_at(22, minutes=240)
    day.world.clock.forward(hours=14, minutes=30)
    day.expert.taps("チェックイン")
    day.expert.sees("11月24日（火）22:00〜11月25日（水）02:00")
    day.sends_place()
    day.expert.sees("チェックインしました", "11月25日（水）00:30", "予定の時刻から離れた")


@pytest.mark.parametrize(
    ("act", "value"),
    [
        ("check_in_here", "nowhere"),
        ("check_in_here", "35.681500,139.767200,99999999999999"),
        ("check_in_here", "35.681500,139.767200,9999999999"),
        ("check_in_here", "99.000000,999.000000,1763690000"),
        ("check_in_photo", ""),
        ("undo_check_in", ""),
        ("undo_check_in_yes", ""),
    ],
)
def test_odd_and_foreign_buttons_change_nothing(day: Day, act: str, value: str):
    day.visit_at(13)
    day.is_at(13)
    for subject in (day.ids[13], "0" * 32, ""):
        day.taps_raw(CardTap(act, subject, 7, value))
        assert day.expert.answers, (act, subject)
        assert "思わぬ" not in "".join(day.expert.answers)
    assert day.acts(13) == []
    other = day.world.approver("ほかの 担当", "札幌商工会議所", "北海道")
    other._do(
        lambda: day.world.platform.tap_postback(
            other.user_id, encode(CardTap(act, day.ids[13], 1, "35.681500,139.767200,1795500000")), wait=True
        )
    )
    assert day.acts(13) == []


def test_whoever_is_no_expert_is_told_so(day: Day):
    day.approver.says("チェックイン")
    day.approver.sees_not("GPS")
    day.approver.says("写真でチェックイン")
    day.approver.sees_not("現地の写真を1枚")
