"""派遣を依頼 as a talk: from the first question to the expert being told."""

import re

import pytest
import time_machine

from bot.postbacks import CardTap, encode
from handlers.usecases.dispatch import request as usecase
from models.rules.dispatch import Status, Why
from models.rules.place import Point
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from models.views.request import DraftView
from storage import dispatch, drafts, organisations
from tests.support import dispatches
from tests.support.requests import (
    ADDRESS,
    EXPERT,
    SLOT,
    answers_chat,
    expert_of,
    fills_page,
    house_of,
    other_organisation,
    person_of,
)
from tests.support.world import Phone, World


@pytest.fixture
def approver(world: World) -> Phone:
    return world.approver("佐藤 恵")


@pytest.fixture
def expert(world: World, approver: Phone) -> PersonView:
    found = expert_of(world, approver)
    world.settle()
    approver.seen = approver._last()
    return found


def draft_of(approver: Phone) -> DraftView | None:
    person = person_of(approver.world, approver)
    with approver.world.service.database.unit() as uow:
        return usecase.own(uow, person.actor)


def sent_as(world: World, draft_id: str) -> DispatchView | None:
    with world.service.database.read() as uow:
        return dispatch.view(uow, draft_id)


def presses(phone: Phone, act: str, subject: str, version: int = 0, value: str = "") -> None:
    data = encode(CardTap(act, subject, version, value))
    phone._do(lambda: phone.world.platform.tap_postback(phone.user_id, data, wait=True))


def test_from_the_first_question_to_the_expert_being_told(world: World, approver: Phone, expert: PersonView):
    answers_chat(approver)
    approver.sees(
        "入力中", "株式会社みほん製作所", "12月1日（火）13:00〜16:00", "12月2日（水）10:00〜12:00", "山田 太郎"
    )
    approver.sees("担当者の氏名", "未入力", "〔ページで入力する〕")
    look = fills_page(approver)
    assert "送る前の確認" in look.text, look.text
    approver.taps("派遣を依頼")
    approver.sees("送る前の確認", "原価管理の見直し", "同行", "あり", "〔この内容で送る〕")
    draft = draft_of(approver)
    assert draft
    approver.taps("この内容で送る")
    made = sent_as(world, draft.id)
    assert made
    approver.sees(f"受付番号 {made.number}", "受け付けました", "山田 太郎さんへ知らせました", "〔派遣状況〕")
    assert (made.status, made.expert_id, made.accompany) == (Status.REQUESTED, expert.id, True)
    assert [slot.round for slot in made.slots] == [0, 0]
    assert made.place.address == ADDRESS
    assert draft_of(approver) is None
    assert made.number in world.phones[EXPERT].history()
    approver.taps("この内容で送る")
    approver.sees("もう送られています", made.number)


def test_every_bad_answer_is_asked_again_and_costs_nothing(world: World, approver: Phone):
    approver.taps("派遣を依頼")
    approver.says("7000012050003")
    approver.sees("打ち間違い", "どの事業者への派遣ですか")
    approver.says("7000012050002")
    approver.sees("はじめての依頼です", "事業者名")
    approver.says("株式会社みほん製作所")
    approver.says(ADDRESS)
    approver.says("件名")
    approver.says("宇宙開発")
    approver.sees("一覧から選んで")
    approver.says("その他")
    approver.sees("その他の支援課題を教えて")
    approver.says("補助金の実績報告")
    approver.says("東京")
    approver.sees("住所で教えてください")
    approver.taps("事業者の所在地と同じ")
    approver.says("5日")
    approver.sees("30分から12時間")
    approver.says("90分")
    approver.says("11/20 10:00")
    approver.sees("もう過ぎています")
    approver.says("2/30 10:00")
    approver.sees("暦にありませんでした")
    approver.says("12/1 13:00")
    approver.sees("12月1日（火）13:00〜14:30")
    approver.taps("スキップ")
    approver.says("存在しない人")
    approver.sees("見つかりませんでした")
    approver.taps("事務局に任せる")
    approver.sees("事務局に任せる", "その他（補助金の実績報告）")
    draft = draft_of(approver)
    assert draft
    assert draft.answers["corporate_number"] == "7000012050002"
    assert draft.answers["business"] == "株式会社みほん製作所"


def test_it_goes_on_where_it_stopped_and_is_the_pages_too(world: World, approver: Phone, expert: PersonView):
    approver.taps("派遣を依頼")
    approver.says("株式会社みほん製作所")
    approver.taps("中断する")
    approver.sees("ここまで保存しました")
    approver.taps("派遣を依頼")
    approver.sees("入力中", "株式会社みほん製作所", "〔続きを答える〕")
    approver.taps("続きを答える")
    approver.sees("事業者の所在地")
    with time_machine.travel(world.clock.now):
        draft, person = draft_of(approver), person_of(world, approver)
        assert draft
        with world.service.database.unit() as uow:
            changes = {"title": "ページで書いた件名", "business_address": ADDRESS}
            usecase.save(uow, person.actor, draft.id, changes, world.clock())
    approver.says(ADDRESS)
    approver.sees("ページで、次の項目が変わりました", "件名", "支援課題を選んで")
    after = draft_of(approver)
    assert after
    assert after.answers["title"] == "ページで書いた件名"


