"""One organisation's page: its name, its approvers, its codes; who may do what there."""

import pytest
from sqlalchemy import text

from handlers.usecases import invitation
from models.rules.invitation import EXPERT
from models.rules.permissions import SYSTEM
from models.views.people import PersonView
from storage import audit, organisations, people
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


class Case:
    """Two organisations, the first with one approver and one code of each kind."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.other = factories.organisation(uow, "横浜商工会議所", "神奈川県")
            self.approver: PersonView = factories.approver(uow, self.organisation)
            actor = self.approver.actor
            self.expert_code = invitation.issue(uow, actor, self.organisation, EXPERT, house.clock())
            self.approver_code = invitation.issue(uow, SYSTEM, self.organisation, "approver", house.clock())
        self.page = f"/admin/organisations/{self.organisation}"
        self.member = f"{self.page}/approvers/{self.approver.id}"

    def codes(self) -> list[str]:
        with self.house.database.read() as uow:
            return list(uow.session.scalars(text("SELECT id FROM invitations ORDER BY kind")))


@pytest.fixture
def case(house: House) -> Case:
    return Case(house)


def test_the_page_shows_people_and_masked_codes(case: Case, clerk: Browser) -> None:
    page = clerk.get(case.page).text
    for words in ("千代田商工会", "東京都", "佐藤 花子", "わかりません", "担当者用", "専門家用", "未使用（期限"):
        assert words in page
    for code in (case.expert_code, case.approver_code):
        assert code not in page
        assert code.replace("-", "") not in page
        assert f"{code[:2]}••-••••" in page


def test_the_page_opens_after_old_codes_were_erased(case: Case, clerk: Browser) -> None:
    with case.house.database.unit() as uow:
        uow.session.execute(text("UPDATE invitations SET expires_at = issued_at, code_sealed = x''"))
    page = clerk.get(case.page)
    assert page.status_code == 200
    assert "期限" in page.text


def test_there_is_no_page_for_an_unknown_one(clerk: Browser) -> None:
    assert clerk.get("/admin/organisations/" + "0" * 32).status_code == 404
    assert clerk.get("/admin/organisations/x").status_code == 404


def test_the_list_leads_there_and_can_show_the_lonely_ones(case: Case, clerk: Browser) -> None:
    assert f'href="{case.page}"' in clerk.get("/admin/organisations").text
    lonely = clerk.get("/admin/organisations?lonely=1").text
    assert "横浜商工会議所" in lonely
    assert f'href="{case.page}"' not in lonely


def test_name_and_prefecture_are_changed_and_audited(case: Case, clerk: Browser) -> None:
    clerk.get(case.page)
    assert clerk.post(case.page, name=" 千代田　商工会 ", prefecture="埼玉県").status_code == 302
    page = clerk.get(case.page).text
    assert "<h1>千代田 商工会</h1>" in page
    assert "保存しました" in page
    clerk.post(case.page, name="千代田 商工会", prefecture="埼玉県")
    with case.house.database.read() as uow:
        entries = audit.of_subject(uow, "organisation", case.organisation)
    (entry,) = [each for each in entries if each.action == "organisation.change"]
    assert entry.detail == "name,prefecture"


@pytest.mark.parametrize(
    ("name", "prefecture", "why"),
    [
        ("横浜商工会議所", "東京都", "もう登録されています"),
        ("", "東京都", "120文字まで"),
        ("あ" * 121, "東京都", "120文字まで"),
        ("千代田商工会", "江戸", "一覧から選んでください"),
    ],
)
def test_a_change_that_cannot_be_says_why(case: Case, clerk: Browser, name: str, prefecture: str, why: str) -> None:
    clerk.get(case.page)
    answer = clerk.post(case.page, name=name, prefecture=prefecture)
    assert answer.status_code == 422
    assert why in answer.text
    assert "<h1>千代田商工会</h1>" in answer.text


def test_the_last_approver_is_removed_after_a_warning(case: Case, clerk: Browser) -> None:
    assert "最後の担当者です" in clerk.get(case.page).text
    case.house.told.clear()
    assert clerk.post(f"{case.member}/remove").status_code == 302
    assert case.approver.user_id in case.house.told
    page = clerk.get(case.page).text
    assert "担当者がいません" in page
    assert "佐藤 花子さんを担当者から外しました" in page
    with case.house.database.read() as uow:
        person = people.by_id(uow, case.approver.id)
        entries = audit.of_subject(uow, "person", case.approver.id)
    assert person
    assert not person.is_approver
    assert [entry.action for entry in entries] == ["approver.remove"]


def test_moving_to_where_one_is_already_changes_nothing(case: Case, clerk: Browser) -> None:
    with case.house.database.unit() as uow:
        organisations.add_approver(uow, case.other, case.approver.id, case.house.clock())
    clerk.get(case.page)
    answer = clerk.post(f"{case.member}/move", target="横浜商工会議所")
    assert answer.status_code == 422
    assert "すでに登録されています" in answer.text
    with case.house.database.read() as uow:
        assert len(organisations.members(uow, case.organisation)) == 1


def test_a_code_is_taken_back_once(case: Case, clerk: Browser) -> None:
    for code in case.codes():
        clerk.get(case.page)
        assert clerk.post(f"{case.page}/codes/{code}/revoke").status_code == 302
        again = clerk.post(f"{case.page}/codes/{code}/revoke")
        assert again.status_code == 422
        assert "取り消してあります" in again.text
    assert clerk.get(case.page).text.count("取り消し済み") == 2


def test_a_code_of_another_organisation_is_not_found_here(case: Case, clerk: Browser) -> None:
    clerk.get(case.page)
    code = case.codes()[0]
    assert clerk.post(f"/admin/organisations/{case.other}/codes/{code}/revoke").status_code == 404
    assert clerk.post(f"{case.page}/codes/{'0' * 32}/revoke").status_code == 404
    assert "取り消し済み" not in clerk.get(case.page).text


def test_a_reader_looks_and_changes_nothing(case: Case, reader: Browser) -> None:
    page = reader.get(case.page).text
    assert "佐藤 花子" in page
    for button in ("外す", "ほかの支援機関へ移す", "保存する", "担当者用コードを作る", "取り消す"):
        assert f">{button}</button>" not in page
    for path in (case.page, f"{case.member}/remove", f"{case.member}/move"):
        answer = reader.post(path, name="別の名前", prefecture="東京都", target="横浜商工会議所")
        assert answer.status_code == 403, path
    assert reader.post(f"{case.page}/codes/{case.codes()[0]}/revoke").status_code == 404
    with case.house.database.read() as uow:
        assert [each.name for each in organisations.members(uow, case.organisation)] == ["佐藤 花子"]
