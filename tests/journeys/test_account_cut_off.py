"""After a move to another LINE account: what went along, what the old account has left, and races between the two."""

import re
from typing import Any

from bot.postbacks import CardTap, encode
from handlers.usecases.staff import line_code
from models.notices import InvitationUsed
from storage import outbox, people, staff
from tests.support import photos
from tests.support.desk import code_in_words, menu_of, office, papers_link, person_of
from tests.support.drafts import application_of, code_by, joined, submitted
from tests.support.ledger import Ledger
from tests.support.moving import asks, decide, newest_code, proved, registered_person, stranger, waiting_move
from tests.support.place import Place, together
from tests.support.world import World

# --- What moves along -----------------------------------------------------------------------------


def test_notices_on_their_way_go_to_the_new_account_and_answers_nowhere(world: World):
    old, _ = registered_person(world)
    new, desk = stranger(world), office(world)
    proved(world, new)
    world.auto = False
    with world.service.database.unit() as uow:
        outbox.tell(uow, old.user_id, InvitationUsed("千代田商工会"), world.clock())
        at = outbox.ReplyTo("turn", None, 0)
        outbox.answer(uow, old.user_id, [{"type": "text", "text": "前の電話への答え"}], at, world.clock())
    decide(desk, "approve")
    world.auto = True
    world.settle()
    assert "招待コードが使われました" in new.history()
    assert "招待コードが使われました" not in old.history()
    assert "前の電話への答え" not in old.history() + new.history()


def test_what_was_half_typed_on_either_phone_is_forgotten(world: World):
    approver = world.approver("佐藤 恵")
    old = submitted(world, approver, "山田 太郎")
    old.says("取り下げる")
    old.taps("はい")
    old.says("基本情報")
    new, desk = stranger(world), office(world)
    proved(world, new)
    decide(desk, "approve")
    old.says("悪い人")
    old.sees("いまのメッセージにはお答えできませんでした")
    assert application_of(world, new).name == "山田 太郎"
    new.says("基本情報")
    new.sees("基本情報")


def test_the_old_account_blocks_comes_back_and_takes_photos_back_without_effect(world: World):
    approver = world.approver("佐藤 恵")
    old = joined(world, approver, "山田 太郎")
    event = old.sends(photos.jpeg(1200, 900, "identity"))
    old.taps("身分証明書")
    message = re.search(r"'id': '([^']+)'", str(event))
    new, desk = stranger(world), office(world)
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    path = f"/admin/moves/new/{person_of(world, old)}"
    desk.get(path)
    desk.posts(path, code=code_in_words("\n".join(new.answers)))
    decide(desk, "approve")
    assert message
    old.unsends(message[1])
    assert [paper.kind for paper in application_of(world, new).papers] == ["identity"]
    old.blocks()
    old.unblocks()
    old.sees("招待コードを送ってください")
    assert menu_of(world, old) == "プロフィール登録"
    new.blocks()
    new.unblocks()
    new.sees("おかえりなさい")


def test_links_of_the_old_phone_close(world: World):
    _, approver = registered_person(world)
    path = papers_link(world, approver)
    new, desk = stranger(world), office(world)
    assert desk.browser.client.get(path).status_code == 200
    world.clock.forward(seconds=2)
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    begin = f"/admin/moves/new/{person_of(world, approver)}"
    desk.get(begin)
    desk.posts(begin, code=code_in_words("\n".join(new.answers)))
    decide(desk, "approve")
    assert desk.browser.client.get(path).status_code == 410


def test_a_member_of_staff_stays_the_same_human(world: World):
    registered_person(world)
    desk, other = office(world), office(world, "other@example.jp")
    with world.service.database.read() as uow:
        code = line_code(uow, desk.staff_id, world.clock())
    new = stranger(world)
    new.says(f"事務局コード {code}")
    proved(world, new)
    own = decide(desk, "approve")
    assert own.status_code == 409
    assert "ほかの担当者にお願いしてください" in own.text
    decide(other, "approve")
    with world.service.database.read() as uow:
        view = staff.by_id(uow, desk.staff_id)
    assert view
    assert view.person_id == person_of(world, new)


# --- Against each other ---------------------------------------------------------------------------


