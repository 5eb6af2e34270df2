"""Reads a table somebody uploads, CSV or Excel (.xlsx), as plain texts; nothing in the file is trusted.

A workbook is a zip of XML: how much it may unpack to is limited before anything is unpacked, entities are refused, and
rows and columns are counted while they are read. Formulas give the value Excel last worked out.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from models.rules.errors import NotPossible

MOST_BYTES = 5 * 1024 * 1024
MOST_LINES = 20_000
MOST_COLUMNS = 40
MOST_CHARS = 2_000
MOST_UNPACKED = 60 * 1024 * 1024
MOST_PARTS = 500
SCANNED = 5 * MOST_LINES
"""Rows looked at, empty ones included: sheets often end in thousands of formatted empty rows."""
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOT_CP932 = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
"""What Python makes of bytes that are no characters in Shift_JIS."""
_ZEROS = re.compile("0+")


@dataclass(frozen=True)
class SheetRow:
    """A row up to its last filled cell, with its number as a spreadsheet counts (from 1)."""

    number: int
    cells: tuple[str, ...]


def read(data: bytes) -> list[SheetRow]:
    """The rows of a file, the first one holding the heads; NotPossible says why it cannot be read."""
    if len(data) > MOST_BYTES:
        raise NotPossible("import.too_large", most=str(MOST_BYTES // 1024 // 1024))
    if data.startswith(OLE):
        raise NotPossible("import.old_excel")
    rows = _workbook(data) if data.startswith(ZIP) else _csv(data)
    found: list[SheetRow] = []
    for row in rows:
        filled = max((at for at, cell in enumerate(row.cells, 1) if cell.strip()), default=0)
        if filled:
            found.append(SheetRow(row.number, row.cells[:filled]))
        if len(found) > MOST_LINES + 1:
            raise NotPossible("import.too_many_lines", most=f"{MOST_LINES:,}")
    if not found:
        raise NotPossible("import.nothing")
    return found


# --- CSV ------------------------------------------------------------------------------------------


def _csv(data: bytes) -> Iterator[SheetRow]:
    text = decoded(data)
    head = text.split("\n", 1)[0]
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise NotPossible("import.quotes", line=str(number)) from None
        yield SheetRow(number, tuple(cell[:MOST_CHARS] for cell in cells[:MOST_COLUMNS]))


def decoded(data: bytes) -> str:
    """The text of a CSV file in UTF-8 (with or without BOM) or Shift_JIS; every byte must fit, or NotPossible."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _CONTROL.search(text):
            raise NotPossible("import.not_a_table")
        if encoding == "cp932" and _NOT_CP932.search(text):
            break
        return text
    raise NotPossible("import.encoding")


# --- Excel ----------------------------------------------------------------------------------------


def _workbook(data: bytes) -> Iterator[SheetRow]:
    """The first visible sheet. openpyxl fails in many ways on what is no workbook; all of them mean the same."""
    _refuse_bombs(data)
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception:
        raise NotPossible("import.not_a_table") from None
    try:
        yield from _rows(book)
    except NotPossible:
        raise
    except Exception:
        raise NotPossible("import.not_a_table") from None
    finally:
        book.close()


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise NotPossible("import.bomb")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    _refuse_entities(packed, part)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise NotPossible("import.not_a_table") from None


def _refuse_entities(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """A document type stands before the first element, in any encoding."""
    with packed.open(part) as file:
        start = file.read(64 * 1024).replace(b"\0", b"").upper()
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise NotPossible("import.bomb")


def _rows(book: Any) -> Iterator[SheetRow]:
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        raise NotPossible("import.nothing")
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=SCANNED, max_col=MOST_COLUMNS)
    for number, cells in enumerate(rows, 1):
        yield SheetRow(number, tuple(_text(cell) for cell in cells))


def _text(cell: Any) -> str:
    """A cell's value as a person would type it: no clock on dates, no point on whole numbers."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int):
        return _with_zeros(value, cell.number_format or "")
    return str(value)[:MOST_CHARS]


def _with_zeros(value: int, shown: str) -> str:
    """A number shown with zeros in front (00012) keeps them: it is a key, not an amount."""
    return f"{value:0{len(shown)}d}" if _ZEROS.fullmatch(shown) else str(value)
