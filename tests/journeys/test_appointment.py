"""From the second approval to the commissioned expert, as talks."""

import re
import urllib.error
import urllib.request
from datetime import date

import pytest
import time_machine

from handlers.usecases import appointment as usecase
from models.rules.permissions import SYSTEM
from models.rules.registration import State
from storage import appointment, registration, tasks
from storage import staff as staff_rows
from tests.support.talks import approve_by_secretariat, invited, registered, staff_user
from tests.support.world import Phone, World


def publish(world: World, version: str = "2026-11", text: str = "第1条 秘密を守ること。") -> None:
    with world.service.database.unit() as uow:
        usecase.publish_terms(uow, SYSTEM, version, text, world.clock())


def issue(world: World) -> None:
    """The secretariat issues letters to everybody who waits, as its page does."""
    user = staff_user(world, "letters@example.jp")
    with world.service.database.unit() as uow:
        view = staff_rows.by_id(uow, user)
        assert view
        waiting = [row.id for row in registration.queue(uow, view.actor, (State.TERMS_AGREED,))]
        usecase.start_letters(uow, view.actor, waiting, world.clock())
    world.service.rounds.tasks()
    for phone in world.phones.values():
        phone.seen = phone._last()
    world.settle()


def approved(world: World, *, terms: bool = True) -> tuple[Phone, Phone]:
    if terms:
        publish(world)
    approver = world.approver("佐藤 恵")
    expert = registered(world, approver, "山田 太郎")
    approver.taps("内容を見る")
    approver.taps("承認する")
    approver.taps("承認する")
    approve_by_secretariat(world)
    return expert, approver


def test_the_whole_way_to_an_active_expert(world: World):
    expert, approver = approved(world)
    expert.sees("【要対応】委嘱条件をお送りします")
    expert.taps("委嘱条件を開く")
    expert.sees("委嘱条件", "2026-11", "〔全文を読む〕")
    expert.taps("同意する")
    expert.sees("同意を受け付けました")
    issue(world)
    expert.sees("【要対応】委嘱状（C-2026-000001）が届きました")
    expert.taps("委嘱状を開く")
    expert.sees("C-2026-000001", "2027年3月31日")
    expert.taps("就任を承諾する")
    expert.sees("承諾しますか")
    expert.taps("はい")
    expert.sees("就任承諾を受け付けました", "登録専門家")
    assert "チェックイン" in expert.labels
    approver.sees("就任を承諾し、登録専門家になりました")
    expert.taps("プロフィール")
    expert.taps("登録状況")
    expert.sees("登録専門家", "〔委嘱状を開く〕", "〔登録をやめる〕")
    assert len(re.findall(r"11月24日（火）10:\d\d 済", "\n".join(expert.answers))) == 6, "each step says since when"
    expert.taps("チェックイン")
    expert.sees("チェックインできる支援はありません")
    expert.taps("報告・旅費")
    expert.sees("準備中")


def test_a_letter_is_made_once_and_a_reprint_is_the_same_file(world: World):
    expert, _ = approved(world)
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    issue(world)
    with world.service.database.read() as uow:
        (letter,) = [appointment.letter_of(uow, row.id) for row in registration.in_state(uow, State.COMMISSIONED)]
    assert letter
    assert letter.ends == date(2027, 3, 31)
    first = world.service.letters.document(letter, "letter")
    assert first.startswith(b"%PDF")
    assert world.service.letters.document(letter, "letter") == first


def test_letter_and_acceptance_open_over_http_for_the_person_alone(world: World):
    with time_machine.travel(world.clock.now):
        expert, _ = approved(world)
        expert.taps("委嘱条件を開く")
        expert.taps("同意する")
        issue(world)
        expert.taps("委嘱状を開く")
        uris = [action["uri"] for action in world.platform.actions_of(expert.user_id) if action["type"] == "uri"]
        link = next(uri for uri in uris if "/p/letter/" in uri)
        expert.taps("就任を承諾する")
        expert.taps("はい")
        world.service.rounds.tasks()
        own = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = own.open(link, timeout=10).read().decode()
        assert "C-2026-000001" in page
        for document in ("letter", "acceptance"):
            answer = own.open(f"{link}/{document}.pdf", timeout=10)
            assert answer.headers["Content-Type"] == "application/pdf"
            assert answer.read().startswith(b"%PDF")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{link}/letter.pdf", timeout=10)
        refused.value.close()
        assert refused.value.code == 403


def test_declining_the_terms_ends_the_registration_after_one_confirmation(world: World):
    expert, _ = approved(world)
    expert.taps("委嘱条件を開く")
    expert.taps("同意しない")
    expert.sees("取り消せません")
    expert.taps("はい")
    expert.sees("ここで終わりました")
    expert.taps("登録状況")
    expert.sees("取り下げ")
    again = invited(world, "山田", phone=expert, approver=world.phones["佐藤 恵"])
    again.sees("10/10", "4/4種類")


def test_terms_published_later_reach_whoever_waits_for_them(world: World):
    expert, _ = approved(world, terms=False)
    expert.sees_not("【要対応】委嘱条件")
    expert.seen = expert._last()
    publish(world)
    world.settle()
    expert.sees("【要対応】委嘱条件をお送りします")


def test_a_newer_version_must_be_read_before_it_is_agreed_to(world: World):
    expert, _ = approved(world)
    expert.taps("委嘱条件を開く")
    publish(world, "2026-12", "第1条 新しい条件。")
    expert.taps("同意する")
    expert.sees("新しい版に変わりました")
    expert.taps("登録状況")
    expert.taps("委嘱条件を開く")
    expert.sees("2026-12")
    expert.taps("同意する")
    expert.sees("同意を受け付けました")


def test_a_second_acceptance_changes_nothing(world: World):
    expert, _ = approved(world)
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    issue(world)
    expert.taps("委嘱状を開く")
    expert.taps("就任を承諾する")
    world.auto = False
    expert.taps("はい")
    event = world.platform.last_event(expert.user_id)
    assert event
    world.platform.redeliver(event)
    world.auto = True
    world.settle()
    with world.service.database.read() as uow:
        assert len(registration.in_state(uow, State.ACTIVE)) == 1
    world.service.rounds.tasks()
    with world.service.database.read() as uow:
        (row,) = registration.in_state(uow, State.ACTIVE)
        letter = appointment.letter_of(uow, row.id)
    assert letter
    assert world.service.letters.document(letter, "acceptance").startswith(b"%PDF")


def test_a_broken_off_task_goes_on_where_it_stopped(world: World):
    expert, _ = approved(world)
    expert.taps("委嘱条件を開く")
    expert.taps("同意する")
    user = staff_user(world, "letters@example.jp")
    with world.service.database.unit() as uow:
        view = staff_rows.by_id(uow, user)
        assert view
        (row,) = registration.queue(uow, view.actor, (State.TERMS_AGREED,))
        numbered = usecase.prepare_letter(uow, view.actor, row.id, world.clock())
        task = usecase.start_letters(uow, view.actor, [row.id, "0" * 32], world.clock())
    world.service.rounds.tasks()
    with world.service.database.read() as uow:
        letter = appointment.letter_of(uow, row.id)
        done = tasks.view(uow, task)
    assert letter
    assert letter.number == numbered.number
    assert done
    assert (done.done, done.failed, done.finished) == (1, 1, True)
