"""Changing name or account, the secretariat's side: the old beside the new, the decision, and in force only then."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from models.rules.registration import Item, State
from storage import audit, papers, people, profile, registration
from tests.support import factories
from tests.support.factories import House
from tests.support.profiles import NOBODY, Asking, Desk, sent
from tests.support.visitors import Browser


@pytest.fixture
def desk(house: House, app: Flask) -> Desk:
    return Desk(house, app)


@pytest.fixture
def expert(desk: Desk) -> Asking:
    return desk.asking()


def decide(clerk: Browser, change_id: str, answer: str, **form: str):
    page = clerk.get(f"/admin/changes/{change_id}")
    found = re.search(r'name="version" value="(\d+)"', page.text)
    version = {"version": found[1]} if found else {}
    return clerk.post(f"/admin/changes/{change_id}/{answer}", **{**version, **form})


# --- the secretariat's side -----------------------------------------------------------------------


def test_the_list_and_the_page_show_the_old_beside_the_new(expert: Asking, clerk: Browser) -> None:
    assert "専門家がプロフィールから" in clerk.get("/admin/changes").text
    change = sent(expert, account_holder="スズキ ハナコ")
    page = clerk.get("/admin/changes").text
    assert f'href="/admin/changes/{change.id}"' in page
    assert "口座" in page
    page = clerk.get(f"/admin/changes/{change.id}").text
    for words in ("1234567", "7654321", "フリガナと違います", "新しい通帳", "いまの通帳", "承認する", "差し戻す"):
        assert words in page
    shots = re.findall(r'href="(/admin/changes/[0-9a-f]+/[0-9a-f]+\.jpg)"', page)
    assert len(shots) == 2
    assert all(clerk.get(shot).mimetype == "image/jpeg" for shot in shots)
    with expert.desk.house.database.read() as uow:
        actions = [row.action for row in audit.of_subject(uow, "application", expert.application_id)]
    assert actions.count("papers.view") == 1
    assert "山田 太郎" in clerk.get("/admin/changes?q=ヤマダ").text
    assert "合う変更はありません" in clerk.get("/admin/changes?q=zzz").text
    assert clerk.get("/admin/changes.csv").data.startswith(b"\xef\xbb\xbf")


def test_an_approved_account_is_in_force_with_its_photo(expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    old, new = expert.view().papers_of(Item.BANKBOOK), expert.view().papers_of("new_bankbook")
    answer = decide(clerk, change.id, "approve")
    assert answer.status_code == 302
    assert "口座の変更を承認しました" in clerk.get(answer.headers["Location"]).text
    assert expert.answers["account_number"] == "7654321"
    assert expert.answers["specialities"], "the other answers stay"
    held = expert.view().papers_of(Item.BANKBOOK)
    assert [paper.file_key for paper in held] == [new[0].file_key]
    assert old[0].file_key != new[0].file_key
    assert not expert.view().papers_of("new_bankbook")
    assert clerk.get(f"/admin/papers/{held[0].id}.jpg").mimetype == "image/jpeg"
    assert "account" not in expert.profile.changes
    assert "ProfileChangeApproved" in expert.told()
    assert expert.actions()[-1] == ("change.approve", "staff", "approved")
    assert "＊＊＊＊321" in expert.opens().text
    after = clerk.get(f"/admin/changes/{change.id}").text
    assert "送られた内容" in after
    assert "data-opens" not in after


def test_an_approved_name_is_everywhere(expert: Asking, clerk: Browser) -> None:
    change = sent(expert, "basic")
    assert "口座名義がフリガナと違います" in clerk.get(f"/admin/changes/{change.id}").text
    decide(clerk, change.id, "approve")
    assert expert.view().name == "佐々木 太郎"
    with expert.desk.house.database.read() as uow:
        found = people.by_id(uow, expert.person.id)
        assert found
        assert found.name == "佐々木 太郎"
    assert "佐々木 太郎" in clerk.get("/admin/applications?state=active&q=ササキ").text
    assert "合う申請はありません" in clerk.get("/admin/applications?state=active&q=ヤマダ").text


def test_a_return_tells_why_and_changes_nothing(expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    for reason in ("", " 　", "あ" * 501):
        refused = decide(clerk, change.id, "return", reason=reason)
        assert refused.status_code == 422
        assert "data-open" in refused.text
    assert decide(clerk, change.id, "return", reason="通帳の<b>名義</b>が読めません").status_code == 302
    assert expert.answers["account_number"] == "1234567"
    assert not expert.view().papers_of("new_bankbook")
    assert "通帳の<b>名義</b>が読めません" in expert.told()
    page = expert.opens().text
    assert "差し戻し" in page
    assert "通帳の&lt;b&gt;名義&lt;/b&gt;が読めません" in page
    form = expert.opens("/change/account").text
    assert 'value="7654321"' in form
    assert sent(expert, account_number="7654322").state == "waiting"
    assert "差し戻し" not in expert.opens().text
    with expert.desk.house.database.read() as uow:
        rows = audit.of_subject(uow, "application", expert.application_id)
    assert not any("名義" in (row.detail or "") for row in rows), "no free text in the audit"


def test_the_second_of_two_clerks_is_told_and_changes_nothing(expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    version = str(expert.view().version)
    clerk.get(f"/admin/changes/{change.id}")
    assert clerk.post(f"/admin/changes/{change.id}/approve", version=version).status_code == 302
    late = clerk.post(f"/admin/changes/{change.id}/return", version=version, reason="通帳が古い")
    assert late.status_code == 409
    assert "もう事務局の確認が終わっています" in late.text
    assert "通帳が古い" in late.text, "nothing typed is lost"
    assert expert.answers["account_number"] == "7654321"
    assert expert.told().count("ProfileChange") == 1


def test_a_decision_on_something_that_moved_since_is_not_taken(expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    version = str(expert.view().version)
    expert.posts("/contact", seen=expert.seen("contact"), phone="03-1234-5678", mail="a@example.jp")
    clerk.get(f"/admin/changes/{change.id}")
    for stale in (version, "", "x", "１", "9" * 30):
        assert clerk.post(f"/admin/changes/{change.id}/approve", version=stale).status_code == 409
    assert expert.change("account").state == "waiting"
    expert.posts("/change/account/take-back", change=change.id)
    assert decide(clerk, change.id, "approve").status_code == 409
    assert expert.answers["account_number"] == "1234567"


def test_a_reader_looks_and_decides_nothing(expert: Asking, reader: Browser) -> None:
    change = sent(expert)
    page = reader.get(f"/admin/changes/{change.id}").text
    assert "閲覧だけの権限" in page
    assert "data-opens" not in page
    version = str(expert.view().version)
    for answer in ("approve", "return"):
        assert reader.post(f"/admin/changes/{change.id}/{answer}", version=version, reason="x").status_code == 409
    assert expert.change("account").state == "waiting"


def test_nobody_sees_or_decides_the_own_change(expert: Asking, app: Flask) -> None:
    change = sent(expert)
    shot = expert.view().papers_of("new_bankbook")[0]
    with expert.desk.house.database.unit() as uow:
        factories.staff_user(uow, "self@example.jp", "manager", expert.person.id)
    own = Browser(app.test_client())
    own.log_in("self@example.jp")
    assert "いまはありません" in own.get("/admin/changes").text
    for path in (change.id, f"{change.id}/{shot.id}.jpg"):
        assert own.get(f"/admin/changes/{path}").status_code == 404
    assert own.post(f"/admin/changes/{change.id}/approve", version=str(expert.view().version)).status_code == 404
    assert expert.change("account").state == "waiting"


def test_photos_of_another_application_do_not_open_here(desk: Desk, expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    other = desk.asking("鈴木 花子").view()
    identity = expert.view().papers_of(Item.IDENTITY)[0]
    for paper in (*other.papers, identity):
        assert clerk.get(f"/admin/changes/{change.id}/{paper.id}.jpg").status_code == 404
    assert clerk.get(f"/admin/changes/{NOBODY}").status_code == 404
    assert clerk.post(f"/admin/changes/{NOBODY}/approve", version="1").status_code == 404


def test_after_the_end_of_the_commission_nothing_waits_and_nothing_is_decided(expert: Asking, clerk: Browser) -> None:
    change = sent(expert)
    expert.moves(State.ENDED)
    with expert.desk.house.database.read() as uow:
        assert profile.waiting(uow) == (0, None)
    assert "いまはありません" in clerk.get("/admin/changes").text
    assert "委嘱は終わっている" in clerk.get(f"/admin/changes/{change.id}").text
    assert decide(clerk, change.id, "approve").status_code == 409
    assert expert.answers["account_number"] == "1234567"


def test_a_new_application_after_the_end_starts_without_undecided_photos(desk: Desk, expert: Asking) -> None:
    sent(expert)
    with desk.house.database.unit() as uow:
        made = registration.create(uow, expert.person.id, desk.organisation, None, None, desk.house.clock())
        papers.copy(uow, expert.application_id, made, desk.house.clock() + timedelta(seconds=1))
        kinds = {paper.kind for paper in papers.current(uow, made)}
    assert kinds == {"face", "identity", "certificate", "bankbook"}


def test_the_change_of_a_suspended_expert_can_be_decided(expert: Asking, clerk: Browser) -> None:
    expert.moves(State.SUSPENDED)
    change = sent(expert)
    assert decide(clerk, change.id, "approve").status_code == 302
    assert expert.answers["account_number"] == "7654321"
