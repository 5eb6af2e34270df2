"""The expert's profile: what it shows, each section's form, the calendar, the switch, and who is kept out."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from models.rules.profile import Hours
from models.rules.registration import State
from models.tables.expert import ExpertSpeciality
from storage import experts, people, profile, registration
from tests.support import factories
from tests.support.factories import House
from tests.support.profiles import NOBODY, TODAY, Desk, Expert
from tests.support.visitors import Browser


@pytest.fixture
def desk(house: House, app: Flask) -> Desk:
    return Desk(house, app)


@pytest.fixture
def expert(desk: Desk) -> Expert:
    found = desk.expert()
    assert found.opens().status_code == 200
    return found


# --- the first page -------------------------------------------------------------------------------


def test_the_first_page_tells_how_everything_stands(expert: Expert) -> None:
    page = expert.opens().text
    for words in (
        "山田 太郎さんのプロフィール", "受付中", "土・日・祝日", "9:00〜17:00", "090-1234-5678", "経営戦略、販路開拓",
        "みずほ銀行", "＊＊＊＊567", "設定なし", "すべて出しています",
    ):  # fmt: skip
        assert words in page
    assert "1234567" not in page


def test_hours_and_days_off_start_from_the_full_application(desk: Desk) -> None:
    made, applicant = factories.commissioned(
        desk.house, desk.organisation, desk.approver, hours="10:30-15:00", weekly_off=["水"]
    )
    factories.accept(desk.house, applicant, made)
    shown = Expert(desk, made, applicant).profile
    assert (shown.hours, shown.weekly_off) == (Hours(630, 900), {2})


def test_the_switch_works_both_ways_and_a_second_tap_changes_nothing(expert: Expert) -> None:
    for value, word in (("off", "受付停止中"), ("off", "受付停止中"), ("on", "受付中")):
        answer = expert.posts("/accepting", accepting=value)
        assert answer.status_code == 303
        assert word in expert.browser.get(answer.headers["Location"]).text
    assert expert.audited() == [("profile.accepting", "off"), ("profile.accepting", "on")]


# --- sections -------------------------------------------------------------------------------------


def test_contact_changes_at_once_also_where_mail_goes(expert: Expert) -> None:
    seen = expert.seen("contact")
    answer = expert.posts("/contact", seen=seen, phone="０３−１２３４−５６７８", mail="new@Example.jp")
    assert answer.status_code == 303
    assert "保存しました" in expert.browser.get(answer.headers["Location"]).text
    assert (expert.answers["phone"], expert.answers["mail"]) == ("03-1234-5678", "new@example.jp")
    with expert.desk.house.database.read() as uow:
        found = people.by_id(uow, expert.person.id)
        assert found
        assert found.mail == "new@example.jp"
    assert expert.audited() == [("profile.contact", "phone,mail")]


def test_a_fault_keeps_what_was_typed_and_saves_nothing(expert: Expert) -> None:
    seen = expert.seen("contact")
    answer = expert.posts("/contact", seen=seen, phone="0120-123-456", mail="new@gmail.con")
    assert answer.status_code == 422
    assert "フリーダイヤルなどではなく" in answer.text
    assert "0120-123-456" in answer.text
    assert "new@gmail.com" in answer.text, "a likely address is offered"
    assert expert.answers["mail"] == "taro@example.jp"
    assert expert.audited() == []


def test_an_offered_answer_is_taken_with_its_button(expert: Expert) -> None:
    seen = expert.seen("contact")
    form = {"seen": seen, "phone": "03-1234-5678", "mail": "new@gmail.con"}
    assert expert.posts("/contact", **form, pick="mail=new@gmail.com").status_code == 303
    assert expert.answers["mail"] == "new@gmail.com"


def test_fields_change_at_once_also_for_the_search(expert: Expert) -> None:
    form = {"specialities": ["IT活用"], "specialities_other": "酒造り"}
    assert expert.posts("/specialities", seen=expert.seen("specialities"), **form).status_code == 303
    assert expert.answers["specialities"] == ["IT活用", "酒造り"]
    own = select(ExpertSpeciality.speciality).where(ExpertSpeciality.person_id == expert.person.id)
    with expert.desk.house.database.read() as uow:
        assert set(uow.session.scalars(own)) == {"IT活用", "酒造り"}
    assert expert.posts("/specialities", seen=expert.seen("specialities")).status_code == 422


def test_times_and_weekly_days_off(expert: Expert) -> None:
    form = {"hours_from": "10:00", "hours_to": "16:30", "weekly_off": ["月", "祝日"]}
    assert expert.posts("/times", seen=expert.seen("times"), **form).status_code == 303
    assert (expert.profile.hours, expert.profile.weekly_off) == (Hours(600, 990), {0, 7})
    assert expert.posts("/times", seen=expert.seen("times"), **{**form, "weekly_off": []}).status_code == 303
    assert expert.profile.weekly_off == frozenset()
    every = {"weekly_off": list("月火水木金土日")}
    for bad in ({"hours_to": "10:00"}, {"hours_to": "9:00"}, {"hours_from": ""}, every):
        refused = expert.posts("/times", seen=expert.seen("times"), **{**form, **bad})
        assert refused.status_code == 422, bad
    assert (expert.profile.hours, expert.profile.weekly_off) == (Hours(600, 990), frozenset())


def test_what_the_search_shows(expert: Expert) -> None:
    kept = ["qualifications", "junk", "strengths"]
    assert expert.posts("/shown", seen=expert.seen("shown"), shown=kept).status_code == 303
    assert expert.profile.hidden == {"affiliation", "career_history", "support_record"}
    assert "出さない項目：所属、職務経歴、支援実績" in expert.opens().text


def test_a_second_device_is_told_and_overwrites_nothing(desk: Desk, expert: Expert) -> None:
    """Two pages of the same section were open: the second save says so, shows what is kept and what was typed."""
    seen = expert.seen("times")
    form = {"hours_from": "10:00", "hours_to": "16:00", "weekly_off": ["月"]}
    assert expert.posts("/times", seen=seen, **form).status_code == 303
    late = expert.posts("/times", seen=seen, **{**form, "hours_to": "12:00"})
    assert late.status_code == 409
    assert "先に変更されました" in late.text
    assert "いまの設定：月　10:00〜16:00" in late.text
    assert re.search(r'<option value="12:00" selected', late.text), "nothing typed is lost"
    assert expert.profile.hours == Hours(600, 960)
    found = re.search(r'name="seen" value="([^"]*)"', late.text)
    assert found
    assert expert.posts("/times", seen=found[1], **{**form, "hours_to": "12:00"}).status_code == 303
    assert expert.profile.hours == Hours(600, 720)


def test_a_double_tap_on_save_is_one_save_and_no_quarrel(expert: Expert) -> None:
    seen = expert.seen("contact")
    for _ in range(2):
        assert expert.posts("/contact", seen=seen, phone="03-1234-5678", mail="a@example.jp").status_code == 303
    assert len(expert.audited()) == 1


def test_a_change_elsewhere_is_no_quarrel(expert: Expert) -> None:
    seen = expert.seen("times")
    expert.posts("/accepting", accepting="off")
    expert.posts("/contact", seen=expert.seen("contact"), phone="03-1234-5678", mail="a@example.jp")
    form = {"hours_from": "10:00", "hours_to": "16:00"}
    assert expert.posts("/times", seen=seen, **form).status_code == 303


# --- the calendar ---------------------------------------------------------------------------------


def days(expert: Expert) -> set[str]:
    return {day.isoformat() for day in expert.profile.days_off}


def test_the_calendar_shows_four_months_and_no_box_for_the_past(expert: Expert) -> None:
    page = expert.opens("/days").text
    boxes = re.findall(r'name="off" value="([^"]+)"', page)
    assert boxes[0] == "2026-11-18"
    assert boxes[-1] == "2027-02-28"
    assert len(boxes) == 13 + 31 + 31 + 28
    assert 'aria-label="2026年11月23日（月） 勤労感謝の日 定休日を休みにする"' in page
    assert 'aria-label="2026年11月24日（火）を休みにする"' in page


def test_days_are_saved_by_the_script_and_without_it(expert: Expert) -> None:
    saved = expert.browser.client.post(f"{expert.path}/days", json={"was": [], "off": ["2026-11-24", "2026-12-01"]})
    assert saved.get_json() == {"days": ["2026-11-24", "2026-12-01"], "said": "保存しました。休みの日は2日です。"}
    answer = expert.posts("/days", was="2026-11-24,2026-12-01", off=["2026-12-01", "2026-12-02"])
    assert answer.status_code == 303
    assert days(expert) == {"2026-12-01", "2026-12-02"}
    assert re.findall(r'value="([^"]+)" aria-label="[^"]+" checked', expert.opens("/days").text) == sorted(days(expert))
    assert "12/1（火）、12/2（水）" in expert.opens().text


def test_two_devices_never_undo_each_others_days(expert: Expert) -> None:
    post = expert.browser.client.post
    post(f"{expert.path}/days", json={"was": [], "off": ["2026-11-24"]})
    late = post(f"{expert.path}/days", json={"was": [], "off": ["2026-11-25"]})
    assert late.get_json()["days"] == ["2026-11-24", "2026-11-25"]
    again = post(f"{expert.path}/days", json={"was": [], "off": ["2026-11-25"]})
    assert again.get_json()["days"] == ["2026-11-24", "2026-11-25"]
    assert len(expert.audited()) == 2, "a double tap is one change"


@pytest.mark.parametrize(
    "asked",
    [
        {"was": [], "off": ["2026-11-17", "2027-03-01", "9999-12-31", "junk", 5, None, ["x"], "2026-11-24" * 1000]},
        {"was": "x", "off": {"a": 1}},
        {},
        [],
        "x",
    ],
)
def test_junk_marks_no_day(expert: Expert, asked: object) -> None:
    answer = expert.browser.client.post(f"{expert.path}/days", json=asked)
    assert answer.status_code == 200
    assert days(expert) == set()


def test_a_list_nested_beyond_reason_marks_no_day(expert: Expert) -> None:
    nested = "[" * 20_000 + "]" * 20_000
    answer = expert.browser.client.post(expert.path + "/days", data=nested, content_type="application/json")
    assert answer.status_code == 200
    assert expert.profile.days_off == frozenset()


def test_days_that_went_by_stay_as_they_were(desk: Desk, expert: Expert) -> None:
    expert.browser.client.post(f"{expert.path}/days", json={"was": [], "off": ["2026-11-19", "2026-12-01"]})
    desk.house.clock.advance(hours=23)
    desk.house.clock.advance(hours=20)
    later = Expert(desk, expert.application_id, expert.person)
    assert later.opens("/days").status_code == 200
    later.browser.client.post(f"{later.path}/days", json={"was": ["2026-11-19", "2026-12-01"], "off": []})
    with desk.house.database.read() as uow:
        assert profile.days_off(uow, expert.person.id, TODAY, date(2026, 11, 30)) == {date(2026, 11, 19)}


# --- who is kept out ------------------------------------------------------------------------------

PARTS = ("", "/contact", "/specialities", "/times", "/shown", "/days", "/change/basic", "/change/account")
POSTS = ("/accepting", *PARTS[1:], "/change/account/take-back", "/photos/begin", "/change/basic/photos/take")


def test_nobody_opens_a_page_of_somebody_else(desk: Desk, expert: Expert, visitor: Browser) -> None:
    other = desk.expert("鈴木 花子")
    for person, subject in (
        (other.person.id, expert.person.id),
        (desk.approver.id, expert.person.id),
        (desk.approver.id, desk.approver.id),
        (NOBODY, expert.person.id),
        (expert.person.id, NOBODY),
    ):
        path = desk.link(person, subject)
        for part in PARTS:
            refused = visitor.get(path + part)
            assert refused.status_code == 404, part
            assert "山田" not in refused.text
        for part in POSTS:
            assert visitor.client.post(path + part, data={"accepting": "off"}).status_code == 403, part
    assert expert.profile.accepting


def test_another_browser_and_an_old_link_stay_closed(desk: Desk, expert: Expert, visitor: Browser) -> None:
    for part in PARTS:
        assert visitor.get(expert.path + part).status_code == 403
    assert visitor.client.post(f"{expert.path}/accepting", data={"accepting": "off"}).status_code == 403
    desk.house.clock.advance(hours=25)
    over = expert.opens()
    assert over.status_code == 410
    assert "LINEの「プロフィール」からもう一度" in over.text
    assert expert.posts("/accepting", accepting="off").status_code == 410


def test_another_sites_page_changes_nothing(expert: Expert) -> None:
    client = expert.browser.client
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(f"{expert.path}/accepting", data={"accepting": "off"}, headers=headers).status_code == 400
    assert expert.profile.accepting


def test_before_the_commission_there_is_no_profile(desk: Desk, visitor: Browser) -> None:
    _, applicant = factories.commissioned(desk.house, desk.organisation, desk.approver)
    refused = visitor.get(desk.link(applicant.id, applicant.id))
    assert refused.status_code == 404
    assert "委嘱されている専門家の方だけ" in refused.text


@pytest.mark.parametrize("state", ["ended", "withdrawn", "draft", "rejected"])
def test_after_the_end_the_profile_is_closed_at_once(desk: Desk, expert: Expert, state: str) -> None:
    with desk.house.database.unit() as uow:
        row = registration.lock(uow, expert.application_id)
        assert row
        registration.set_state(uow, row, State(state), desk.house.clock())
    for part in PARTS:
        assert expert.opens(part).status_code == 404
    for part in POSTS:
        assert expert.posts(part, accepting="off", off=["2026-11-24"], seen="").status_code == 404
    assert expert.profile.accepting


@pytest.mark.parametrize("state", [State.RENEWAL_DUE, State.TERMS_SENT, State.TERMS_AGREED])
def test_who_is_appointed_for_another_year_keeps_the_profile(desk: Desk, expert: Expert, state: State) -> None:
    with desk.house.database.unit() as uow:
        row = registration.lock(uow, expert.application_id)
        assert row
        registration.set_state(uow, row, state, desk.house.clock())
    assert expert.opens().status_code == 200
    assert expert.posts("/accepting", accepting="off").status_code == 303
    assert (
        expert.posts("/contact", seen=expert.seen("contact"), phone="03-1234-5678", mail="a@example.jp").status_code
        == 303
    )
    assert not expert.profile.accepting


def test_a_suspended_expert_keeps_the_profile_but_not_the_switch(desk: Desk, expert: Expert) -> None:
    with desk.house.database.unit() as uow:
        row = registration.lock(uow, expert.application_id)
        assert row
        registration.set_state(uow, row, State.SUSPENDED, desk.house.clock())
        assert not experts.in_force(uow, expert.person.id, TODAY)
    page = expert.opens().text
    assert "停止中" in page
    assert "受付を止める" not in page
    assert expert.posts("/accepting", accepting="off").status_code == 409
    assert expert.profile.accepting
    assert expert.posts("/days", was="", off=["2026-11-24"]).status_code == 303
