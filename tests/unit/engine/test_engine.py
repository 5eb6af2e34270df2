"""The engine by example: each test reads like the talk it stands for."""

from dataclasses import replace

import pytest

from bot.engine import advance
from bot.form import Form, Step, Tapped
from bot.forms.approval import REJECT, RETURN
from bot.forms.joining import APPROVER_NAME
from bot.forms.registration import ACCOUNT, PHOTOS
from bot.postbacks import FormTap
from bot.session import REVIEW, Session, from_json, to_json
from models.rules.fields import FIELD_BY_KEY, Accepted
from models.rules.wording import free_text
from tests.support.chat import BASIC, GOOD, Chat

BASIC_GOOD, ACCOUNT_GOOD, PAPERS_GOOD = GOOD["basic"], GOOD["account"], GOOD["papers"]


def without(answers, *keys):
    return {key: value for key, value in answers.items() if key not in keys}


def reviewing(form: Form) -> Chat:
    return Chat(form, answers=GOOD[form.key])


# --- asking and answering -------------------------------------------------------------------------


def test_a_form_begins_with_its_first_question_and_says_where_one_is():
    chat = Chat(BASIC)
    chat.sees("基本情報 1/10", "氏名を教えてください", "山田 太郎")
    assert chat.labels == ["もどる", "中断する"]


def test_an_answer_is_kept_and_leads_to_the_next_question():
    chat = Chat(BASIC)
    chat.says("山田 太郎")
    chat.sees("基本情報 2/10", "フリガナ")
    chat.sees_not("で登録します")
    assert chat.kept == {"name": "山田 太郎"}


def test_what_is_kept_differently_from_what_was_typed_is_said():
    chat = Chat(BASIC)
    chat.says("山田 太郎", "やまだ　たろう")
    chat.sees("基本情報 3/10", "フリガナは「ヤマダ タロウ」で登録します")


def test_a_refused_answer_gets_a_reason_an_example_and_the_same_question():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "phone"))
    chat.says("電話はありません")
    chat.sees("電話番号を市外局番から", "例：090-1234-5678", "基本情報 4/10")
    assert chat.at == "phone"
    assert "phone" not in chat.kept


def test_an_unclear_answer_offers_candidates_and_a_tap_settles_it():
    chat = Chat(BASIC)
    chat.says("山田太郎")
    chat.sees("姓と名の区切りがわかりませんでした")
    assert "山田 太郎" in chat.labels
    chat.taps("山田 太郎")
    assert chat.kept["name"] == "山田 太郎"
    chat.sees("基本情報 2/10")
    chat.sees_not("で登録します")


def test_a_candidate_may_be_typed_and_a_new_try_forgets_the_candidates():
    chat = Chat(BASIC)
    chat.says("山田太郎", "佐藤1")
    assert "山田 太郎" not in chat.labels
    chat.says("山田太郎", "山 田太郎")
    assert chat.kept["name"] == "山 田太郎"


def test_all_ten_candidates_are_shown():
    chat = Chat(ACCOUNT)
    chat.says("中央")
    assert chat.session
    assert len(chat.session.options) == 10
    for label, _value in chat.session.options:
        assert label in chat.labels
    assert chat.labels[-2:] == ["もどる", "中断する"]


def test_a_date_is_picked_or_typed():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "birth_date"))
    chat.taps("日付を選ぶ", date="1980-04-01")
    assert chat.kept["birth_date"] == "1980-04-01"
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "birth_date"))
    chat.says("昭和55年4月1日")
    assert chat.kept["birth_date"] == "1980-04-01"


def test_a_birth_date_is_judged_against_the_day_of_the_talk():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "birth_date"))
    chat.taps("日付を選ぶ", date="2026-11-25")
    chat.sees("今日より前")


def test_regions_lead_to_prefectures_and_back_again():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "prefecture"))
    assert chat.labels[:3] == ["北海道", "東北", "関東"]
    chat.taps("関東")
    assert "東京都" in chat.labels
    chat.taps("もどる")
    assert "関東" in chat.labels
    chat.taps("関東", "東京都")
    assert chat.kept["prefecture"] == "東京都"


def test_the_typed_answer_works_where_there_are_buttons():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "prefecture", "requirement"))
    chat.says("とうきょう", "②実務経験10年以上")
    assert (chat.kept["prefecture"], chat.kept["requirement"]) == ("東京都", "2")


# --- several choices ------------------------------------------------------------------------------


