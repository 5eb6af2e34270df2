"""The list and the desk: deciding, refusals that lose nothing, audited views, a constant number of queries."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from handlers.usecases.registration import draft, submit
from models.rules.registration import State
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import audit, registration_views, staff
from storage.files import FileMissing
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


class Office:
    """One organisation with one approver."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)

    def waiting(self, name: str = "山田 太郎", **answers: str) -> tuple[str, PersonView]:
        self.house.clock.advance(minutes=1)
        return factories.approved_once(self.house, self.organisation, self.approver, name=name, **answers)

    def view(self, application_id: str) -> ApplicationView:
        with self.house.database.read() as uow:
            found = registration_views.load(uow, application_id)
        assert found
        return found

    def actions(self, application_id: str) -> list[str]:
        with self.house.database.read() as uow:
            return [entry.action for entry in audit.of_subject(uow, "application", application_id)]


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def version(browser: Browser, application_id: str) -> str:
    page = browser.get(f"/admin/applications/{application_id}").text
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def test_approving_moves_on_tells_and_leads_to_the_next(office: Office, clerk: Browser, house: House) -> None:
    first, applicant = office.waiting()
    second, _ = office.waiting("鈴木 花子")
    house.told.clear()
    response = clerk.post(f"/admin/applications/{first}/approve", version=version(clerk, first))
    assert response.headers["Location"] == f"/admin/applications/{second}"
    assert office.view(first).state is State.TERMS_SENT
    assert applicant.user_id in house.told
    assert "application.approve" in office.actions(first)
    page = clerk.get(response.headers["Location"]).text
    assert "R-2026-000001 を承認しました" in page
    response = clerk.post(f"/admin/applications/{second}/approve", version=version(clerk, second))
    assert response.headers["Location"] == "/admin/applications"
    assert "いまはありません" in clerk.get("/admin/applications").text


def test_returning_names_items_with_comments(office: Office, clerk: Browser) -> None:
    made, _ = office.waiting()
    form = {
        "version": version(clerk, made),
        "item": ["identity", "basic"],
        "comment_identity": "有効期限が\r\n切れています\x00",
        "comment_basic": "所属の正式名称",
        "comment_face": "選んでいない項目",
        "comment": "お願いします",
    }
    assert clerk.post(f"/admin/applications/{made}/return", **form).status_code == 302
    view = office.view(made)
    assert view.state is State.RETURNED
    assert set(view.reopened) == {"identity", "basic"}
    comments = {"identity": "有効期限が\n切れています", "basic": "所属の正式名称", "": "お願いします"}
    assert view.decisions[-1].comments == comments
    page = clerk.get(f"/admin/applications/{made}?state=returned").text
    assert page.count("差し戻し中") == 2
    assert "data-opens" not in page


def test_rejecting_needs_a_reason(office: Office, clerk: Browser) -> None:
    made, _ = office.waiting()
    at = version(clerk, made)
    empty = clerk.post(f"/admin/applications/{made}/reject", version=at, reason="  ")
    assert empty.status_code == 422
    assert "否認の理由を書いてください" in empty.text
    clerk.post(f"/admin/applications/{made}/reject", version=at, reason="登録要件を満たしていません")
    assert office.view(made).state is State.REJECTED
    assert "登録要件を満たしていません" in clerk.get(f"/admin/applications/{made}").text


def test_what_is_missing_in_a_return_is_said_at_its_place_and_nothing_typed_is_lost(
    office: Office, clerk: Browser
) -> None:
    made, _ = office.waiting()
    form = {"version": version(clerk, made), "item": ["identity", "face"], "comment_face": "暗い"}
    response = clerk.post(f"/admin/applications/{made}/return", **form, comment="全体の話")
    assert response.status_code == 422
    assert 'id="fault-comment_identity"' in response.text
    assert 'aria-describedby="fault-comment_identity"' in response.text
    assert "暗い</textarea>" in response.text
    assert "全体の話</textarea>" in response.text
    assert 'value="face" checked' in response.text
    none = clerk.post(f"/admin/applications/{made}/return", version=form["version"])
    assert "ひとつ以上選んでください" in none.text
    long = clerk.post(
        f"/admin/applications/{made}/return", version=form["version"], item="face", comment_face="あ" * 501
    )
    assert "500文字まで" in long.text
    assert office.view(made).state is State.SECRETARIAT_REVIEW


