"""A new phone: who somebody is, proved by mail or on the telephone, and decided by the secretariat."""

from bot.postbacks import CardTap, encode
from storage import moves
from tests.support.desk import code_in_words, mails, menu_of, office, person_of
from tests.support.drafts import submitted
from tests.support.moving import (
    MAIL,
    SAME,
    asks,
    decide,
    newest_code,
    proved,
    registered_person,
    stranger,
    waiting_move,
)
from tests.support.world import World

# --- Who one is -----------------------------------------------------------------------------------


def test_the_whole_way_by_mail(world: World):
    old, _ = registered_person(world)
    person, new = person_of(world, old), stranger(world)
    new.taps("以前登録した方")
    new.sees("登録したメールアドレス", "事務局に頼む")
    new.taps("メールで確かめる")
    new.says("ＴＡＲＯ@Example.JP")
    new.sees(SAME, "確認コード")
    (letter,) = mails(world, MAIL)
    assert letter.subject == "【中小企業119】LINEの引き継ぎの確認コード"
    assert "ブロック" not in letter.text
    new.says(f"コードは {code_in_words(letter.text).lower()} です")
    new.sees("事務局の確認待ち", "結果はこのトークでお知らせします")
    assert "別のLINEから、この登録を引き継ぐ申し込み" in old.history()
    desk = office(world)
    desk.sees("/admin/moves", "山田 太郎", "確認待ち", "メールのコード")
    desk.sees(f"/admin/moves/{waiting_move(world)}", "山田 太郎", "顔写真", "身分証明書", "友だち追加", "千代田商工会")
    assert decide(desk, "approve").status_code == 302
    new.sees("山田 太郎さんの登録を、このLINEに引き継ぎました")
    old.sees("新しいLINEに引き継がれました")
    assert person_of(world, new) == person
    assert old.history().count("新しいLINEに引き継がれました") == 1
    new.says("登録状況")
    new.sees("支援機関の承認待ち")
    old.says("登録状況")
    old.sees("登録の手続きはまだ始まっていません")
    assert person_of(world, old) != person
    desk.sees("/admin/moves?state=approved", "移した", "事務局 花子")


def test_an_address_nobody_registered_gets_the_same_answer(world: World):
    old, _ = registered_person(world)
    known, unknown = stranger(world), stranger(world, "だれか")
    asks(known)
    asks(unknown, "jiro@example.jp")
    assert known.answers == unknown.answers
    assert not mails(world, "jiro@example.jp")
    for phone in (known, unknown):
        phone.says("K7QX-3M9T")
        phone.sees("その確認コードは使えませんでした")
    assert "引き継ぐ申し込み" not in old.history()


def test_an_address_of_two_people_is_nobodys(world: World):
    _, approver = registered_person(world)
    submitted(world, approver, "山田 花子")
    new = stranger(world)
    asks(new)
    new.sees(SAME)
    assert not mails(world, MAIL)


def test_a_code_serves_only_the_account_that_asked_and_only_for_half_an_hour(world: World):
    registered_person(world)
    new, thief = stranger(world), stranger(world, "だれか")
    asks(new)
    code = newest_code(world)
    asks(thief, "jiro@example.jp")
    thief.says(code)
    thief.sees("使えませんでした")
    world.clock.forward(minutes=31)
    new.says(code)
    new.sees("使えませんでした")
    new.taps("メールを送り直す")
    new.says(MAIL)
    new.says(code)
    new.sees("使えませんでした")
    new.says(newest_code(world))
    new.sees("事務局の確認待ち")


def test_a_newer_code_ends_the_older_one(world: World):
    registered_person(world)
    new = stranger(world)
    asks(new)
    first = newest_code(world)
    world.clock.forward(minutes=1)
    asks(new)
    new.says(first)
    new.sees("使えませんでした")


