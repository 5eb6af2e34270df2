"""The list of experts and the page of one: found by everything one knows, shown whole, stopped and ended with care."""

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import event

from models.rules.registration import State
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import audit_lists, experts, profile, registration, registration_views
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

NOBODY = "0" * 32
PEOPLE = {
    "山田 太郎": {"kana": "ヤマダ タロウ", "prefecture": "東京都", "specialities": ["経営戦略", "販路開拓"]},
    "髙橋 美咲": {"kana": "タカハシ ミサキ", "prefecture": "神奈川県", "specialities": ["IT活用"]},
    "伊藤 健": {"kana": "イトウ ケン", "prefecture": "北海道", "specialities": ["IT活用", "経営戦略"]},
}


class Office:
    """Two organisations and their experts."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.unit() as uow:
            self.organisation = factories.organisation(uow)
            self.approver = factories.approver(uow, self.organisation)
            self.north = factories.organisation(uow, "札幌商工会議所", "北海道")

    def expert(self, name: str = "山田 太郎", organisation: str = "") -> tuple[str, PersonView]:
        self.house.clock.advance(minutes=1)
        place = organisation or self.organisation
        approver = self.approver
        if place != self.organisation:
            with self.house.database.unit() as uow:
                approver = factories.approver(uow, place)
        made, person = factories.commissioned(self.house, place, approver, name=name, **PEOPLE.get(name, {}))
        factories.accept(self.house, person, made)
        return made, person

    def view(self, application_id: str) -> ApplicationView:
        with self.house.database.read() as uow:
            found = registration_views.load(uow, application_id)
        assert found
        return found

    def steer(self, who: str, made: str, act: str, reason: str = "ご本人の申し出") -> None:
        from handlers.usecases import commission

        with self.house.database.unit() as uow:
            actor = factories.staff_user(uow, who).actor if who else factories.office_in(uow)
            getattr(commission, act)(uow, actor, made, self.view(made).version, reason, self.house.clock())


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)


@pytest.fixture
def three(office: Office) -> dict[str, tuple[str, PersonView]]:
    return {
        name: office.expert(name, office.north if name == "伊藤 健" else "")
        for name in ("山田 太郎", "髙橋 美咲", "伊藤 健")
    }


def listed(browser: Browser, query: str = "") -> list[str]:
    page = browser.get(f"/admin/experts{query}")
    assert page.status_code == 200
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', page.text)


def version(browser: Browser, person_id: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', browser.get(f"/admin/experts/{person_id}").text)
    assert found
    return found[1]


# --- the list -------------------------------------------------------------------------------------


def test_experts_are_found_by_everything_one_knows(
    three: dict[str, tuple[str, PersonView]], house: House, clerk: Browser
) -> None:
    letter = factories.letter_of(house, three["伊藤 健"][0]).number
    everybody = ["伊藤 健", "髙橋 美咲", "山田 太郎"]
    table = {
        "": everybody,
        "?q=たかはし": ["髙橋 美咲"],
        "?q=高橋": ["髙橋 美咲"],
        "?q=r-2026-000001": ["山田 太郎"],
        "?q=Ｒ-2026-000001": ["山田 太郎"],
        "?q=000002": ["髙橋 美咲"],
        f"?q={letter.lower()}": ["伊藤 健"],
        "?q=C-2026": everybody,
        "?q=C-9": [],
        "?q=%25": [],
        "?q=・": [],
        "?field=IT活用": ["伊藤 健", "髙橋 美咲"],
        "?field=IT活用&q=いとう": ["伊藤 健"],
        "?place=東京都": ["山田 太郎"],
        "?place=r2": ["髙橋 美咲", "山田 太郎"],
        "?place=r0": ["伊藤 健"],
        "?state=active": everybody,
        "?state=suspended": [],
        "?organisation=札幌": ["伊藤 健"],
        "?organisation=%25": [],
        "?accepting=yes": everybody,
        "?accepting=no": [],
        "?sort=number": everybody[::-1],
        "?sort=-number": everybody,
        "?sort=since&page=99": everybody[::-1],
        "?state=nothing&field=x&place=r99&accepting=maybe": everybody,
    }
    for query, names in table.items():
        assert listed(clerk, query) == names, query
    assert sorted(listed(clerk, "?sort=name")) == sorted(everybody)
    assert listed(clerk, "?sort=name") == listed(clerk, "?sort=-name")[::-1]


def test_states_and_stops_are_seen_and_chosen(
    office: Office, three: dict[str, tuple[str, PersonView]], house: House, clerk: Browser
) -> None:
    office.steer("", three["山田 太郎"][0], "suspend")
    office.steer("", three["伊藤 健"][0], "end")
    with house.database.unit() as uow:
        row = profile.lock(uow, three["髙橋 美咲"][1].id)
        assert row
        profile.set_accepting(row, accepting=False)
    assert listed(clerk, "?state=suspended") == ["山田 太郎"]
    assert listed(clerk, "?state=ended") == ["伊藤 健"]
    assert listed(clerk, "?accepting=no") == ["髙橋 美咲"]
    page = clerk.get("/admin/experts").text
    assert "停止中</span>" in page
    assert "受付停止</span>" in page


def test_who_was_never_commissioned_is_no_expert(office: Office, clerk: Browser) -> None:
    _, applicant = factories.commissioned(office.house, office.organisation, office.approver)
    assert listed(clerk) == []
    assert clerk.get(f"/admin/experts/{applicant.id}").status_code == 404
    assert clerk.get(f"/admin/experts/{office.approver.id}").status_code == 404
    assert clerk.get(f"/admin/experts/{NOBODY}").status_code == 404


def test_an_export_of_experts_says_more_and_holds_no_contact(
    three: dict[str, tuple[str, PersonView]], house: House, clerk: Browser
) -> None:
    data = clerk.get("/admin/experts.csv?sort=number").data.decode("utf-8-sig")
    head, first, *_ = csv.reader(StringIO(data, newline=""))
    found = dict(zip(head, first, strict=True))
    assert found["委嘱番号"] == factories.letter_of(house, three["山田 太郎"][0]).number
    assert found["委嘱期間の終わり"] == "2027-03-31"
    assert found["ID"] == three["山田 太郎"][1].id
    for secret in ("090-1234-5678", "taro@example.jp", "1234567", "1980"):
        assert secret not in data


# --- the page -------------------------------------------------------------------------------------


def test_the_page_shows_who_somebody_is_and_what_happened(office: Office, house: House, clerk: Browser) -> None:
    made, person = office.expert()
    letter = factories.letter_of(house, made)
    page = clerk.get(f"/admin/experts/{person.id}?q=山田").text
    for words in (
        "山田 太郎", "ヤマダ タロウ", "R-2026-000001", "千代田商工会", "登録専門家", "090-1234-5678", "taro@example.jp",
        "経営戦略、販路開拓", "9:00〜17:00", letter.number, "2027年3月31日", "2026-1版", "同意", "受付中",
        "承認依頼を送った", "就任を承諾した", "支援機関の承認待ち", "佐藤 花子",
    ):  # fmt: skip
        assert words in page, words
    assert f"/admin/letters/{letter.id}/letter.pdf" in page
    assert f"/admin/letters/{letter.id}/acceptance.pdf" in page
    assert f'href="/admin/applications/{made}?state=all"' in page
    assert 'href="/admin/experts?q=%E5%B1%B1%E7%94%B0"' in page, "back to the list one came from"
    assert "<img" not in page
    assert "1234567" not in page
    with house.database.read() as uow:
        wanted = [line.action for line in experts_timeline(uow, person.id, made)]
    assert "papers.view" not in wanted, "no paper was shown"


def experts_timeline(uow, person_id: str, made: str):

    return audit_lists.of_expert(uow, person_id, [made], 100)


def test_an_earlier_application_and_days_off_are_shown(office: Office, house: House, clerk: Browser) -> None:
    _, person = office.expert()
    with house.database.unit() as uow:
        again = registration.create(uow, person.id, office.organisation, None, None, house.clock())
        row = profile.lock(uow, person.id)
        assert row
        profile.set_days_off(uow, row, {date(2026, 12, 1)}, set())
    page = clerk.get(f"/admin/experts/{person.id}").text
    assert f"/admin/applications/{again}" in page
    assert "入力中" in page
    assert "2026年12月1日（火）" in page


@pytest.mark.parametrize(
    ("act", "after", "words"),
    [("suspend", State.SUSPENDED, "委嘱を停止しました"), ("end", State.ENDED, "委嘱を終えました")],
)
def test_a_clerk_stops_or_ends_with_a_reason(
    office: Office, house: House, clerk: Browser, act: str, after: State, words: str
) -> None:
    made, person = office.expert()
    house.told.clear()
    at = version(clerk, person.id)
    done = clerk.post(f"/admin/experts/{person.id}/{act}", version=at, reason="連絡が\r\n取れません\x00")
    assert done.status_code == 302
    assert office.view(made).state is after
    assert person.user_id in house.told
    page = clerk.get(done.headers["Location"]).text
    assert words in page
    assert "連絡が\n取れません" in page
    with house.database.read() as uow:
        assert [each.staff for each in experts.reasons(uow, made)] == ["鈴木 一郎"]


def test_a_stop_is_lifted(office: Office, clerk: Browser) -> None:
    made, person = office.expert()
    office.steer("", made, "suspend")
    page = clerk.get(f"/admin/experts/{person.id}").text
    assert "停止を解く" in page
    assert 'id="suspend"' not in page
    clerk.post(f"/admin/experts/{person.id}/lift", version=version(clerk, person.id), reason="確認できました")
    assert office.view(made).state is State.ACTIVE


def test_without_a_reason_nothing_happens_and_the_dialog_says_so(office: Office, clerk: Browser) -> None:
    made, person = office.expert()
    at = version(clerk, person.id)
    for reason in ("", "  \n", "\x00", "あ" * 501):
        refused = clerk.post(f"/admin/experts/{person.id}/suspend", version=at, reason=reason)
        assert refused.status_code == 422
        assert re.search(r'<dialog id="suspend"[^>]* data-open', refused.text)
        assert 'aria-describedby="fault-suspend"' in refused.text
    assert "あ" * 501 in refused.text, "nothing typed is lost"
    assert office.view(made).state is State.ACTIVE


def test_who_comes_second_reads_what_changed_and_keeps_the_words(office: Office, clerk: Browser) -> None:
    made, person = office.expert()
    at = version(clerk, person.id)
    office.steer("other@example.jp", made, "suspend")
    late = clerk.post(f"/admin/experts/{person.id}/end", version=at, reason="まだ書きかけの理由")
    assert late.status_code == 409
    assert "いまは「停止中」です" in late.text
    assert "鈴木 一郎" in late.text
    assert "まだ書きかけの理由</textarea>" in late.text
    assert office.view(made).state is State.SUSPENDED
    for junk in ("", "x", "-1", "１", "9" * 30):
        assert clerk.post(f"/admin/experts/{person.id}/end", version=junk, reason="x").status_code == 409


def test_a_reader_reads_and_steers_nothing(office: Office, reader: Browser) -> None:
    made, person = office.expert()
    page = reader.get(f"/admin/experts/{person.id}").text
    assert "山田 太郎" in page
    assert "data-opens" not in page
    assert "記録をすべて見る" not in page
    at = str(office.view(made).version)
    assert reader.post(f"/admin/experts/{person.id}/suspend", version=at, reason="x").status_code in (403, 422)
    assert office.view(made).state is State.ACTIVE


def test_nobody_finds_or_steers_oneself(office: Office, house: House, app: Flask) -> None:
    made, person = office.expert()
    with house.database.unit() as uow:
        factories.staff_user(uow, "self@example.jp", "manager", person.id)
    own = Browser(app.test_client())
    own.log_in("self@example.jp")
    assert listed(own) == []
    assert own.get(f"/admin/experts/{person.id}").status_code == 404
    at = str(office.view(made).version)
    assert own.post(f"/admin/experts/{person.id}/end", version=at, reason="x").status_code == 404
    assert "R-2026" not in own.get("/admin/experts.csv").text
    assert office.view(made).state is State.ACTIVE


# --- the same work for many -----------------------------------------------------------------------


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement: str, *_more) -> None:
        seen.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(house.database.engine, "before_cursor_execute", note)


def test_a_page_takes_as_many_queries_for_many_as_for_few(office: Office, house: House, app: Flask) -> None:
    with house.database.unit() as uow:
        factories.staff_user(uow, "boss@example.jp", "manager")
    boss = Browser(app.test_client())
    boss.log_in("boss@example.jp")
    made, person = office.expert()
    paths = (
        "/admin/experts", "/admin/experts?q=山田", "/admin/experts?field=経営戦略&place=r2&organisation=千代田",
        f"/admin/experts/{person.id}", "/admin/applications?state=all", "/admin/letters", "/admin/audit",
        "/admin/audit?group=application&who=佐藤", "/admin/organisations",
    )  # fmt: skip

    def counted() -> list[int]:
        boss.log_in("boss@example.jp")
        found = []
        for path in paths:
            with statements(house) as seen:
                assert boss.get(path).status_code == 200
            found.append(len(seen))
        return found

    few = counted()
    for _ in range(8):
        office.expert()
    for _ in range(3):
        office.steer("", made, "suspend")
        office.steer("", made, "lift")
    assert counted() == few
    assert max(few) <= 25, dict(zip(paths, few, strict=True))
