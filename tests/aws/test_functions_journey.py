"""From the invitation to the fee through the functions alone: LINE, pages and the desk over the gateway."""

import re
from datetime import timedelta

import pytest

from tests.aws.cloud import Cloud
from tests.support.clerk import Clerk
from tests.support.experts import look_away
from tests.support.ledger import Ledger
from tests.support.story import NEAR, Story, paid, span
from tests.support.talks import registered
from tests.support.world import Phone


class Office:
    """The secretariat: a clerk who decides and a manager who publishes."""

    def __init__(self, cloud: Cloud) -> None:
        self.world = cloud.world
        ledger = Ledger(cloud.world.service.database)
        self.first = {table: ledger.one(f"SELECT coalesce(max(seq), 0) FROM {table}") for table in ("inbox", "outbox")}
        self.logs = {name: each.log.stat().st_size for name, each in cloud.functions.items()}
        self.manager, self.clerk = Clerk(self.world, "manager@example.jp", "manager"), Clerk(self.world)

    def publishes_terms(self) -> None:
        self.manager.opens("terms")
        page = self.manager.sends("/terms", terms_version="2026-11", terms_text="第1条 秘密を守ること。")
        assert "2026-11" in page

    def approves(self, name: str) -> str:
        """The second approval; the application's id."""
        page = self.clerk.opens("applications")
        (found,) = set(re.findall(rf'href="/admin/applications/(\w+)[^"]*"[^>]*>[^<]*{name}', page))
        assert name in self.clerk.opens(f"applications/{found}")
        self.clerk.sends("/approve")
        return found

    def issues_letter(self, application: str) -> None:
        assert "発行する" in self.clerk.opens("letters")
        self.clerk.sends("/letters", application=[application])


@pytest.fixture(scope="module")
def office(one_cloud: Cloud) -> Office:
    one_cloud.by_day()
    made = Office(one_cloud)
    made.publishes_terms()
    return made


def commissioned(cloud: Cloud, office: Office, approver: Phone, name: str) -> Phone:
    """Invitation, registration with photos and the page, both approvals, terms, letter, acceptance."""
    world = cloud.world
    expert = registered(world, approver, name)
    approver.sees("【要対応】", name)
    approver.taps("内容を見る")
    approver.taps("承認する")
    approver.taps("承認する")
    look_away(world)
    application = office.approves(name)
    expert.sees("【要対応】委嘱条件をお送りします")
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    office.issues_letter(application)
    expert.sees("【要対応】委嘱状（C-2026-000001）が届きました")
    expert.taps("委嘱状を開く")
    expert.taps("就任を承諾する")
    expert.taps("はい")
    expert.sees("就任承諾を受け付けました", "登録専門家")
    assert "チェックイン" in expert.labels
    approver.sees("就任を承諾し、登録専門家になりました")
    return expert


@pytest.fixture(scope="module")
def stage(one_cloud: Cloud, office: Office) -> Story:
    """A commissioned expert and whoever asks for him, on the morning of the next working day."""
    world = one_cloud.world
    approver = world.approver("佐藤 恵")
    expert = commissioned(one_cloud, office, approver, "山田 太郎")
    story = Story(world, approver, expert, office.clerk, "株式会社みほん1号", "business1@example.jp")
    story.at(span(story.workday(), "10:00")[0])
    return story


def all_is_done(cloud: Cloud, office: Office) -> None:
    """Every event is handled, every message sent, nothing is dead, and the logs hold no failure."""
    ledger = Ledger(cloud.world.service.database)
    states = "SELECT DISTINCT state FROM {} WHERE seq > {} ORDER BY state"
    assert [row[0] for row in ledger.rows(states.format("inbox", office.first["inbox"]))] == ["done"]
    assert [row[0] for row in ledger.rows(states.format("outbox", office.first["outbox"]))] == ["sent"]
    assert cloud.dead_letters() == []
    for name, each in cloud.functions.items():
        log = each.logged(office.logs[name])
        assert not [words for words in ("Traceback", "[ERROR]", '"level": "error"') if words in log], log[-3000:]


def test_the_whole_way_to_a_paid_visit(cloud: Cloud, office: Office, stage: Story):
    story = stage
    story.asks(span(story.workday(1)), span(story.workday(2)))
    story.sends()
    story.expert.sees("【要対応】派遣依頼が届きました", story.business, story.number)
    story.takes(1)
    story.approver.sees("山田 太郎さんが日程を確定しました", story.number)
    assert "日程の決定" in story.letters()
    cloud.minute()
    story.visits(15)
    story.approver.sees("支援が終わりました")
    paid(story, 13_200, 5, minutes=15)
    cloud.minute()
    all_is_done(cloud, office)


def test_a_visit_recorded_by_line_alone_and_confirmed_later_by_its_business(cloud: Cloud, office: Office, stage: Story):
    made = stage
    story = Story(made.world, made.approver, made.expert, made.desk, "株式会社みほん2号", "business2@example.jp")
    story.at(span(story.workday(), "10:00")[0])
    look_away(story.world)
    story.asks(span(story.workday(1)))
    story.sends()
    story.takes()
    starts = story.now.starts
    assert starts
    story.at(starts - timedelta(minutes=5))
    phone = story.expert
    phone.taps("チェックイン")
    send = story.world.platform.send_location
    phone._do(lambda: send(phone.user_id, NEAR.latitude, NEAR.longitude, wait=True))
    phone.sees("チェックインしました", "支援場所から30m")
    story.at(starts + timedelta(minutes=175))
    assert story.leaves(0, signed=False)["state"] == "out"
    story.approver.sees("支援が終わりました")
    story.certifies()
    assert [yen for _, _, yen in story.fees()]
    cloud.minute()
    all_is_done(cloud, office)
