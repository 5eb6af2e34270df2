"""Dispatches by the calendar, with the jobs: midnight, the end of a month and of a year, holidays, 29 February."""

from datetime import date

from models.rules.dispatch import Status, Why
from models.rules.visit import Grade
from tests.support import dispatches
from tests.support.experts import look_away, steer
from tests.support.requests import house_of, person_of
from tests.support.story import Stage, Story, joins, span
from tests.support.world import Phone, World


def set_by_night(story: Story) -> None:
    """The desk settles a visit from 22:00 to half past midnight, which no chat offers."""
    story.asks(span(date(2026, 11, 30)))
    story.sends()
    story.expert.taps("別の日程を提案する")
    story.expert.says("11/30 22:00〜0:30")
    story.expert.sees("同じ日のうちに終わるように")
    story.expert.taps("中断する")
    story.settles("", comment="夜の仕込みを見るため", act="/reopen")
    story.settles("/time?day=2026-11-30&from=22:00&to=00:30")
    for phone in (story.expert, story.approver):
        phone.sees("事務局の調整で派遣が決まりました", "11月30日（月）22:00〜翌00:30")
    look_away(story.world)


def visits_before(story: Story, *days: date) -> None:
    """Visits of the business that took place."""
    requester, expert = person_of(story.world, story.approver), person_of(story.world, story.expert)
    for day in days:
        dispatches.request(
            house_of(story.world), min(requester.actor.organisations), requester, expert, status=Status.COMPLETED,
            times=(span(day),), business=story.business, corporate_number="",
        )  # fmt: skip


def test_a_visit_over_midnight_at_the_end_of_a_month_with_its_reminders(world: World):
    story = Stage(world, "2026-11-26", experts=1).today()
    set_by_night(story)
    expert, approver = story.expert, story.approver
    for quiet in ("2026-11-28T17:00", "2026-11-29T16:59"):
        story.at(quiet)
        story.jobs()
        assert (expert.answers, approver.answers) == ([], []), quiet
    story.at("2026-11-29T17:00")
    story.jobs()
    expert.sees("明日は派遣の日です", "11月30日（月）22:00〜翌00:30")
    approver.sees("明日は派遣の日です", "山田 太郎さん")
    story.at("2026-11-30T19:59")
    story.jobs()
    assert expert.answers == []
    story.at("2026-11-30T20:00")
    story.jobs()
    expert.sees("まもなく派遣の時刻です", "〔チェックイン〕", "〔遅れます〕")
    story.jobs()
    assert expert.answers == []
    story.at("2026-11-30T21:58")
    story.comes()
    story.at("2026-12-01T00:29")
    story.jobs()
    assert (story.now.status, expert.answers) == (Status.CONFIRMED, [])
    told = story.leaves()
    assert "チェックアウトしました 00:29" in str(told)
    assert "11月30日（月）21:58〜12月1日（火）00:29" in str(told)
    assert "12/7（月）" in str(told), "the report's days begin with the day of the visit"
    assert (story.visit.grade, story.now.status) == (Grade.A, Status.REPORT_DUE)
    assert story.fees() == [(0, 5, 13_200)]
    expert.taps("謝金")
    expert.sees("今月（12月）0件", "11月 1件 13,200円", "11月30日（月）21:58")
    assert approver.answers == [] or "支援が終わりました" in approver.answers[-1]


def test_a_forgotten_end_over_midnight_is_reminded_of_at_once(world: World):
    story = Stage(world, "2026-11-26", experts=1).today()
    set_by_night(story)
    story.at("2026-11-30T22:00")
    story.comes()
    story.at("2026-12-01T00:30")
    story.jobs()
    assert story.now.status is Status.REPORT_DUE
    assert story.expert.answers == []
    story.at("2026-12-01T01:01")
    story.jobs()
    story.expert.sees("【要対応】チェックアウトの記録がまだありません", "未報告")
    story.expert.taps("チェックアウト")
    story.expert.sees("〔チェックアウトする〕", "〔終わった時刻を申告する〕")
    story.expert.taps("終わった時刻を申告する")
    story.expert.says("0:35")
    story.expert.sees("2026年12月1日（火）00:35")


def test_an_answer_is_waited_for_over_the_new_year_and_the_report_too(world: World):
    story = Stage(world, "2026-12-28", experts=1).today()
    story.asks(span(date(2027, 1, 12)), span(date(2027, 1, 13)))
    story.sends()
    story.expert.sees("回答期限 1/5（火）")
    for quiet in ("2027-01-04T10:00", "2027-01-05T10:00"):
        story.at(quiet)
        story.jobs()
        story.expert.sees_not("まだ回答を")
    story.at("2027-01-06T10:00")
    story.jobs()
    story.expert.sees("【要対応】派遣依頼にまだ回答をいただいていません")
    story.approver.sees("回答がまだありません")
    story.takes()
    story.visits()
    assert story.fees() == [(0, 6, 15_840)]
    story.expert.taps("派遣依頼")
    story.expert.taps("未報告 1件を見る")
    story.expert.taps("内容を見る")
    story.expert.sees("2027年1月19日（火）まで")


