"""取り込み: the file, what it would do, its errors, the start, and what becomes of it."""

import csv
import io
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select
from werkzeug.test import TestResponse

from models import notices
from models.rules.imports import COLUMNS
from models.tables.conversation import OutboxRow
from models.tables.imports import ImportedExpert
from storage import audit, people
from storage.sheets import MOST_BYTES
from tests.support import factories
from tests.support.factories import House
from tests.support.visitors import Browser

TITLES = [column.title for column in COLUMNS]


def line(number: int = 1, **changed: str) -> list[str]:
    values = {
        "key": f"E-{number:06d}",
        "organisation": "千代田商工会",
        "name": "山田 太郎",
        "kana": "ヤマダ タロウ",
        "birth_date": "1980年4月1日",
        "phone": "090-1234-5678",
        "mail": f"taro{number}@example.jp",
        "affiliation": "山田経営研究所",
        "prefecture": "東京都",
        "requirement": "①公的資格",
        "qualifications": "中小企業診断士",
        "specialities": "経営戦略、販路開拓",
    } | changed
    return [values[column.key] for column in COLUMNS]


def table(*lines: list[str], heads: list[str] = TITLES) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([heads, *lines])
    return text.getvalue().encode()


def body(token: str, data: bytes, name: str = "一覧.csv") -> dict[str, Any]:
    """A form with a file, as bytes: Flask's test client leaves files of its own behind for big ones."""
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token.encode(),
        f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + data,
        b"--x--\r\n",
    ]
    return {"data": b"\r\n".join(parts), "content_type": "multipart/form-data; boundary=x"}


def upload(browser: Browser, data: bytes, name: str = "一覧.csv") -> TestResponse:
    return browser.client.post("/admin/import", **body(browser.token, data, name))


def uploaded(browser: Browser, *lines: list[str]) -> str:
    """The address of the preview of a file of these lines."""
    answer = upload(browser, table(*lines))
    assert answer.status_code == 302, answer.text
    browser.get(answer.headers["Location"])
    return answer.headers["Location"]


def sums(page: str) -> list[int]:
    """All, good, bad, known, registered."""
    return [int(number) for number in re.findall(r"<dd>(\d+)<small>行", page)]


def mails(house: House) -> list[tuple[str, notices.ExpertInvited]]:
    with house.database.read() as uow:
        rows = uow.session.scalars(select(OutboxRow).where(OutboxRow.channel == "mail").order_by(OutboxRow.seq))
        found = [(row.recipient, notices.from_json(row.notice or "")) for row in rows]
    return [(to, notice) for to, notice in found if isinstance(notice, notices.ExpertInvited)]


def files(house: House, tmp_path: Path) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / "files").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def place(house: House) -> str:
    with house.database.unit() as uow:
        return factories.organisation(uow)


# --- the file -------------------------------------------------------------------------------------