def test_several_choices_are_ticked_and_unticked_until_done():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "specialities"))
    assert "選び終わった" not in chat.labels
    chat.taps("経営戦略", "創業")
    assert {"✓経営戦略", "✓創業"} <= set(chat.labels)
    chat.taps("✓経営戦略", "選び終わった")
    assert chat.kept["specialities"] == ["創業"]
    assert chat.at == REVIEW


def test_ticks_stay_while_one_looks_at_the_other_choices():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "specialities"))
    chat.taps("経営戦略", "ほかを見る")
    chat.taps("海外展開", "選び終わった")
    assert chat.kept["specialities"] == ["経営戦略", "海外展開"]


def test_done_without_a_choice_asks_for_one():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "specialities"))
    chat.says("次へ")
    chat.sees("ひとつ以上選んでください")
    assert chat.at == "specialities"


def test_typed_words_join_what_is_ticked():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "qualifications"))
    chat.taps("税理士")
    chat.says("気象予報士")
    assert chat.kept["qualifications"] == ["税理士", "気象予報士"]


def test_a_question_opened_again_shows_the_old_choices_ticked_and_lets_go_of_them():
    chat = reviewing(BASIC)
    chat.taps("直す", "専門分野")
    assert {"✓経営戦略", "✓販路開拓"} <= set(chat.labels)
    chat.taps("✓経営戦略", "✓販路開拓")
    assert not [label for label in chat.labels if label.startswith("✓")]
    chat.taps("創業", "選び終わった")
    assert chat.kept["specialities"] == ["創業"]


@pytest.mark.parametrize("step", ["qualifications", "specialities"])
@pytest.mark.parametrize("ticked", [False, True])
def test_every_choice_can_be_reached_by_looking_further(step: str, ticked: bool):
    chat = Chat(BASIC, answers=without(BASIC_GOOD, step))
    question = BASIC.step(step)
    assert question is not None
    if ticked:
        chat.taps(question.options({})[0].label)
    seen = set()
    for _ in range(5):
        seen |= {label.removeprefix("✓") for label in chat.labels}
        chat.taps("ほかを見る")
    assert {choice.label for choice in question.options({})} <= seen


# --- the engine's own words -----------------------------------------------------------------------


def test_back_goes_to_the_question_before_and_the_answer_stays():
    chat = Chat(BASIC)
    chat.says("山田 太郎", "ヤマダ タロウ")
    chat.taps("もどる")
    assert chat.at == "kana"
    assert chat.kept["kana"] == "ヤマダ タロウ"
    chat.says("もどる")
    chat.says("もどる")
    chat.sees("ここが最初の質問です", "基本情報 1/10")


def test_back_then_a_new_answer_goes_on_with_what_is_open():
    chat = Chat(BASIC)
    chat.says("山田 太郎", "ヤマダ タロウ", "もどる", "サトウ タロウ")
    assert chat.at == "birth_date"
    assert chat.kept["kana"] == "サトウ タロウ"


def test_pausing_keeps_everything_and_resuming_asks_the_same_question():
    chat = Chat(BASIC)
    chat.says("山田 太郎", "中断する")
    assert chat.turn.paused
    chat.sees("ここまで保存しました")
    again = Chat(BASIC, session=chat.session)
    again.sees("基本情報 2/10")
    assert again.kept == {"name": "山田 太郎"}


def test_help_explains_and_asks_again():
    chat = Chat(BASIC)
    chat.says("ヘルプ")
    chat.sees("「もどる」でひとつ前へ", "基本情報 1/10")


def test_a_question_that_must_be_answered_cannot_be_skipped():
    chat = Chat(BASIC)
    chat.says("スキップ")
    chat.sees("飛ばせません", "基本情報 1/10")


def test_an_optional_question_can_be_skipped_and_is_not_asked_again():
    first = Step("first", "ask.comment", free_text("first", "一言", "なし", optional=True))
    second = Step("second", "ask.comment", free_text("second", "理由", "なし"))
    chat = Chat(Form("made", 1, "試し", (first, second), "made"))
    assert "スキップ" in chat.labels
    chat.taps("スキップ")
    assert chat.at == "second"
    chat.says("あります")
    assert chat.at == REVIEW
    chat.sees("（なし）")
    chat.taps("完了")
    assert chat.command.answers == {"first": "", "second": "あります"}


def test_a_sticker_or_a_voice_message_is_answered_and_the_question_asked_again():
    chat = Chat(BASIC)
    chat.sends_misfit("form.sticker")
    chat.sees("スタンプありがとうございます", "基本情報 1/10")


