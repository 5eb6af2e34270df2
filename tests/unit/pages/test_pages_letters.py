"""Commission letters: who waits, issuing one and many, the documents at the desk and behind the person's own link."""

import re

import pytest
import time_machine
from flask import Flask

from handlers.links import Links
from models.rules.registration import State
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import audit, registration_views
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

NOBODY = "0" * 32


class Office:
    """One organisation with one approver, whose experts have come as far as the letter."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)

    def agreed(self, name: str = "山田 太郎", **answers: str) -> str:
        return self.person_agreed(name, **answers)[0]

    def person_agreed(self, name: str = "山田 太郎", **answers: str) -> tuple[str, PersonView]:
        self.house.clock.advance(minutes=1)
        return factories.agreed(self.house, self.organisation, self.approver, name=name, **answers)

    def commissioned(self, name: str = "山田 太郎") -> tuple[str, PersonView]:
        return factories.commissioned(self.house, self.organisation, self.approver, name=name)

    def view(self, application_id: str) -> ApplicationView:
        with self.house.database.read() as uow:
            found = registration_views.load(uow, application_id)
        assert found
        return found

    def actions(self, application_id: str) -> list[str]:
        with self.house.database.read() as uow:
            return [entry.action for entry in audit.of_subject(uow, "application", application_id)]

    def link(self, person: str, subject: str, purpose: str = "letter") -> str:
        with time_machine.travel(self.house.clock(), tick=False):
            return self.house.services.links.page(purpose, person, subject).removeprefix("http://localhost")


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


def listed(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/admin/letters{query}").text
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', page)


# --- issuing --------------------------------------------------------------------------------------


def test_many_are_issued_as_one_task_that_shows_how_far_it_is(office: Office, house: House, clerk: Browser) -> None:
    made = [office.agreed(name) for name in ("山田 太郎", "鈴木 花子", "伊藤 健")]
    assert listed(clerk) == ["山田 太郎", "鈴木 花子", "伊藤 健"]
    started = clerk.post("/admin/letters", application=[*made[:2], made[0], "junk"])
    assert started.status_code == 302
    assert house.hurried == [True]
    progress = clerk.get(started.headers["Location"])
    assert "data-poll" in progress.text
    assert 'max="2" value="0"' in progress.text
    told = house.work()
    assert len(told) == 2
    done = clerk.get(started.headers["Location"]).text
    assert "data-poll" not in done
    assert "2件の委嘱状を発行しました" in done
    assert "発行していません" not in done
    assert [office.view(each).state for each in made] == [State.COMMISSIONED, State.COMMISSIONED, State.TERMS_AGREED]
    assert listed(clerk) == ["伊藤 健"]


def test_a_letter_asked_for_twice_is_issued_once(office: Office, house: House, clerk: Browser) -> None:
    made = office.agreed()
    clerk.get("/admin/letters")
    first, second = (clerk.post("/admin/letters", application=made).headers["Location"] for _ in range(2))
    assert first != second
    house.work()
    assert "1件の委嘱状を発行しました" in clerk.get(first).text
    assert "1件の委嘱状を発行しました" in clerk.get(second).text
    assert office.actions(made).count("application.issue") == 1


def test_who_is_not_ready_is_counted_and_explained(office: Office, house: House, clerk: Browser) -> None:
    started = clerk.post("/admin/letters", application=[office.agreed(), "0" * 32]).headers["Location"]
    house.work()
    assert "1件の委嘱状を発行しました" in clerk.get(started).text
    assert "1件は発行していません" in clerk.get(started).text


def test_nobody_chosen_is_said_and_starts_nothing(office: Office, house: House, clerk: Browser) -> None:
    office.agreed()
    clerk.get("/admin/letters")
    for chosen in ([], ["junk", "\x00", "a" * 4000, "' OR 1=1 --"]):
        refused = clerk.post("/admin/letters", application=chosen)
        assert refused.status_code == 422
        assert "一人以上選んでください" in refused.text
    assert house.hurried == []


def test_everybody_means_the_list_with_its_other_pages_and_its_search(
    office: Office, house: House, clerk: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.admin.lists.PER_PAGE", 1)
    for name, kana in (("山田 太郎", "ヤマダ タロウ"), ("山田 花子", "ヤマダ ハナコ"), ("伊藤 健", "イトウ ケン")):
        office.agreed(name, kana=kana)
    assert 'name="every" value="3"' in clerk.get("/admin/letters").text
    started = clerk.post("/admin/letters?q=やまだ", every="3")
    assert 'max="2"' in clerk.get(started.headers["Location"]).text
    house.work()
    assert listed(clerk) == ["伊藤 健"]


def test_the_list_is_searched_sorted_and_says_why_it_is_empty(office: Office, clerk: Browser) -> None:
    assert "専門家が委嘱条件に同意すると" in clerk.get("/admin/letters").text
    office.agreed("山田 太郎", kana="ヤマダ タロウ")
    office.agreed("伊藤 健", kana="イトウ ケン")
    assert listed(clerk, "?sort=-age&state=all") == ["伊藤 健", "山田 太郎"]
    assert listed(clerk, "?sort=name&page=77") == ["伊藤 健", "山田 太郎"]
    assert listed(clerk, "?q=いとう") == ["伊藤 健"]
    assert "「zzz」に合う申請はありません" in clerk.get("/admin/letters?q=zzz").text


def test_one_letter_is_issued_from_the_page_of_the_application(office: Office, house: House, clerk: Browser) -> None:
    made = office.agreed()
    page = clerk.get(f"/admin/applications/{made}?state=agreed").text
    assert "委嘱状を発行" in page
    action = re.search(r'action="(/admin/letters[^"]*)"', page)
    assert action
    started = clerk.post(action[1], application=made)
    house.work()
    assert f'href="/admin/applications/{made}"' in clerk.get(started.headers["Location"]).text
    issued = clerk.get(f"/admin/applications/{made}?state=commissioned").text
    assert factories.letter_of(house, made).number in issued
    assert "委嘱状を発行" not in issued
    assert "letter.pdf" in issued
    assert "acceptance.pdf" not in issued


def test_a_reader_looks_and_issues_nothing(office: Office, house: House, reader: Browser) -> None:
    made = office.agreed()
    assert listed(reader) == ["山田 太郎"]
    page = reader.get("/admin/letters").text
    assert "閲覧だけの権限" in page
    assert 'name="application"' not in page
    desk = reader.get(f"/admin/applications/{made}").text
    assert "data-opens" not in desk
    assert "委嘱状の発行は担当者" in desk
    assert reader.post("/admin/letters", application=made).status_code == 403
    assert house.hurried == []


def test_issuing_needs_the_token_of_the_form(office: Office, house: House, clerk: Browser) -> None:
    made = office.agreed()
    assert clerk.client.post("/admin/letters", data={"application": made}).status_code == 400
    assert house.hurried == []


def test_nobody_issues_the_own_letter(office: Office, house: House, app: Flask) -> None:
    made, applicant = office.person_agreed()
    with house.database.unit() as uow:
        factories.staff_user(uow, "self@example.jp", "manager", applicant.id)
    own = Browser(app.test_client())
    own.log_in("self@example.jp")
    assert listed(own) == []
    started = own.post("/admin/letters", application=made)
    house.work()
    assert "1件は発行していません" in own.get(started.headers["Location"]).text
    assert office.view(made).state is State.TERMS_AGREED


def test_a_task_nobody_started_is_no_page(clerk: Browser) -> None:
    assert clerk.get(f"/admin/tasks/{NOBODY}").status_code == 404
    assert clerk.get("/admin/tasks/1").status_code == 404


def test_the_start_page_counts_who_waits_for_the_letter(office: Office, clerk: Browser) -> None:
    office.agreed()
    page = clerk.get("/admin/").text
    assert re.search(r'href="/admin/letters">\s*<span class="card-name">委嘱状の発行待ち</span>\s*<[^>]*>1<', page)


def test_each_state_has_its_tab(office: Office, house: House, clerk: Browser) -> None:
    made, applicant = office.commissioned()
    tabs = clerk.get("/admin/applications").text
    for words in ("委嘱状の発行待ち <b>0</b>", "就任承諾待ち <b>1</b>", "登録専門家 <b>0</b>", "取り下げ <b>0</b>"):
        assert words in tabs
    factories.accept(house, applicant, made)
    assert "山田 太郎" in clerk.get("/admin/applications?state=active").text


# --- the documents at the desk --------------------------------------------------------------------


def test_the_desk_opens_the_stored_documents_and_each_view_is_audited(
    office: Office, house: House, clerk: Browser, reader: Browser, visitor: Browser
) -> None:
    made, applicant = office.commissioned()
    letter = factories.letter_of(house, made)
    address = f"/admin/letters/{letter.id}/letter.pdf"
    assert visitor.get(address).status_code == 302
    assert clerk.get(address.replace("letter.pdf", "acceptance.pdf")).status_code == 404
    opened = clerk.get(address)
    assert opened.mimetype == "application/pdf"
    assert opened.data.startswith(b"%PDF")
    assert opened.headers["Cache-Control"] == "no-store"
    assert f"{letter.number}.pdf" in opened.headers["Content-Disposition"]
    assert reader.get(address).data == opened.data, "a reprint is the same file"
    factories.accept(house, applicant, made)
    page = clerk.get(f"/admin/applications/{made}").text
    accepted = clerk.get(address.replace("letter.pdf", "acceptance.pdf"))
    assert "acceptance.pdf" in page
    assert accepted.data.startswith(b"%PDF")
    assert accepted.data != opened.data
    assert office.actions(made).count("letter.view") == 3


def test_a_document_whose_file_is_gone_is_no_page_and_no_view(office: Office, house: House, clerk: Browser) -> None:
    made, _ = office.commissioned()
    letter = factories.letter_of(house, made)
    assert letter.file_key
    house.services.files.delete(letter.file_key)
    assert clerk.get(f"/admin/letters/{letter.id}/letter.pdf").status_code == 404
    assert clerk.get(f"/admin/letters/{NOBODY}/letter.pdf").status_code == 404
    assert "letter.view" not in office.actions(made)


# --- the person's own link ------------------------------------------------------------------------


def test_the_person_reads_the_letter_and_later_the_acceptance(office: Office, house: House, visitor: Browser) -> None:
    made, applicant = office.commissioned()
    letter = factories.letter_of(house, made)
    link = office.link(applicant.id, letter.id)
    page = visitor.get(link)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    for words in (letter.number, "山田 太郎さん", "2027年3月31日", "就任を承諾する"):
        assert words in page.text
    assert "acceptance.pdf" not in page.text
    document = visitor.get(f"{link}/letter.pdf")
    assert document.mimetype == "application/pdf"
    assert document.data.startswith(b"%PDF")
    assert document.headers["Cache-Control"] == "no-store"
    assert visitor.get(f"{link}/acceptance.pdf").status_code == 404
    factories.accept(house, applicant, made)
    page = visitor.get(link)
    assert "LINEにもどって「就任を承諾する」" not in page.text
    assert f"{link}/acceptance.pdf" in page.text
    assert visitor.get(f"{link}/acceptance.pdf").data.startswith(b"%PDF")


def test_the_letter_opens_in_the_first_browser_alone(
    office: Office, house: House, visitor: Browser, app: Flask
) -> None:
    made, applicant = office.commissioned()
    link = office.link(applicant.id, factories.letter_of(house, made).id)
    assert visitor.get(f"{link}/letter.pdf").status_code == 403, "the page comes first"
    assert visitor.get(link).status_code == 200
    assert visitor.get(f"{link}/letter.pdf").status_code == 200
    other = Browser(app.test_client())
    for path in (link, f"{link}/letter.pdf"):
        refused = other.get(path)
        assert refused.status_code == 403
        assert "「登録状況」からもう一度開いてください" in refused.text
        assert "山田" not in refused.text


def test_after_a_day_the_link_is_over(office: Office, house: House, visitor: Browser) -> None:
    made, applicant = office.commissioned()
    link = office.link(applicant.id, factories.letter_of(house, made).id)
    assert visitor.get(link).status_code == 200
    house.clock.advance(hours=25)
    for path in (link, f"{link}/letter.pdf", f"{link}/acceptance.pdf"):
        over = visitor.get(path)
        assert over.status_code == 410
        assert "LINEの「登録状況」からもう一度開いてください" in over.text


def test_forged_and_foreign_links_open_no_letter(office: Office, house: House, visitor: Browser) -> None:
    made, applicant = office.commissioned()
    letter = factories.letter_of(house, made)
    _, stranger = office.commissioned("鈴木 花子")
    good = office.link(applicant.id, letter.id)
    forged = Links("another key", "").page("letter", applicant.id, letter.id)
    papers = office.link(applicant.id, letter.id, "papers")
    for path in (forged, good[:-2], papers.replace("/papers/", "/letter/"), "/p/letter/" + "a" * 3000):
        for document in ("", "/letter.pdf", "/acceptance.pdf"):
            assert visitor.get(path + document).status_code == 410
    for person in (stranger.id, office.approver.id, NOBODY, "\x00"):
        refused = visitor.get(office.link(person, letter.id))
        assert refused.status_code == 404
        assert "山田" not in refused.text
        assert "「登録状況」で確かめて" in refused.text
    assert visitor.get(office.link(applicant.id, "\x00junk")).status_code == 404
    assert visitor.get(office.link(applicant.id, NOBODY)).status_code == 404
    assert visitor.get(f"{good}/other.pdf").status_code == 404


def test_a_letter_that_is_not_printed_yet_does_not_open(office: Office, house: House, visitor: Browser) -> None:
    from handlers.usecases import appointment

    made, applicant = office.person_agreed()
    with house.database.unit() as uow:
        letter = appointment.prepare_letter(uow, factories.office_in(uow), made, house.clock())
    assert visitor.get(office.link(applicant.id, letter.id)).status_code == 404


def test_who_declined_is_shown_as_such(office: Office, house: House, clerk: Browser) -> None:
    from handlers.usecases import appointment

    made, applicant = office.commissioned()
    with house.database.unit() as uow:
        appointment.answer_letter(uow, applicant.actor, made, house.clock(), accepts=False)
    page = clerk.get(f"/admin/applications/{made}?state=withdrawn").text
    assert '<li class="declined"' in page
    assert "辞退" in page
