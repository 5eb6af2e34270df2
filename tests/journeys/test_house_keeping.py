"""What the secretariat changes on its page changes what people meet on LINE: settings, the privacy text, desks."""

from urllib.request import urlopen

from handlers.jobs.remind import remind
from handlers.usecases import consent
from models.rules.permissions import Actor
from models.views.people import DeskView
from storage import desks, settings
from storage.consents import FIRST
from tests.support import photos
from tests.support.talks import fill_account, fill_basic, fill_papers, invited, registered, staff_user
from tests.support.world import World

LONG = "第1条 集めるもの。" * 300


def publish(world: World, version: str, text: str = "新しい文章です。") -> None:
    user = staff_user(world, f"{version}@example.jp", "manager")
    with world.service.database.unit() as uow:
        consent.publish(uow, Actor("staff", staff_id=user, staff_role="manager"), version, text, world.clock())


def test_colleagues_are_reminded_after_as_many_days_as_the_secretariat_says(world: World):
    with world.service.database.unit() as uow:
        settings.change(uow, "colleagues_after_days", 3, None, world.clock())
    first, second = world.approver("佐藤 恵"), world.approver("田中 実")
    registered(world, first, "山田 太郎")
    world.clock.forward(days=3)  # Tuesday to Friday: three business days, not more
    assert not remind(world.service.database, world.clock())
    world.clock.forward(days=3)
    second.seen = second._last()
    assert remind(world.service.database, world.clock())
    world.settle()
    second.sees("3営業日以上承認を待っています")


def test_after_a_new_privacy_text_everybody_is_asked_again_at_the_next_step(world: World):
    expert = invited(world, "山田")
    fill_basic(expert)
    publish(world, "2027-04")
    expert.taps("写真")
    expert.sees("個人情報の取扱いが新しくなりました（2027-04版）")
    assert expert.labels[:3] == ["個人情報の取扱いを読む", "同意して続ける", "今はやめる"]
    expert.sends(photos.jpeg(800, 1000, "face"))
    expert.sees("個人情報の取扱いが新しくなりました")
    expert.taps("個人情報の取扱いを読む")
    expert.sees("（2027-04版）", "新しい文章です。", "手続きを続けますか")
    expert.taps("同意して続ける")
    expert.sees("続きから進められます", "10/10")
    fill_papers(expert)
    expert.sees("専門家登録")


def test_an_old_button_agrees_to_nothing_newer(world: World):
    expert = invited(world, "山田", consent=False)
    publish(world, "2027-04")
    expert.taps("同意して始める")
    expert.sees("個人情報の取扱いが新しくなりました（2027-04版）")
    publish(world, "2027-05")
    expert.taps("同意して続ける")
    expert.sees("2027-05版")
    expert.taps("同意して続ける")
    expert.sees("専門家登録", "0/10")


def test_a_request_is_not_sent_on_an_old_agreement(world: World):
    expert = invited(world, "山田")
    fill_basic(expert)
    fill_papers(expert)
    fill_account(expert)
    publish(world, "2027-04")
    expert.says("承認依頼を送る")
    expert.sees("個人情報の取扱いが新しくなりました")
    expert.taps("同意して続ける")
    expert.sees("専門家登録")


def test_a_long_text_is_read_on_a_page_that_names_nobody(world: World):
    publish(world, "2027-04", LONG)
    expert = invited(world, "山田", consent=False)
    expert.taps("個人情報の取扱いを読む")
    expert.sees("全文はページで")
    expert.sees_not(LONG[:40])
    assert expert.labels[:3] == ["全文を開く", "同意して始める", "今はやめる"]
    page = urlopen(f"{world.base_url}/p/consent/2027-04").read().decode()
    assert LONG[:40] in page


def test_the_first_text_is_agreed_to_by_its_name(world: World):
    expert = invited(world, "山田", consent=False)
    expert.taps("個人情報の取扱いを読む")
    expert.sees(f"（{FIRST}版）", "集めるもの")
    expert.taps("同意して始める")
    expert.sees("登録を始めます")


def test_the_guide_names_the_desk_of_ones_prefecture_with_its_address(world: World):
    with world.service.database.unit() as uow:
        desks.add(uow, DeskView("全国事務局", "06-1234-5678", "all@example.jp", "平日 9:00〜17:00"))
        near = DeskView(
            "東の窓口", "03-1234-5678", "e@example.jp", "平日 9:00〜17:00", "千代田区見本町1-1", ("東京都",)
        )
        desks.add(uow, near)
    approver = world.approver("佐藤 恵")
    approver.taps("使い方")
    approver.sees("東の窓口", "03-1234-5678", "e@example.jp", "千代田区見本町1-1")
    with world.service.database.unit() as uow:
        found = next(desk for desk in desks.everything(uow) if desk.prefectures)
        desks.remove(uow, found.id)
    approver.taps("使い方")
    approver.sees("全国事務局", "06-1234-5678")
    approver.sees_not("住所")