def test_who_comes_second_reads_who_was_faster_and_keeps_the_words(
    office: Office, clerk: Browser, house: House
) -> None:
    made, _ = office.waiting()
    at = version(clerk, made)
    with house.database.unit() as uow:
        other = factories.staff_user(uow, "other@example.jp").actor
    factories.approve(house, other, made)
    late = clerk.post(f"/admin/applications/{made}/return", version=at, item="face", comment_face="写真が暗い")
    assert late.status_code == 409
    assert "鈴木 一郎さんが" in late.text
    assert "承認にしたため" in late.text
    assert "写真が暗い" in late.text
    assert office.view(made).state is State.TERMS_SENT


def test_a_change_since_the_page_was_opened_is_said_and_the_form_goes_on_from_there(
    office: Office, clerk: Browser, house: House
) -> None:
    made, applicant = office.waiting()
    old = version(clerk, made)
    with house.database.unit() as uow:
        submit.withdraw(uow, applicant.actor, made, house.clock())
        submit.submit(uow, applicant.actor, made, house.clock())
    factories.approve(house, office.approver.actor, made)
    late = clerk.post(f"/admin/applications/{made}/return", version=old, item="face", comment_face="写真が暗い")
    assert late.status_code == 409
    assert "行" in late.text
    assert "写真が暗い</textarea>" in late.text
    new = re.search(r'name="version" value="(\d+)"', late.text)
    assert new
    assert int(new[1]) > int(old)


def test_nobody_decides_both_stages(office: Office, house: House, app: Flask) -> None:
    made, _ = office.waiting()
    with house.database.unit() as uow:
        factories.staff_user(uow, "both@example.jp", person_id=office.approver.id)
    both = Browser(app.test_client())
    both.log_in("both@example.jp")
    page = both.get(f"/admin/applications/{made}").text
    assert "data-opens" not in page
    assert "支援機関の承認をした方は" in page
    forced = both.post(f"/admin/applications/{made}/approve", version=office.view(made).version)
    assert forced.status_code == 409
    assert "ほかの担当者にお願いしてください" in forced.text
    assert office.view(made).state is State.SECRETARIAT_REVIEW


def test_the_applicant_never_sees_the_own_application_from_the_desk(office: Office, house: House, app: Flask) -> None:
    made, applicant = office.waiting()
    with house.database.unit() as uow:
        factories.staff_user(uow, "self@example.jp", "manager", applicant.id)
    own = Browser(app.test_client())
    own.log_in("self@example.jp")
    assert own.get(f"/admin/applications/{made}").status_code == 404
    assert "R-2026" not in own.get("/admin/applications?state=all").text
    assert own.post(f"/admin/applications/{made}/approve", version=1).status_code == 404
    paper = office.view(made).papers[0].id
    assert own.get(f"/admin/papers/{paper}.jpg").status_code == 404


def test_opening_the_desk_is_audited_once_and_photos_are_sent_only_to_those_inside(
    office: Office, clerk: Browser, visitor: Browser
) -> None:
    made, _ = office.waiting()
    page = clerk.get(f"/admin/applications/{made}").text
    pictures = set(re.findall(r"/admin/papers/[0-9a-f]{32}\.jpg", page))
    assert len(pictures) == 4
    for path in pictures:
        answer = clerk.get(path)
        assert answer.mimetype == "image/jpeg"
        assert answer.data.startswith(b"\xff\xd8")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Disposition"] == "inline"
        assert visitor.get(path).status_code == 302
    assert office.actions(made).count("papers.view") == 1