# --- the review -----------------------------------------------------------------------------------


def test_the_review_lists_all_answers_and_ends_the_form():
    chat = reviewing(ACCOUNT)
    chat.sees("みずほ銀行（0001）", "新宿支店（240）", "普通", "1234567", "ヤマダ タロウ")
    chat.taps("完了")
    assert chat.session is None
    assert chat.command.name == "finish_section"
    assert chat.command.answers == ACCOUNT_GOOD


def test_mending_one_answer_returns_to_the_review():
    chat = reviewing(BASIC)
    chat.taps("直す", "電話番号")
    chat.says("03-1234-5678")
    assert chat.at == REVIEW
    chat.sees("03-1234-5678")
    assert chat.session
    assert not chat.session.editing


def test_the_name_of_an_answer_may_be_typed_at_the_review():
    chat = reviewing(BASIC)
    chat.says("メールアドレス")
    assert chat.at == "mail"


def test_back_while_mending_returns_to_the_review_unchanged():
    chat = reviewing(BASIC)
    chat.taps("直す", "電話番号", "もどる")
    assert chat.at == REVIEW
    assert chat.kept == BASIC_GOOD


def test_back_within_a_group_while_mending_shows_the_groups_first():
    chat = reviewing(BASIC)
    chat.taps("直す", "主な活動地域", "関東", "もどる")
    assert "東北" in chat.labels
    chat.taps("もどる")
    assert chat.at == REVIEW


def test_deciding_to_mend_nothing_shows_the_review_again():
    chat = reviewing(BASIC)
    chat.taps("直す", "もどる")
    chat.sees("内容を確認してください")


def test_a_refused_answer_while_mending_keeps_the_old_one():
    chat = reviewing(BASIC)
    chat.taps("直す", "電話番号")
    chat.says("なし")
    assert chat.kept["phone"] == BASIC_GOOD["phone"]
    assert chat.at == "phone"


def test_another_bank_asks_for_its_branch_again():
    """Even when it has a branch of the same number: that is another place."""
    assert isinstance(FIELD_BY_KEY["branch"].judge("240", {"bank": "0036"}), Accepted)
    chat = reviewing(ACCOUNT)
    chat.taps("直す", "金融機関")
    chat.says("楽天銀行")
    assert chat.at == "branch"
    assert "branch" not in chat.kept
    chat.says("201")
    assert chat.at == REVIEW
    assert chat.kept["account_number"] == "1234567"


def test_back_from_an_answer_asked_again_leads_to_the_one_that_changed():
    chat = reviewing(ACCOUNT)
    chat.taps("直す", "金融機関")
    chat.says("楽天銀行", "もどる")
    assert chat.at == "bank"
    chat.says("みずほ銀行")
    assert chat.at == "branch"


def test_a_requirement_that_forbids_the_qualification_asks_for_it_again():
    chat = Chat(BASIC, answers={**BASIC_GOOD, "requirement": "3", "qualifications": ["なし"]})
    chat.taps("直す", "登録要件", "①公的資格")
    assert chat.at == "qualifications"
    chat.taps("税理士", "選び終わった")
    assert chat.at == REVIEW


def test_everything_is_judged_again_before_the_end():
    """The draft changed under the review: what no longer holds is asked, and the command does not run."""
    session = Session(ACCOUNT.key, ACCOUNT.version, REVIEW, {**ACCOUNT_GOOD, "branch": "999"})
    turn = advance(ACCOUNT, session, Tapped(FormTap("account", session.revision, "finish")))
    assert turn.command is None
    assert turn.session
    assert turn.session.step == "branch"


# --- buttons --------------------------------------------------------------------------------------


def test_an_old_button_is_answered_and_changes_nothing():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "requirement", "qualifications", "specialities"))
    old = chat.button("②実務経験10年以上")
    chat.taps("①公的資格")
    before = chat.session
    chat.meets(Tapped(old))
    chat.sees("前の質問のもの", "主な資格")
    assert chat.session == before


def test_a_double_tap_answers_once():
    chat = Chat(BASIC, answers=without(BASIC_GOOD, "specialities"))
    tap = chat.button("創業")
    chat.meets(Tapped(tap))
    chat.meets(Tapped(tap))
    assert "✓創業" in chat.labels


