"""From an active expert through the year's end, as talks: asked, reminded, continued, left, lapsed."""

import pytest

from models.rules.registration import State
from tests.support.experts import accept, at, commissioned, issue, job, lettered, menu, view_of
from tests.support.ledger import Ledger
from tests.support.world import Phone, World


def steps(world: World, phone: Phone) -> list[tuple[str, str]]:
    """The audit's steps of the person's newest application: (from, to)."""
    rows = Ledger(world.service.database).rows(
        "SELECT from_state, to_state FROM audit WHERE subject_id = :id AND to_state IS NOT NULL ORDER BY seq",
        id=view_of(world, phone).id,
    )
    return [tuple(row) for row in rows]


def button(phone: Phone, label: str) -> str:
    """What the newest button of that label sends."""
    found = next(action for action in phone.world.platform.actions_of(phone.user_id) if action.get("label") == label)
    return str(found["data"])


def presses(phone: Phone, data: str) -> None:
    """A button that is still on the screen, however old."""
    phone._do(lambda: phone.world.platform.tap_postback(phone.user_id, data, wait=True))


def menu_linked(world: World, phone: Phone) -> str:
    """The rich menu we last gave the person."""
    return Ledger(world.service.database).one("SELECT menu FROM people WHERE user_id = :u", u=phone.user_id)


def test_a_year_goes_by_and_the_expert_continues(world: World):
    inviter = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=inviter)
    at(world, "2027-01-29")
    assert job(world) == 0
    at(world, "2027-01-30")
    job(world)
    expert.sees("【要対応】専門家の委嘱は2027年3月31日（水）で終わります", "〔続ける〕", "〔やめる〕")
    assert view_of(world, expert).state is State.RENEWAL_DUE
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
    assert job(world) == 0
    expert.taps("続ける")
    expert.sees("更新の手続きに進みます", "2027年3月31日", "委嘱条件", "〔同意する〕")
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
    expert.says("登録状況")
    expert.taps("同意する")
    expert.sees("同意を受け付けました")
    issue(world, view_of(world, expert).id)
    expert.sees("【要対応】委嘱状（C-2027-000001）が届きました")
    expert.taps("委嘱状を開く")
    expert.sees("C-2027-000001", "2027年4月1日（木）から 2028年3月31日（金）まで")
    inviter.seen = inviter._last()
    expert.taps("就任を承諾する")
    expert.taps("はい")
    expert.sees("就任承諾を受け付けました（C-2027-000001", "2028年3月31日")
    inviter.sees("山田 太郎さん", "委嘱を更新しました")
    for day in ("2027-03-01", "2027-03-31", "2027-04-01", "2028-01-30"):
        at(world, day)
        assert job(world) == 0, day
    assert menu_linked(world, expert) == "chusho119-expert"
    at(world, "2028-01-31")
    assert job(world) == 1
    expert.sees("【要対応】専門家の委嘱は2028年3月31日（金）で終わります")
    assert steps(world, expert)[-6:] == [
        ("active", "renewal_due"), ("renewal_due", "terms_sent"), ("terms_sent", "terms_agreed"),
        ("terms_agreed", "commissioned"), ("commissioned", "active"), ("active", "renewal_due"),
    ]  # fmt: skip


def test_no_answer_is_asked_for_once_more_and_then_the_commission_ends(world: World):
    inviter = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=inviter)
    at(world, "2027-01-30")
    job(world)
    at(world, "2027-02-28")
    assert job(world) == 0
    at(world, "2027-03-01")
    job(world)
    expert.sees("【要対応】", "まだお返事をいただいていません")
    assert job(world) == 0
    at(world, "2027-03-31", hour=23)
    assert job(world) == 0
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
    at(world, "2027-04-01", hour=0)
    expert.taps("チェックイン")
    expert.sees("委嘱は2027年3月31日（水）で終わりました")
    expert.taps("続ける")
    expert.sees("委嘱は2027年3月31日（水）で終わりました")
    assert job(world) == 2
    at(world, "2027-04-01", hour=9)
    world.settle()
    expert.sees("委嘱は2027年3月31日（水）で終わりました", "新しい招待コード")
    inviter.sees("山田 太郎さんの委嘱期間が終わり")
    assert view_of(world, expert).state is State.ENDED
    assert menu(expert) == "newcomer"
    assert job(world) == 0
    expert.taps("登録状況")
    expert.sees("終了", "委嘱期間", "2027年3月31日（水）まで")


def test_leaving_says_what_it_means_and_ends_the_commission_today(world: World):
    inviter = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=inviter)
    expert.says("登録状況")
    expert.taps("登録をやめる")
    expert.sees("委嘱は今日、2026年11月24日（火）に終わり", "取り消せません")
    expert.taps("いいえ")
    expert.sees("やめる手続きはしませんでした")
    expert.says("登録状況")
    expert.taps("登録をやめる")
    inviter.seen = inviter._last()
    expert.taps("はい")
    expert.sees("登録専門家をやめる手続きが終わりました", "R-2026-000001")
    inviter.sees("山田 太郎さん", "登録専門家をやめました")
    assert menu(expert) == "newcomer"
    at(world, "2026-12-10")
    expert.says("チェックイン")
    expert.sees("委嘱は2026年11月24日（火）で終わりました")
    at(world, "2027-01-30")
    assert job(world) == 0
    at(world, "2027-04-01")
    assert job(world) == 0
    assert steps(world, expert)[-1] == ("active", "ended")