def test_the_desk_leads_to_the_persons_other_pages(office: Office, house: House, clerk: Browser, app: Flask) -> None:
    made, person = office.waiting()
    page = clerk.get(f"/admin/applications/{made}").text
    assert f"/admin/moves/new/{person.id}" in page
    assert f"/admin/experts/{person.id}" not in page, "no expert yet, and no manager"
    with house.database.unit() as uow:
        factories.staff_user(uow, "manager@example.jp", "manager")
    manager = Browser(app.test_client())
    manager.log_in("manager@example.jp")
    assert f"/admin/experts/{person.id}/data" in manager.get(f"/admin/applications/{made}").text
    page = manager.get(f"/admin/experts/{person.id}/data").text
    assert f"/admin/applications/{made}" in page
    assert "専門家のページ" not in page


def test_a_photo_whose_file_is_gone_says_so(office: Office, house: House, clerk: Browser) -> None:
    made, _ = office.waiting()
    paper = office.view(made).papers[0]
    house.services.files.delete(paper.file_key)
    with pytest.raises(FileMissing):
        house.services.files.get(paper.file_key)
    answer = clerk.get(f"/admin/papers/{paper.id}.jpg")
    assert answer.status_code == 404
    assert answer.mimetype == "image/svg+xml"
    assert "見つかりません" in answer.text


def test_a_photo_taken_back_or_not_sorted_is_not_shown(office: Office, house: House, clerk: Browser) -> None:
    made, applicant = office.waiting()
    old = office.view(made).papers_of("identity")[0].id
    with house.database.unit() as uow:
        submit.withdraw(uow, applicant.actor, made, house.clock())
        shot = factories.photo(house, "unsorted one")
        unsorted, _ = draft.add_photo(uow, applicant.actor, made, "unsorted", shot, house.clock())
        draft.keep_papers(uow, applicant.actor, made, {"identity": []}, house.clock())
    assert clerk.get(f"/admin/papers/{old}.jpg").status_code == 404
    assert clerk.get(f"/admin/papers/{unsorted}.jpg").status_code == 404


def test_the_desk_flags_a_strange_account_holder_and_shows_it_beside_the_bankbook(
    office: Office, clerk: Browser
) -> None:
    made, _ = office.waiting(account_holder="ヤマダ ハナコ")
    page = clerk.get(f"/admin/applications/{made}").text
    assert "口座名義がフリガナと違います" in page
    beside = page.split('data-kind="bankbook"')[1]
    assert "1234567" in beside
    assert "みずほ銀行（0001）" in beside


def test_after_a_return_the_desk_shows_what_changed_and_what_is_fine(
    office: Office, clerk: Browser, house: House
) -> None:
    made, applicant = office.waiting()
    form = {"version": version(clerk, made), "item": ["identity", "face"], "comment_identity": "期限"}
    clerk.post(f"/admin/applications/{made}/return", **form, comment_face="暗い")
    with house.database.unit() as uow:
        draft.keep_papers(uow, applicant.actor, made, {"identity": []}, house.clock())
        shot = factories.photo(house, "new identity")
        draft.add_photo(uow, applicant.actor, made, "identity", shot, house.clock())
        submit.submit(uow, applicant.actor, made, house.clock())
    factories.approve(house, office.approver.actor, made)
    page = clerk.get(f"/admin/applications/{made}").text
    assert page.count("変更あり</span>") == 1
    assert page.count("差し戻し後、変更なし</span>") == 1
    assert page.count("この段階で確認済み</span>") == 5
    assert "再提出" in page
    assert "再提出" in clerk.get("/admin/applications").text


def test_the_list_is_searched_sorted_paged_and_linkable(office: Office, clerk: Browser) -> None:
    names = ["山田 太郎", "髙橋 美咲", "伊藤 健"]
    kana = ["ヤマダ タロウ", "タカハシ ミサキ", "イトウ ケン"]
    for name, reading in zip(names, kana, strict=True):
        office.waiting(name, kana=reading)

    def listed(query: str) -> list[str]:
        return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', clerk.get(f"/admin/applications{query}").text)

    assert listed("") == names
    assert listed("?sort=-age") == names[::-1]
    assert listed("?sort=-number&page=9999") == names[::-1]
    assert listed("?q=たかはし") == ["髙橋 美咲"]
    assert listed("?q=r-2026-000003") == ["伊藤 健"]
    assert listed("?q=%25") == []
    assert "に合う申請はありません" in clerk.get("/admin/applications?q=zzz").text
    assert listed("?state=organisation") == []
    assert "ここに並びます" in clerk.get("/admin/applications?state=organisation").text
    assert len(listed("?state=all")) == 3
    row = clerk.get("/admin/applications?sort=-age&state=all").text
    assert "state=all&amp;sort=-age" in row


