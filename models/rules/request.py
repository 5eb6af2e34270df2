"""What is asked for a dispatch request (`domain.md` 3), shared by the chat and the page.

A slot is kept as `2026-12-01T13:00-16:00`, Japanese time; a place in the chat as `35.681236,139.767125 住所`, which a
draft keeps in two answers. The rules have no clock: `fields` is made for a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import MAXYEAR, date, datetime, timedelta
from functools import lru_cache

from stdnum.jp import cn

from models.rules.calendar import JST, fiscal_year, weekday
from models.rules.choosing import SPECIALITIES, SPECIALITY_CHOICES
from models.rules.judgement import Accepted, Answers, Choice, Field, Judgement, Refused, Value, as_text
from models.rules.normalise import HYPHENS, search_key, tidy
from models.rules.person import judge_mail, judge_phone
from models.rules.place import Point
from models.rules.registration import invalid_fields
from models.rules.wording import free_text

NAME_MAX = 120
ADDRESS_MAX = 240
WISHES_MAX = 2000
NUMBER_DIGITS = 13
SLOTS = ("slot_1", "slot_2", "slot_3")
OTHER = "その他"
POINT, PLACE_SOURCE = "point", "place_source"
"""What a draft keeps of a place besides its address."""
ANYBODY = "any"
"""The answer to 専門家 that leaves the proposal to the secretariat."""
ON_RECORD, NEW = "b:", "n:"
"""Before the id of a business on record, and before the name of one that is none of those found."""
WITH, WITHOUT = "yes", "no"
ACCOMPANY_CHOICES = (Choice("あり", WITH), Choice("なし", WITHOUT))
LENGTHS = ("60", "90", "120", "150", "180", "240", "300", "360")
LEAST_MINUTES, MOST_MINUTES = 30, 720
USUAL_MINUTES = 120
SLIP_DAYS = 62
"""A date typed without a year that lies no longer back than this is a slip, and is not taken for next year's."""

_WANTED_SPECIALITIES = {search_key(name): name for name in SPECIALITIES}
_FILLING = re.compile(rf"[ー{HYPHENS} ]")
_PLACE = re.compile(r"(-?\d{1,3}(?:\.\d{1,15})?),(-?\d{1,3}(?:\.\d{1,15})?)(?: (.*))?", re.DOTALL)
_CLOCK = r"(\d{1,2})(?:[:時](\d{2})?分?(半)?)"
_KEPT = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?:-(\d{2}):(\d{2}))?")
_TYPED = re.compile(
    rf"(?:(\d{{4}})[年/.-])?(\d{{1,2}})[月/.-](\d{{1,2}})日?\s*(?:\([月火水木金土日祝]\))?\s*(午前|午後)?\s*{_CLOCK}"
    rf"(?:\s*(?:から|[~〜ー{HYPHENS}])\s*(午前|午後)?\s*{_CLOCK}(?:まで)?)?"
)
_LENGTH = re.compile(r"(?:(\d{1,2})時間(半)?)?(?:(\d{1,3})分)?|(\d{1,3})")


def judge_corporate_number(text: str, _answers: Answers) -> Judgement:
    """A 法人番号: 13 digits, the first of which checks the others (python-stdnum)."""
    digits = corporate_digits(text)
    if not re.fullmatch("[0-9]{1,30}", digits):
        return Refused("corporate_number.format")
    if len(digits) != NUMBER_DIGITS:
        return Refused("corporate_number.digits", {"digits": str(len(digits))})
    return Accepted(digits) if cn.is_valid(digits) else Refused("corporate_number.check")


def corporate_digits(text: str) -> str:
    """What was typed as a 法人番号, without hyphens and spaces; it may be none."""
    return _FILLING.sub("", unicodedata.normalize("NFKC", tidy(text))).removeprefix("T")


def judge_topic(text: str, _answers: Answers) -> Judgement:
    """One of the fields of expertise."""
    found = _WANTED_SPECIALITIES.get(search_key(text))
    return Accepted(found) if found else Refused("request.topic")


def judge_length(text: str, _answers: Answers) -> Judgement:
    """How long a visit takes: 2時間, 90分, 1時間半; kept as minutes."""
    found = _LENGTH.fullmatch(unicodedata.normalize("NFKC", tidy(text))) if len(text) < 20 else None
    if found is None or not any(found.groups()):
        return Refused("request.length")
    hours, half, minutes, plain = found.groups()
    total = int(plain) if plain else int(hours or 0) * 60 + (30 if half else 0) + int(minutes or 0)
    return Accepted(str(total)) if LEAST_MINUTES <= total <= MOST_MINUTES else Refused("request.length")


def show_length(value: Value) -> str:
    """150 as 2時間30分."""
    hours, minutes = divmod(int(as_text(value)), 60)
    return f"{hours}時間" * bool(hours) + f"{minutes}分" * bool(minutes)