def test_looking_changes_nothing_and_the_file_is_kept_sealed(house: House, clerk: Browser, tmp_path: Path) -> None:
    address = uploaded(clerk, line(1), line(2, phone="12"))
    page = clerk.get(address).text
    assert sums(page) == [2, 1, 1, 0, 0]
    for words in ("E-000001", '3<span class="unit">行目</span>', "電話番号", "市外局番"):
        assert words in page
    (kept,) = files(house, tmp_path)
    assert "山田".encode() not in kept
    assert mails(house) == []
    assert house.hurried == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_can_be_taken_in_as_it_is(house: House, clerk: Browser, kind: str) -> None:
    with clerk.get(f"/admin/import/template.{kind}") as template:
        assert template.status_code == 200
        answer = upload(clerk, template.data, f"ひな形.{kind}")
    page = clerk.get(answer.headers["Location"]).text
    assert sums(page) == [1, 1, 0, 0, 0], "its example is a good line"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "選んでください"),
        (table(), "行がありません"),
        (table(line(), heads=["x", *TITLES[1:]]), "必要な列がありません：キー(旧登録番号)"),
        (table(line(), heads=[*TITLES[:-1], "氏名"]), "「氏名」の列が2つ"),
        ("キー,氏名\n".encode("utf-16"), "文字コード"),
        (b"\xd0\xcf\x11\xe0" * 9, "古い形式のExcel"),
        (b"%PDF-1.7\x00", "表として読めません"),
        (b"x" * (MOST_BYTES + 1), "5MBまで"),
        (b"PK\x03\x04", "表として読めません"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(clerk: Browser, house: House, data: bytes, words: str) -> None:
    clerk.get("/admin/import")
    refused = upload(clerk, data)
    assert refused.status_code == 422
    assert words in refused.text


def test_a_form_without_a_file_and_far_too_big_a_one(clerk: Browser) -> None:
    clerk.get("/admin/import")
    assert clerk.post("/admin/import").status_code == 422
    big = upload(clerk, b"x" * (MOST_BYTES + 1024 * 1024))
    assert big.status_code == 413
    assert "小さく" in big.text


def test_only_this_form_takes_a_big_body_and_only_from_somebody_logged_in(clerk: Browser, visitor: Browser) -> None:
    big = b"x" * 400_000
    assert clerk.client.post("/admin/organisations", **body(clerk.token, big)).status_code == 413
    assert visitor.client.post("/admin/import", **body("", big)).status_code == 413


def test_unknown_columns_are_named_and_left_aside(clerk: Browser) -> None:
    answer = upload(clerk, table([*line(), "メモ"], heads=[*TITLES, "備考<b>"]))
    assert "次の列は使いません：備考&lt;b&gt;" in clerk.get(answer.headers["Location"]).text


def test_a_reader_and_a_stranger_do_nothing_here(reader: Browser, visitor: Browser, clerk: Browser) -> None:
    address = uploaded(clerk, line())
    for path in ("/admin/import", "/admin/import/template.csv", address, f"{address}/errors.csv"):
        expected = 200 if path.endswith("template.csv") else 403
        with reader.get(path) as answer:
            assert answer.status_code == expected, path
        assert visitor.get(path).status_code == 302, path
    reader.get("/admin/")
    assert upload(reader, table(line())).status_code == 403
    for verb in ("start", "throw-away"):
        assert reader.post(f"{address}/{verb}").status_code == 403
    assert sums(clerk.get(address).text) == [1, 1, 0, 0, 0]


# --- what is to be mended -------------------------------------------------------------------------


def test_every_kind_of_line_is_counted_apart(house: House, clerk: Browser, app: Flask) -> None:
    with house.database.unit() as uow:
        somebody = factories.person(uow)
        people.set_mail(uow, somebody.id, "known@example.jp")
    clerk.post(f"{uploaded(clerk, line(1))}/start")
    house.work()
    lines = [
        line(1), line(2), line(2), line(3, organisation="どこにもない商工会"), line(4, mail="Known@example.jp"),
        line(5, mail="known@example.jp"), line(6, name=""), line(7, organisation="千代田　商工会"),
    ]  # fmt: skip
    page = clerk.get(uploaded(clerk, *lines)).text
    assert sums(page) == [8, 2, 3, 1, 2]
    assert "3行目と同じキー" in page
    assert "この名前の支援機関は登録されていません" in page
    assert "2人にも送る" in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_lines_to_mend_come_as_a_file_that_can_be_mended_and_taken_in(
    clerk: Browser, house: House, kind: str
) -> None:
    bad = [line(2, phone="12", affiliation="=cmd|' /C calc'!A0"), line(3, birth_date="", name="山田太郎")]
    address = uploaded(clerk, line(1), *bad)
    with clerk.get(f"{address}/errors.{kind}") as answer:
        assert answer.status_code == 200
        data = answer.data
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        assert rows[1][7].startswith("'="), "a formula is defused"
    else:
        sheet = load_workbook(io.BytesIO(data)).worksheets[0]
        rows = [[str(cell.value or "") for cell in row] for row in sheet.iter_rows()]
        assert sheet["H2"].data_type == "s"
    assert rows[0] == [*TITLES, "行", "直すところ"]
    assert [row[12] for row in rows[1:]] == ["3", "4"]
    assert "電話番号：" in rows[1][13]
    assert "山田 太郎" in rows[2][13]
    again = upload(clerk, data, f"errors.{kind}")
    page = clerk.get(again.headers["Location"]).text
    assert sums(page) == [2, 0, 2, 0, 0]
    assert "次の列は使いません：行、直すところ" in page


def test_errors_are_shown_page_by_page_and_odd_pages_are_no_mistake_of_ours(clerk: Browser) -> None:
    address = uploaded(clerk, *(line(number, phone="1") for number in range(120)))
    assert clerk.get(address).text.count("電話番号</th>") == 50
    assert clerk.get(f"{address}?page=3").text.count("電話番号</th>") == 20
    for odd in ("0", "-1", "99", "x", "٣", "9" * 30):
        assert clerk.get(f"{address}?page={odd}").status_code == 200


# --- starting -------------------------------------------------------------------------------------


def test_each_good_line_gets_one_invitation_by_mail(house: House, clerk: Browser, tmp_path: Path) -> None:
    address = uploaded(clerk, line(1), line(2, name="鈴木 花子"), line(3, name=""))
    started = clerk.post(f"{address}/start")
    assert house.hurried == [True]
    progress = started.headers["Location"]
    assert "data-poll" in clerk.get(progress).text
    assert house.work() == {"mail"}
    done = clerk.get(progress).text
    assert "2人に招待のメールを送ります" in done
    (to, first), (_, second) = mails(house)
    assert (to, first.name, second.name) == ("taro1@example.jp", "山田 太郎", "鈴木 花子")
    assert first.organisation == "千代田商工会"
    assert first.code != second.code
    assert first.link.endswith(first.code)
    assert "12月2日" in first.until or "12/2" in first.until
    assert clerk.get(address).headers["Location"] == progress
    house.services.files.check()
    with house.database.unit() as uow:
        assert [entry.action for entry in audit.of_subject(uow, "import", address.rsplit("/", 1)[-1])] == [
            "import.read", "import.start",
        ]  # fmt: skip
    from handlers.jobs.retain import retain

    house.clock.advance(minutes=1)
    retain(house.database, house.services.files, house.clock())
    assert files(house, tmp_path) == [], "the file is deleted once every line is done"


def test_nothing_personal_but_the_name_is_in_the_mail(house: House, clerk: Browser) -> None:
    from bot.screens.notices import mail

    clerk.post(f"{uploaded(clerk, line(1))}/start")
    house.work()
    ((_, notice),) = mails(house)
    subject, text = mail(notice, "")
    assert "山田 太郎" in text
    for word in ("ヤマダ", "1980", "5678", "taro", "研究所", "診断士", "E-000001"):
        assert word not in subject + text


def test_a_file_taken_in_again_invites_nobody_twice(house: House, clerk: Browser) -> None:
    for expected in ([2, 2, 0, 0, 0], [2, 0, 0, 2, 0]):
        address = uploaded(clerk, line(1), line(2))
        assert sums(clerk.get(address).text) == expected
        clerk.post(f"{address}/start")
        house.work()
    assert len(mails(house)) == 2
    refused = clerk.post(f"{address}/start")
    assert refused.status_code == 409
    assert "取り込める行がありません" in refused.text


def test_two_files_with_the_same_key_started_at_once_invite_once(house: House, clerk: Browser) -> None:
    addresses = [uploaded(clerk, line(1), line(2)), uploaded(clerk, line(2), line(3))]
    tasks = [clerk.post(f"{address}/start").headers["Location"] for address in addresses]
    house.work()
    assert sorted(to for to, _ in mails(house)) == [f"taro{number}@example.jp" for number in (1, 2, 3)]
    assert sorted("1人は先に取り込まれていた" in clerk.get(task).text for task in tasks) == [False, True]


def test_a_key_whose_code_ran_out_may_go_again(house: House, clerk: Browser) -> None:
    clerk.post(f"{uploaded(clerk, line(1))}/start")
    house.work()
    house.clock.advance(minutes=5)
    assert sums(clerk.get(uploaded(clerk, line(1))).text) == [1, 0, 0, 1, 0]
    house.clock.advance(days=15)
    clerk.log_in()
    address = uploaded(clerk, line(1, name="山田 次郎"))
    assert sums(clerk.get(address).text) == [1, 1, 0, 0, 0]
    clerk.post(f"{address}/start")
    house.work()
    assert [notice.name for _, notice in mails(house)] == ["山田 太郎", "山田 次郎"]
    with house.database.read() as uow:
        (row,) = uow.session.scalars(select(ImportedExpert))
        assert uow.vault.open_json(row.answers)["name"] == "山田 次郎"


def test_somebody_with_a_known_address_is_invited_only_if_asked_for(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        people.set_mail(uow, factories.person(uow).id, "taro1@example.jp")
    assert clerk.post(f"{uploaded(clerk, line(1))}/start").status_code == 409
    assert mails(house) == []
    clerk.post(f"{uploaded(clerk, line(1))}/start", registered="yes")
    house.work()
    assert len(mails(house)) == 1


def test_a_double_click_starts_one_task(house: House, clerk: Browser) -> None:
    address = uploaded(clerk, line(1))
    first, second = (clerk.post(f"{address}/start").headers["Location"] for _ in range(2))
    assert first == second
    house.work()
    assert len(mails(house)) == 1
    assert clerk.post(f"{address}/throw-away").status_code == 422, "too late"


def test_a_file_thrown_away_is_gone(house: House, clerk: Browser, tmp_path: Path) -> None:
    address = uploaded(clerk, line(1))
    assert clerk.post(f"{address}/throw-away").headers["Location"] == "/admin/import"
    assert clerk.get(address).status_code == 404
    assert clerk.post(f"{address}/start").status_code == 404
    assert clerk.get(f"{address}/errors.csv").status_code == 404
    assert "取りやめました" in clerk.get("/admin/import").text
    from handlers.jobs.retain import retain

    house.clock.advance(minutes=1)
    retain(house.database, house.services.files, house.clock())
    assert files(house, tmp_path) == []


def test_a_file_that_is_lost_fails_the_task_and_says_so(house: House, clerk: Browser, tmp_path: Path) -> None:
    started = clerk.post(f"{uploaded(clerk, line(1), line(2))}/start").headers["Location"]
    for path in (tmp_path / "files").rglob("*"):
        if path.is_file():
            path.unlink()
    house.work()
    assert "2人は取り込んでいません" in clerk.get(started).text
    assert mails(house) == []


def test_a_clerk_who_left_meanwhile_invites_nobody(house: House, clerk: Browser) -> None:
    from models.tables.staff import Staff

    started = clerk.post(f"{uploaded(clerk, line(1))}/start").headers["Location"]
    with house.database.unit() as uow:
        user = uow.session.scalar(select(Staff).where(Staff.email == "clerk@example.jp"))
        assert user
        user.role = "reader"
    house.work()
    assert mails(house) == []
    assert "1人は取り込んでいません" in clerk.get(started).text


def test_five_thousand_lines_of_which_many_are_bad(house: House, clerk: Browser, capsys: pytest.CaptureFixture) -> None:
    faulty = ({"phone": "1"}, {"name": "山田太郎"}, {"birth_date": "いつか"}, {"organisation": "x"}, {"mail": "x@"})
    lines = [line(at, **(faulty[at % 5] if at % 10 else {})) for at in range(1, 5001)]
    began = time.perf_counter()
    address = uploaded(clerk, *lines)
    page = clerk.get(address).text
    seen = time.perf_counter()
    assert sums(page) == [5000, 500, 4500, 0, 0]
    clerk.post(f"{address}/start")
    house.work()
    ended = time.perf_counter()
    assert len(mails(house)) == 500
    with capsys.disabled():
        print(f"\n5,000 lines: looked at in {seen - began:.1f} s, 500 invited in {ended - seen:.1f} s")
    assert ended - began < 60
    assert house.clock() - factories.START < timedelta(days=1)
