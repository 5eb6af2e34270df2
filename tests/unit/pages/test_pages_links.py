"""Pages opened from LINE: the first browser, the right person, half an hour; and the QR image of an invitation."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from flask import Flask
from PIL import Image

from handlers.links import Links
from storage import audit, organisations
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

PICTURE = re.compile(r'(?:data-)?src="(/p/papers/[^"]+\.jpg)"')


class Case:
    """An application that waits for one of two approvers, and a link to its papers."""

    def __init__(self, house: House) -> None:
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
            elsewhere = factories.organisation(uow, "大阪商工会議所", "大阪府")
            self.stranger = factories.approver(uow, elsewhere, "田中 次郎")
        self.application, self.applicant = factories.submitted(house, self.organisation, self.approver)

    def link(self, house: House, person: str = "", subject: str = "") -> str:
        with time_machine.travel(house.clock(), tick=False):
            url = house.services.links.page("papers", person or self.approver.id, subject or self.application)
        return url.removeprefix("http://localhost")


@pytest.fixture
def case(house: House) -> Case:
    return Case(house)


def test_the_approver_reads_fields_and_photos_and_each_opening_is_audited(
    case: Case, house: House, visitor: Browser
) -> None:
    link = case.link(house)
    assert visitor.get(link).status_code == 200
    page = visitor.get(link)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "山田 太郎さん" in page.text
    assert "LINEにもどって" in page.text
    pictures = PICTURE.findall(page.text)
    assert len(pictures) == 4
    assert all(visitor.get(path).mimetype == "image/jpeg" for path in pictures)
    with house.database.read() as uow:
        views = [e for e in audit.of_subject(uow, "application", case.application) if e.action == "papers.view"]
    assert [entry.actor_id for entry in views] == [case.approver.id] * 2


def test_another_browser_is_told_what_to_do(case: Case, house: House, visitor: Browser, app: Flask) -> None:
    link = case.link(house)
    picture = PICTURE.findall(visitor.get(link).text)[0]
    other = Browser(app.test_client())
    refused = other.get(link)
    assert refused.status_code == 403
    assert "もう一度開いてください" in refused.text
    assert "山田" not in refused.text
    assert other.get(picture).status_code == 403
    fresh = case.link(house, subject=case.application) + ""
    assert visitor.get(fresh).status_code == 200


def test_a_photo_does_not_open_before_its_page(case: Case, house: House, visitor: Browser) -> None:
    from storage import registration_views

    with house.database.read() as uow:
        view = registration_views.load(uow, case.application)
    assert view
    assert visitor.get(f"{case.link(house)}/{view.papers[0].id}.jpg").status_code == 403


def test_after_half_an_hour_the_link_is_over(case: Case, house: House, visitor: Browser) -> None:
    link = case.link(house)
    picture = PICTURE.findall(visitor.get(link).text)[0]
    house.clock.advance(minutes=31)
    for path in (link, picture):
        over = visitor.get(path)
        assert over.status_code == 410
        assert "もう一度開いてください" in over.text


def test_forged_and_foreign_links_open_nothing(case: Case, house: House, visitor: Browser) -> None:
    good = case.link(house)
    forged = Links("another key", "").page("papers", case.approver.id, case.application)
    other_purpose = house.services.links.page("invitations", case.approver.id, case.application)
    for path in (forged, good[:-2], f"/p/papers/{other_purpose.rsplit('/', 1)[1]}", "/p/papers/" + "a" * 3000):
        assert visitor.get(path).status_code == 410
    for person in (case.stranger.id, case.applicant.id, "0" * 32):
        refused = visitor.get(case.link(house, person))
        assert refused.status_code == 404
        assert "山田" not in refused.text
    assert visitor.get(case.link(house, subject="\x00junk")).status_code == 404


def test_who_no_longer_approves_there_sees_nothing(case: Case, house: House, visitor: Browser) -> None:
    from sqlalchemy import update

    from models.tables.organisation import Approver

    link = case.link(house)
    picture = PICTURE.findall(visitor.get(link).text)[0]
    with house.database.unit() as uow:
        uow.session.execute(update(Approver).values(ended_at=house.clock()))
    assert visitor.get(link).status_code == 404
    assert visitor.get(picture).status_code == 404


def test_photos_of_another_application_do_not_open_with_this_link(case: Case, house: House, visitor: Browser) -> None:
    other, _ = factories.submitted(house, case.organisation, case.approver, name="鈴木 花子")
    theirs = PICTURE.findall(visitor.get(case.link(house, subject=other)).text)[0].rsplit("/", 1)[1]
    link = case.link(house)
    assert visitor.get(link).status_code == 200
    assert visitor.get(f"{link}/{theirs}").status_code == 404


def test_the_browser_cookie_is_kept_from_scripts(case: Case, house: House, visitor: Browser) -> None:
    cookie = visitor.get(case.link(house)).headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/p/"))


def test_an_invitation_becomes_a_qr_picture_for_two_weeks(house: House, visitor: Browser) -> None:
    url = "https://line.me/R/oaMessage/%40119abcde/?%E6%8B%9B%E5%BE%85%E3%82%B3%E3%83%BC%E3%83%89%20K7QX-3M9T"
    with time_machine.travel(house.clock(), tick=False):
        until = house.clock() + timedelta(days=14)
        path = house.services.links.invitation("0" * 32, url, until).removeprefix("http://localhost")
    answer = visitor.get(path)
    assert answer.mimetype == "image/png"
    image = Image.open(BytesIO(answer.data))
    assert min(image.size) >= 600
    assert image.size[0] == image.size[1]
    house.clock.advance(days=13, hours=23)
    assert visitor.get(path).status_code == 200
    house.clock.advance(hours=1)
    assert visitor.get(path).status_code == 404


def test_the_secretariat_adds_an_organisation_and_hands_out_a_code_once(house: House, clerk: Browser) -> None:
    clerk.get("/admin/organisations")
    added = clerk.post("/admin/organisations", name="  横浜　商工会議所 ", prefecture="神奈川県")
    page = clerk.get(added.headers["Location"]).text
    assert "横浜 商工会議所" in page
    assert "いません" in page
    assert (
        "もう登録されています" in clerk.post("/admin/organisations", name="横浜 商工会議所", prefecture="神奈川県").text
    )
    wrong = clerk.post("/admin/organisations", name="横須賀商工会議所", prefecture="横須賀")
    assert wrong.status_code == 422
    assert 'value="横須賀商工会議所"' in wrong.text
    with house.database.read() as uow:
        made = organisations.id_by_name(uow, "横浜 商工会議所")
    shown = clerk.post(f"/admin/organisations/{made}/code")
    code = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", shown.text)
    assert code
    assert shown.headers["Cache-Control"] == "no-store"
    with house.database.unit() as uow:
        found = organisations.find_invitation(uow, code[0].replace("-", ""))
    assert found
    assert found[1].kind == "approver"
    assert clerk.post(f"/admin/organisations/{'0' * 32}/code").status_code == 404