@pytest.mark.parametrize("act", ["", "drop", "answer", "page", "date", "done", "retake", "edit", "finish"])
@pytest.mark.parametrize("value", ["", "²", "9" * 300, "関東", "\x00", "name"])
@pytest.mark.parametrize("step", ["", "name", "birth_date"])
def test_a_made_up_button_harms_nothing(act: str, value: str, step: str):
    chat = Chat(BASIC, session=Session("basic", 1, step, BASIC_GOOD))
    chat.meets(Tapped(FormTap("basic", 1, act, value)))
    assert chat.session is None or chat.kept == BASIC_GOOD


# --- photos ---------------------------------------------------------------------------------------


def test_a_single_photo_is_replaced_by_a_newer_one():
    chat = Chat(PHOTOS)
    chat.sends("one")
    chat.sees("顔写真を受け取りました（1枚）")
    assert chat.labels[:2] == ["このまま使う", "撮り直す"]
    chat.sends("two")
    chat.sees("新しい写真に入れ替えました")
    assert chat.kept["face"] == ["two"]
    chat.taps("このまま使う")
    assert chat.at == "identity"


def test_a_photo_the_draft_already_lists_counts_once():
    """The photo was put into the draft before the turn: the answers may hold it already."""
    chat = Chat(PHOTOS, session=Session("papers", 1, "face", {"face": ["one"]}))
    chat.sends("one")
    chat.sees("受け取りました（1枚）")
    assert chat.kept["face"] == ["one"]


def test_several_photos_are_collected_until_next():
    chat = Chat(PHOTOS, answers={"face": ["f"]})
    chat.sends("a", "b")
    chat.sees("（2枚）")
    chat.says("次へ")
    assert chat.at == "certificate"
    assert chat.kept["identity"] == ["a", "b"]


def test_an_album_is_counted_and_asks_once_it_is_whole():
    chat = Chat(PHOTOS, answers={"face": ["f"]})
    chat.sends("a", "b", "c", album="set")
    chat.sees("身分証明書を受け取りました（3枚）")


def test_while_an_album_arrives_the_buttons_are_there():
    """One photo of the album may have been refused; the talk must not end without a button."""
    from bot.form import PhotoTaken

    chat = Chat(PHOTOS, answers={"face": ["f"]})
    chat.meets(PhotoTaken("a", True, "set", 3))
    chat.sees("写真を受け取りました（1/3枚）")
    chat.taps("次へ")
    assert chat.at == "certificate"


def test_retaking_drops_the_last_photo():
    chat = Chat(PHOTOS, answers={"face": ["f"]})
    chat.sends("a", "b")
    chat.taps("撮り直す")
    chat.sees("最後の写真を取り消しました")
    assert chat.kept["identity"] == ["a"]
    chat.says("撮り直す", "撮り直す")
    chat.sees("まだ届いていません")


def test_too_many_photos_are_turned_away_and_none_is_lost():
    chat = Chat(PHOTOS, answers={"face": ["f"]})
    chat.sends("a", "b", "c", "d", "e")
    chat.sees("身分証明書は4枚までです")
    assert chat.kept["identity"] == ["a", "b", "c", "d"]


def test_one_photo_too_many_leaves_the_draft_again():
    """It was put into the draft before the turn; the answers then say that it goes."""
    held = ["a", "b", "c", "d", "e"]
    chat = Chat(PHOTOS, session=Session("papers", 1, "identity", {"face": ["f"], "identity": held}))
    chat.sends("e")
    assert chat.kept["identity"] == ["a", "b", "c", "d"]


def test_the_same_photo_twice_is_kept_once():
    chat = Chat(PHOTOS)
    chat.sends("one")
    chat.sends("one", new=False)
    chat.sees("もう受け取っています")
    assert chat.kept["face"] == ["one"]


def test_a_bad_photo_says_why_and_asks_again():
    chat = Chat(PHOTOS)
    chat.sends_bad("photo.is_pdf")
    chat.sees("PDFは受け取れません", "写真 1/4")


def test_words_where_a_photo_is_wanted_and_a_photo_where_words_are():
    chat = Chat(PHOTOS)
    chat.says("これです")
    chat.sees("ここでは写真を送ってください", "写真 1/4")
    chat = Chat(BASIC)
    chat.sends("one")
    chat.sees("いまは文字でお答えください", "基本情報 1/10")


def test_next_without_a_photo_says_that_none_came():
    chat = Chat(PHOTOS)
    chat.says("次へ")
    chat.sees("顔写真の写真がまだ届いていません")


def test_requirement_two_without_a_qualification_asks_for_the_career():
    chat = Chat(PHOTOS, answers={"requirement": "2", "qualifications": ["なし"], "face": ["f"], "identity": ["i"]})
    assert chat.at == "career"


