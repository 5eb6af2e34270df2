"""The answers to a dispatch as talks: times taken or proposed, 辞退, 取り下げ, キャンセル, who was faster, 遅れます."""

from dataclasses import dataclass
from datetime import timedelta

from bot.emulator import mailbox
from models.rules.dispatch import Status
from models.views.dispatch import DispatchView
from storage import dispatch
from tests.support import dispatches
from tests.support.experts import at, commissioned, look_away, steer
from tests.support.ledger import Ledger
from tests.support.requests import house_of, person_of
from tests.support.world import Phone, World


@dataclass
class Case:
    """A dispatch between two phones."""

    world: World
    expert: Phone
    approver: Phone
    id: str

    @property
    def now(self) -> DispatchView:
        with self.world.service.database.read() as uow:
            found = dispatch.view(uow, self.id, private=True)
        assert found
        return found

    def mails(self, to: str = "tanaka@example.jp") -> str:
        found = mailbox.letters(self.world.platform.mail_dir)
        texts = (f"{letter.subject}\n{letter.text}" for letter in found if to in letter.to)
        return "\n".join(texts).replace("\r\n", "\n")


def case(world: World, status: Status = Status.REQUESTED, days: int = 7) -> Case:
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    house, inviter = house_of(world), person_of(world, approver)
    times = tuple(dispatches.slot(world.clock(), days + more) for more in range(3))
    made = dispatches.request(
        house, min(inviter.actor.organisations), inviter, person_of(world, expert), status=status, times=times
    )
    look_away(world)
    return Case(world, expert, approver, made.id)


def test_a_wished_time_is_taken_with_one_confirmation(world: World):
    at_hand = case(world)
    expert = at_hand.expert
    expert.taps("派遣依頼")
    expert.sees(
        "日程の決まった派遣はありません",
        "原価管理の見直し",
        "未処理",
        "株式会社みほん製作所",
        "千代田商工会",
        "12月1日（火）13:00〜16:00",
        "東京都千代田区丸の内",
        "原価を下げたい",
        "佐藤 恵さんが同行",
        "D-2026-000001",
    )
    expert.taps("12/2（水）13:00〜16:00 で確定")
    expert.sees("12月2日（水）13:00〜16:00 に確定しますか")
    assert at_hand.now.status is Status.REQUESTED
    expert.taps("日程を確定する")
    expert.sees("日程を確定しました", "12月2日（水）", "決定", "D-2026-000001")
    assert at_hand.now.status is Status.CONFIRMED
    at_hand.approver.sees("山田 太郎さんが日程を確定しました", "12月2日（水）13:00〜16:00")
    expert.taps("派遣依頼")
    expert.sees("次の派遣（決定）", "佐藤 恵さんが同行します")
    assert {"地図を開く", "担当者に電話する", "カレンダーに入れる", "キャンセルする"} <= set(expert.labels)
    assert expert.link("担当者に電話する") == "tel:03-1234-5678"


def test_everybody_is_told_of_a_fixed_date_the_business_by_mail(world: World):
    at_hand = case(world)
    at_hand.expert.taps("派遣依頼")
    at_hand.expert.taps("12/1（火）13:00〜16:00 で確定")
    at_hand.expert.taps("日程を確定する")
    letter = at_hand.mails()
    assert "【中小企業119】専門家派遣 D-2026-000001 日程の決定" in letter
    for part in (
        "株式会社みほん製作所\n田中 一郎 様",
        "番号：D-2026-000001",
        "受付日時：2026年11月24日（火）",
        "企業名：",
        "支援機関：千代田商工会",
        "タイトル：原価管理の見直し",
        "日時：2026年12月1日（火）13:00〜16:00",
        "専門家：山田 太郎",
        "自動送信",
    ):
        assert part in letter


def test_a_second_tap_and_a_tap_on_another_time_say_what_was_done(world: World):
    at_hand = case(world)
    expert = at_hand.expert
    expert.taps("派遣依頼")
    expert.taps("12/1（火）13:00〜16:00 で確定")
    expert.taps("日程を確定する")
    expert.taps("12/2（水）13:00〜16:00 で確定")
    expert.sees("その操作は 11月24日（火）", "に受け付けています", "決定", "〔キャンセルする〕")
    assert at_hand.now.starts == dispatches.slot(world.clock(), 7)[0]


