"""詳細申請, the full application (`domain.md` 2.3): career, results, employment, invoice number, hours and days off.

What is asked of the employer serves the exclusions of `domain.md` 6: nobody is paid who belongs to the requesting
organisation or whose salary is publicly funded.
"""

from __future__ import annotations

import re
import unicodedata

from stdnum.jp import cn

from models.rules.judgement import Accepted, Answers, Choice, Field, Judgement, Refused, Value, as_text
from models.rules.normalise import HYPHENS, search_key, tidy
from models.rules.wording import free_text

LONG_TEXT_MAX = 2000
EMPLOYER_MAX = 200
INVOICE_DIGITS = 13
STEP = 30
DAY = 24 * 60

EMPLOYMENT_CHOICES = (
    Choice("勤務先なし・自営", "self"),
    Choice("会社などに勤務（役員を含む）", "company"),
    Choice("支援機関に所属・勤務", "support"),
    Choice("給与が公費でまかなわれる勤務先", "public"),
)
"""`support` and `public` are looked at before a payment (`domain.md` 6)."""

WEEKDAYS = ("月", "火", "水", "木", "金", "土", "日")
HOLIDAYS = "祝日"
WEEKLY_OFF_CHOICES = (*(Choice(f"{day}曜日", day) for day in WEEKDAYS), Choice(HOLIDAYS, HOLIDAYS))

_EMPLOYMENT = {choice.value: choice.label for choice in EMPLOYMENT_CHOICES}
_EMPLOYMENT_KEYS = {search_key(word): value for value, label in _EMPLOYMENT.items() for word in (value, label)}
_DAY_KEYS = {
    search_key(word): choice.value
    for choice in WEEKLY_OFF_CHOICES
    for word in (choice.label, choice.value, f"{choice.value}曜", "祝" if choice.value == HOLIDAYS else choice.label)
}
_INVOICE_FILLING = re.compile(rf"[ー{HYPHENS} ]")
_TIME = r"([0-9]{1,2})(?:[:時]([0-9]{1,2})?分?|時?(半))?"
_HOURS = re.compile(rf"{_TIME}\s*(?:から|[~〜ー{HYPHENS}])\s*{_TIME}(?:まで)?")
_DAY_SEPARATORS = re.compile("[、,;・/ ]+")


def judge_employment(text: str, _answers: Answers) -> Judgement:
    """One of the four relations, as its code."""
    value = _EMPLOYMENT_KEYS.get(search_key(text))
    return Accepted(value) if value else Refused("employment.choose")


def judge_invoice_number(text: str, _answers: Answers) -> Judgement:
    """T and 13 digits, the first of which checks the others by the formula of the 法人番号 (python-stdnum).

    The T may be left out. A person's number is drawn so that it is nobody's 法人番号; that it checks by the same
    formula is an assumption of ours until an expert confirms it.
    """
    plain = _INVOICE_FILLING.sub("", unicodedata.normalize("NFKC", tidy(text))).upper()
    digits = plain.removeprefix("T")
    if not re.fullmatch("[0-9]{1,30}", digits):
        return Refused("invoice_number.format")
    if len(digits) != INVOICE_DIGITS:
        return Refused("invoice_number.digits", {"digits": str(len(digits))})
    return Accepted(f"T{digits}") if cn.is_valid(digits) else Refused("invoice_number.check")


def _minutes(hour: str, minute: str | None, half: str | None) -> int:
    return int(hour) * 60 + (30 if half else int(minute or 0))


def _over(minute: str | None) -> bool:
    return int(minute or 0) >= 60


def judge_hours(text: str, _answers: Answers) -> Judgement:
    """From when to when on a day, as `09:00-17:00`: steps of half an hour, the end after the beginning."""
    found = _HOURS.fullmatch(unicodedata.normalize("NFKC", tidy(text))) if len(text) < 40 else None
    if found is None:
        return Refused("hours.format")
    opens, closes = _minutes(*found.group(1, 2, 3)), _minutes(*found.group(4, 5, 6))
    if opens % STEP or closes % STEP or max(opens, closes) > DAY or _over(found[2]) or _over(found[5]):
        return Refused("hours.format")
    if opens >= closes:
        return Refused("hours.order")
    return Accepted(f"{clock(opens)}-{clock(closes)}")


def clock(minutes: int) -> str:
    """540 as 09:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def show_hours(value: Value) -> str:
    """09:00-17:00 as 9:00〜17:00."""
    return "〜".join(part.removeprefix("0") for part in as_text(value).split("-"))


def judge_weekly_off(text: str, _answers: Answers) -> Judgement:
    """Days of the week and 祝日, in their order; somebody who is off all week cannot be dispatched."""
    days = {_DAY_KEYS.get(search_key(word)) for word in _DAY_SEPARATORS.split(tidy(text)) if word}
    if not days or None in days:
        return Refused("weekly_off.choose")
    if days >= set(WEEKDAYS):
        return Refused("weekly_off.every")
    return Accepted([choice.value for choice in WEEKLY_OFF_CHOICES if choice.value in days])


DETAIL = (
    free_text(
        "career_history", "職務経歴", "2005年〜2015年 ○○製作所 生産管理課長。2015年に独立",
        most=LONG_TEXT_MAX, lines=True,
    ),
    free_text(
        "support_record", "支援実績", "食品製造業（20人）の原価管理を1年支援し、粗利率が5%改善",
        most=LONG_TEXT_MAX, lines=True,
    ),
    free_text(
        "strengths", "得意分野・自己PR", "現場を一緒に歩き、数字で見える改善を提案します",
        most=LONG_TEXT_MAX, lines=True,
    ),
    Field(
        "employment", "勤務先との関係", "勤務先なし・自営", judge_employment,
        lambda value: _EMPLOYMENT.get(as_text(value), as_text(value)), choices=EMPLOYMENT_CHOICES, kind="choice",
    ),
    free_text("employment_detail", "勤務先の名前・役職", "山田経営研究所 代表", most=EMPLOYER_MAX, optional=True),
    Field("invoice_number", "インボイス登録番号", "T5835678256246", judge_invoice_number, as_text, optional=True),
    Field("hours", "派遣対応可能時間", "9:00〜17:00", judge_hours, show_hours, kind="hours"),
    Field(
        "weekly_off", "定休日", "土、日、祝日", judge_weekly_off, as_text,
        choices=WEEKLY_OFF_CHOICES, many=True, optional=True, kind="many",
    ),
)  # fmt: skip
"""詳細申請, in the order it is asked."""