def test_without_an_expert_the_secretariat_is_asked(world: World, approver: Phone):
    answers_chat(approver, expert="事務局に任せる")
    fills_page(approver)
    approver.taps("派遣を依頼")
    approver.sees("事務局が専門家を探して提案します")
    draft = draft_of(approver)
    assert draft
    approver.taps("この内容で送る")
    approver.sees("事務局へ送りました")
    made = sent_as(world, draft.id)
    assert made
    assert (made.status, made.why, made.expert_id) == (Status.NEEDS_COORDINATION, Why.NO_EXPERT, "")


def test_what_is_in_the_way_is_said_before_sending_with_the_ways_out(world: World, approver: Phone, expert: PersonView):
    answers_chat(approver)
    approver.taps("第1希望の日時を直す")
    approver.says("12/5 10:00〜12:00")
    approver.sees("確かめてください", "定休日", "〔別の専門家を選ぶ〕", "〔日時を変える〕")
    approver.sees_not("〔この内容で送る〕", "例外を依頼")
    approver.taps("日時を変える")
    approver.sees("どれを変えますか", "12月5日（土）10:00〜12:00")
    approver.taps("第1希望の日時")
    approver.taps("日時を選ぶ", SLOT)
    approver.sees("入力中", "12月1日（火）13:00〜16:00")
    approver.sees_not("定休日")


def test_a_fourth_visit_needs_the_secretariats_leave(world: World, approver: Phone, expert: PersonView):
    house, person = house_of(world), person_of(world, approver)
    org = min(person.actor.organisations)
    for day in (2, 3, 4):
        times = (dispatches.slot(world.clock.now, day),)
        dispatches.request(house, org, person, None, status=Status.CONFIRMED, times=times)
    approver.taps("派遣を依頼")
    approver.taps("株式会社みほん製作所")
    approver.sees("件名")
    for words in ("四度目の依頼", "生産管理"):
        approver.says(words)
    approver.taps("事業者の所在地と同じ")
    approver.taps("2時間")
    approver.taps("日時を選ぶ", SLOT)
    approver.taps("スキップ")
    approver.says("山田")
    fills_page(approver)
    approver.taps("派遣を依頼")
    approver.sees("原則3回まで", "〔事務局に例外を依頼〕")
    draft = draft_of(approver)
    assert draft
    assert draft.answers["contact_name"] == "田中 一郎"
    approver.taps("事務局に例外を依頼")
    approver.sees("例外の承認を事務局へ依頼しました")
    made = sent_as(world, draft.id)
    assert made
    assert (made.status, made.why, made.expert_id) == (Status.NEEDS_COORDINATION, Why.EXCEPTION, expert.id)


def test_this_expert_goes_into_the_draft_at_hand_and_the_talk_goes_on(
    world: World, approver: Phone, expert: PersonView
):
    presses(approver, "ask_expert", expert.id)
    approver.sees("どの事業者への派遣ですか")
    approver.says("株式会社みほん製作所")
    presses(approver, "ask_expert", expert.id)
    approver.sees("事業者の所在地")
    draft = draft_of(approver)
    assert draft
    assert (draft.expert, draft.answers["business"]) == ("山田 太郎", "株式会社みほん製作所")
    presses(approver, "ask_expert", "f" * 32)
    approver.sees("いま派遣を受けられません")
    stranger = world.phone("通りすがり")
    stranger.follows()
    presses(stranger, "ask_expert", expert.id)
    stranger.sees("支援機関の担当者の方だけ")
    stranger.says("派遣を依頼")
    stranger.sees_not("どの事業者")


def test_another_request_follows_a_visit(world: World, approver: Phone, expert: PersonView):
    person = person_of(world, approver)
    org = min(person.actor.organisations)
    times = (dispatches.slot(world.clock.now, -14),)
    before = dispatches.request(house_of(world), org, person, expert, status=Status.COMPLETED, times=times)
    presses(approver, "ask_again", before.id)
    approver.sees("1回の支援時間")
    approver.taps("2時間")
    approver.taps("日時を選ぶ", SLOT)
    approver.taps("スキップ")
    approver.sees("2回目", before.number, "送る前の確認", "山田 太郎")
    draft = draft_of(approver)
    assert draft
    presses(approver, "ask_again", before.id)
    approver.sees("消して新しく始めますか")
    approver.taps("書きかけを続ける")
    approver.taps("この内容で送る")
    made = sent_as(world, draft.id)
    assert made
    assert made.predecessor_id == before.id
    presses(approver, "ask_again", made.id)
    approver.sees("まだ続いています")
    presses(approver, "ask_again", "0" * 32)
    approver.sees("見つかりません")