def test_other_times_are_proposed_and_one_is_taken_by_the_organisation(world: World):
    at_hand = case(world)
    expert, approver = at_hand.expert, at_hand.approver
    expert.taps("派遣依頼")
    expert.taps("別の日程を提案する")
    expert.sees("候補日時1")
    expert.taps("日時を選ぶ", {"datetime": "2026-12-07T10:00"})
    expert.sees("候補日時2", "なければ「スキップ」")
    expert.says("12/8 9:00〜11:30")
    expert.says("12月8日 9時から11時半")
    expert.sees("すでに候補に入っています")
    expert.taps("スキップ")
    expert.says("午前中でしたら調整できます")
    expert.sees("この内容で提案します", "12月7日（月）10:00〜13:00", "12月8日（火）9:00〜11:30", "午前中でしたら")
    expert.taps("この内容で送る")
    expert.sees("別の日程を提案しました（D-2026-000001）", "千代田商工会の回答をお待ちください", "調整中")
    approver.sees(
        "【要対応】山田 太郎さんから別の日程の提案が届きました",
        "12月7日（月）10:00〜13:00",
        "「午前中でしたら調整できます」",
        "〔どれも合わない〕",
    )
    look_away(world)
    approver.taps("承認待ち")
    approver.sees("調整中", "提案日時1", "12月8日（火）09:00〜11:30")
    approver.sees_not("いま承認を待っている申請はありません")
    approver.taps("12/8（火）09:00〜11:30 で確定")
    approver.sees("12月8日（火）09:00〜11:30 に確定しますか")
    approver.taps("日程を確定する")
    approver.sees("日程を確定しました", "決定")
    expert.sees("千代田商工会が提案の日程を受け、派遣が決まりました", "12月8日（火）09:00〜11:30")
    assert "12月8日" in at_hand.mails()
    assert at_hand.now.status is Status.CONFIRMED


def test_no_proposal_fits_and_the_secretariat_has_it(world: World):
    at_hand = case(world)
    expert, approver = at_hand.expert, at_hand.approver
    expert.taps("派遣依頼")
    expert.taps("別の日程を提案する")
    expert.says("12/7 10:00〜12:00")
    expert.taps("スキップ")
    expert.taps("スキップ")
    expert.taps("この内容で送る")
    approver.taps("どれも合わない")
    approver.says("12月は午後だけです")
    approver.taps("この内容で送る")
    approver.sees("事務局に日程の調整を頼みました", "要調整")
    expert.sees("提案いただいた日程は、千代田商工会の都合が合いませんでした", "「12月は午後だけです」")
    assert at_hand.now.status is Status.NEEDS_COORDINATION
    approver.taps("取り下げる")
    approver.taps("課題が解決した")
    approver.says("自社で直りました")
    approver.taps("この内容で送る")
    approver.sees("派遣依頼を取り下げました", "もう一度依頼する")
    expert.sees("千代田商工会が派遣依頼を取り下げました", "自社で直りました")


def test_a_proposal_that_cannot_be_leads_back_to_the_last_look_with_everything_typed(world: World):
    at_hand = case(world)
    expert = at_hand.expert
    expert.taps("派遣依頼")
    expert.taps("別の日程を提案する")
    expert.says("2027/3/8 10:00〜12:00")
    expert.taps("スキップ")
    expert.says("三月なら")
    expert.taps("この内容で送る")
    expert.sees("今年度の派遣の最終日", "「直す」から選べます", "この内容で提案します", "三月なら")
    assert at_hand.now.status is Status.REQUESTED
    expert.taps("直す")
    expert.taps("候補日時1")
    expert.says("2027/2/8 10:00〜12:00")
    expert.taps("この内容で送る")
    expert.sees("別の日程を提案しました")
    assert len(at_hand.now.proposed) == 1