def test_neighbours_follow_the_list_one_came_from(office: Office, clerk: Browser) -> None:
    first, second, third = (office.waiting(name)[0] for name in ("山田 太郎", "鈴木 花子", "伊藤 健"))

    def neighbours(application_id: str, query: str = "") -> list[str]:
        page = clerk.get(f"/admin/applications/{application_id}{query}").text
        return re.findall(r'rel="(prev|next)" data-key="." href="/admin/applications/([0-9a-f]{32})', page)

    assert neighbours(second) == [("prev", first), ("next", third)]
    assert neighbours(second, "?sort=-age") == [("prev", third), ("next", first)]
    assert neighbours(first) == [("next", second)]
    assert neighbours(second, "?q=鈴木") == []


def test_the_start_page_counts_what_waits_and_flags_what_waits_too_long(
    office: Office, house: House, clerk: Browser
) -> None:
    office.waiting()
    factories.submitted(house, office.organisation, office.approver, name="鈴木 花子")
    assert "営業日" not in clerk.get("/admin/").text
    house.clock.advance(days=12)
    clerk.log_in()
    page = clerk.get("/admin/").text
    assert "うち1件は5営業日を超えています" in page
    assert "12日前から" in page
    assert "5営業日超" in clerk.get("/admin/applications?state=organisation").text


def test_what_went_wrong_is_counted_and_listed_without_words(house: House, clerk: Browser) -> None:
    from storage import outbox

    with house.database.unit() as uow:
        outbox.tell(uow, "U1", factories.notice(), house.clock(), channel="mail")
        seq = outbox.claim_mails(uow, house.clock(), house.clock())[0].seq
        outbox.dead(uow, seq, "550 mailbox unavailable")
    assert "送れなかったお知らせ <b>1件</b>" in clerk.get("/admin/").text
    page = clerk.get("/admin/troubles").text
    assert "550 mailbox unavailable" in page
    assert "千代田" not in page


@contextmanager
def counted(house: House) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    event.listen(house.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(house.database.engine, "before_cursor_execute", note)


def test_pages_take_the_same_number_of_queries_however_many_rows(office: Office, house: House, clerk: Browser) -> None:
    paths = ["/admin/", "/admin/applications", "/admin/applications?state=all", "/admin/organisations"]
    made, _ = office.waiting()
    paths.append(f"/admin/applications/{made}")

    def queries() -> list[int]:
        found = []
        for path in paths:
            with counted(house) as seen:
                assert clerk.get(path).status_code == 200
            found.append(len(seen))
        return found

    for _ in range(4):
        office.waiting()
    few = queries()
    with house.database.unit() as uow:
        for number in range(45):
            factories.organisation(uow, f"商工会{number}")
    for _ in range(45):
        office.waiting()
    clerk.log_in()
    assert queries() == few
    assert few[0] <= 16
    assert max(few[1:4]) <= 13


def test_an_approved_application_is_decided_once_however_often_the_button_is_pressed(
    office: Office, clerk: Browser
) -> None:
    made, _ = office.waiting()
    at = version(clerk, made)
    assert clerk.post(f"/admin/applications/{made}/approve", version=at).status_code == 302
    assert clerk.post(f"/admin/applications/{made}/approve", version=at).status_code == 409
    assert office.actions(made).count("application.approve") == 2, "one for each stage"


def test_a_user_who_left_is_out_at_once(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        user = staff.by_email(uow, "clerk@example.jp")
        assert user
        user.ended_at = house.clock()
    assert clerk.get("/admin/").status_code == 302