def test_after_a_refusal_everything_but_the_expert_and_the_times_is_taken_over(
    world: World, approver: Phone, expert: PersonView
):
    person = person_of(world, approver)
    before = dispatches.request(
        house_of(world), min(person.actor.organisations), person, expert, status=Status.DECLINED
    )
    presses(approver, "ask_again", before.id)
    draft = draft_of(approver)
    assert draft
    assert (draft.predecessor_id, draft.expert, draft.answers["title"]) == ("", "", before.title)
    assert "slot_1" not in draft.answers


def test_a_draft_can_be_thrown_away_and_its_old_buttons_say_so(world: World, approver: Phone):
    answers_chat(approver, expert="事務局に任せる")
    draft = draft_of(approver)
    assert draft
    approver.taps("依頼をやめる")
    approver.sees("消しますか")
    approver.taps("消す")
    approver.sees("消しました")
    for act in ("request_go", "request_times", "request_drop", "request_drop_yes", "request_send", "request_exception"):
        presses(approver, act, draft.id, 1)
        approver.sees("もうありません")
    presses(approver, "request_edit", draft.id, 0, "title")
    approver.sees("もうありません")
    assert draft_of(approver) is None


def test_a_form_whose_draft_is_gone_is_closed_politely(world: World, approver: Phone):
    approver.taps("派遣を依頼")
    approver.says("株式会社みほん製作所")
    with world.service.database.unit() as uow:
        row = drafts.of_person(uow, person_of(world, approver).id)
        assert row
        drafts.drop(uow, row)
    approver.says(ADDRESS)
    approver.sees("もうありません")
    approver.taps("派遣を依頼")
    approver.sees("どの事業者への派遣ですか")


def test_an_old_card_sends_nothing_and_shows_what_is_there_now(world: World, approver: Phone):
    answers_chat(approver, expert="事務局に任せる")
    draft = draft_of(approver)
    assert draft
    presses(approver, "request_send", draft.id, draft.version)
    approver.sees("まだ送れません", "担当者の氏名")
    fills_page(approver)
    presses(approver, "request_send", draft.id, draft.version)
    approver.sees("まだ送っていません", "送る前の確認")
    assert sent_as(world, draft.id) is None


def test_somebody_elses_draft_cannot_be_touched(world: World, approver: Phone):
    answers_chat(approver, expert="事務局に任せる")
    draft = draft_of(approver)
    assert draft
    colleague = world.approver("同僚 一郎")
    for act in ("request_go", "request_edit", "request_times", "request_send", "request_drop_yes", "request_exception"):
        presses(colleague, act, draft.id, draft.version, "title")
        colleague.sees("もうありません")
    presses(colleague, "request_for", "0" * 32)
    assert draft_of(approver) == draft


def test_somebody_who_approves_for_two_organisations_is_asked_which(world: World, approver: Phone):
    other = other_organisation(world)
    with world.service.database.unit() as uow:
        organisations.add_approver(uow, other, person_of(world, approver).id, world.clock())
    approver.taps("派遣を依頼")
    approver.sees("どの支援機関からの依頼ですか")
    approver.taps("札幌商工会議所")
    approver.sees("どの事業者への派遣ですか")
    approver.says("北の店")
    approver.taps("中断する")
    approver.taps("派遣を依頼")
    approver.sees("札幌商工会議所")
    approver.taps("支援機関を変える")
    approver.taps("千代田商工会")
    draft = draft_of(approver)
    assert draft
    assert (draft.organisation, draft.answers["business"]) == ("千代田商工会", "北の店")


def test_a_place_from_lines_map_is_a_position_with_its_address(world: World, approver: Phone):
    approver.taps("派遣を依頼")
    for words in ("株式会社みほん製作所", ADDRESS, "件名", "生産管理"):
        approver.says(words)
    assert "地図で選ぶ" in approver.labels
    approver._do(
        lambda: world.platform.send_location(approver.user_id, 35.681236, 139.767125, "東京駅", ADDRESS, wait=True)
    )
    approver.sees("支援時間")
    draft = draft_of(approver)
    assert draft
    assert (draft.answers["point"], draft.answers["place_source"]) == ("35.681236,139.767125", "location")
    assert re.search("丸の内", str(draft.answers["place"]))


def test_an_address_is_looked_up_where_there_is_a_service_for_it(world: World, approver: Phone):
    asked: list[str] = []

    def locate(address: str) -> Point | None:
        asked.append(address)
        return Point(35.68, 139.76) if "丸の内" in address else None

    world.service.worker.locate = locate
    approver.taps("派遣を依頼")
    for words in ("株式会社みほん製作所", ADDRESS, "件名", "生産管理"):
        approver.says(words)
    approver.says("東京")
    approver.sees("住所で教えてください")
    approver.taps("事業者の所在地と同じ")
    approver.sees("支援時間")
    draft = draft_of(approver)
    assert draft
    assert (draft.answers["point"], draft.answers["place_source"]) == ("35.680000,139.760000", "address")
    presses(approver, "request_edit", draft.id, 0, "place")
    approver.says("北海道札幌市北区北1条")
    after = draft_of(approver)
    assert after
    assert not after.answers.get("point")
    assert asked == [ADDRESS, "北海道札幌市北区北1条"]
