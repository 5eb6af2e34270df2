"""The secretariat suspends, lifts and ends commissions; what becomes of them, as talks."""

from models.rules.registration import State
from storage import experts
from tests.support.experts import accept, agree, at, commissioned, issue, job, menu, steer, view_of
from tests.support.ledger import Ledger
from tests.support.talks import code_of, invited
from tests.support.world import World


def test_a_suspension_is_told_with_its_reason_and_to_the_inviter_without(world: World):
    inviter = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=inviter)
    steer(world, expert, "suspend", "苦情の確認のため")
    expert.sees("委嘱が停止されました", "苦情の確認のため")
    inviter.sees("山田 太郎さん", "委嘱が停止されました")
    inviter.sees_not("苦情")
    expert.taps("チェックイン")
    expert.sees("委嘱が停止されているため、「チェックイン」は使えません")
    expert.taps("派遣依頼")
    expert.sees("委嘱が停止されているため")
    expert.taps("謝金")
    expert.sees("まだ謝金の記録はありません")
    expert.says("登録状況")
    expert.sees("停止中")
    steer(world, expert, "lift", "確認できました")
    expert.sees("停止が解かれました", "確認できました")
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
    steer(world, expert, "end", "ご本人の希望")
    expert.sees("委嘱が終了しました", "ご本人の希望")
    assert menu(expert) == "newcomer"
    with world.service.database.read() as uow:
        kept = experts.reasons(uow, view_of(world, expert).id)
    assert [(each.action, each.reason, each.staff) for each in kept] == [
        ("suspend", "苦情の確認のため", "事務局 花子"), ("lift", "確認できました", "事務局 花子"),
        ("end", "ご本人の希望", "事務局 花子"),
    ]  # fmt: skip
    told = Ledger(world.service.database).rows("SELECT detail FROM audit WHERE action LIKE 'application.%'")
    assert not [row for row in told if row[0] and "苦情" in row[0]]


def test_who_is_suspended_is_not_asked_and_is_asked_once_it_is_lifted(world: World):
    expert = commissioned(world)
    steer(world, expert, "suspend", "確認のため")
    at(world, "2027-01-30")
    assert job(world) == 0
    at(world, "2027-03-10")
    steer(world, expert, "lift", "確認できました")
    assert job(world) == 1
    expert.sees("【要対応】専門家の委嘱は2027年3月31日（水）で終わります", "続けますか")
    assert job(world) == 0


def test_a_suspension_in_the_middle_of_a_renewal_and_the_letter_that_was_issued_before(world: World):
    expert = commissioned(world)
    at(world, "2027-01-30")
    job(world)
    expert.taps("続ける")
    expert.taps("同意する")
    issue(world, view_of(world, expert).id)
    expert.taps("委嘱状を開く")
    steer(world, expert, "suspend", "確認のため")
    expert.taps("就任を承諾する")
    expert.sees("いま開ける委嘱状はありません")
    steer(world, expert, "lift", "確認できました")
    job(world)
    expert.taps("続ける")
    expert.taps("同意する")
    issue(world, view_of(world, expert).id)
    expert.sees("委嘱状（C-2027-000001）が届きました")
    accept(expert)
    assert view_of(world, expert).state is State.ACTIVE


def test_a_suspended_commission_ends_with_the_year_all_the_same(world: World):
    expert = commissioned(world)
    steer(world, expert, "suspend", "確認のため")
    at(world, "2027-04-01")
    job(world)
    expert.sees("委嘱は2027年3月31日（水）で終わりました")
    assert menu(expert) == "newcomer"


def test_after_an_end_a_new_invitation_opens_a_new_application_with_the_old_answers(world: World):
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    old = view_of(world, expert)
    with world.service.database.read() as uow:
        before = experts.of_person(uow, old.person_id)
    steer(world, expert, "end", "ご本人の希望")
    invited(world, "山田", phone=expert, approver=approver)
    draft = view_of(world, expert)
    assert draft.state is State.DRAFT
    assert draft.id != old.id
    assert draft.name == "山田 太郎"
    expert.says("チェックイン")
    expert.sees("委嘱は2026年11月24日（火）で終わりました")
    agree(world.service.database, draft.id, world.clock())
    issue(world, draft.id)
    accept(expert)
    with world.service.database.read() as uow:
        after = experts.of_person(uow, old.person_id)
    assert before
    assert after
    assert (before.application_id, after.application_id) == (old.id, draft.id)
    assert after.since > before.since
    assert menu(expert) == "expert"


def test_an_active_expert_is_not_invited_again_and_the_code_stays_good(world: World):
    approver = world.approver("佐藤 恵")
    expert = commissioned(world, inviter=approver)
    code = code_of(approver)
    for state in (State.ACTIVE, State.SUSPENDED):
        assert view_of(world, expert).state is state
        expert.says(f"招待コード {code}")
        expert.sees("すでに登録専門家として委嘱されています")
        if state is State.ACTIVE:
            steer(world, expert, "suspend", "確認のため")
    newcomer = world.phone("鈴木")
    newcomer.follows()
    newcomer.says(f"招待コード {code}")
    newcomer.sees("招待を確認しました")