def test_the_deadline_of_an_answer_is_never_later_than_the_time_that_is_wished(world: World):
    story = Stage(world, "2026-12-01", experts=1).today()
    story.asks(span(date(2026, 12, 2)), span(date(2026, 12, 4)))
    story.sends()
    story.expert.sees("回答期限 12/1（火）")


def test_by_night_nobody_is_woken_but_for_a_visit_of_that_day(world: World):
    story = Stage(world, "2026-12-01", experts=1).today()
    story.at("2026-12-01T21:00")
    story.asks(span(date(2026, 12, 3), "09:00"))
    story.sends()
    assert story.expert.answers == []
    story.at("2026-12-02T08:00")
    story.world.settle()
    story.expert.sees("【要対応】派遣依頼が届きました", "回答期限 12/2（水）")
    story.takes()
    story.at("2026-12-03T06:00")
    story.expert.taps("派遣依頼")
    story.expert.taps("キャンセルする")
    story.expert.taps("体調不良・忌引など")
    story.expert.says("高熱のため")
    story.expert.taps("この内容で送る")
    story.approver.sees("派遣がキャンセルされました", "高熱のため")


def test_the_last_day_of_visits_in_a_leap_year_is_the_29th_of_february(world: World):
    story = Stage(world, "2028-02-21", experts=1).today()
    story.asks(span(date(2028, 3, 1)), span(date(2028, 2, 29)))
    story.approver.sees("2028年2月29日（火）", "〔日時を変える〕")
    story.approver.sees_not("〔この内容で送る〕")
    story.approver.taps("第1希望の日時を直す")
    story.approver.says("2/28 13:00〜16:00")
    story.sends()
    story.at("2028-02-27T18:00")
    story.takes(1)
    story.at("2028-02-28T17:00")
    story.jobs()
    story.expert.sees("明日は派遣の日です", "2月29日（火）")
    story.visits()
    assert (story.visit.grade, story.fees()) == (Grade.A, [(0, 6, 15_840)])
    story.at("2028-03-01T09:00")
    story.expert.taps("謝金")
    story.expert.sees("今月（3月）0件", "2月 1件 15,840円", "今年度（2027年4月〜）1件")


def test_visits_are_counted_by_fiscal_year(world: World):
    stage = Stage(world, "2027-04-01", experts=1)
    story = stage.today()
    visits_before(story, date(2027, 2, 24), date(2027, 2, 25), date(2027, 2, 26))
    story.asks(span(date(2027, 4, 6)))
    story.approver.sees_not("原則3回まで")
    story.sends()
    assert story.number.startswith("D-2027-")
    story.takes()
    visits_before(story, date(2027, 5, 11), date(2027, 5, 12))
    story.asks(span(date(2028, 2, 29)))
    story.approver.sees("すでに3回です", "2027年度", "〔事務局に例外を依頼〕")


def test_a_commission_that_ends_meets_the_first_visit_of_the_next_year(world: World):
    stage = Stage(world, "2027-03-15")
    story = stage.today()
    story.asks(span(date(2027, 3, 31)))
    story.approver.sees("2027年2月28日（日）", "〔日時を変える〕")
    story.approver.taps("第1希望の日時を直す")
    story.approver.says("4/6 13:00〜16:00")
    story.approver.sees("2027年3月31日（水）", "〔事務局に例外を依頼〕")
    story.sends("事務局に例外を依頼")
    assert story.now.why is Why.EXCEPTION
    path = f"/expert?person={person_of(world, story.expert).id}"
    story.settles(path, **{"except": "commission_ends"}, reason="更新の手続き中のため")
    story.takes()
    story.at("2027-03-31T23:59")
    story.jobs()
    assert story.letters(story.desk.email).count("【要対応】") == 1, "only that it has to be settled"
    for day in ("2027-04-01T00:01", "2027-04-01T09:00"):
        story.at(day)
        story.jobs()
    warned = story.letters(story.desk.email)
    assert "専門家の交代" in warned
    assert "別の専門家に依頼してください" in warned
    story.at("2027-04-05T17:00")
    story.jobs()
    assert (story.expert.answers, story.approver.answers) == ([], []), "nobody is to come tomorrow"
    assert story.letters(story.desk.email).count("専門家の交代") == 2
    follows(story, joins(world, story.approver, "鈴木 健", kana="スズキ ケン"))


def follows(story: Story, successor: Phone) -> None:
    """The desk gives the visit to somebody whose commission is in force."""
    story.settles("", act="/reopen", comment="専門家の任期が終わったため")
    story.settles(f"/expert?person={person_of(story.world, successor).id}")
    story.expert = successor
    story.takes()
    story.visits()
    assert story.fees() == [(0, 6, 15_840)]


def test_an_expert_who_is_suspended_leaves_visits_that_the_desk_hears_of(world: World):
    story = Stage(world, experts=1).today()
    story.asks(span(story.workday(3)))
    story.sends()
    story.takes()
    steer(world, story.expert, "suspend", "確認のため")
    assert "専門家の交代" in story.letters("letters@example.jp")
    story.at(span(story.workday(2), "17:00")[0])
    story.jobs()
    assert (story.expert.answers, story.approver.answers) == ([], [])
    steer(world, story.expert, "lift", "確認できました")
    story.visits()
    assert story.fees() == [(0, 6, 15_840)]
