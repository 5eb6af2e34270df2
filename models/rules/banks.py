"""Finding banks and branches in the zengin list by name, reading, Roman letters or code.

The list takes a third of a second to load, so it is read when the first look-up asks for it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from models.rules.normalise import search_key, to_large_kana

YUCHO = "9900"

_BANK_KINDS = {
    "信漁連": "信用漁業協同組合連合会",
    "信連": "信用農業協同組合連合会",
    "信金": "信用金庫",
    "信組": "信用組合",
    "農協": "農業協同組合",
    "漁協": "漁業協同組合",
    "労金": "労働金庫",
}
_SHOWN_IN_FULL = ("信金", "信組", "労金")
_KIND_READINGS = {
    "シンヨウキンコ": "シンキン",
    "シンヨウクミアイ": "シンクミ",
    "ノウギヨウキヨウドウクミアイ": "ノウキヨウ",
    "ロウドウキンコ": "ロウキン",
}
_BANK_ENDS = tuple(_BANK_KINDS)
_READING_ENDS = ("シンキン", "シンクミ", "ノウキヨウ", "ロウキン", "シンレン", "シンギヨレン")
_BANK_WORDS = ("銀行", "ギンコウ", "GINKOU", "GINKO", "BANK")
_BRANCH_WORDS = ("支店", "シテン", "店")
_BRANCH_ENDS = ("出張所", "営業部", "支所")
_NAMED_WITHOUT_BANK = frozenset({"0200"})
_ALIASES = {
    "MUFG": "0005",
    "三菱東京UFJ": "0005",
    "SMBC": "0009",
    "住信SBIネット": "0038",
    "郵貯": YUCHO,
    "郵便局": YUCHO,
    "ユウビンキヨク": YUCHO,
}
_OFFICE_ENDS = ("部", "店", "所", "センター", "デスク", "課", "室", "プラザ", "オフィス")
_ROMAN_FOLDS = (
    (re.compile("([KGNHBPMR])IY([AUO])"), r"\1Y\2"),
    (re.compile("SHIY([AUO])"), r"SH\1"),
    (re.compile("CHIY([AUO])"), r"CH\1"),
    (re.compile("JIY([AUO])"), r"J\1"),
    (re.compile("TSU(?=[KPST])"), ""),
    (re.compile("([KPST])\\1"), r"\1"),
    (re.compile("O[UO]"), "O"),
    (re.compile("UU"), "U"),
)


@dataclass(frozen=True)
class Entry:
    """A bank (4 digits) or branch (3 digits) with the keys it is found by; `kind`: 信金, 出張所 or empty."""

    code: str
    name: str
    kind: str
    keys: tuple[str, ...]
    bases: tuple[str, ...]
    roman: str


@dataclass(frozen=True)
class Hits:
    """`exact`: entries that are called so; `near`: all that fit, those first, then beginnings, then parts.

    An entry called so but for its kind (広島 for 広島信金) is exact beside a namesake,
    or when no other name begins so.
    """

    exact: tuple[Entry, ...]
    near: tuple[Entry, ...]


def _without_end(text: str, ends: Iterable[str]) -> str:
    return next((text.removesuffix(end) for end in ends if text.endswith(end) and text != end), text)


def _fold_roman(text: str) -> str:
    for pattern, fold in _ROMAN_FOLDS:
        text = pattern.sub(fold, text)
    return text


def _key(text: str) -> str:
    return search_key(to_large_kana(search_key(text)))


def _entry(row: Any, ends: tuple[str, ...]) -> Entry:
    name = " ".join(unicodedata.normalize("NFKC", row.name).split())
    keys = (_key(name), _key(row.kana))
    kind = next((end for end in ends if keys[0].endswith(end) and keys[0] != end), "")
    bases = (_without_end(keys[0], ends), _without_end(keys[1], _READING_ENDS))
    return Entry(row.code, name, kind, keys, bases, _fold_roman(search_key(row.roma)))


@cache
def _rows() -> dict[str, Any]:
    from zengin_code import Bank

    return Bank.all


@cache
def _banks() -> dict[str, Entry]:
    return {code: _entry(row, _BANK_ENDS) for code, row in _rows().items()}


@lru_cache(maxsize=64)
def _branches(bank: str) -> dict[str, Entry]:
    row = _rows().get(bank)
    return {code: _entry(branch, _BRANCH_ENDS) for code, branch in row.branches.items()} if row else {}


def _is_called(entry: Entry, query: str, roman: str) -> bool:
    reading_is_whole = not entry.kind or entry.keys[1] != entry.bases[1]
    return query == entry.keys[0] or (reading_is_whole and (query == entry.keys[1] or roman == entry.roman))


def _search(query: str, entries: Iterable[Entry], plain_only: bool) -> Hits:
    roman = _fold_roman(query) if query.isascii() and query.isalpha() else "-"
    called: list[Entry] = []
    kin: list[Entry] = []
    starts: list[Entry] = []
    parts: list[Entry] = []
    for entry in entries:
        words = (*entry.keys, *entry.bases)
        if _is_called(entry, query, roman):
            called.append(entry)
        elif query in words or roman == entry.roman:
            kin.append(entry)
        elif any(word.startswith(query) for word in words) or entry.roman.startswith(roman):
            starts.append(entry)
        elif len(query) > 1 and any(query in word for word in words):
            parts.append(entry)
    near = (*called, *kin, *starts, *parts)
    if plain_only:
        return Hits(tuple(entry for entry in called if not entry.kind), near)
    return Hits((*called, *kin) if called or not starts else (), near)


def _bank_query(text: str) -> tuple[str, bool]:
    query = _key(text)
    for short, full in _BANK_KINDS.items():
        query = query.replace(full, short)
    for full, short in _KIND_READINGS.items():
        query = query.replace(full, short)
    if query.startswith("JA") and not query.isascii():
        query = _without_end(query.removeprefix("JA").removeprefix("バンク"), ("農協",)) + "農協"
    bare = _without_end(query, _BANK_WORDS)
    return bare, bare != query


def find_banks(text: str) -> Hits:
    """Banks called or partly called `text`; 銀行 at its end leaves out credit unions of that name."""
    query, is_bank = _bank_query(text)
    alias = {_key(word): code for word, code in _ALIASES.items()}.get(query)
    if alias:
        found = _banks().get(alias)
        return Hits((found,), (found,)) if found else Hits((), ())
    return _search(query, _banks().values(), is_bank) if query and query not in _BANK_WORDS else Hits((), ())


def find_branches(bank: str, text: str) -> Hits:
    """Branches of that bank; 支店 at the end of `text` leaves out 出張所 and 営業部 of that name."""
    whole = _key(text)
    query = _without_end(whole, _BRANCH_WORDS)
    entries = _branches(bank).values()
    if query != whole and any(whole in entry.keys for entry in entries):
        return _search(whole, entries, plain_only=False)
    return _search(query, entries, plain_only=query != whole) if query else Hits((), ())


def has_bank(code: str) -> bool:
    """Whether a bank has this 4-digit code."""
    return code in _rows()


def has_branch(bank: str, code: str) -> bool:
    """Whether that bank has a branch with this 3-digit code."""
    return code in _branches(bank)


def bank_name(code: str) -> str:
    """The name as people say it (みずほ銀行, 城南信用金庫); the code itself if there is no such bank."""
    entry = _banks().get(code)
    if entry is None:
        return code
    if entry.kind in _SHOWN_IN_FULL:
        return entry.name.removesuffix(entry.kind) + _BANK_KINDS[entry.kind]
    domestic = code < "0400" or "0500" <= code < "0600" or code == YUCHO
    return entry.name + "銀行" if domestic and code not in _NAMED_WITHOUT_BANK else entry.name


def branch_name(bank: str, code: str) -> str:
    """The branch as people say it (新宿支店); the code itself if there is no such branch."""
    entry = _branches(bank).get(code)
    if entry is None:
        return code
    if bank == YUCHO:
        return f"{entry.name}店"
    return entry.name if entry.name.endswith(_OFFICE_ENDS) else f"{entry.name}支店"
