"""招待の一覧, taking codes back, and what becomes of approvers whom the secretariat moves or removes."""

import re

from bot.postbacks import CardTap, encode
from handlers.usecases import organisation
from models.rules.permissions import SYSTEM
from storage import organisations, people
from tests.support.desk import Office, menu_of, office, papers_link, person_of
from tests.support.drafts import application_of, code_by, filled, submitted
from tests.support.ledger import Ledger
from tests.support.place import Place, together
from tests.support.talks import code_of
from tests.support.world import Phone, World


def organisation_id(world: World, name: str = "千代田商工会") -> str:
    with world.service.database.read() as uow:
        found = organisations.id_by_name(uow, name)
    assert found
    return found


def page_of(world: World, name: str = "千代田商工会") -> str:
    return f"/admin/organisations/{organisation_id(world, name)}"


def tap(world: World, phone: Phone, act: str, subject: str = "", value: str = "") -> None:
    phone.seen = phone._last()
    world.platform.tap_postback(phone.user_id, encode(CardTap(act, subject, 0, value)), wait=True)
    world.settle()


def invitation_ids(world: World) -> list[str]:
    """Those of experts, the newest first."""
    rows = Ledger(world.service.database).rows(
        "SELECT id FROM invitations WHERE kind = 'expert' ORDER BY issued_at DESC"
    )
    return [row[0] for row in rows]


# --- One's own codes ------------------------------------------------------------------------------


def test_the_list_of_ones_own_codes_with_what_has_become_of_them(world: World):
    approver = world.approver("佐藤 恵")
    approver.taps("専門家を招待")
    approver.taps("招待の一覧")
    used, late = code_by(world, approver), code_of(approver)
    guest = world.phone("山田")
    guest.follows()
    guest.says(f"招待コード {used}")
    approver.taps("招待の一覧")
    approver.sees(late, "使用済み（2026年11月24日（火））", "未使用（期限 2026年12月8日（火））", "千代田商工会")
    approver.sees_not(used)
    world.clock.forward(days=15)
    approver.taps("招待の一覧")
    approver.sees("期限切れ（2026年12月8日（火））", "2026年11月24日（火）に作ったコード")
    approver.sees_not(late, "取り消す")


def test_the_list_is_found_without_making_another_code(world: World):
    approver = world.approver("佐藤 恵")
    approver.taps("使い方")
    approver.taps("招待の一覧")
    approver.sees("作った招待コードはまだありません")
    approver.taps("専門家を招待")
    approver.says("招待の一覧")
    approver.sees("未使用（期限 ")
    guest = world.phone("山田")
    guest.follows()
    guest.says("招待の一覧")
    guest.sees("この操作は支援機関の担当者の方だけが使えます")


def test_five_at_a_time_and_the_next_five(world: World):
    approver = world.approver("佐藤 恵")
    approver.taps("専門家を招待")
    codes = [code_by(world, approver) for _ in range(11)][::-1]
    approver.taps("招待の一覧")
    approver.sees(*codes[:5], "ほかに7件")
    approver.sees_not(codes[5])
    approver.taps("つぎ")
    approver.sees(*codes[5:10], "ほかに2件")
    approver.taps("つぎ")
    approver.sees(codes[10])
    approver.sees_not("つぎ", codes[9])


def test_a_page_that_is_not_there_and_a_list_that_is_empty(world: World):
    approver = world.approver("佐藤 恵")
    for page in ("9", "99999", "-1", "x", ""):
        tap(world, approver, "invitations", value=page)
        approver.sees("「専門家を招待」を押すと作れます")
    code_by(world, approver)
    tap(world, approver, "invitations", value="7")
    approver.sees("これより前の招待コードはありません")


def test_a_code_is_taken_back_once_and_opens_nothing_afterwards(world: World):
    approver = world.approver("佐藤 恵")
    code = code_of(approver)
    approver.taps("招待の一覧")
    approver.taps("取り消す")
    approver.sees(f"招待コード {code} を取り消しますか")
    approver.taps("取り消さない")
    approver.sees("取り消していません")
    approver.taps("招待の一覧")
    approver.taps("取り消す")
    approver.taps("取り消す")
    approver.sees(f"招待コード {code} を取り消しました（11月24日（火）10:00）")
    tap(world, approver, "invitation_revoke_yes", *invitation_ids(world))
    approver.sees("2026年11月24日（火）に取り消してあります")
    guest = world.phone("山田")
    guest.follows()
    guest.says(f"招待コード {code}")
    guest.sees("取り消されています")
    approver.taps("招待の一覧")
    approver.sees("取り消し済み（2026年11月24日（火））")


