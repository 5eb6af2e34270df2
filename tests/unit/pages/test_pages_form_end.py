"""詳細申請: the last look and its receipt, who may open it and when, photos sent there, and the same page on a PC."""

import io
import re
from html import unescape

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from handlers.links import Links
from handlers.usecases.registration import draft, submit
from models.rules.errors import Incomplete
from models.tables.conversation import OutboxRow
from storage import registration
from tests.support import factories, photos
from tests.support.factories import ANSWERS, House
from tests.support.forms import DETAIL_KEYS, Case, filled_in, save, send, typed_form
from tests.support.visitors import Browser


@pytest.fixture
def case(house: House) -> Case:
    return Case(house)


# --- the last look ----------------------------------------------------------------------------------


def test_faults_are_listed_on_top_and_said_at_the_field(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link).text
    sent = send(visitor, case.link, page, phone="12345", career_history="")
    assert sent.status_code == 422
    text = unescape(sent.text)
    assert '<a href="#phone">電話番号</a>' in text
    assert '<a href="#career_history">職務経歴</a>' in text
    assert text.count("携帯電話は11桁") == 2
    assert 'value="12345"' in text
    assert re.search(r'id="phone"[^>]*aria-invalid="true"', text)
    assert case.view().answers["phone"] == "12345"
    assert visitor.get(f"{case.link}/confirm").headers["Location"].endswith("?check=1#faults")
    assert "携帯電話は11桁" in visitor.get(f"{case.link}?check=1").text


def test_an_unclear_answer_is_picked_without_any_script(case: Case, visitor: Browser) -> None:
    page = visitor.get(case.link).text
    sent = send(visitor, case.link, page, bank="みずほ信託", name="山田太郎")
    assert 'name="pick" value="name=山田 太郎"' in sent.text
    picked = visitor.client.post(case.link, data={**typed_form(sent.text), "pick": "name=山田 太郎"})
    assert picked.status_code == 303
    assert case.view().answers["name"] == "山田 太郎"
    assert case.view().answers["bank"] == "0289"


def test_a_child_or_somebody_not_born_is_no_expert(case: Case, visitor: Browser, house: House) -> None:
    page = filled_in(visitor.get(case.link).text, ANSWERS)
    sent = visitor.client.post(case.link, data={**page, "birth_date": "2020-01-01", "do": "check"})
    assert sent.status_code == 422
    assert "18歳から" in sent.text
    assert visitor.client.post(f"{case.link}/confirm").headers["Location"].endswith("#faults")
    with house.database.unit() as uow, pytest.raises(Incomplete) as refused:
        submit.submit(uow, case.applicant.actor, case.application, house.clock())
    assert refused.value.missing == ("basic",)


def test_all_is_looked_at_kept_and_told_to_the_talk_once(case: Case, house: House, visitor: Browser) -> None:
    page = filled_in(visitor.get(case.link).text, ANSWERS)
    sent = visitor.client.post(case.link, data={**page, "do": "check"})
    assert sent.status_code == 303
    look = visitor.get(sent.headers["Location"])
    for words in (
        "山田 太郎",
        "新宿支店（240）",
        "9:00〜17:00",
        "土、日、祝日",
        "勤務先なし・自営",
        "まだ送られていません",
    ):
        assert words in look.text, words
    for _ in range(2):
        assert visitor.client.post(f"{case.link}/confirm").headers["Location"].endswith("/kept")
    assert "LINEにもどって承認依頼を送ってください" in visitor.get(f"{case.link}/kept").text
    assert case.notices() == 1
    assert house.told == [case.applicant.user_id]
    assert case.view().state == "draft"
    save(visitor, case.link, {"strengths": "書き直しました"})
    visitor.client.post(f"{case.link}/confirm")
    assert case.notices() == 2


def test_photos_that_are_missing_are_named_but_hold_nothing_back(house: House, app: Flask) -> None:
    case = Case(house)
    with house.database.unit() as uow:
        draft.keep_papers(uow, case.applicant.actor, case.application, {"bankbook": []}, house.clock())
    visitor = Browser(app.test_client())
    page = filled_in(visitor.get(case.link).text, ANSWERS)
    visitor.client.post(case.link, data={**page, "do": "check"})
    visitor.client.post(f"{case.link}/confirm")
    assert "まだ届いていない写真があります" in visitor.get(f"{case.link}/kept").text
    with house.database.read() as uow:
        notice = uow.session.scalar(select(OutboxRow.notice).where(OutboxRow.notice.contains("FormFinished")))
    assert '"missing": ["bankbook"]' in (notice or "")


