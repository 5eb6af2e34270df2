"""Reading a date as it is written in Japan, in both calendars, and judging a date of birth."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from models.rules.judgement import Accepted, Answers, Judgement, Refused, Value
from models.rules.normalise import HYPHENS, tidy

YOUNGEST = 18
OLDEST = 100
FIRST_YEAR = 1900
LAST_YEAR = 2100
_LONGEST = 40


@dataclass(frozen=True)
class Era:
    """A Japanese era with its first and last day (None while it lasts)."""

    name: str
    letter: str
    first: date
    last: date | None


ERAS = (
    Era("明治", "M", date(1868, 1, 25), date(1912, 7, 29)),
    Era("大正", "T", date(1912, 7, 30), date(1926, 12, 24)),
    Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7)),
    Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30)),
    Era("令和", "R", date(2019, 5, 1), None),
)

_ERA = {name: era for era in ERAS for name in (era.name, era.letter)}
_GAP = f"\\s*[年月/.,ー{HYPHENS}・、 ]\\s*"
_TAIL = r"\s*日?\s*(?:生まれ|生|うまれ)?\s*(?:\([月火水木金土日]\))?"
_WESTERN = re.compile(rf"(?:西暦\s*)?([0-9]{{4}}){_GAP}([0-9]{{1,2}}){_GAP}([0-9]{{1,2}}){_TAIL}")
_PLAIN = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_JAPANESE = re.compile(rf"({'|'.join(_ERA)})\s*\.?\s*([0-9]{{1,2}}|元){_GAP}([0-9]{{1,2}}){_GAP}([0-9]{{1,2}}){_TAIL}")
_JAPANESE_PLAIN = re.compile(rf"({'|'.join(_ERA)})([0-9]{{2}})([0-9]{{2}})([0-9]{{2}})")
_KANJI_NUMBER = re.compile("[〇一二三四五六七八九十]+")
_KANJI_DIGITS = "〇一二三四五六七八九"


def _kanji_number(found: re.Match[str]) -> str:
    text = found[0]
    if "十" not in text:
        return "".join(str(_KANJI_DIGITS.index(char)) for char in text)
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return text
    return f"{_KANJI_DIGITS.index(tens) if tens else 1}{_KANJI_DIGITS.index(ones) if ones else 0}"


def _plain(text: str) -> str:
    wide = unicodedata.normalize("NFKC", tidy(text)).upper()
    return _KANJI_NUMBER.sub(_kanji_number, wide)


def _real(year: int, month: int, day: int) -> date | Refused:
    try:
        return date(year, month, day)
    except ValueError:
        return Refused("birth_date.unreal")


def _in_era(era: Era, year: str, month: str, day: str) -> date | Refused:
    number = 1 if year == "元" else int(year)
    found = _real(era.first.year + number - 1, int(month), int(day))
    if isinstance(found, Refused):
        return found
    if number < 1 or found < era.first or (era.last and found > era.last):
        return Refused("birth_date.era", {"era": era.name})
    return found


def read_date(text: str) -> date | Refused:
    """The date `text` means (1980-04-01, 19800401, 昭和55年4月1日, S55.4.1), or why it means none."""
    if len(text) > _LONGEST:
        return Refused("birth_date.format")
    plain = _plain(text)
    if found := _WESTERN.fullmatch(plain) or _PLAIN.fullmatch(plain):
        return _real(int(found[1]), int(found[2]), int(found[3]))
    if found := _JAPANESE.fullmatch(plain) or _JAPANESE_PLAIN.fullmatch(plain):
        return _in_era(_ERA[found[1]], found[2], found[3], found[4])
    return Refused("birth_date.format")


def judge_birth_form(text: str, _answers: Answers) -> Judgement:
    """A date of birth by form and year (1900–2100) alone, as YYYY-MM-DD; the rules have no clock."""
    found = read_date(text)
    if isinstance(found, Refused):
        return found
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return Refused("birth_date.year")
    return Accepted(found.isoformat())


def age_on(born: date, today: date) -> int:
    """Whole years of life on `today`."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def check_birth_date(born: date, today: date) -> Refused | None:
    """Why `born` cannot be the birthday of an expert on `today` (past, age 18–100); None if it can."""
    if born >= today:
        return Refused("birth_date.future")
    if not YOUNGEST <= age_on(born, today) <= OLDEST:
        return Refused("birth_date.age", {"youngest": str(YOUNGEST), "oldest": str(OLDEST)})
    return None


def judge_birth_date(text: str, today: date) -> Judgement:
    """A date of birth by form and by age on `today` (a Japanese date)."""
    judged = judge_birth_form(text, {})
    if isinstance(judged, Accepted):
        return check_birth_date(date.fromisoformat(str(judged.value)), today) or judged
    return judged


def show_date(value: Value) -> str:
    """1980-04-01 as 1980年4月1日; anything else as it is."""
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        return str(value)
    return f"{day.year}年{day.month}月{day.day}日"
