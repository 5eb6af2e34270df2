"""From 派遣を依頼 to a visit with its grade and its stored fee, by each way that leads to a date."""

import re

from models.rules.dispatch import Status, Why
from tests.support import dispatches
from tests.support.page import Page
from tests.support.requests import house_of, person_of
from tests.support.story import Story, paid, span

PRIVATE = "家族の介護で夜は動けません（支援機関には内密に）"


def day_and_times(story: Story, ahead: int, begins: str, ends: str, at: str = "") -> dict[str, str]:
    """A time as the desk's pages take it."""
    return {f"day{at}": story.workday(ahead).isoformat(), f"from{at}": begins, f"to{at}": ends}


def query(path: str, arguments: dict[str, str]) -> str:
    return f"{path}?" + "&".join(f"{name}={value}" for name, value in arguments.items())


def test_a_wished_time_is_taken(story: Story):
    story.asks(span(story.workday(1)), span(story.workday(2)))
    story.sends()
    story.expert.sees("【要対応】派遣依頼が届きました", story.business, story.number, "原価管理の見直し")
    story.takes(1)
    story.approver.sees("山田 太郎さんが日程を確定しました", story.number)
    assert "日程の決定" in story.letters()
    story.visits(15)
    story.approver.sees("支援が終わりました")
    paid(story, 13_200, 5, minutes=15)


def test_another_time_is_proposed_and_accepted(story: Story):
    story.asks(span(story.workday(1)))
    story.sends()
    expert, wanted = story.expert, span(story.workday(3), "09:00", 150)
    expert.taps("別の日程を提案する")
    expert.says(f"{wanted[0]:%m/%d %H:%M}〜{wanted[1]:%H:%M}")
    expert.taps("スキップ")
    expert.says("午前中でしたら伺えます")
    expert.taps("この内容で送る")
    story.approver.sees("【要対応】", story.number, "午前中でしたら伺えます")
    story.approver.taps("承認待ち")
    story.takes(phone=story.approver)
    expert.sees("千代田商工会が提案の日程を受け、派遣が決まりました")
    assert story.now.starts == wanted[0]
    story.visits(stays=155)
    paid(story, 13_200, 5)


def test_no_proposal_fits_and_the_secretariat_sets_the_time(story: Story):
    story.asks(span(story.workday(1)))
    story.sends()
    story.expert.taps("別の日程を提案する")
    story.expert.says(f"{story.workday(2):%m/%d} 9:00〜12:00")
    for _ in range(2):
        story.expert.taps("スキップ")
    story.expert.taps("この内容で送る")
    story.approver.taps("どれも合わない")
    story.approver.says("午後なら大丈夫です")
    story.approver.taps("この内容で送る")
    assert story.number in story.letters(story.desk.email)
    assert story.number in story.desk.opens("dispatches?status=needs_coordination")
    time = day_and_times(story, 3, "13:30", "16:00")
    page = story.settles(query("/time", time), comment="お電話で双方に確かめました")
    assert "の日時を決めました" in page
    for phone in (story.expert, story.approver):
        phone.sees("事務局の調整で派遣が決まりました", "13:30〜16:00", "お電話で双方に確かめました")
    assert "13:30〜16:00" in story.letters()
    story.visits(stays=149)
    paid(story, 10_560, 4)


def test_nobody_is_named_and_the_secretariat_asks_an_expert(story: Story):
    story.asks(span(story.workday(1)), expert="事務局に任せる")
    story.sends()
    assert story.now.why is Why.NO_EXPERT
    assert story.number in story.letters(story.desk.email)
    found = story.desk.opens(f"dispatches/{story.id}/expert?field=")
    links = dict(re.findall(r'href="/admin/dispatches/\w+/(expert\?[^"]*person=(\w+))"', found))
    chosen = next(path for path, person in links.items() if person == person_of(story.world, story.expert).id)
    page = story.settles(f"/{chosen}".replace("&amp;", "&"), comment="よろしくお願いします")
    assert "山田 太郎" in page
    story.expert.sees("【要対応】派遣依頼が届きました", story.number)
    story.approver.sees("事務局が、山田 太郎さんに派遣を依頼しました")
    story.takes()
    story.visits(10, stays=200)
    paid(story, 15_840, 6, minutes=10)


def test_a_refusal_is_asked_again_of_another_expert_and_its_private_words_stay_with_the_desk(story: Story):
    story.asks(span(story.workday(1)))
    story.sends()
    refused, first = story.id, story.expert
    first.taps("辞退する")
    first.taps("日程が合わない")
    first.says(PRIVATE)
    first.says("またの機会にお願いします")
    first.taps("この内容で送る")
    story.approver.sees("辞退しました", "またの機会にお願いします")
    story.approver.taps("もう一度依頼する")
    story.approver.taps("3時間")
    story.approver.taps("日時を選ぶ", {"datetime": f"{story.workday(2)}T13:00"})
    story.approver.taps("スキップ")
    story.expert = story.world.phones["髙橋 美咲"]
    story.approver.says("髙橋")
    story.approver.sees("送る前の確認", "原価管理の見直し", "髙橋 美咲")
    story.sends()
    assert story.id != refused
    story.takes()
    story.visits()
    paid(story, 15_840, 6)
    assert PRIVATE in story.desk.opens(f"dispatches/{refused}")
    everybody = [phone for phone in story.world.phones.values() if phone is not first]
    for shown in (*map(story.shown_to, everybody), *own_pages(story, refused), story.letters("@")):
        assert "介護" not in shown


def own_pages(story: Story, dispatch_id: str) -> list[str]:
    """What the organisation's and both experts' pages say of a dispatch."""
    links, texts = story.world.service.links, []
    for phone in story.world.phones.values():
        person = person_of(story.world, phone).id
        for purpose, subject in (("dispatches", person), ("dispatch", dispatch_id), ("fees", person)):
            texts.append(Page(links.page(purpose, person, subject)).text)
    return texts


def test_a_fourth_visit_of_the_year_needs_leave_that_is_granted(story: Story):
    house, requester, expert = house_of(story.world), *people(story)
    for before in (20, 21, 22):
        past = (dispatches.slot(story.world.clock.now, -before),)
        dispatches.request(
            house, min(requester.actor.organisations), requester, expert, status=Status.COMPLETED, times=past,
            business=story.business, corporate_number="",
        )  # fmt: skip
    story.asks(span(story.workday(1)))
    story.approver.sees("原則3回まで", "〔事務局に例外を依頼〕")
    story.sends("事務局に例外を依頼")
    assert story.now.why is Why.EXCEPTION
    assert story.number not in story.shown_to(story.expert), "nobody asks the expert before it is granted"
    path = f"/expert?person={expert.id}"
    assert "原則3回まで" in story.desk.opens(f"dispatches/{story.id}{path}")
    page = story.settles(path, **{"except": "visits_year"}, reason="年度内に改善計画を仕上げるため")
    assert "年度内に改善計画を仕上げるため" in page
    story.takes()
    story.visits()
    paid(story, 15_840, 6)
    for phone in (story.approver, story.expert):
        assert "年度内に改善計画" not in story.shown_to(phone)


def people(story: Story):
    return person_of(story.world, story.approver), person_of(story.world, story.expert)