def judge_place(text: str, _answers: Answers) -> Judgement:
    """An address, or a position (with its address) in Japan."""
    point, address = split_place(text)
    if point is not None and not point.in_japan:
        return Refused("request.abroad")
    if point is None and len(address) < 4:
        return Refused("request.place")
    if len(address) > ADDRESS_MAX:
        return Refused("text.too_long", {"name": "支援の場所", "most": str(ADDRESS_MAX), "length": str(len(address))})
    return Accepted(f"{point_text(point)} {address}".strip() if point else address)


def judge_point(text: str, _answers: Answers) -> Judgement:
    """A position in Japan, as a map's pin gives it."""
    point = read_point(text)
    return Accepted(point_text(point)) if point and point.in_japan else Refused("request.abroad")


def split_place(text: str) -> tuple[Point | None, str]:
    """The position a text begins with, if any, and the address after it."""
    plain = tidy(text)
    found = _PLACE.fullmatch(plain)
    if found is None:
        return None, plain
    point = read_point(f"{found[1]},{found[2]}")
    return point, (found[3] or "").strip() if point else plain


def read_point(text: str) -> Point | None:
    """`35.681236,139.767125` as a position; None for anything else."""
    try:
        latitude, longitude = (float(part) for part in text.split(","))
        return Point(latitude, longitude)
    except ValueError:
        return None


def point_text(point: Point | None) -> str:
    """A position as it is kept."""
    return f"{point.latitude:.6f},{point.longitude:.6f}" if point else ""


def judge_slot(text: str, answers: Answers, today: date) -> Judgement:
    """A time by picker (`2026-12-01T13:00`), as it is kept, or typed (12月1日 13:00〜16:00).

    Without an end it takes as long as `length` says. A typed date without a year is the next one.
    """
    plain = unicodedata.normalize("NFKC", tidy(text))
    parts = _read_slot(plain, today) if len(plain) < 60 else None
    if parts is None:
        return Refused("request.slot")
    try:
        starts = datetime(*parts[:5], tzinfo=JST)
    except ValueError:
        return Refused("request.slot_unreal")
    if starts.year == MAXYEAR:
        return Refused("request.slot_unreal")
    ends = _end(starts, parts[5:], answers)
    if ends is None:
        return Refused("request.slot_order")
    if ends <= starts:
        by_night = ends + timedelta(days=1) - starts <= timedelta(minutes=MOST_MINUTES)
        return Refused("request.slot_midnight" if by_night else "request.slot_order")
    if starts.date() < today:
        return Refused("request.slot_past")
    if ends.date() != starts.date():
        return Refused("request.slot_midnight")
    return Accepted(f"{starts:%Y-%m-%dT%H:%M}-{ends:%H:%M}")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0)


def _read_slot(plain: str, today: date) -> tuple[int, ...] | None:
    """Year, month, day, hour, minute and, where they were given, the end's hour and minute."""
    if kept := _KEPT.fullmatch(plain):
        return tuple(int(part) for part in kept.groups() if part)
    found = _TYPED.fullmatch(plain)
    if found is None:
        return None
    year, month, day, half_day, *clock = found.groups()
    hour, minute = _clock(half_day, *clock[:3])
    end = _clock(*clock[3:]) if clock[4] else ()
    chosen = int(year) if year else today.year
    if not year and (today.month - int(month)) * 31 + today.day - int(day) > SLIP_DAYS:
        chosen += 1
    return (chosen, int(month), int(day), hour, minute, *end)


def _clock(half_day: str | None, hour: str, minute: str | None, half: str | None) -> tuple[int, int]:
    return int(hour) + (12 if half_day == "午後" and int(hour) < 12 else 0), 30 if half else int(minute or 0)


def _end(starts: datetime, end: tuple[int, ...], answers: Answers) -> datetime | None:
    if not end:
        length = as_text(answers.get("length", ""))
        return starts + timedelta(minutes=int(length) if length.isdecimal() else USUAL_MINUTES)
    hour, minute = end
    if minute > 59 or hour * 60 + minute > 24 * 60:
        return None
    return _midnight(starts) + timedelta(hours=hour, minutes=minute)


def slot_times(value: Value) -> tuple[datetime, datetime]:
    """From when to when a kept slot is, aware; ValueError for anything else."""
    found = _KEPT.fullmatch(as_text(value))
    if found is None or not found[7]:
        raise ValueError("no slot")
    year, month, day, hour, minute, last_hour, last_minute = (int(part) for part in found.groups())
    starts = datetime(year, month, day, hour, minute, tzinfo=JST)
    return starts, starts.replace(hour=last_hour, minute=last_minute)


def show_slot(value: Value) -> str:
    """12月1日（火）13:00〜16:00."""
    try:
        starts, _ = slot_times(value)
    except ValueError:
        return as_text(value)
    last = as_text(value).rpartition("-")[2]
    return (
        f"{starts.month}月{starts.day}日（{weekday(starts.date())}）{starts.hour}:{starts:%M}〜{last.removeprefix('0')}"
    )


