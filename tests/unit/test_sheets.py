"""Reading uploaded tables: encodings, quotes, workbooks as they come, and files that mean harm."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook

from models.rules.errors import NotPossible
from storage import sheets

HEAD = "キー,氏名"
TEXT = f"{HEAD}\r\nE-1,髙橋 一郎\r\nE-2,山田 ～太郎\r\n"


def cells(data: bytes) -> list[tuple[str, ...]]:
    return [row.cells for row in sheets.read(data)]


def code(data: bytes) -> str:
    with pytest.raises(NotPossible) as refused:
        sheets.read(data)
    return refused.value.code


def workbook(fill: Callable[[Any, Workbook], None]) -> bytes:
    book = Workbook()
    fill(book.active, book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def packed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            content = old.read(part)
            new.writestr(part.filename, change(content) if part.filename == name else content)
    return file.getvalue()


# --- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_both_encodings_of_a_csv_are_read(encoding: str):
    expected = [("キー", "氏名"), ("E-1", "髙橋 一郎"), ("E-2", "山田 ～太郎")]
    assert cells(TEXT.encode(encoding)) == expected


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (TEXT.encode("utf-16"), "import.encoding"),
        (TEXT.encode("utf-8")[:-8] + b"\xff\xfe", "import.encoding"),
        (b"\x80\xa0", "import.encoding"),
        (b"a,b\x00c\n", "import.not_a_table"),
        (b"%PDF-1.7\x01", "import.not_a_table"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 512, "import.old_excel"),
        (b"", "import.nothing"),
        (b"\xef\xbb\xbf\r\n,,\r\n  \r\n", "import.nothing"),
        (b"a" * (sheets.MOST_BYTES + 1), "import.too_large"),
        (b'a,b\n"c,d\ne,f\n', "import.quotes"),
        (b"PK\x03\x04 nothing of the kind", "import.not_a_table"),
    ],
)
def test_what_is_no_table_is_refused_with_its_reason(data: bytes, why: str):
    assert code(data) == why


def test_rows_keep_the_number_a_spreadsheet_gives_them():
    data = 'キー,備考\r\n\r\nE-1,"二行の\r\n備考"\r\n,\r\nE-2,x\r\n'.encode()
    assert [(row.number, row.cells[0]) for row in sheets.read(data)] == [(1, "キー"), (3, "E-1"), (5, "E-2")]


def test_tabs_part_cells_where_the_head_says_so():
    assert cells(b"a\tb\n1\t2,3\n") == [("a", "b"), ("1", "2,3")]


def test_lines_and_columns_and_cells_have_their_limits():
    lines = "\n".join(["key"] + ["x"] * sheets.MOST_LINES)
    assert len(sheets.read(lines.encode())) == sheets.MOST_LINES + 1
    assert code(f"{lines}\nx".encode()) == "import.too_many_lines"
    (row,) = sheets.read((",".join(["x" * 5000] * 100)).encode())
    assert len(row.cells) == sheets.MOST_COLUMNS
    assert {len(cell) for cell in row.cells} == {sheets.MOST_CHARS}


# --- Excel ----------------------------------------------------------------------------------------


def test_a_workbook_gives_its_values_as_a_person_would_type_them():
    def fill(sheet: Any, _book: Workbook) -> None:
        sheet.append(["キー", "氏名", "生年月日", "電話", "数", "真偽", "時刻", "空"])
        sheet.append(["E-1", "髙橋 一郎", datetime(1980, 4, 1), 9012345678, 12.0, True, time(9, 30), None])
        sheet.append([123, "山田", date(1975, 12, 31), "090-1234-5678", 1.5, False, datetime(2026, 1, 2, 3, 4, 5), ""])
        sheet["A3"].number_format = "000000"

    assert cells(workbook(fill)) == [
        ("キー", "氏名", "生年月日", "電話", "数", "真偽", "時刻", "空"),
        ("E-1", "髙橋 一郎", "1980-04-01", "9012345678", "12", "TRUE", "09:30:00"),
        ("000123", "山田", "1975-12-31", "090-1234-5678", "1.5", "FALSE", "2026-01-02 03:04:05"),
    ]


def test_a_formula_gives_what_excel_worked_out_and_an_error_is_seen():
    def fill(sheet: Any, _book: Workbook) -> None:
        sheet.append(["a", "b"])
        sheet.append(["=1+1", "=NA()"])

    data = workbook(fill)
    assert [row.number for row in sheets.read(data)] == [1], "nothing was worked out, so there is nothing"

    def worked_out(xml: bytes) -> bytes:
        empty = xml.replace(b"<v />", b"<v></v>")
        one = empty.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
        return one.replace(b'<c r="B2"><f>NA()</f><v></v>', b'<c r="B2" t="e"><f>NA()</f><v>#N/A</v>')

    counted = packed(data, "xl/worksheets/sheet1.xml", worked_out)
    assert cells(counted)[1] == ("2", "#N/A")


def test_a_merged_cell_has_its_value_in_its_first_row_alone():
    def fill(sheet: Any, _book: Workbook) -> None:
        for row in (["支援機関", "氏名"], ["千代田", "a"], [None, "b"]):
            sheet.append(row)
        sheet.merge_cells("A2:A3")

    assert cells(workbook(fill))[1:] == [("千代田", "a"), ("", "b")]


def test_empty_rows_are_passed_over_and_hidden_sheets_too():
    def fill(sheet: Any, book: Workbook) -> None:
        sheet.title, sheet.sheet_state = "old", "hidden"
        sheet["A1"] = "hidden"
        shown = book.create_sheet("new")
        shown["A1"], shown["A4"], shown["A500"] = "key", "one", "two"

    assert [(row.number, row.cells[0]) for row in sheets.read(workbook(fill))] == [(1, "key"), (4, "one"), (500, "two")]


def test_a_row_far_down_costs_no_more_than_what_is_looked_at():
    data = workbook(lambda sheet, _book: sheet.cell(1, 1, "key"))
    far = packed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ).replace(b'ref="A1:A1"', b'ref="A1:XFD1048576"'),
    )
    assert [row[0] for row in cells(far)] == ["key"]


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked():
    data = workbook(lambda sheet, _book: sheet.append(["key"]))
    bomb = packed(data, "xl/worksheets/sheet1.xml", lambda xml: xml + b" " * (sheets.MOST_UNPACKED + 1))
    assert len(bomb) < sheets.MOST_BYTES
    assert code(bomb) == "import.bomb"


def test_a_workbook_of_too_many_parts_is_not_opened():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as many:
        for number in range(sheets.MOST_PARTS + 1):
            many.writestr(f"{number}.xml", "<a/>")
    assert code(file.getvalue()) == "import.bomb"


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_entities_are_refused_in_any_part_and_encoding(part: str, encoding: str):
    def laugh(xml: bytes) -> bytes:
        rest = xml.partition(b"?>")[2] if xml.startswith(b"<?xml") else xml
        return (LAUGHS + rest).decode().encode(encoding)

    assert code(packed(workbook(lambda sheet, _book: sheet.append(["key"])), part, laugh)) == "import.bomb"


@pytest.mark.parametrize("cut", [30, 200, -30])
def test_half_a_workbook_is_no_table(cut: int):
    assert code(workbook(lambda sheet, _book: sheet.append(["key"]))[:cut]) == "import.not_a_table"


def test_a_zip_of_something_else_is_no_table():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as other:
        other.writestr("word/document.xml", "<a/>")
    assert code(file.getvalue()) == "import.not_a_table"


def test_a_part_that_is_longer_than_it_says_is_no_table():
    data = bytearray(workbook(lambda sheet, _book: sheet.append([f"cell {n}" for n in range(50)])))
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1).to_bytes(4, "little")
    assert code(bytes(data)) == "import.not_a_table"
