"""詳細申請: from the chat to a page of one's own and back."""

from datetime import timedelta

import pytest
import time_machine

from tests.support.factories import ANSWERS
from tests.support.forms import filled_in, typed_form
from tests.support.page import Page
from tests.support.talks import fill_account, fill_basic, fill_detail, fill_papers, invited, registered
from tests.support.world import Phone, World

pytestmark = pytest.mark.parametrize("world", ["small", "full"], indirect=True)


def page_of(expert: Phone) -> Page:
    expert.says("詳細申請")
    return Page(expert.link("ページを開く"))


def test_a_newcomer_fills_in_everything_but_the_photos_on_the_page(world: World):
    expert = invited(world, "山田")
    expert.sees("詳細申請", "0/5")
    with time_machine.travel(world.clock.now):
        page = page_of(expert)
        assert typed_form(page.text)["name"] == ""
        page.sends({**filled_in(page.text, ANSWERS), "do": "check"})
        page.sends({})
    world.settle()
    expert.sees("ページで入力した内容を保存しました", "まだそろっていないもの：顔写真、身分証明書、資格証明書、通帳")
    expert.taps("プロフィール登録")
    expert.sees("10/10", "入力済み", "5/5" if "weekly_off" not in ANSWERS else "6/6")
    fill_papers(expert)
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    expert.sees("承認依頼を送りました", "R-2026-000001")


def test_the_chat_and_the_page_are_the_same_draft(world: World):
    expert = invited(world, "山田")
    fill_basic(expert, "山田 太郎")
    with time_machine.travel(world.clock.now):
        page = page_of(expert)
        form = typed_form(page.text)
        assert (form["name"], form["birth_date"]) == ("山田 太郎", "1980-04-01")
        page.sends({**form, "phone": "123", "strengths": "現場を歩きます", "do": "save"})
    expert.taps("プロフィール登録")
    expert.sees("9/10", "1/5")
    expert.taps("基本情報")
    expert.sees("4/10", "電話番号")
    expert.says("03-1234-5678")
    expert.sees("03-1234-5678")


def test_the_card_has_three_buttons_and_offers_the_rest_below(world: World):
    expert = invited(world, "山田")
    assert {"基本情報", "写真", "口座", "詳細申請", "承認依頼を送る"} <= set(expert.labels)
    shown = expert.answers[-1]
    assert shown.count("〔") == 3
    fill_basic(expert, "山田 太郎")
    fill_account(expert)
    assert "〔写真〕\n〔詳細申請〕" in expert.answers[-1]
    assert expert.answers[-1].count("〔") == 3


def test_it_is_told_at_once_even_at_night(world: World):
    expert = invited(world, "山田")
    fill_basic(expert, "山田 太郎")
    fill_papers(expert)
    fill_account(expert)
    world.clock.now += timedelta(hours=13)
    fill_detail(expert)
    expert.sees("すべてそろったので、承認依頼を送れます", "〔承認依頼を送る〕")


def test_a_returned_full_application_is_mended_on_the_page(world: World):
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    expert.says("詳細申請")
    expert.sees("審査")
    approver.taps("内容を見る")
    approver.taps("差し戻す")
    approver.taps("詳細申請")
    approver.taps("選び終わった")
    approver.says("支援実績をもう少し詳しく書いてください")
    approver.taps("この内容で送る")
    expert.sees("詳細申請", "支援実績をもう少し詳しく")
    with time_machine.travel(world.clock.now):
        page = page_of(expert)
        form = typed_form(page.text)
        assert "support_record" in form
        assert "name" not in form
        page.sends({**form, "support_record": "食品製造業の原価管理。粗利率が5%改善しました", "do": "check"})
        page.sends({})
    world.settle()
    expert.sees("すべてそろった")
    expert.taps("承認依頼を送る")
    expert.taps("この内容で送る")
    approver.sees("直して再提出されました")
    approver.taps("内容を見る")
    approver.sees("変わった項目", "詳細申請")


def test_the_page_is_not_offered_before_the_consent(world: World):
    expert = invited(world, "山田", consent=False)
    expert.says("詳細申請")
    expert.sees("個人情報の取扱いへの同意")