def test_used_and_old_codes_and_those_of_others_are_not_taken_back(world: World):
    approver, colleague = world.approver("佐藤 恵"), world.approver("鈴木 次郎")
    guest = world.phone("山田")
    guest.follows()
    guest.says(f"招待コード {code_by(world, approver)}")
    (used,) = invitation_ids(world)
    for act in ("invitation_revoke", "invitation_revoke_yes"):
        tap(world, approver, act, used)
        approver.sees("2026年11月24日（火）に使われているため、取り消せません")
    code_by(world, approver)
    fresh = invitation_ids(world)[0]
    for phone in (colleague, guest):
        for act in ("invitation_revoke", "invitation_revoke_yes"):
            tap(world, phone, act, fresh)
            phone.sees("見つかりませんでした")
    tap(world, approver, "invitation_revoke_yes", "0" * 32)
    approver.sees("見つかりませんでした")
    world.clock.forward(days=15)
    tap(world, approver, "invitation_revoke_yes", fresh)
    approver.sees("期限が切れています。もう使えないため")
    tap(world, colleague, "invitations", value="0")
    colleague.sees("作った招待コードはまだありません")


def test_taking_back_and_using_at_the_same_moment_ends_one_way(place: Place):
    code = code_by(place.world, place.approver)
    newest = invitation_ids(place.world)[0]
    guest = place.world.phone("同時の客")
    guest.follows()
    for phone in (guest, place.approver):
        phone.seen = phone._last()
    press = encode(CardTap("invitation_revoke_yes", newest))
    place.world.platform.send_events(place.texts(guest, [f"招待コード {code}"]))
    place.world.platform.send_events(
        place.held(lambda: place.world.platform.tap_postback(place.approver.user_id, press))
    )
    together(
        lambda: place.worker(service=place.world.service).work([guest.user_id]),
        lambda: place.worker().work([place.approver.user_id]),
    )
    place.world.settle()
    (row,) = place.ledger.rows("SELECT used_at, revoked_at FROM invitations WHERE id = :id", id=newest)
    assert (row[0] is None) != (row[1] is None)
    joined = "招待を確認しました" in "\n".join(guest.answers)
    assert joined == (row[0] is not None)
    revoked = "を取り消しました" in "\n".join(place.approver.answers)
    assert revoked != joined


def test_somebody_who_approves_for_two_says_for_which(world: World):
    approver = world.approver("佐藤 恵")
    approver.says(f"招待コード {world.organisation('横浜商工会議所', '神奈川県')}")
    approver.says("佐藤 恵")
    approver.taps("専門家を招待")
    approver.sees("どの支援機関")
    approver.taps("横浜商工会議所")
    approver.sees("招待コード")
    guest = world.phone("山田")
    guest.follows()
    found = re.search(r"招待コード (\S{4}-\S{4})", "\n".join(approver.answers))
    assert found
    guest.says(f"招待コード {found[1]}")
    guest.sees("横浜商工会議所の招待を確認しました")
    tap(world, guest, "invite", organisation_id(world))
    guest.sees("この操作はできません")


# --- Approvers are removed and moved --------------------------------------------------------------


def removed(world: World, desk: Office, approver: Phone) -> None:
    desk.get(page_of(world))
    answer = desk.posts(f"{page_of(world)}/approvers/{person_of(world, approver)}/remove")
    assert answer.status_code == 302


