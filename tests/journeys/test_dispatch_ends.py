"""Dispatches that come to another end, or to their end by detours: taken back, cancelled, forgotten, handed on."""

import re
from datetime import timedelta

import pytest

from models.rules.dispatch import Status
from models.rules.visit import Evidence, Grade, Reason
from tests.support.requests import person_of
from tests.support.story import Story, span

WHY = "担当者が急に出られなくなりました"


def fixed(story: Story, ahead: int = 1) -> None:
    """A dispatch whose date is fixed for 13:00–16:00."""
    story.asks(span(story.workday(ahead)), span(story.workday(ahead + 1)))
    story.sends()
    story.takes()


def test_a_request_is_withdrawn(story: Story):
    story.asks(span(story.workday(1)))
    story.sends()
    approver, expert = story.approver, story.expert
    approver.taps("派遣状況")
    approver.taps("未処理 1件を見る")
    approver.taps("内容を見る")
    approver.taps("取り下げる")
    approver.taps("課題が解決した")
    approver.says(WHY)
    approver.taps("この内容で送る")
    approver.sees("派遣依頼を取り下げました", "キャンセル", "もう一度依頼する")
    expert.sees("千代田商工会が派遣依頼を取り下げました", story.number, "課題が解決した", WHY, "回答は不要です")
    assert story.letters() == "", "the business was told of nothing yet"
    expert.taps(next(label for label in expert.labels if label.endswith(" で確定")))
    expert.sees("佐藤 恵さん（千代田商工会）が済ませています", "キャンセル")
    assert story.now.status is Status.CANCELLED
    assert story.fees() == []


@pytest.mark.parametrize("side", ["expert", "organisation", "secretariat"])
def test_a_fixed_visit_is_cancelled_and_everybody_is_told(story: Story, side: str):
    fixed(story)
    times = span(story.workday(1)), span(story.workday(2))
    by = {"expert": "山田 太郎さん（専門家）", "organisation": "千代田商工会", "secretariat": "事務局"}[side]
    if side == "secretariat":
        story.desk.opens(f"dispatches/{story.id}")
        story.desk.sends("/cancel", category="business", comment=WHY)
    else:
        cancels(story, side)
    assert story.now.status is Status.CANCELLED
    told = {"expert": story.expert, "organisation": story.approver}
    shown = ["\n".join(phone.answers) for who, phone in told.items() if who != side]
    shown += [story.letters()] + ([] if side == "secretariat" else [story.letters(story.desk.email)])
    wished = [f"{starts.month}月{starts.day}日" for starts, _ in times]
    for text in shown:
        for part in (
            "事業者の都合", WHY, story.number, story.business, "千代田商工会", "原価管理の見直し", *wished,
            f"連絡したのは{by}です", "13:00〜16:00",
        ):  # fmt: skip
            assert part in text, f"{part} in {text}"
    assert re.search(r"受付日時：\d{4}年\d+月\d+日", story.letters())
    story.at(times[0][0])
    story.jobs()
    story.expert.taps("チェックイン")
    story.expert.sees("本日、チェックインできる支援はありません")
    assert "まもなく派遣" not in story.expert.history().split(story.number)[-1]


def cancels(story: Story, side: str) -> None:
    phone = story.expert if side == "expert" else story.approver
    phone.taps("派遣依頼" if side == "expert" else "派遣状況")
    if side == "organisation":
        phone.taps("決定 1件を見る")
        phone.taps("内容を見る")
    phone.taps("キャンセルする")
    phone.taps("事業者の都合")
    phone.says(WHY)
    phone.taps("この内容で送る")
    phone.sees("派遣をキャンセルしました")


