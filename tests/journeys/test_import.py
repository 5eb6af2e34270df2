"""An expert known from before: taken in from a file, invited by mail, joining on LINE with the card filled in."""

import csv
import io
import re

import pytest
from sqlalchemy import select

from bot.text import t
from handlers.imports import read
from handlers.usecases import privacy
from handlers.usecases.imports import plan, start
from models.rules.calendar import to_jst
from models.rules.imports import COLUMNS
from models.tables.imports import ImportedExpert
from storage import people, registration_views, staff
from tests.support.desk import mails
from tests.support.talks import fill_account, fill_papers, staff_user
from tests.support.traces import found_in
from tests.support.world import Phone, World

CELLS = {
    "key": "E-000123",
    "organisation": "千代田商工会",
    "name": "伊藤　健",
    "kana": "いとう けん",
    "birth_date": "昭和50年5月5日",
    "phone": "9087654321",
    "mail": "ken@example.jp",
    "affiliation": "伊藤事務所",
    "prefecture": "埼玉",
    "requirement": "①",
    "qualifications": "税理士",
    "specialities": "税務・会計",
}


def taken_in(world: World, by: str = "", **cells: str) -> str:
    """The mail to an expert of a file of one line, as the page and the jobs make it."""
    text = io.StringIO()
    csv.writer(text).writerows([[c.title for c in COLUMNS], [{**CELLS, **cells}[c.key] for c in COLUMNS]])
    data, at = text.getvalue().encode("cp932"), world.clock()
    service = world.service
    user = by or staff_user(world, "import@example.jp")
    with service.database.read() as uow:
        clerk = staff.by_id(uow, user)
    assert clerk
    actor = clerk.actor
    imports = service.tasks.works["import"]
    made = imports.keep(actor, "一覧.csv", data)  # type: ignore[attr-defined]
    lines = [read(data).line(2, to_jst(at).date())]
    with service.database.unit() as uow:
        good = plan(uow, actor, lines, at).good
        start(uow, actor, made, [line.number for line in good], at)
    service.rounds.tasks()
    service.worker.sweep()
    return mails(world, "ken@example.jp")[0].text


@pytest.fixture
def approver(world: World) -> Phone:
    return world.approver("佐藤 恵")


def code_in(mail: str) -> str:
    found = re.search(r"招待コード (\S{4}-\S{4})", mail)
    assert found, mail
    return found[1]


def test_the_whole_way_from_the_file_to_the_submission(world: World, approver: Phone):
    mail = taken_in(world)
    assert "伊藤 健 様" in mail
    assert "https://line.me/R/oaMessage/" in mail
    assert "ken@" not in mail
    expert = world.phone("伊藤 健")
    expert.follows()
    expert.says(f"招待コード {code_in(mail)}")
    expert.sees("千代田商工会の招待を確認しました。これまでの登録内容を引き継ぎました。")
    expert.taps("同意して始める")
    expert.sees("基本情報", "10/10")
    fill_papers(expert)
    fill_account(expert, holder="ｲﾄｳ ｹﾝ")
    with world.service.database.read() as uow:
        person = people.by_user_id(uow, expert.user_id)
        assert person
        view = registration_views.latest(uow, person.id)
        (row,) = uow.session.scalars(select(ImportedExpert))
        assert uow.vault.open_json(row.answers) == {}, "the answers are the draft's now"
    assert view
    kept = {key: view.answers[key] for key in ("name", "kana", "birth_date", "phone", "prefecture", "requirement")}
    assert kept == {
        "name": "伊藤 健",
        "kana": "イトウ ケン",
        "birth_date": "1975-05-05",
        "phone": "090-8765-4321",
        "prefecture": "埼玉県",
        "requirement": "1",
    }


def test_what_the_file_left_empty_is_asked_for(world: World, approver: Phone):
    mail = taken_in(world, birth_date="", specialities="")
    expert = world.phone("伊藤 健")
    expert.follows()
    expert.says(f"招待コード {code_in(mail)}")
    expert.taps("同意して始める")
    expert.sees("8/10")
    expert.taps("基本情報")
    expert.sees("生年月日")


def test_the_code_of_the_mail_works_once_and_only_for_one(world: World, approver: Phone):
    code = code_in(taken_in(world))
    first, second = world.phone("伊藤 健"), world.phone("別の人")
    for phone in (first, second):
        phone.follows()
        phone.says(f"招待コード {code}")
    second.sees("すでに使われています")
    second.sees_not("伊藤")


def test_after_the_erasure_the_person_talks_as_a_stranger(world: World, approver: Phone):
    expert = world.phone("伊藤 健")
    expert.follows()
    expert.says(f"招待コード {code_in(taken_in(world))}")
    expert.taps("同意して始める")
    boss = staff_user(world, "boss@example.jp", "manager")
    with world.service.database.read() as uow:
        person, user = people.by_user_id(uow, expert.user_id), staff.by_id(uow, boss)
    assert person
    assert user
    with world.service.database.unit() as uow:
        typed = privacy.holdings(uow, user.actor, person.id).words[0]
        privacy.erase(uow, user.actor, person.id, typed, world.clock())
    assert found_in(world.service.database, ["伊藤", "イトウ", "ken@example.jp", expert.user_id]) == []
    expert.taps("登録状況")
    expert.sees_not("伊藤")
    expert.says("プロフィール登録")
    expert.sees("はじめに、支援機関から受け取った招待コードを送ってください")


def test_the_codes_of_an_import_belong_to_no_account_of_whoever_started_it(world: World, approver: Phone):
    """Also when that member of staff approves for another organisation on LINE."""
    elsewhere, user = world.approver("別の 担当", "横浜商工会議所", "神奈川県"), staff_user(world, "import@example.jp")
    with world.service.database.unit() as uow:
        person = people.by_user_id(uow, elsewhere.user_id)
        assert person
        staff.link_person(uow, user, person.id)
    code = code_in(taken_in(world, user))
    elsewhere.says("招待の一覧")
    elsewhere.sees_not(code)


def test_of_a_my_number_card_the_front_alone_is_asked_for():
    """The number stands on the back, and nobody here may hold it."""
    asked = t("ask.identity", name="身分証明書", example="")
    assert "マイナンバーカードは表面だけ" in asked
    assert "裏面は送らないで" in asked
