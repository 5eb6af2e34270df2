"""Lists as files, of the secretariat and of an expert: CSV (UTF-8 with BOM, CRLF) and Excel.

No cell is one that a spreadsheet takes for a formula.
"""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from typing import IO, Any
from urllib.parse import quote

from flask import Response

from models.rules.calendar import to_jst

TYPES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
FORMULA = tuple("=+-@\t\r＝＋－＠")
CHUNK = 64 * 1024
Line = Sequence[str | int | date | datetime | None]


def download(title: str, day: date, kind: str, heads: Sequence[str], lines: Iterable[Line]) -> Response:
    """A file of `lines` under `heads`, named by its title and day."""
    write = {"csv": write_csv, "xlsx": write_excel}[kind]
    return written(title, day, kind, TYPES[kind], lambda file: write(file, heads, lines))


def written(title: str, day: date, ending: str, mimetype: str, write: Callable[[IO[bytes]], None]) -> Response:
    """What `write` writes as a download no browser keeps; nothing is sent before it is whole. It lies on the disk."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the answer has left
    try:
        write(file)
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    name, plain = (f"{words}_{day.isoformat()}.{ending}" for words in (title, "list"))
    response = Response(_chunks(file), mimetype=mimetype)
    response.call_on_close(file.close)
    response.content_length = size
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def write_csv(file: IO[bytes], heads: Sequence[str], lines: Iterable[Line]) -> None:
    """The lines as CSV that Excel in Japan opens by a double click."""
    text = TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([_plain(value) for value in line] for line in lines)
    text.flush()
    text.detach()


def _plain(value: str | int | date | datetime | None) -> str | int:
    if isinstance(value, datetime):
        return f"{to_jst(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return value
    return defused(value or "")


def defused(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def write_excel(file: IO[bytes], heads: Sequence[str], lines: Iterable[Line]) -> None:
    """The lines as a workbook of one sheet: strings stay strings, numbers and dates can be reckoned with."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("一覧")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, head) for head in heads])
    for line in lines:
        sheet.append([_cell(sheet, value) for value in line])
    book.save(file)


def _cell(sheet: Any, value: str | int | date | datetime | None) -> Any:
    if isinstance(value, datetime):
        return to_jst(value).replace(tzinfo=None, second=0, microsecond=0)
    return _text(sheet, value) if isinstance(value, str) else value


def _text(sheet: Any, text: str) -> Any:
    """Openpyxl takes `=…` for a formula, `#N/A` for an error, and refuses control characters."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    plain = ILLEGAL_CHARACTERS_RE.sub("", text).encode("utf-8", "replace").decode()
    if not plain.startswith(("=", "#")):
        return plain
    cell = WriteOnlyCell(sheet, value=plain)
    cell.data_type = "s"
    return cell
