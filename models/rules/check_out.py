"""What is asked when a visit ends: minutes that are not paid, who confirms, and a time that is declared afterwards."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta

from models.rules.calendar import JST, format_full, to_jst
from models.rules.judgement import Accepted, Answers, Choice, Field, Judgement, Refused, Value, as_text
from models.rules.normalise import tidy
from models.rules.wording import free_text

MINUTES_MOST = 12 * 60
"""No visit is planned for longer, so nobody rests longer."""
OTHER = "other"
NAME_MOST = 50
REASON_MOST = 300
_NONE = frozenset({"なし", "無し", "無", "ない", "ありません", "特になし"})
_MINUTES = re.compile(r"(?:([0-9]{1,2})(?:時間|:))?\s*(?:([0-9]{1,4})\s*分?)?")
_AT = re.compile(r"(翌日?|翌朝)?\s*(午前|午後)?\s*([0-9]{1,2})(?::|時)\s*(?:([0-9]{1,2})\s*分?)?(半)?")
_DAY = re.compile(r"(?:([0-9]{4})[-/年])?\s*([0-9]{1,2})[-/月]\s*([0-9]{1,2})日?(?:\([月火水木金土日]\))?[T\s]*(.+)")


def judge_minutes(text: str, _answers: Answers) -> Judgement:
    """15, 15分, 1時間30分 or なし, as minutes."""
    typed = unicodedata.normalize("NFKC", tidy(text))
    if typed in _NONE:
        return Accepted("0")
    found = _MINUTES.fullmatch(typed)
    if found is None or not any(found.groups()):
        return Refused("check_out.minutes", {"most": str(MINUTES_MOST)})
    minutes = int(found[1] or 0) * 60 + int(found[2] or 0)
    if minutes > MINUTES_MOST:
        return Refused("check_out.minutes", {"most": str(MINUTES_MOST)})
    return Accepted(str(minutes))


def show_minutes(value: Value) -> str:
    """0 as なし, 15 as 15分."""
    text = as_text(value)
    return {"0": "なし", OTHER: "ほか"}.get(text, f"{text}分")


def _judge_choice(text: str, answers: Answers) -> Judgement:
    return Accepted(OTHER) if tidy(text) in (OTHER, "ほか", "その他") else judge_minutes(text, answers)


MINUTES_CHOICES = (
    Choice("なし", "0"),
    Choice("15分", "15"),
    Choice("30分", "30"),
    Choice("60分", "60"),
    Choice("ほか", OTHER),
)
MINUTES = Field("minutes", "対象外時間", "15分", _judge_choice, show_minutes, choices=MINUTES_CHOICES, kind="choice")
MINUTES_OTHER = Field("minutes_other", "対象外時間（分）", "45分", judge_minutes, show_minutes)
NAME = free_text("name", "お名前", "田中 一郎", most=NAME_MOST)
WRONG = free_text("wrong", "違うところ", "15時に終わった。休憩が30分あった。", most=REASON_MOST, lines=True)
REASONS = ("押し忘れた", "電池が切れた", "電波がなかった", "スマートフォンが手元になかった")
REASON = replace(
    free_text("reason", "申告の理由", "片付けを手伝っていて押し忘れた", most=REASON_MOST),
    choices=tuple(Choice(words, words) for words in REASONS),
)


def minutes_of(answers: Mapping[str, Value]) -> int:
    """The minutes that were answered, in either question."""
    text = as_text(answers.get("minutes", "0"))
    return int(as_text(answers.get("minutes_other", "0")) if text == OTHER else text)


def show_time(value: Value) -> str:
    """A declared time as it is read."""
    return format_full(datetime.fromisoformat(as_text(value)))


def began_field(now: datetime) -> Field:
    """When the support began, declared at `now`; the answer `day` is its planned Japanese day."""
    return _time_field("came", "支援の開始", "13:00", now)


def ended_field(now: datetime) -> Field:
    """When it ended; counted from the answer `came`."""
    return _time_field("went", "支援の終了", "16:40", now)


def _time_field(key: str, name: str, example: str, now: datetime) -> Field:
    def judge(text: str, answers: Answers) -> Judgement:
        came = _moment(answers.get("came", "")) if key == "went" else None
        at = read_time(text, _day(answers, came, now), came, to_jst(now).date())
        if at is None:
            return Refused("declare.unread", {"name": name, "example": example})
        if at > now:
            return Refused("declare.ahead")
        if came and at < came:
            return Refused("declare.order")
        planned = came or _moment(answers.get("planned", ""))
        if planned and abs(at - planned) > timedelta(hours=24):
            return Refused("declare.far")
        return Accepted(at.isoformat(timespec="minutes"))

    return Field(key, name, example, judge, show_time, kind="datetime")


def _day(answers: Answers, came: datetime | None, now: datetime) -> date:
    base = came or _moment(answers.get("planned", "")) or now
    return to_jst(base).date()


def _moment(value: Value) -> datetime | None:
    try:
        found = datetime.fromisoformat(as_text(value))
    except ValueError:
        return None
    return found if found.tzinfo else None


def read_time(text: str, day: date, after: datetime | None, today: date) -> datetime | None:
    """A Japanese time of that day, or of the day that is written too; None for anything else.

    16:40, 16時40分, 午後4時半, 11/24 16:40, 翌0:30, or as a picker gives it (2026-11-24T16:40). A time alone that lies
    before `after` is the next day's. A day without a year is the one nearest to `today`.
    """
    typed = unicodedata.normalize("NFKC", tidy(text))
    if len(typed) > 40:
        return None
    given = _moment(typed)
    if given:
        return to_jst(given) if MINYEAR < given.year < MAXYEAR else None
    dated = _DAY.fullmatch(typed)
    if dated:
        found = _date(dated[1], int(dated[2]), int(dated[3]), today)
        return _clock(dated[4], found, None) if found else None
    return _clock(typed, day, after)


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    """The day; without a year that one which lies nearest to today."""
    years = [int(year)] if year else [today.year - 1, today.year, today.year + 1]
    found: list[date] = []
    for one in years:
        with suppress(ValueError):
            found.append(date(one, month, day))
    return min(found, key=lambda one: abs(one - today), default=None)


def _clock(text: str, day: date, after: datetime | None) -> datetime | None:
    found = _AT.fullmatch(text.strip())
    if found is None or (found[4] and found[5]):
        return None
    hour, minute = int(found[3]), 30 if found[5] else int(found[4] or 0)
    if found[2] and hour > 12:
        return None
    hour = hour % 12 + (12 if found[2] == "午後" else 0) if found[2] else hour
    if hour > 23 or minute > 59:
        return None
    try:
        at = datetime.combine(day + timedelta(days=1 if found[1] else 0), time(hour, minute), JST)
        return at + timedelta(days=1) if after and not found[1] and at < after.replace(second=0, microsecond=0) else at
    except OverflowError:
        return None