def test_a_removed_approver_is_told_and_has_no_power_left_anywhere(world: World):
    approver, desk = world.approver("佐藤 恵"), office(world)
    world.approver("鈴木 次郎")
    submitted(world, approver, "山田 太郎")
    approver.taps("承認待ち")
    link = papers_link(world, approver)
    approver.taps("差し戻す")
    approver.taps("口座")
    approver.taps("選び終わった")
    removed(world, desk, approver)
    approver.sees("千代田商工会の担当者としての登録が終わりました")
    assert menu_of(world, approver) == "プロフィール登録"
    approver.says("名義が違います")
    approver.taps("この内容で送る")
    approver.sees("見つかりませんでした")
    for label in ("承認する", "内容を見る"):
        approver.taps(label)
        approver.sees("見つかりませんでした")
    for word in ("承認待ち", "専門家を招待"):
        approver.says(word)
        approver.sees("支援機関の担当者の方だけが使えます")
    assert desk.browser.client.get(link).status_code == 404
    desk.sees(page_of(world), "鈴木 次郎")
    again = desk.posts(f"{page_of(world)}/approvers/{person_of(world, approver)}/remove")
    assert again.status_code == 422
    assert "もうこの支援機関の担当者ではありません" in again.text


def test_what_a_removed_inviter_invited_stays_with_the_organisation(world: World):
    approver, colleague = world.approver("佐藤 恵"), world.approver("鈴木 次郎")
    expert = filled(world, approver, "山田 太郎")
    kept = code_by(world, approver)
    removed(world, office(world), approver)
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    colleague.sees("【要対応】山田 太郎さんの専門家登録")
    approver.sees_not("山田 太郎")
    late = world.phone("髙橋")
    late.follows()
    late.says(f"招待コード {kept}")
    late.sees("千代田商工会の招待を確認しました")


def test_an_approver_who_was_joining_when_removed_is_no_approver(world: World):
    phone, desk = world.phone("佐藤 恵"), office(world)
    phone.follows()
    phone.says(f"招待コード {world.organisation()}")
    removed(world, desk, phone)
    phone.says("佐藤 恵")
    phone.sees("支援機関の担当者の方だけが使えます")
    desk.sees(page_of(world), "担当者がいません")


def test_an_approver_is_moved_with_menu_and_queue(world: World):
    approver, desk = world.approver("佐藤 恵"), office(world)
    submitted(world, approver, "山田 太郎")
    with world.service.database.unit() as uow:
        organisation.create(uow, SYSTEM, "横浜商工会議所", "神奈川県", world.clock())
    path = f"{page_of(world)}/approvers/{person_of(world, approver)}/move"
    desk.get(page_of(world))
    for target, why in (("どこか", "一覧にある名前"), ("千代田商工会", "いまと同じ"), ("", "一覧にある名前")):
        refused = desk.posts(path, target=target)
        assert refused.status_code == 422
        assert why in refused.text
    desk.posts(path, target="横浜商工会議所")
    approver.sees("担当する支援機関が千代田商工会から横浜商工会議所に変わりました")
    assert menu_of(world, approver) == "承認待ち"
    approver.says("承認待ち")
    approver.sees_not("山田 太郎")
    desk.sees(page_of(world, "横浜商工会議所"), "佐藤 恵")
    desk.sees(page_of(world), "担当者がいません")


def test_a_removed_approver_who_has_blocked_us_comes_back_as_a_newcomer(world: World):
    approver, desk = world.approver("佐藤 恵"), office(world)
    approver.blocks()
    desk.sees(page_of(world), "LINEをブロック中")
    removed(world, desk, approver)
    approver.unblocks()
    approver.sees("招待コードを送ってください")
    assert menu_of(world, approver) == "プロフィール登録"


def test_two_clerks_remove_at_once_and_one_is_told_so(place: Place):
    phone = place.world.approver("二重 外し", "二重商工会")
    desks = [office(place.world, f"twice-{place.world.clock().timestamp()}@example.jp") for _ in range(2)]
    for desk in desks:
        desk.get(page_of(place.world, "二重商工会"))
    path = f"{page_of(place.world, '二重商工会')}/approvers/{person_of(place.world, phone)}/remove"
    answers: list[int] = []
    together(*(lambda desk=desk: answers.append(desk.browser.post(path).status_code) for desk in desks))
    place.world.settle()
    assert sorted(answers) == [302, 422]
    assert phone.history().count("担当者としての登録が終わりました") == 1


def test_the_application_keeps_its_inviter_although_removed(world: World):
    approver, desk = world.approver("佐藤 恵"), office(world)
    expert = submitted(world, approver, "山田 太郎")
    removed(world, desk, approver)
    view = application_of(world, expert)
    assert view.inviter == "佐藤 恵"
    with world.service.database.read() as uow:
        assert people.approvers_of(uow, view.organisation_id) == []
