"""One account with two roles: 役割をかえる switches the menu, and the words of both go on working."""

from tests.support.desk import menu_of, office, person_of
from tests.support.experts import commissioned, steer
from tests.support.ledger import Ledger
from tests.support.world import Phone, World


def with_two_roles(world: World) -> Phone:
    """An active expert who approves for an organisation too."""
    phone = commissioned(world, "山田 太郎")
    phone.says(f"招待コード {world.organisation('横浜商工会議所', '神奈川県')}")
    phone.says("山田 太郎")
    assert menu_of(world, phone) == "承認待ち"
    return phone


def chosen(world: World, phone: Phone) -> str | None:
    return Ledger(world.service.database).one("SELECT role FROM people WHERE id = :id", id=person_of(world, phone))


def test_the_menu_changes_there_and_back(world: World):
    phone = with_two_roles(world)
    phone.says("使い方")
    phone.sees("「専門家を招待」で")
    assert "役割をかえる" in phone.labels
    phone.taps("役割をかえる")
    phone.sees("専門家のメニューにしました")
    assert menu_of(world, phone) == "派遣依頼"
    phone.says("使い方")
    phone.sees_not("「専門家を招待」で")
    phone.says("承認待ち")
    phone.sees("いま承認を待っている申請はありません")
    phone.says("役割をかえる")
    phone.sees("支援機関のメニューにしました")
    assert menu_of(world, phone) == "承認待ち"
    phone.says("派遣依頼")
    phone.sees("日程の決まった派遣はありません")


def test_the_choice_outlives_a_block(world: World):
    phone = with_two_roles(world)
    phone.says("役割をかえる")
    phone.blocks()
    phone.unblocks()
    assert menu_of(world, phone) == "派遣依頼"


def test_one_role_has_nothing_to_switch(world: World):
    newcomer = world.phone("客")
    newcomer.follows()
    newcomer.says("使い方")
    assert "役割をかえる" not in newcomer.labels
    newcomer.says("役割をかえる")
    newcomer.sees("切りかえる役割はまだありません")
    approver = world.approver("佐藤 恵")
    approver.says("役割をかえる")
    approver.sees("支援機関の担当者だけ")
    assert menu_of(world, approver) == "承認待ち"
    expert = commissioned(world, "山田 太郎")
    expert.says("役割をかえる")
    expert.sees("専門家だけ")
    assert menu_of(world, expert) == "派遣依頼"


def test_a_place_taken_away_resets_the_choice(world: World):
    phone, desk = with_two_roles(world), office(world)
    phone.says("役割をかえる")
    assert chosen(world, phone) == "expert"
    page = desk.sees("/admin/organisations?q=横浜商工会議所", "横浜商工会議所")
    path = page.split('href="/admin/organisations/')[1].split('"')[0]
    desk.posts(f"/admin/organisations/{path}/approvers/{person_of(world, phone)}/remove")
    phone.sees("担当者としての登録が終わりました")
    assert menu_of(world, phone) == "派遣依頼"
    assert chosen(world, phone) is None
    phone.says(f"招待コード {world.organisation('横浜商工会議所', '神奈川県')}")
    assert menu_of(world, phone) == "承認待ち"


def test_a_commission_that_ends_leaves_the_approvers_menu(world: World):
    phone = with_two_roles(world)
    phone.says("役割をかえる")
    steer(world, phone, "end", "委嘱の終了")
    assert menu_of(world, phone) == "承認待ち"
    assert chosen(world, phone) is None