def test_guesses_and_mails_are_slowed_down(world: World):
    registered_person(world)
    new = stranger(world)
    asks(new)
    code = newest_code(world)
    for _ in range(5):
        new.says("AAAA-BBBB")
    new.sees("使えませんでした")
    new.says(code)
    new.sees("間違いが続いたため、15分ほど")
    for _ in range(4):
        asks(new)
    asks(new)
    new.sees("申し込みが続いたため、1時間ほど")
    assert len(mails(world, MAIL)) == 5
    other = stranger(world, "だれか")
    asks(other)
    other.sees(SAME)
    assert len(mails(world, MAIL)) == 5


def test_who_has_something_here_does_not_ask_from_here(world: World):
    old, approver = registered_person(world)
    for phone in (old, approver):
        phone.says("アカウントをかえる")
        phone.sees("新しいLINEから「アカウントをかえる」と送ってください")
        for act in ("account_mail", "account_call"):
            world.platform.tap_postback(phone.user_id, encode(CardTap(act)), wait=True)
            world.settle()
            assert "新しいLINEから" in "\n".join(phone.answers)


def test_it_is_taken_back_once(world: World):
    registered_person(world)
    new = stranger(world)
    proved(world, new)
    new.says("アカウントをかえる")
    new.taps("申し込みを取り下げる")
    new.sees("取り下げました")
    new.taps("申し込みを取り下げる")
    new.sees("いま申し込み中の引き継ぎはありません")
    with world.service.database.read() as uow:
        assert moves.waiting(uow) == (0, None)


# --- By telephone ---------------------------------------------------------------------------------


def test_the_whole_way_by_telephone_for_an_approver(world: World):
    old, _ = world.approver("佐藤 恵"), world.approver("鈴木 次郎")
    new, desk = stranger(world), office(world)
    person = person_of(world, old)
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    code = code_in_words("\n".join(new.answers))
    path = f"/admin/moves/new/{person}"
    desk.sees(path, "佐藤 恵", "千代田商工会")
    for wrong in ("", "あ", "AAAA-BBBB"):
        refused = desk.posts(path, code=wrong)
        assert refused.status_code == 422
        assert "そのコードは見つかりませんでした" in refused.text
    begun = desk.posts(path, code=code.replace("-", " ").lower())
    assert begun.status_code == 302
    desk.sees(begun.headers["Location"], "電話で聞いたコード", "見くらべる写真はありません")
    again = desk.posts(path, code=code)
    assert again.status_code == 422
    decide(desk, "approve")
    assert menu_of(world, new) == "承認待ち"
    assert menu_of(world, old) == "プロフィール登録"
    new.says("専門家を招待")
    new.sees("招待コードを作りました")
    old.says("専門家を招待")
    old.sees("支援機関の担当者の方だけが使えます")


def test_a_code_for_the_telephone_leads_nowhere_without_somebody_to_move(world: World):
    old, _ = registered_person(world)
    new, desk = stranger(world), office(world)
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    code = code_in_words("\n".join(new.answers))
    assert desk.get(f"/admin/moves/new/{person_of(world, new)}").status_code == 404
    assert desk.get("/admin/moves/new/" + "0" * 32).status_code == 404
    desk.sees("/admin/moves?state=all", "選んだ条件に合う引き継ぎはありません")
    world.clock.forward(minutes=31)
    desk.logs_in()
    assert desk.posts(f"/admin/moves/new/{person_of(world, old)}", code=code).status_code == 422


def test_a_reader_looks_and_decides_nothing(world: World):
    registered_person(world)
    new, reader = stranger(world), office(world, "reader@example.jp", "reader")
    proved(world, new)
    path = f"/admin/moves/{waiting_move(world)}"
    reader.sees(path, "権限がありません")
    for answer in ("approve", "refuse"):
        assert reader.posts(f"{path}/{answer}", why="not_same").status_code == 409
    with world.service.database.read() as uow:
        assert moves.waiting(uow)[0] == 1


def test_a_refusal_with_its_reason(world: World):
    registered_person(world)
    new, desk = stranger(world), office(world)
    proved(world, new)
    assert decide(desk, "refuse", why="because").status_code == 409
    decide(desk, "refuse", why="no_contact")
    new.sees("引き継ぎは行いませんでした", "確認の連絡がとれませんでした")
    new.says("登録状況")
    new.sees("まだ始まっていません")
    desk.sees("/admin/moves?state=refused", "断った")