def test_declining_tells_the_reason_to_the_secretariat_alone(world: World):
    at_hand = case(world)
    expert, approver = at_hand.expert, at_hand.approver
    expert.taps("派遣依頼")
    expert.taps("辞退する")
    expert.sees("辞退の区分")
    expert.says("なんとなく")
    expert.sees("次の中から選んでください")
    expert.taps("場所が遠い")
    expert.sees("依頼した支援機関や事業者には見えません")
    expert.says("介護で夜は帰る必要があるため")
    expert.says("またの機会にお願いします")
    expert.sees("この内容で辞退します", "場所が遠い")
    assert at_hand.now.status is Status.REQUESTED
    expert.taps("この内容で送る")
    expert.sees("派遣依頼を辞退しました", "千代田商工会と事務局に伝えました")
    approver.sees(
        "山田 太郎さんが派遣依頼を辞退しました", "場所が遠い", "またの機会にお願いします", "〔もう一度依頼する〕"
    )
    assert "介護" not in approver.history() + at_hand.mails("")
    assert at_hand.now.words[-1].private == "介護で夜は帰る必要があるため"
    kept = Ledger(world.service.database).rows("SELECT action, from_state, to_state, detail FROM audit")
    assert ("dispatch.decline", "requested", "declined", "distance") in [tuple(row) for row in kept]
    assert not [row for row in kept if "介護" in str(row)]


def test_whoever_comes_too_late_is_told_who_was_faster_and_sees_how_it_stands(world: World):
    at_hand = case(world)
    expert, approver = at_hand.expert, at_hand.approver
    expert.taps("派遣依頼")
    expert.taps("12/1（火）13:00〜16:00 で確定")
    approver.taps("派遣状況")
    approver.taps("未処理 1件を見る")
    approver.taps("内容を見る")
    approver.taps("取り下げる")
    approver.taps("日程の都合")
    approver.says("日程が変わりました")
    approver.taps("この内容で送る")
    approver.sees("派遣依頼を取り下げました")
    expert.sees("千代田商工会が派遣依頼を取り下げました（D-2026-000001", "回答は不要です")
    expert.taps("12/1（火）13:00〜16:00 で確定")
    expert.sees("その操作は 11月24日（火）", "に 佐藤 恵さん（千代田商工会）が済ませています", "キャンセル")
    assert at_hand.now.status is Status.CANCELLED


def test_a_form_in_the_middle_is_closed_when_its_dispatch_has_moved_and_no_other_is(world: World):
    at_hand = case(world)
    expert = at_hand.expert
    expert.taps("派遣依頼")
    expert.taps("辞退する")
    expert.taps("場所が遠い")
    with world.service.database.unit() as uow:
        row = dispatch.lock(uow, at_hand.id)
        assert row
        dispatch.set_status(uow, row, Status.NEEDS_COORDINATION, world.clock())
    expert.taps("スキップ")
    expert.taps("スキップ")
    expert.taps("この内容で送る")
    expert.sees("表示したあとに内容が変わりました", "要調整")
    expert.says("こんにちは")
    expert.sees_not("辞退")


def test_a_fixed_visit_is_cancelled_up_to_its_day(world: World):
    at_hand = case(world, Status.CONFIRMED)
    expert, approver = at_hand.expert, at_hand.approver
    at(world, "2026-12-01", 12)
    expert.taps("派遣依頼")
    expert.sees("本日の派遣です")
    expert.taps("キャンセルする")
    expert.taps("体調不良・忌引など")
    expert.says("発熱のため")
    expert.sees("この内容でキャンセルします（取り消せません）")
    expert.taps("この内容で送る")
    expert.sees("派遣をキャンセルしました", "キャンセル")
    for told in (approver.answers[-1], at_hand.mails()):
        for part in ("体調不良・忌引など", "発熱のため", "D-2026-000001", "みほん製作所", "12月1日（火）13:00〜16:00"):
            assert part in told
    assert "連絡したのは山田 太郎さん（専門家）です" in approver.answers[-1]
    assert at_hand.now.status is Status.CANCELLED


