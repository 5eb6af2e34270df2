"""The engine by example: each test reads like the talk it stands for."""

import pytest

from bot.engine import advance
from bot.form import Form, Step, Tapped
from bot.forms.registration import ACCOUNT
from bot.postbacks import FormTap
from bot.session import REVIEW, Session
from models.rules.fields import FIELD_BY_KEY, Accepted
from models.rules.wording import free_text
from tests.support.chat import BASIC, GOOD, Chat

BASIC_GOOD, ACCOUNT_GOOD = GOOD["basic"], GOOD["account"]


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
