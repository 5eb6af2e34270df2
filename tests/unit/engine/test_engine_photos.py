"""Photos, approvers' forms and sessions of yesterday, by example."""

from dataclasses import replace

import pytest

from bot.form import PhotoTaken, Tapped
from bot.forms.approval import REJECT, RETURN
from bot.forms.joining import APPROVER_NAME
from bot.forms.registration import PHOTOS
from bot.postbacks import FormTap
from bot.session import REVIEW, Session, from_json, to_json
from tests.support.chat import BASIC, GOOD, Chat

BASIC_GOOD, PAPERS_GOOD = GOOD["basic"], GOOD["papers"]


def without(answers, *keys):
    return {key: value for key, value in answers.items() if key not in keys}


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
    chat = Chat(RETURN, answers=GOOD["return"])
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