# --- who may, and when ------------------------------------------------------------------------------


def test_forged_foreign_and_old_links_open_and_save_nothing(case: Case, house: House, app: Flask) -> None:
    visitor = Browser(app.test_client())
    visitor.get(case.link)
    forged = Links("another key", "").page("form", case.applicant.id, case.application)
    wrong = [forged, case.made(purpose="letter").replace("/letter/", "/form/"), case.link[:-2], "/p/form/x"]
    wrong += [case.made(person=case.approver.id), case.made(person="0" * 32), case.made(subject="0" * 32)]
    for link in wrong:
        assert Browser(app.test_client()).get(link).status_code in (404, 410), link
        refused = save(visitor, link, {"name": "よそ 者"})
        assert refused.status_code in (403, 404, 410)
        assert refused.get_json()["error"]
    other = Browser(app.test_client())
    assert other.get(case.link).status_code == 403
    assert save(other, case.link, {"name": "よそ 者"}).status_code == 403
    house.clock.advance(hours=25)
    assert visitor.get(case.link).status_code == 410
    over = save(visitor, case.link, {"name": "よそ 者"})
    assert over.status_code == 410
    assert "24時間" in over.get_json()["error"]
    assert case.view().name == "山田 太郎"


def test_another_sites_post_changes_nothing(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        body = {"changed": {"name": "よそ 者"}}
        assert visitor.client.post(f"{case.link}/save", json=body, headers=headers).status_code == 400
        assert visitor.client.post(f"{case.link}/confirm", headers=headers).status_code == 400
    assert case.view().name == "山田 太郎"


def test_once_it_was_sent_the_page_says_so_and_keeps_nothing(case: Case, house: House, visitor: Browser) -> None:
    page = filled_in(visitor.get(case.link).text, ANSWERS)
    case.submit()
    before = case.view()
    for answer in (
        visitor.get(case.link),
        visitor.client.post(case.link, data={**page, "name": "別の 名前", "do": "check"}),
        visitor.get(f"{case.link}/confirm"),
        visitor.client.post(f"{case.link}/confirm"),
    ):
        assert answer.status_code == 200
        assert "いまは直せません" in answer.text
        assert "支援機関の承認待ち" in answer.text
    refused = save(visitor, case.link, {"name": "別の 名前"})
    assert refused.status_code == 409
    assert "支援機関の承認待ち" in refused.get_json()["error"]
    assert case.view() == before
    assert case.notices() == 0


def test_after_a_return_only_the_named_items_can_be_changed(house: House, visitor: Browser) -> None:
    case = Case(house)
    case.submit()
    link = case.return_("account")
    page = visitor.get(link).text
    form = typed_form(page)
    assert "account_number" in form
    assert not {"name", "career_history"} & form.keys()
    assert "山田 太郎" in page
    refused = save(visitor, link, {"name": "別の 名前"})
    assert refused.status_code == 403
    assert refused.get_json()["error"]
    assert send(visitor, link, page, name="別の 名前", account_number="7654321").status_code == 303
    view = case.view()
    assert (view.name, view.answers["account_number"]) == ("山田 太郎", "7654321")


def without_detail(house: House) -> Case:
    """As an application looked that was sent before 詳細申請 was asked for."""
    case = Case(house)
    case.submit()
    with house.database.unit() as uow:
        row = registration.lock(uow, case.application)
        assert row
        old = {key: value for key, value in case.view().answers.items() if key not in DETAIL_KEYS}
        registration.save_answers(uow, row, old)
    return case


def test_what_was_sent_before_the_full_application_was_asked_for_stays_decidable(house: House) -> None:
    case = without_detail(house)
    factories.approve(house, case.approver.actor, case.application)
    assert case.view().state == "secretariat_review"


def test_and_when_it_is_returned_the_full_application_can_be_filled_in(house: House) -> None:
    case = without_detail(house)
    case.return_("account")
    assert case.view().editable == ("account", "detail")


def test_a_returned_application_says_on_top_what_to_mend_and_leads_there(case: Case, visitor: Browser) -> None:
    assert "直すところ" not in visitor.get(case.link).text
    assert "直すところ" not in visitor.get(case.link).text
    case.submit()
    page = visitor.get(case.return_("detail", "certificate")).text
    mend = page[page.index("直すところ") : page.index("申請の部分")]
    assert '<a href="#detail">詳細申請</a>' in mend
    assert '<a href="#papers">資格証明書</a>' in mend
    assert "#basic" not in mend
    assert mend.count('class="said"') == 2


# --- certificates sent from the page ----------------------------------------------------------------


def sends_file(visitor: Browser, link: str, data: bytes, kind: str = "certificate") -> TestResponse:
    form = visitor.client.post(f"{link}/upload", json={}).get_json()
    body = {**form["fields"], "file": (io.BytesIO(data), "file")}
    assert visitor.client.post("/p/upload", data=body).status_code == 204
    return visitor.client.post(f"{link}/taken/{kind}", json={"key": form["key"]})


def test_a_certificate_is_sent_shown_small_and_taken_back(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    case.house.clock.advance(minutes=1)
    taken = sends_file(visitor, case.link, photos.jpeg(1600, 1200, "もう一枚"))
    assert taken.status_code == 200
    (photo,) = taken.get_json()["photos"]
    assert photo["name"] == "資格証明書 2"
    assert visitor.get(photo["url"]).mimetype == "image/jpeg"
    assert photo["url"] in visitor.get(case.link).text
    assert len(case.view().papers_of("certificate")) == 2
    assert visitor.client.post(photo["remove"], json={}).status_code == 200
    assert len(case.view().papers_of("certificate")) == 1
    assert visitor.client.post(photo["remove"], json={}).status_code == 404


def pdf_of(pages: int) -> bytes:
    first, *others = [photos.picture(900, 1200, f"{pages}-{page}") for page in range(pages)]
    out = io.BytesIO()
    first.save(out, "PDF", save_all=True, append_images=others)
    return out.getvalue()


def test_a_pdf_comes_page_by_page_and_no_more_than_fit(case: Case, visitor: Browser) -> None:
    visitor.get(case.link)
    taken = sends_file(visitor, case.link, pdf_of(3))
    assert len(taken.get_json()["photos"]) == 3
    refused = sends_file(visitor, case.link, pdf_of(5))
    assert refused.status_code == 409
    assert "8枚まで" in refused.get_json()["error"]
    assert len(case.view().papers_of("certificate")) == 4


def test_a_bad_file_a_foreign_key_and_other_kinds_are_refused(case: Case, house: House, visitor: Browser) -> None:
    visitor.get(case.link)
    assert sends_file(visitor, case.link, b"no picture").status_code == 409
    assert "1000" in sends_file(visitor, case.link, photos.jpeg(1000, 100)).get_json()["error"]
    for key in ("", "quarantine/x", "\x00", 5):
        assert visitor.client.post(f"{case.link}/taken/certificate", json={"key": key}).status_code == 404
    for path in ("taken/face", "taken/account", f"photos/{case.view().papers_of('face')[0].id}/remove"):
        assert visitor.client.post(f"{case.link}/{path}", json={}).status_code == 404
    assert sends_file(visitor, case.link, photos.jpeg(text="career"), "career").status_code == 403
    case.submit()
    for path in ("upload", "taken/certificate"):
        assert visitor.client.post(f"{case.link}/{path}", json={}).status_code == 403
    held = case.view().papers_of("certificate")[0].id
    assert visitor.client.post(f"{case.link}/photos/{held}/remove", json={}).status_code == 403


# --- on a PC ----------------------------------------------------------------------------------------


def test_a_pc_opens_the_same_draft_by_a_link_of_its_own(case: Case, house: House, visitor: Browser, app: Flask) -> None:
    visitor.get(case.link)
    with time_machine.travel(house.clock(), tick=False):
        page = visitor.get(f"{case.link}/handoff").text
    assert "data:image/svg+xml" in page
    shown = re.search(r"<textarea[^>]*>([^<]+)</textarea>", page)
    assert shown
    link = unescape(shown[1]).strip().removeprefix("http://localhost")
    desk = Browser(app.test_client())
    opened = desk.get(link)
    assert opened.status_code == 200
    assert "パソコンで続ける" not in opened.text
    save(desk, link, {"strengths": "パソコンで書いた"})
    assert "パソコンで書いた" in visitor.get(case.link).text
    assert desk.get(f"{link}/handoff").status_code == 403
    assert Browser(app.test_client()).get(link).status_code == 403


def test_somebody_elses_application_does_not_open(house: House, case: Case, visitor: Browser) -> None:
    with house.database.unit() as uow:
        stranger = factories.person(uow)
    assert visitor.get(case.made(person=stranger.id)).status_code == 404