def test_a_forgotten_end_is_declared_certified_and_accepted(story: Story):
    fixed(story)
    starts = story.now.starts
    assert starts
    story.at(starts)
    story.comes()
    story.at(starts + timedelta(hours=3))
    story.jobs()
    assert story.now.status is Status.REPORT_DUE
    story.at(starts + timedelta(hours=3, minutes=31))
    story.jobs()
    expert = story.expert
    expert.sees("【要対応】チェックアウトの記録がまだありません", story.number)
    story.at(starts + timedelta(hours=20))
    story.jobs()
    expert.sees_not("チェックアウト")
    expert.taps("チェックアウト")
    expert.taps("終わった時刻を申告する")
    expert.says("16:05")
    expert.taps("15分")
    expert.taps("押し忘れた")
    expert.taps("この内容で送る")
    expert.sees("申告を受け付けました", "13,200円")
    assert (story.visit.grade, story.visit.evidence) == (Grade.C, Evidence.WAITING)
    story.certifies()
    expert.sees("支援の実施を確認しました")
    assert story.visit.reasons == (Reason.DECLARED,)
    assert story.number in story.desk.opens("visits?state=waiting")
    story.desk.opens(f"visits/{story.id}")
    story.desk.sends("/accept", words="お電話でも確かめました")
    expert.sees("事務局が支援の記録を確認しました", "13,200円", "お電話でも確かめました")
    assert (story.visit.grade, story.visit.evidence) == (Grade.C, Evidence.ACCEPTED)
    assert story.fees() == [(15, 5, 13_200)]
    assert story.number not in story.desk.opens("visits?state=waiting")


def test_another_expert_takes_over_on_the_day(story: Story):
    fixed(story)
    first, second = story.expert, story.world.phones["髙橋 美咲"]
    starts = story.now.starts
    assert starts
    story.at(starts - timedelta(minutes=5))
    story.comes()
    story.at(starts + timedelta(minutes=10))
    story.desk.opens(f"dispatches/{story.id}")
    story.desk.sends("/reopen", comment="担当の専門家が急病のため", comment_desk="本人から電話")
    first.sees("事務局が日程と専門家を調整することになりました")
    assert "お知らせした日時にはうかがいません" in story.letters()
    other = person_of(story.world, second)
    day = story.workday(0)
    path = f"/expert?person={other.id}&day1={day}&from1=15:00&to1=17:00"
    story.settles(path)
    first.sees("事務局が別の専門家にお願いすることになりました", "回答は不要です")
    story.expert = second
    story.takes()
    assert "髙橋 美咲" in story.letters()
    first.taps("チェックアウト")
    first.sees("チェックアウトする支援はありません")
    story.visits(stays=120)
    assert (story.visit.grade, story.visit.reasons) == (Grade.A, ())
    assert story.fees() == [(0, 4, 10_560)]
    second.taps("謝金")
    second.sees("10,560円")
    first.taps("謝金")
    first.sees_not("10,560円")
    assert "本人から電話" in story.desk.opens(f"dispatches/{story.id}")
    for phone in story.world.phones.values():
        assert "本人から電話" not in story.shown_to(phone)


def test_a_visit_that_was_not_held_is_not_paid(story: Story):
    fixed(story)
    starts = story.now.starts
    assert starts
    story.at(starts)
    story.comes()
    story.at(starts + timedelta(minutes=45))
    story.leaves(signed=False)
    assert story.fees() == [(0, 1, 2_640)]
    story.at(starts + timedelta(hours=4))
    story.desk.opens(f"dispatches/{story.id}")
    page = story.desk.sends("/not_held", comment="事業者が不在で、支援は行われませんでした")
    assert "キャンセル" in page
    for phone in (story.expert, story.approver):
        phone.sees("実施されなかったものとして事務局が記録しました", "事業者が不在で")
    assert story.now.status is Status.CANCELLED
    assert [fee[-1] for fee in story.fees()] == [2_640, 0]
    assert story.visit.evidence is Evidence.REJECTED
    story.expert.taps("謝金")
    story.expert.sees_not("2,640円")
    closed = story.certificate()
    assert closed.status == 404
    assert story.business not in closed.text, "there is nothing to confirm any more"
