"""What a file of known experts holds: its columns, and each line judged by the rules the chat asks by.

Required are the key, the organisation, the name and the address the invitation goes to; what else is empty, the person
fills in. What is filled in must hold. Lines are numbered as a spreadsheet numbers its rows.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from models.rules.dates import judge_birth_date
from models.rules.errors import NotPossible
from models.rules.fields import BASIC, FIELD_BY_KEY, Accepted, Answers, Judgement, Refused, Unclear, Value
from models.rules.normalise import search_key, tidy

KEY, ORGANISATION = "key", "organisation"
KEY_LIMIT, CELL_LIMIT = 40, 1000
REQUIRED = frozenset({KEY, ORGANISATION, "name", "mail"})
CELL_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
FIRST_DAY = date(1899, 12, 30)
"""Day 0 of a spreadsheet's dates."""
_LOST_ZERO = re.compile("[1-9][0-9]{8,9}")
_DAY_NUMBER = re.compile("[1-9][0-9]{3,4}")
_MIDNIGHT = re.compile(r"[ T]0?0:00(:00(\.0+)?)?$")


@dataclass(frozen=True)
class Column:
    """One column. `aliases`: other heads it is known by."""

    key: str
    title: str
    example: str
    aliases: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a line needs it."""
        return self.key in REQUIRED


_ALIASES = {"phone": ("電話",), "mail": ("メール", "Eメール"), "prefecture": ("活動地域",), "qualifications": ("資格",)}
COLUMNS = (
    Column(KEY, "キー(旧登録番号)", "E-000123", ("キー", "旧登録番号")),
    Column(ORGANISATION, "支援機関", "千代田商工会"),
    *(Column(each.key, each.name, each.example, _ALIASES.get(each.key, ())) for each in BASIC),
)
TITLES: Mapping[str, str] = MappingProxyType({column.key: column.title for column in COLUMNS})
_BY_HEAD = {search_key(head): column.key for column in COLUMNS for head in (column.title, *column.aliases)}


@dataclass(frozen=True)
class Header:
    """Where each column stands in a line, and the heads nobody knows, which are left aside."""

    places: Mapping[str, int]
    unknown: tuple[str, ...] = ()

    def cell(self, cells: Sequence[str], key: str) -> str:
        """The text under a column, tidied at its ends; empty where the line is too short."""
        at = self.places.get(key, len(cells))
        text = cells[at].strip() if at < len(cells) else ""
        return text[1:] if text.startswith("'") and text[1:2] in ("=", "+", "-", "@") else text


@dataclass(frozen=True)
class Fault:
    """What is to be mended in a line: `code` and `data` give the sentence, `choices` what was perhaps meant."""

    column: str
    text: str
    code: str
    data: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line as it was understood. `answers` holds what was accepted, by key of the field."""

    number: int
    key: str
    organisation: str
    answers: Answers
    faults: tuple[Fault, ...]


def read_header(cells: Sequence[str]) -> Header:
    """The columns by their heads, whatever their width and spaces; NotPossible names what is missing or there twice."""
    places: dict[str, int] = {}
    unknown: list[str] = []
    for at, cell in enumerate(cells):
        head = tidy(cell)
        key = _BY_HEAD.get(search_key(head)) if head else None
        if key in places:
            raise NotPossible("import.column_twice", column=TITLES[str(key)])
        if key:
            places[key] = at
        elif head:
            unknown.append(head[:40])
    missing = [column.title for column in COLUMNS if column.required and column.key not in places]
    if missing:
        raise NotPossible("import.columns_missing", columns="、".join(missing))
    return Header(MappingProxyType(places), tuple(unknown))


def key_of(text: str) -> str:
    """A key in the one form that is compared: width, case and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", tidy(text)).split()).upper()


def organisation_key(name: str) -> str:
    """A name of an organisation in the form that is compared: width and spaces do not count."""
    return "".join(unicodedata.normalize("NFKC", tidy(name)).split())


def repeated(header: Header, rows: Iterable[tuple[int, Sequence[str]]]) -> dict[int, int]:
    """Lines whose key an earlier line has: number → that line's number."""
    first: dict[str, int] = {}
    again: dict[int, int] = {}
    for number, cells in rows:
        key = key_of(header.cell(cells, KEY))
        if key and first.setdefault(key, number) != number:
            again[number] = first[key]
    return again


def judge_line(header: Header, number: int, cells: Sequence[str], today: date, first: int | None = None) -> Line:
    """One line, judged. `first`: the earlier line that has the same key; `today` is a Japanese date."""
    answers: dict[str, Value] = {}
    faults: list[Fault] = []
    for column in COLUMNS:
        text = header.cell(cells, column.key)
        judged = _judge(column, text, answers, today)
        if column.key == KEY and first is not None:
            judged = Refused("import.key_twice", {"line": str(first)})
        if isinstance(judged, Accepted):
            answers[column.key] = judged.value
        elif judged:
            faults.append(_fault(column, text, judged))
    key, organisation = str(answers.pop(KEY, "")), str(answers.pop(ORGANISATION, ""))
    return Line(number, key, organisation, answers, tuple(faults))


def _judge(column: Column, text: str, answers: Answers, today: date) -> Judgement | None:
    """What a cell says; None for an empty one that may be empty."""
    if not tidy(text):
        return Refused("import.empty") if column.required else None
    if text.upper() in CELL_ERRORS:
        return Refused("import.cell_error")
    if len(text) > CELL_LIMIT:
        return Refused("import.cell_long", {"most": str(CELL_LIMIT)})
    if column.key == KEY:
        key = key_of(text)
        good = len(key) <= KEY_LIMIT and any(char.isalnum() for char in key)
        return Accepted(key) if good else Refused("import.key", {"most": str(KEY_LIMIT)})
    if column.key == ORGANISATION:
        return Accepted(tidy(text))
    if column.key == "birth_date":
        return _birth_date(text, today)
    judged = FIELD_BY_KEY[column.key].judge(text, answers)
    return _with_zero(text, answers, judged) if column.key == "phone" else judged


def _birth_date(text: str, today: date) -> Judgement:
    """As in the chat; also a spreadsheet's date with its time of day, or the bare number of the day."""
    plain = _MIDNIGHT.sub("", unicodedata.normalize("NFKC", text))
    if _DAY_NUMBER.fullmatch(plain):
        plain = (FIRST_DAY + timedelta(days=int(plain))).isoformat()
    return judge_birth_date(plain, today)


def _with_zero(text: str, answers: Answers, judged: Judgement) -> Judgement:
    """A spreadsheet takes the number's first 0 away; it is put back where that gives a good number."""
    plain = unicodedata.normalize("NFKC", text)
    if isinstance(judged, Accepted) or not _LOST_ZERO.fullmatch(plain):
        return judged
    mended = FIELD_BY_KEY["phone"].judge(f"0{plain}", answers)
    return mended if isinstance(mended, Accepted) else judged


def _fault(column: Column, text: str, judged: Judgement) -> Fault:
    if isinstance(judged, Unclear):
        return Fault(column.title, text, judged.code, choices=tuple(choice.value for choice in judged.choices))
    assert isinstance(judged, Refused)
    return Fault(column.title, text, judged.code, judged.data)
