"""What every list of the secretariat's page can do: read from an address, sort, page, link, export."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from tracemalloc import get_traced_memory, start, stop
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from werkzeug.datastructures import MultiDict

from handlers import exports
from handlers.admin import lists
from handlers.admin.experts import EXPERTS
from handlers.admin.lists import Choice, Column, Day, ListPage, Text
from storage import audit_lists, organisations
from tests.support.factories import House
from tests.support.visitors import Browser

LIST = ListPage[tuple[str, int]](
    endpoint="things",
    title="もの",
    columns=(Column("name", "名前", lambda row: row[0], sortable=True), Column("many", "数", lambda row: row[1])),
    count=lambda _uow, _asked: 0,
    rows=lambda _uow, _asked, _limit, _offset: [],
    order="-age",
    searched="名前",
    filters=(
        Choice("state", "状態", [("new", "新しい"), ("old", "古い")], default="new", shown=False),
        Choice("kind", "種類", [("a", "甲"), ("b", "乙")]),
        Day("from", "いつから"),
        Text("who", "だれ"),
    ),
)
JUNK = ["", "\x00", "'", "-name-", "--age", "9" * 40, "-1", "２", "nothing", "2026-02-30", "\ud800", "<b>", "名" * 500]


def asked(**args: str) -> lists.Asked:
    return lists.read(LIST, MultiDict(args))


# --- the address ----------------------------------------------------------------------------------


@pytest.mark.parametrize("junk", JUNK)
def test_whatever_makes_no_sense_is_the_default(junk: str) -> None:
    found = asked(sort=junk, page=junk, state=junk, kind=junk, **{"from": junk})
    assert found == asked()
    assert (found.order, found.page, found["state"], found["kind"], found.day("from")) == ("-age", 1, "new", "", None)
    tidied = asked(q=junk, who=junk)
    assert len(tidied.words) <= lists.WORDS_MAX
    assert not re.search("[\x00\ud800\n]", tidied.words + tidied["who"])


def test_an_address_and_back() -> None:
    args = {"q": "山田", "sort": "name", "page": "3", "state": "old", "kind": "b", "from": "2026-11-18", "who": "佐藤"}
    found = asked(**args)
    assert {**found.link(page=found.page), "page": "3"} == args
    assert found.day("from") == date(2026, 11, 18)


def test_a_change_begins_at_the_first_page_and_defaults_are_left_out() -> None:
    found = asked(q="山田", page="7", state="old", kind="b")
    assert found.link() == {"q": "山田", "state": "old", "kind": "b"}
    assert found.link(order="name") == {"q": "山田", "state": "old", "kind": "b", "sort": "name"}
    assert found.link(state="new", kind="a", words="") == {"kind": "a"}
    assert asked().link() == {}
    assert asked(sort="age").link() == {"sort": "age"}


def test_a_head_turns_up_then_down() -> None:
    assert asked().turned("name") == "name"
    assert asked(sort="name").turned("name") == "-name"
    assert asked(sort="-name").turned("name") == "name"
    assert (asked(sort="name").sorted_by("name"), asked(sort="-name").sorted_by("name")) == ("ascending", "descending")
    assert asked(sort="name").sorted_by("many") == ""


def test_taking_the_conditions_off_keeps_the_tab_and_the_order() -> None:
    found = asked(q="山田", state="old", kind="b", who="佐藤", sort="name", **{"from": "2026-11-18"})
    assert found.narrowed
    assert found.plain == {"state": "old", "sort": "name"}
    assert found.unshown == {"state": "old"}, "the order has a field of its own in the form"
    assert not asked(state="old").narrowed


@pytest.mark.parametrize(("total", "page", "shown"), [(0, 9, 1), (50, 2, 1), (51, 2, 2), (51, 999_999, 2)])
def test_a_page_behind_the_end_is_the_last_one(total: int, page: int, shown: int) -> None:
    assert asked(page=str(page)).within(total).page == shown


# --- files ----------------------------------------------------------------------------------------

EVIL = [
    "=1+1", "+81", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "#N/A", '="a"', "a=b", "O'Neil", "改\n行", 'q"q,',
    "\x01x",
]  # fmt: skip
AT = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


def rows_of_csv(data: bytes) -> list[list[str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_has_bom_and_crlf_and_no_formulas() -> None:
    file = BytesIO()
    lines = [[text, 1, AT, date(2026, 4, 1), None] for text in EVIL]
    exports.write_csv(file, ["名前", "数", "いつ", "日", "空"], lines)
    data = file.getvalue()
    assert data.count(b"\r\n") >= len(EVIL) + 1
    assert rows_of_csv(data)[0] == ["名前", "数", "いつ", "日", "空"]
    for text, row in zip(EVIL, rows_of_csv(data)[1:], strict=True):
        assert row[0] == (f"'{text}" if text[0] in "=+-@\t\r＝" else text)
        assert row[1:] == ["1", "2026-11-19 00:30", "2026-04-01", ""]


def test_excel_keeps_strings_strings_and_numbers_numbers() -> None:
    file = BytesIO()
    exports.write_excel(file, ["=名前", "数"], [*([text, 1200] for text in EVIL), ["00123", None], ["x", AT]])
    sheet = load_workbook(BytesIO(file.getvalue()))["一覧"]
    found = list(sheet.iter_rows(values_only=False))
    assert found[0][0].value == "=名前"
    for text, row in zip(EVIL, found[1:], strict=False):
        assert row[0].data_type in ("s", "inlineStr")
        assert row[0].value == text.replace("\x01", "").replace("\r", "\n"), "XML knows one line break"
        assert row[1].value == 1200
    assert (found[-2][0].value, found[-2][0].data_type, found[-2][1].value) == ("00123", "s", None)
    assert found[-1][1].value == datetime(2026, 11, 19, 0, 30)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_many_rows_do_not_lie_in_memory(kind: str, app: Flask) -> None:
    made = 0

    def rows() -> Iterator[list[Any]]:
        nonlocal made
        for number in range(5000):
            made += 1
            yield ["名前" * 200, number]

    with app.test_request_context():
        exports.download("もの", date(2026, 11, 18), kind, ["名前", "数"], [["暖機", 1]]).close()
        start()
        answer = exports.download("もの", date(2026, 11, 18), kind, ["名前", "数"], rows())
        _, peak = get_traced_memory()
        stop()
    assert made == 5000
    assert peak < 1_500_000, "5,000 rows of 800 bytes are 4 MB"
    data = b"".join(answer.iter_encoded())
    assert len(data) == answer.content_length
    answer.close()
    if kind == "csv":
        assert len(rows_of_csv(data)) == 5001
    else:
        assert load_workbook(BytesIO(data))["一覧"].max_row == 5001


def test_a_row_that_fails_leaves_no_half_a_file(app: Flask) -> None:
    def rows() -> Iterator[list[Any]]:
        yield ["a", 1]
        raise RuntimeError

    with app.test_request_context(), pytest.raises(RuntimeError):
        exports.download("もの", date(2026, 11, 18), "csv", ["名前", "数"], rows())


# --- a list in the browser ------------------------------------------------------------------------


def test_an_export_holds_what_the_address_chooses_and_leaves_a_trace(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        for number in range(60):
            organisations.create(uow, f"第{number:02d}商工会", "東京都" if number % 2 else "大阪府", house.clock())
    answer = clerk.get("/admin/organisations.csv?prefecture=東京都&sort=-name&page=2")
    assert answer.mimetype == "text/csv"
    name = answer.headers["Content-Disposition"]
    assert 'filename="list_2026-11-18.csv"' in name
    assert "filename*=UTF-8''%E6%94%AF%E6%8F%B4%E6%A9%9F%E9%96%A2_2026-11-18.csv" in name
    assert answer.headers["Cache-Control"] == "no-store"
    rows = rows_of_csv(answer.data)
    assert rows[0] == ["名前", "都道府県", "担当者", "ID"]
    assert [row[0] for row in rows[1:]] == [f"第{number:02d}商工会" for number in range(59, 0, -2)]
    book = clerk.get("/admin/organisations.xlsx?q=大阪府")
    assert load_workbook(BytesIO(book.data))["一覧"].max_row == 31
    with house.database.read() as uow:
        wanted = audit_lists.Wanted(actions=["list.export"])
        lines = audit_lists.listed(uow, wanted, "at", 10, 0)
    assert [(line.subject_id, line.detail) for line in lines] == [
        ("organisation_list", "csv 1"), ("organisation_list", "xlsx 1"),
    ]  # fmt: skip
    assert clerk.get("/admin/organisations.pdf").status_code == 404


def test_more_rows_than_one_batch_are_all_there(house: House, clerk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.admin.lists.AT_ONCE", 7)
    with house.database.unit() as uow:
        for number in range(23):
            organisations.create(uow, f"第{number:02d}商工会", "東京都", house.clock())
    rows = rows_of_csv(clerk.get("/admin/organisations.csv").data)
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1 == 23


def test_pages_heads_and_files_keep_the_conditions(house: House, clerk: Browser) -> None:
    with house.database.unit() as uow:
        for number in range(120):
            organisations.create(uow, f"第{number:03d}<b>商工会", "東京都", house.clock())
    page = clerk.get("/admin/organisations?q=商工&prefecture=東京都&sort=-name&page=2").text
    assert "120件" in page
    assert "（51〜100件目）" in page
    links = re.findall(r'href="(/admin/organisations[^"]*)"', page.replace("&amp;", "&"))
    kept = [link for link in links if "q=%E5%95%86%E5%B7%A5" in link]
    assert len(kept) == 3 + 2 + 2, "three heads, two files, two pages"
    assert all("prefecture=" in link for link in kept)
    assert 'aria-sort="descending"' in page
    assert "2 / 3ページ" in page
    assert "第069&lt;b&gt;商工会" in page
    assert "<b>商工会" not in page
    assert 'value="東京都" selected' in page
    for link in set(kept):
        assert clerk.get(link).status_code == 200


def test_a_list_says_why_it_is_empty(clerk: Browser) -> None:
    assert EXPERTS.empty in clerk.get("/admin/experts").text
    found = clerk.get("/admin/experts?q=zzz&state=active").text
    assert "「zzz」に合う専門家はいません" in found
    assert 'href="/admin/experts">条件をすべて外す' in found
    assert "選んだ条件に合う専門家はいません" in clerk.get("/admin/experts?place=東京都").text