def test_who_joins_elsewhere_meanwhile_takes_nobodys_place(world: World):
    _, approver = registered_person(world)
    new, desk = stranger(world), office(world)
    proved(world, new)
    new.says(f"招待コード {code_by(world, approver)}")
    refused = decide(desk, "approve")
    assert refused.status_code == 409
    assert "新しいLINEで別の登録" in refused.text
    decide(desk, "refuse", why="not_needed")
    desk.sees("/admin/moves", "いまはありません")


def test_two_who_ask_for_the_same_place(world: World):
    registered_person(world)
    first, second, third = (stranger(world, name) for name in ("一台目", "二台目", "三台目"))
    proved(world, second)
    decide_second = waiting_move(world)
    proved(world, first)
    asks(third)
    desk = office(world)
    desk.get(f"/admin/moves/{decide_second}")
    desk.posts(f"/admin/moves/{decide_second}/approve")
    second.sees("このLINEに引き継ぎました")
    first.sees("引き継ぎは行いませんでした")
    third.sees_not("引き継ぎ")
    again = desk.posts(f"/admin/moves/{decide_second}/approve")
    assert again.status_code == 409
    assert "すでに決めたか" in again.text
    third.says(newest_code(world))
    third.sees("使えませんでした")


def test_there_and_back_again(world: World):
    old, _ = registered_person(world)
    person, new, desk = person_of(world, old), stranger(world), office(world)
    proved(world, new)
    decide(desk, "approve")
    world.clock.forward(hours=2)
    desk.logs_in()
    proved(world, old)
    decide(desk, "approve")
    assert person_of(world, old) == person
    old.says("登録状況")
    old.sees("支援機関の承認待ち")
    new.says("登録状況")
    new.sees("まだ始まっていません")


def test_a_turn_of_the_old_account_that_runs_just_then_leaves_nothing(place: Place):
    world = place.world
    old = submitted(world, place.approver, "同時 引継")
    view = application_of(world, old)
    new, desk = stranger(world, "引継の新"), office(world, "race@example.jp")
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    begin = f"/admin/moves/new/{view.person_id}"
    desk.get(begin)
    desk.posts(begin, code=code_in_words("\n".join(new.answers)))
    press = encode(CardTap("withdraw_yes", view.id, view.version))
    world.platform.send_events(place.held(lambda: world.platform.tap_postback(old.user_id, press)))
    path = f"/admin/moves/{waiting_move(world)}"
    desk.get(path)
    late = place.worker()
    commit = late._commit

    def moved_meanwhile(*args: Any, **named: Any) -> Any:
        assert desk.browser.post(f"{path}/approve").status_code == 302
        return commit(*args, **named)

    late._commit = moved_meanwhile  # type: ignore[method-assign]
    late.attend(old.user_id)
    assert application_of(world, new).state == view.state
    assert place.ledger.rows("SELECT lease_until_ms FROM conversations WHERE user_id = :u", u=old.user_id)[0][0] == 0
    world.settle()
    assert application_of(world, new).state == view.state
    assert place.all_done(old)


def test_the_move_waits_for_a_turn_that_is_being_written(place: Place):
    """On PostgreSQL the two meet inside their transactions; whichever comes second sees what the first one did."""
    world = place.world
    old = submitted(world, place.approver, "重なり 引継")
    view = application_of(world, old)
    new, desk = stranger(world, "重なりの新"), office(world, "overlap@example.jp")
    new.says("アカウントをかえる")
    new.taps("事務局に頼む")
    begin = f"/admin/moves/new/{view.person_id}"
    desk.get(begin)
    desk.posts(begin, code=code_in_words("\n".join(new.answers)))
    path = f"/admin/moves/{waiting_move(world)}"
    desk.get(path)
    press = encode(CardTap("withdraw_yes", view.id, view.version))
    world.platform.send_events(place.held(lambda: world.platform.tap_postback(old.user_id, press)))
    answers: list[int] = []
    together(
        lambda: place.worker().work([old.user_id]),
        lambda: answers.append(desk.browser.post(f"{path}/approve").status_code),
    )
    world.settle()
    assert answers == [302]
    state = application_of(world, new).state
    answered = "取り下げました" in old.history()
    assert state == ("draft" if answered else view.state)
    assert place.all_done(old)
    with world.service.database.read() as uow:
        person = people.by_user_id(uow, old.user_id)
        assert person is None or person.id != view.person_id
    assert Ledger(world.service.database).one("SELECT count(*) FROM people WHERE user_id = :u", u=new.user_id) == 1