def test_leaving_instead_of_renewing_names_the_milder_way(world: World):
    expert = commissioned(world)
    at(world, "2027-01-30")
    job(world)
    expert.taps("やめる")
    expert.sees("今日、2027年1月30日（土）", "2027年3月31日（水）まで活動して、更新だけをしないときは")
    expert.taps("はい")
    expert.sees("やめる手続きが終わりました")
    assert view_of(world, expert).state is State.ENDED


@pytest.mark.parametrize("at_letter", [False, True], ids=["terms", "letter"])
def test_declining_in_a_renewal_ends_the_commission_and_says_so_before(world: World, at_letter: bool):
    inviter = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=inviter)
    at(world, "2027-01-30")
    job(world)
    expert.taps("続ける")
    if at_letter:
        expert.taps("同意する")
        issue(world, view_of(world, expert).id)
        expert.taps("委嘱状を開く")
    expert.taps("辞退する" if at_letter else "同意しない")
    expert.sees("登録専門家としての登録はすぐに終わります（取り消せません）", "2027年3月31日（水）までは活動したいとき")
    expert.taps("いいえ")
    assert view_of(world, expert).subject.renewing
    expert.taps("辞退する" if at_letter else "同意しない")
    inviter.seen = inviter._last()
    expert.taps("はい")
    expert.sees("更新の手続きをやめ、登録専門家としての登録は終わりました")
    inviter.sees("登録専門家をやめました")
    assert view_of(world, expert).state is State.ENDED
    assert menu(expert) == "newcomer"
    expert.taps("登録状況")
    expert.sees("終了")


def test_a_second_tap_and_last_years_card_change_nothing(world: World):
    expert = commissioned(world)
    at(world, "2027-01-30")
    job(world)
    tap = button(expert, "続ける")
    expert.taps("続ける")
    before = view_of(world, expert)
    presses(expert, tap)
    expert.sees("もう受け付けたか、期限が過ぎています", "委嘱条件の同意待ち")
    assert view_of(world, expert).version == before.version
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    issue(world, before.id)
    accept(expert)
    at(world, "2028-01-31")
    job(world)
    presses(expert, tap)
    expert.sees("もう受け付けたか、期限が過ぎています", "更新待ち")
    assert view_of(world, expert).state is State.RENEWAL_DUE
    expert.taps("続ける")
    assert view_of(world, expert).state is State.TERMS_SENT


def test_a_redelivered_yes_leaves_once_and_an_old_one_not_at_all(world: World):
    expert = commissioned(world)
    expert.says("登録状況")
    expert.taps("登録をやめる")
    yes = button(expert, "はい")
    at(world, "2027-01-30")
    job(world)
    presses(expert, yes)
    expert.sees("登録の状態が変わりました")
    assert view_of(world, expert).state is State.RENEWAL_DUE
    expert.taps("やめる")
    world.auto = False
    expert.taps("はい")
    event = world.platform.last_event(expert.user_id)
    assert event
    world.platform.redeliver(event)
    world.auto = True
    world.settle()
    assert sum("やめる手続きが終わりました" in words for words in expert.answers) == 1
    assert [step for step in steps(world, expert) if step[1] == "ended"] == [("renewal_due", "ended")]
    presses(expert, yes)
    expert.sees("いまはやめる手続きができる委嘱がありません")


def test_somebody_elses_card_does_nothing(world: World):
    one, other = commissioned(world), commissioned(world, "鈴木 花子")
    at(world, "2027-01-30")
    job(world)
    presses(other, button(one, "続ける"))
    other.sees("古くなった")
    presses(other, button(one, "やめる"))
    other.sees("いまはやめる手続きができる委嘱がありません")
    assert view_of(world, one).state is view_of(world, other).state is State.RENEWAL_DUE


# --- Late, and again ------------------------------------------------------------------------------


def test_a_job_that_never_ran_asks_nobody_after_the_year(world: World):
    expert = commissioned(world)
    at(world, "2027-04-20")
    job(world)
    expert.sees("委嘱は2027年3月31日（水）で終わりました")
    expert.sees_not("お返事")
    assert steps(world, expert)[-1] == ("active", "ended")


def test_a_job_that_starts_late_asks_once_and_does_not_remind_on_top(world: World):
    expert = commissioned(world)
    at(world, "2027-03-20")
    job(world)
    expert.sees("続けますか")
    at(world, "2027-03-30")
    assert job(world) == 0


def test_who_continued_late_rests_until_the_new_letter_is_accepted(world: World):
    expert = commissioned(world)
    at(world, "2027-03-31")
    job(world)
    expert.taps("続ける")
    expert.taps("同意する")
    at(world, "2027-04-05")
    job(world)
    expert.sees("委嘱期間は2027年3月31日（水）で終わりました。更新の手続きが終わるまで")
    assert menu(expert) == "newcomer"
    assert job(world) == 0
    expert.says("チェックイン")
    expert.sees("委嘱は2027年3月31日（水）で終わりました")
    expert.taps("登録状況")
    expert.sees("更新の手続き中です")
    issue(world, view_of(world, expert).id)
    expert.taps("委嘱状を開く")
    expert.sees("2027年4月5日（月）から 2028年3月31日（金）まで")
    accept(expert)
    assert menu(expert) == "expert"


def test_a_letter_that_was_not_accepted_in_its_year_is_replaced_by_another(world: World):
    at(world, "2027-03-30")
    expert, made = lettered(world)
    expert.taps("委嘱状を開く")
    at(world, "2027-04-02")
    expert.taps("就任を承諾する")
    expert.taps("はい")
    expert.sees("この委嘱状の期間は2027年3月31日（水）で終わりました")
    job(world)
    expert.sees("承諾いただく前に委嘱期間が終わりました")
    assert job(world) == 0
    issue(world, made)
    expert.sees("C-2027-000001")
    accept(expert)
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
