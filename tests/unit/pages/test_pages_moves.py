"""LINEの引き継ぎ on the secretariat's page: what is shown and audited, and the password before the dangerous step."""

import re

import pytest
from sqlalchemy import text

from handlers.usecases import account_move
from models.views.people import PersonView
from storage import audit, moves, people
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser


class Case:
    """Somebody with an application, and a newcomer who reads a code to the secretariat."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, organisation)
        self.application, self.person = factories.submitted(house, organisation, self.approver)
        with house.database.unit() as uow:
            self.newcomer: PersonView = factories.person(uow)
        self.begin = f"/admin/moves/new/{self.person.id}"

    def code(self) -> str:
        with self.house.database.unit() as uow:
            return account_move.code_for_call(uow, self.newcomer, self.house.clock())

    def begun(self, browser: Browser) -> str:
        browser.get(self.begin)
        return browser.post(self.begin, code=self.code()).headers["Location"]

    def holder(self) -> PersonView | None:
        with self.house.database.read() as uow:
            return people.by_user_id(uow, self.newcomer.user_id)


@pytest.fixture
def case(house: House) -> Case:
    return Case(house)


def test_face_and_identity_are_shown_and_the_look_is_audited(case: Case, clerk: Browser) -> None:
    page = clerk.get(case.begun(clerk)).text
    for words in ("山田 太郎", "1980年4月1日", "千代田商工会", "電話で聞いたコード", "かけ直すこと"):
        assert words in page
    tabs = re.findall(r'role="tab"[^>]*>([^<]+)<', page)
    assert tabs == ["顔写真", "身分証明書"]
    picture = re.search(r'src="(/admin/papers/[^"]+)"', page)
    assert picture
    assert clerk.get(picture[1]).mimetype == "image/jpeg"
    with case.house.database.read() as uow:
        seen = [each for each in audit.of_subject(uow, "application", case.application) if each.action == "papers.view"]
    assert seen


def test_moving_asks_for_the_password_once_the_last_proof_is_old(case: Case, clerk: Browser) -> None:
    path = case.begun(clerk)
    clerk.get(path)
    case.house.clock.advance(minutes=11)
    asked = clerk.post(f"{path}/approve")
    assert asked.status_code == 401
    assert "もう一度、パスワード" in asked.text
    holder = case.holder()
    assert holder
    assert holder.id == case.newcomer.id
    assert clerk.post(f"{path}/approve", password_again="wrong").status_code == 401
    assert clerk.post(f"{path}/approve", password_again=factories.PASSWORD).status_code == 302
    holder = case.holder()
    assert holder
    assert holder.id == case.person.id
    with case.house.database.read() as uow:
        actions = [each.action for each in audit.of_subject(uow, "person", case.person.id)]
    assert actions[-2:] == ["move.begin", "move.approve"]


def test_the_queue_is_counted_with_its_oldest(case: Case, clerk: Browser) -> None:
    with case.house.database.read() as uow:
        assert moves.waiting(uow) == (0, None)
    case.begun(clerk)
    with case.house.database.read() as uow:
        assert moves.waiting(uow) == (1, case.house.clock())


def test_the_list_is_searched_sorted_and_exported(case: Case, clerk: Browser) -> None:
    case.begun(clerk)
    assert "山田 太郎" in clerk.get("/admin/moves?q=山田").text
    assert "合う引き継ぎはありません" in clerk.get("/admin/moves?q=鈴木").text
    assert "合う引き継ぎはありません" in clerk.get("/admin/moves?q=%25").text
    for order in ("name", "-name", "asked", "-asked", "decided", "-decided", "x"):
        assert "山田 太郎" in clerk.get(f"/admin/moves?state=all&sort={order}").text
    assert "山田 太郎" in clerk.get("/admin/moves.csv").text
    assert clerk.get("/admin/moves.xlsx").status_code == 200


def test_a_code_that_is_only_asked_for_is_on_no_list_and_no_page(case: Case, clerk: Browser) -> None:
    case.code()
    assert "いまはありません" in clerk.get("/admin/moves").text
    with case.house.database.read() as uow:
        assert moves.count(uow, "", "") == 0
    assert clerk.get("/admin/moves/" + "0" * 32).status_code == 404


def test_the_own_account_is_no_new_one(case: Case, clerk: Browser) -> None:
    clerk.get(case.begin)
    answer = clerk.post(case.begin, code="x" * 5000)
    assert answer.status_code == 422
    assert clerk.get(f"/admin/moves/new/{case.newcomer.id}").status_code == 404


def test_a_reader_enters_no_code(case: Case, reader: Browser) -> None:
    assert "閲覧だけの権限" in reader.get(case.begin).text
    answer = reader.post(case.begin, code=case.code())
    assert answer.status_code == 422
    with case.house.database.read() as uow:
        assert moves.waiting(uow) == (0, None)


def test_an_erased_person_is_not_moved(case: Case, clerk: Browser) -> None:
    path = case.begun(clerk)
    with case.house.database.unit() as uow:
        erased = text("UPDATE people SET erased_at = created_at WHERE id = :id")
        uow.session.execute(erased, {"id": case.person.id})
    clerk.get(path)
    assert clerk.post(f"{path}/approve").status_code == 409
    assert clerk.get(case.begin).status_code == 404
