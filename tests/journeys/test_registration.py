"""From an invitation to the second approval, as talks."""

import pytest

from tests.support import photos
from tests.support.talks import (
    approve_by_secretariat,
    fill_account,
    fill_basic,
    fill_detail,
    fill_papers,
    invited,
    registered,
)
from tests.support.world import World

pytestmark = pytest.mark.parametrize("world", ["small", "full"], indirect=True)


def test_a_newcomer_is_welcomed_and_told_what_to_send(world: World):
    expert = world.phone("山田")
    expert.follows()
    expert.sees("友だち追加ありがとうございます", "招待コード")
    expert.taps("招待コードがない方")
    expert.sees("支援機関")


def test_nothing_is_collected_before_the_consent(world: World):
    expert = invited(world, "山田", consent=False)
    expert.sees("千代田商工会の招待を確認しました", "顔写真", "通帳")
    expert.taps("プロフィール登録")
    expert.sees("個人情報の取扱いへの同意")
    expert.sends(photos.jpeg(1200, 800))
    expert.sees("同意")
    expert.taps("個人情報の取扱いを読む")
    expert.sees("保管", "同意して、登録を始めますか")
    expert.taps("同意して始める")
    expert.sees("入力中", "0/10")
    fetched = [request.path for request in world.platform.requests if "/message/" in request.path]
    assert not [path for path in fetched if path.endswith("/content")]