def times_of(answers: Answers) -> tuple[tuple[datetime, datetime], ...]:
    """The wished times, those that can be read."""
    found: list[tuple[datetime, datetime]] = []
    for key in SLOTS:
        try:
            found.append(slot_times(answers.get(key, "")))
        except ValueError:
            continue
    return tuple(found)


def with_length(answers: Mapping[str, Value], minutes: str) -> dict[str, Value]:
    """The slots, each as long as `minutes`; one that would pass midnight ends there."""
    changed: dict[str, Value] = {}
    for key in SLOTS:
        value = as_text(answers.get(key, ""))
        if _KEPT.fullmatch(value):
            starts, _ = slot_times(value)
            most = _midnight(starts) + timedelta(hours=23, minutes=59)
            ends = min(starts + timedelta(minutes=int(minutes)), most)
            changed[key] = f"{starts:%Y-%m-%dT%H:%M}-{ends:%H:%M}"
    return changed


def length_of(answers: Answers) -> str:
    """How many minutes the first slot takes, as text; empty without one."""
    times = times_of(answers)[:1]
    return str(int((times[0][1] - times[0][0]).total_seconds()) // 60) if times else ""


def judge_accompany(text: str, _answers: Answers) -> Judgement:
    """同行 あり or なし (002: 原則同行)."""
    found = {choice.label: choice.value for choice in ACCOMPANY_CHOICES}
    word = tidy(text)
    value = found.get(word, word)
    return Accepted(value) if value in (WITH, WITHOUT) else Refused("text.pick", {"choices": "、".join(found)})


def judge_expert(text: str, _answers: Answers) -> Judgement:
    """An expert's id, or the secretariat's proposal; names are looked up where a database is."""
    word = tidy(text)
    return Accepted(word) if word == ANYBODY or re.fullmatch("[0-9a-f]{32}", word) else Refused("request.expert")


def show_accompany(value: Value) -> str:
    """あり or なし."""
    return {choice.value: choice.label for choice in ACCOMPANY_CHOICES}.get(as_text(value), as_text(value))


def _slot(key: str, name: str, today: date, *, optional: bool = False) -> Field:
    return Field(
        key, name, "12月1日 13:00〜16:00", lambda text, answers: judge_slot(text, answers, today), show_slot,
        optional=optional, kind="datetime",
    )  # fmt: skip


def latest_day(today: date) -> date:
    """The last day a request may name: the end of the fiscal year after this one."""
    return date(fiscal_year(today) + 2, 3, 31)


LENGTH = Field(
    "length", "支援時間", "2時間", judge_length, show_length,
    choices=tuple(Choice(show_length(minutes), minutes) for minutes in LENGTHS),
)  # fmt: skip


@lru_cache(maxsize=4)
def fields(today: date) -> tuple[Field, ...]:
    """Every question of a request, in the page's order, as they are judged on a Japanese day."""
    return (
        free_text("business", "事業者名", "株式会社みほん製作所", most=NAME_MAX),
        Field("corporate_number", "法人番号", "7000012050002", judge_corporate_number, as_text, optional=True),
        free_text("business_address", "事業者の所在地", "東京都千代田区丸の内1-9-1", most=ADDRESS_MAX),
        free_text("contact_name", "担当者の氏名", "田中 一郎", most=NAME_MAX),
        Field("contact_phone", "担当者の電話番号", "03-1234-5678", judge_phone, as_text),
        Field("contact_mail", "担当者のメール", "tanaka@example.jp", judge_mail, as_text, optional=True),
        free_text("title", "件名", "原価管理の見直し", most=NAME_MAX),
        Field("topic", "支援課題", "生産管理", judge_topic, as_text, choices=SPECIALITY_CHOICES, kind="choice"),
        free_text("topic_other", "その他の支援課題", "補助金の実績報告", most=NAME_MAX, optional=True),
        free_text("wishes", "事業者の要望", "原価を下げたい。現場も見てほしい", most=WISHES_MAX, lines=True),
        Field("place", "支援の場所", "東京都千代田区丸の内1-9-1", judge_place, as_text, kind="place", most=ADDRESS_MAX),
        _slot("slot_1", "第1希望の日時", today),
        _slot("slot_2", "第2希望の日時", today, optional=True),
        _slot("slot_3", "第3希望の日時", today, optional=True),
        Field("accompany", "同行", "あり", judge_accompany, show_accompany, choices=ACCOMPANY_CHOICES, kind="choice"),
        Field("expert", "専門家", "山田 太郎", judge_expert, as_text, kind="search"),
    )


def fields_for(answers: Answers, today: date) -> tuple[Field, ...]:
    """The same beside these answers: その他 must say what it is, and is asked of nobody else."""
    other = answers.get("topic") == OTHER
    return tuple(replace(field, optional=not other) if field.key == "topic_other" else field for field in fields(today))


def missing(answers: Answers, today: date) -> tuple[str, ...]:
    """The keys of what keeps the request from being sent, in the page's order."""
    return invalid_fields(fields_for(answers, today), {key: value for key, value in answers.items() if value})