def test_after_a_return_only_the_named_papers_are_asked_for():
    chat = Chat(PHOTOS, answers={**without(PAPERS_GOOD, "identity"), "only": ["identity"]})
    chat.sees("写真 1/1", "身分証明書")
    chat.sends("new")
    chat.taps("次へ", "完了")
    assert chat.command.answers == {"identity": ["new"]}


# --- approvers' forms -----------------------------------------------------------------------------


def test_a_return_names_items_and_asks_for_a_comment_on_each():
    chat = Chat(RETURN, answers={"available": ["identity", "bankbook"]})
    assert chat.labels[:2] == ["身分証明書", "通帳"]
    chat.taps("身分証明書", "通帳", "選び終わった")
    chat.sees("身分証明書へのコメント")
    chat.says("有効期限が切れています")
    chat.sees("通帳へのコメント")
    chat.says("名義が読めません")
    chat.sees("この内容で差し戻します", "有効期限が切れています", "名義が読めません")
    chat.taps("この内容で送る")
    assert chat.command.answers["items"] == ["identity", "bankbook"]


def test_an_item_the_application_does_not_have_cannot_be_typed():
    chat = Chat(RETURN, answers={"available": ["identity", "bankbook"]})
    chat.says("実務経歴")
    chat.sees("次の中から選んでください：身分証明書、通帳")


def test_the_comment_of_an_item_no_longer_named_is_not_sent():
    chat = reviewing(RETURN)
    chat.taps("直す", "直してもらう項目", "✓身分証明書", "通帳", "選び終わった")
    chat.says("名義が読めません")
    chat.taps("この内容で送る")
    assert chat.command.answers == {"items": ["bankbook"], "comment_bankbook": "名義が読めません"}


def test_a_rejection_is_confirmed_by_its_own_word():
    chat = Chat(REJECT)
    chat.says("要件を満たしていません")
    chat.sees("取り消せません")
    chat.says("この内容で送る")
    assert chat.command.answers == {"reason": "要件を満たしていません"}


def test_a_form_without_a_last_look_ends_with_its_last_answer():
    chat = Chat(APPROVER_NAME)
    chat.says("佐藤 恵")
    assert chat.command.name == "name_approver"
    assert chat.command.answers == {"name": "佐藤 恵"}


# --- sessions of yesterday ------------------------------------------------------------------------


def test_a_session_of_an_older_form_keeps_its_place_and_its_answers():
    session = Session("basic", 0, "phone", {"name": "山田 太郎"}, revision=7)
    chat = Chat(BASIC, session=session)
    assert chat.at == "phone"
    assert chat.session
    assert (chat.session.version, chat.kept) == (1, {"name": "山田 太郎"})
    chat.meets(Tapped(FormTap("basic", 7, "back")))
    chat.sees("前の質問のもの")


def test_a_step_that_is_gone_leads_to_the_first_open_question():
    chat = Chat(BASIC, session=Session("basic", 1, "fax", without(BASIC_GOOD, "mail")))
    assert chat.at == "mail"
    assert chat.kept == without(BASIC_GOOD, "mail")


def test_a_review_that_came_too_early_asks_what_is_open():
    chat = Chat(BASIC, session=Session("basic", 1, REVIEW, without(BASIC_GOOD, "mail")))
    assert chat.at == "mail"


@pytest.mark.parametrize(
    "junk",
    [
        {},
        {"form": "basic"},
        {"form": "basic", "version": "x", "step": ""},
        {"form": "basic", "version": float("inf"), "step": ""},
        {"form": "basic", "version": 1, "step": "", "answers": "abc"},
        {"form": "basic", "version": 1, "step": "", "album": [1, 2, 3]},
        {"form": "basic", "version": 1, "step": "", "options": [["one"]]},
        {"form": "basic", "version": 1, "step": "", "picked": 3},
    ],
)
def test_junk_is_no_session(junk):
    assert from_json(junk) is None


def test_answers_of_another_kind_are_asked_again():
    session = from_json({"form": "basic", "version": 1, "step": "", "answers": {**BASIC_GOOD, "name": 5, "kana": [1]}})
    chat = Chat(BASIC, session=session)
    assert chat.at == "name"


def test_a_session_survives_being_kept():
    session = replace(
        Session("basic", 1, "qualifications", BASIC_GOOD), picked=("税理士",), options=(("a", "b"),), album=("x", 2)
    )
    assert from_json(to_json(session)) == session