def test_the_whole_way_to_the_second_approval(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    expert.sees("承認依頼を送りました", "R-2026-000001")
    approver.sees("【要対応】山田 太郎さんの専門家登録")
    approver.taps("内容を見る")
    approver.sees("ヤマダ タロウ", "フリガナと一致", "〔書類を開く〕", "〔承認する〕")
    approver.taps("承認する")
    approver.sees("承認しますか")
    approver.taps("承認する")
    approver.sees("承認しました", "事務局の審査")
    expert.sees("千代田商工会が専門家登録（R-2026-000001）を承認しました")
    approve_by_secretariat(world)
    expert.sees("事務局が専門家登録", "委嘱条件をお送りします")
    approver.sees("事務局が承認しました")
    expert.taps("登録状況")
    expert.sees("委嘱条件の同意待ち")


def test_the_form_is_stopped_and_resumed_the_next_day(world: World):
    expert = invited(world, "山田")
    expert.taps("基本情報")
    expert.says("山田 太郎")
    expert.says("やまだ たろう")
    expert.sees("フリガナは「ヤマダ タロウ」で登録します", "3/10")
    expert.taps("中断する")
    expert.sees("ここまで保存しました")
    world.clock.forward(days=1)
    expert.taps("プロフィール登録")
    expert.sees("2/10")
    expert.taps("基本情報")
    expert.sees("3/10", "生年月日")


def test_a_menu_tap_sets_the_form_aside_and_offers_it_again(world: World):
    expert = invited(world, "山田")
    expert.taps("基本情報")
    expert.says("山田 太郎")
    expert.taps("登録状況")
    expert.sees("入力中", "途中の「基本情報」は保存してあります")
    expert.taps("「基本情報」の続き")
    expert.sees("2/10", "フリガナ")


def test_one_answer_is_corrected_from_the_review(world: World):
    expert = invited(world, "山田")
    fill_basic(expert, "山田 太郎", finish=False)
    expert.sees("内容を確認してください", "090-1234-5678")
    expert.taps("直す")
    expert.taps("電話番号")
    expert.says("03-1234-5678")
    expert.sees("内容を確認してください", "03-1234-5678")
    expert.taps("完了")
    expert.sees("「基本情報」を保存しました", "10/10")


def test_a_name_without_a_gap_is_asked_back(world: World):
    expert = invited(world, "山田")
    expert.taps("基本情報")
    expert.says("山田太郎")
    expert.sees("姓と名の区切り")
    expert.taps("山田 太郎")
    expert.sees("2/10")


def test_submitting_too_early_says_what_is_missing(world: World):
    expert = invited(world, "山田")
    fill_basic(expert, "山田 太郎")
    expert.taps("承認依頼を送る")
    expert.sees("まだそろっていないもの", "顔写真", "口座", "詳細申請")


def test_a_returned_application_reopens_only_the_named_items(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    approver.taps("内容を見る")
    approver.taps("差し戻す")
    approver.taps("身分証明書")
    approver.taps("選び終わった")
    approver.says("有効期限が切れています")
    approver.taps("この内容で送る")
    approver.sees("差し戻しました")
    expert.sees("【要対応】", "身分証明書：「有効期限が切れています」")
    expert.taps("プロフィール登録")
    expert.sees("差し戻し", "このままで大丈夫です", "直してください")
    expert.says("基本情報")
    expert.sees("いま直せるのは、差し戻された項目だけです")
    expert.says("写真")
    expert.taps("直す")
    expert.taps("身分証明書")
    expert.taps("撮り直す")
    expert.taps("撮り直す")
    expert.sends(photos.jpeg(1300, 900, "new"))
    expert.taps("次へ")
    expert.taps("完了")
    expert.sees("直しました")
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    approver.sees("直して再提出されました")
    approver.taps("内容を見る")
    approver.sees("変わった項目", "身分証明書")
    approver.taps("承認する")
    approver.taps("承認する")
    expert.sees("次は事務局の審査です")


def test_an_unmended_return_is_pointed_out_before_it_is_sent(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    approver.taps("内容を見る")
    approver.taps("差し戻す")
    approver.taps("通帳")
    approver.taps("選び終わった")
    approver.says("名義が読めません")
    approver.taps("この内容で送る")
    expert.says("承認依頼を送る")
    expert.sees("まだ直していない項目があります：通帳")


def test_rejecting_needs_a_reason_that_the_applicant_reads(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    approver.taps("内容を見る")
    approver.taps("否認する")
    approver.says("登録要件を満たしていません")
    approver.sees("取り消せません")
    approver.taps("この内容で送る")
    expert.sees("否認となりました", "登録要件を満たしていません")
    expert.taps("登録状況")
    expert.sees("否認")
    again = invited(world, "山田", approver=approver, phone=expert)
    again.sees("10/10", "4/4種類", "入力済み")


def test_withdrawing_brings_the_draft_back(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    expert.taps("登録状況")
    expert.taps("取り下げる")
    expert.sees("取り下げますか")
    expert.taps("はい")
    expert.sees("取り下げました", "入力中", "10/10")
    approver.sees("取り下げました")
    approver.taps("内容を見る")
    approver.sees("見つかりませんでした")


def test_a_second_approver_sees_who_decided(world: World):
    first, second = world.approver("佐藤 恵"), world.approver("田中 実")
    registered(world, first, "山田 太郎")
    second.taps("承認待ち")
    second.sees("山田 太郎", "R-2026-000001")
    second.taps("内容を見る")
    second.taps("承認する")
    first.taps("内容を見る")
    first.taps("承認する")
    first.taps("承認する")
    second.taps("承認する")
    second.sees("佐藤 恵さんが承認済みです")


def test_an_approver_of_another_organisation_sees_nothing(world: World):
    first = world.approver("佐藤 恵")
    other = world.approver("高橋 誠", "みなと商工会議所", "神奈川県")
    registered(world, first, "山田 太郎")
    other.taps("承認待ち")
    other.sees("いま承認を待っている申請はありません")


def test_requirement_two_without_a_qualification_asks_for_the_career(world: World):
    expert = invited(world, "山田")
    fill_basic(expert, "山田 太郎", requirement="②実務経験10年以上", qualifications=("なし",))
    expert.taps("写真")
    expert.sends(photos.jpeg(800, 1000))
    expert.taps("このまま使う")
    expert.sends(photos.jpeg(1200, 800, "id"))
    expert.taps("次へ")
    expert.sees("実務経歴")


def test_a_holder_name_that_differs_is_pointed_out(world: World):
    approver = world.approver("佐藤 恵")
    expert = invited(world, "山田", approver=approver)
    fill_basic(expert, "山田 太郎")
    fill_papers(expert)
    fill_account(expert, holder="ヤマダ ハナコ")
    fill_detail(expert)
    expert.taps("承認依頼を送る")
    expert.sees("口座名義（ヤマダ ハナコ）がフリガナ（ヤマダ タロウ）と違います")
    expert.taps("この内容で送る")
    approver.taps("内容を見る")
    approver.sees("フリガナと違います")


def test_words_nobody_knows_are_answered_politely(world: World):
    expert = invited(world, "山田")
    expert.says("こんにちは")
    expert.sees("お答えできませんでした")


def test_the_menu_follows_the_role_and_comes_back_after_a_block(world: World):
    approver = world.approver("佐藤 恵")
    assert "承認待ち" in approver.labels
    approver.blocks()
    approver.unblocks()
    approver.sees("おかえりなさい")
    assert "承認待ち" in approver.labels