def test_the_organisation_cancels_and_the_expert_is_told(world: World):
    at_hand = case(world, Status.CONFIRMED)
    expert, approver = at_hand.expert, at_hand.approver
    approver.taps("派遣状況")
    approver.taps("決定 1件を見る")
    approver.taps("内容を見る")
    approver.taps("キャンセルする")
    approver.taps("事業者の都合")
    approver.says("担当者が不在になりました")
    approver.taps("この内容で送る")
    expert.sees(
        "派遣がキャンセルされました", "連絡したのは千代田商工会です", "事業者の都合", "担当者が不在になりました"
    )


def test_after_its_day_a_visit_cannot_be_cancelled(world: World):
    at_hand = case(world, Status.CONFIRMED)
    expert = at_hand.expert
    expert.taps("派遣依頼")
    expert.taps("キャンセルする")
    expert.taps("日程の都合")
    expert.says("忘れていました")
    at(world, "2026-12-02")
    expert.taps("この内容で送る")
    expert.sees("予定日を過ぎているため、キャンセルできません")
    assert at_hand.now.status is Status.CONFIRMED


def test_being_late_is_one_tap_and_how_long_can_follow(world: World):
    at_hand = case(world, Status.CONFIRMED)
    expert, approver = at_hand.expert, at_hand.approver
    expert.taps("派遣依頼")
    assert "遅れます" not in expert.labels
    at(world, "2026-12-01", 6)
    expert.taps("派遣依頼")
    look_away(world)
    expert.taps("遅れます")
    expert.sees("千代田商工会と株式会社みほん製作所へ、遅れることを伝えました", "どのくらい遅れそうか")
    approver.sees("山田 太郎さんが遅れるとの連絡がありました（何分遅れるかは、わかりしだい")
    assert "到着が遅れる" in at_hand.mails()
    expert.taps("遅れます")
    expert.sees("さきほど伝えたばかりです")
    expert.taps("30分")
    expert.sees("遅れることを伝えました（約30分）")
    approver.sees("遅れるとの連絡がありました（約30分）")
    assert at_hand.now.version == 2
    world.clock.forward(hours=24)
    expert.taps("遅れます")
    expert.sees("派遣の当日")


def test_the_calendar_file_is_one_tap_away_and_opens_in_the_phones_own_browser(world: World):
    at_hand = case(world, Status.CONFIRMED)
    at_hand.expert.taps("派遣依頼")
    at_hand.expert.taps("カレンダーに入れる")
    link = at_hand.expert.link("カレンダーに入れる")
    assert link.endswith(".ics?openExternalBrowser=1")


def test_whoever_is_no_expert_or_rests_has_no_requests(world: World):
    at_hand = case(world)
    steer(world, at_hand.expert, "suspend", "確認のため")
    at_hand.expert.taps("派遣依頼")
    at_hand.expert.sees("委嘱が停止されているため")
    stranger = world.phone("田中 実")
    stranger.follows()
    stranger.says("派遣依頼")
    stranger.sees_not("D-2026-000001")


def test_several_requests_wait_side_by_side_and_the_next_visit_comes_first(world: World):
    at_hand = case(world, Status.CONFIRMED)
    house, inviter, expert = house_of(world), person_of(world, at_hand.approver), person_of(world, at_hand.expert)
    organisation = min(inviter.actor.organisations)
    for more in range(7):
        dispatches.request(house, organisation, inviter, expert, title=f"依頼{more}")
    dispatches.request(
        house, organisation, inviter, expert, status=Status.CONFIRMED, title="明日の支援",
        times=(dispatches.slot(world.clock(), 1, 9, 60),),
    )  # fmt: skip
    at_hand.expert.taps("派遣依頼")
    shown = "\n".join(at_hand.expert.answers)
    assert "明日の支援" in at_hand.expert.answers[0]
    assert all(f"依頼{more}" in shown for more in range(5))
    at_hand.expert.sees("ほかに2件あります")
    world.clock.now = world.clock.now + timedelta(days=1, hours=1)
    at_hand.expert.taps("派遣依頼")
    assert "原価管理の見直し" in at_hand.expert.answers[0], "the visit of the morning is over"
