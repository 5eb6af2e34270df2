"""Japanese days and hours: fiscal years, business days, quiet hours, and dates as people read them.

Business days leave out weekends, public holidays and 29 December – 3 January (domain.md 3, an assumption).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache

import jpholiday

JST = timezone(timedelta(hours=9), "JST")
"""Japan has no daylight saving time."""

DAY_OPENS = time(8)
DAY_CLOSES = time(20)
_WEEKDAYS = "月火水木金土日"


def to_jst(moment: datetime) -> datetime:
    """An aware datetime, seen on a clock in Japan."""
    return moment.astimezone(JST)


def day_start(day: date) -> datetime:
    """When a Japanese date begins, in UTC."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def month_start(moment: datetime) -> datetime:
    """When the month of `moment` began in Tokyo, in UTC: LINE counts its quota by the month."""
    return to_jst(moment).replace(day=1, hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def fiscal_year(day: date) -> int:
    """The fiscal year (April–March) a Japanese date lies in."""
    return day.year if day.month >= 4 else day.year - 1


@lru_cache(maxsize=4096)
def is_business_day(day: date) -> bool:
    """Whether offices work on that day."""
    new_year = (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
    return not (day.weekday() >= 5 or new_year or jpholiday.is_holiday(day))


def add_business_days(day: date, count: int) -> date:
    """The `count`-th business day after `day`; `day` itself for 0."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def business_days_between(start: date, end: date) -> int:
    """Business days after `start` up to and including `end`; 0 when `end` is not later."""
    days = (end - start).days
    return sum(is_business_day(start + timedelta(days=n)) for n in range(1, days + 1))


def late_before(today: date, days: int) -> datetime:
    """What waits since before this moment waits for more than `days` business days."""
    day = today
    while business_days_between(day, today) <= days:
        day -= timedelta(days=1)
    return day_start(day + timedelta(days=1))


def quiet_until(now: datetime) -> datetime | None:
    """When a notice may leave (UTC) if `now` lies outside 8:00–20:00 in Japan; None if it may leave now."""
    local = to_jst(now)
    if DAY_OPENS <= local.time() < DAY_CLOSES:
        return None
    morning = local.date() if local.time() < DAY_OPENS else local.date() + timedelta(days=1)
    return datetime.combine(morning, DAY_OPENS, JST).astimezone(UTC)


def age_in_words(delta: timedelta) -> str:
    """How long ago, in the largest whole unit: 3日, 2時間, 5分, 1分未満."""
    minutes = max(delta, timedelta()) // timedelta(minutes=1)
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)}日"
    if minutes >= 60:
        return f"{minutes // 60}時間"
    return f"{minutes}分" if minutes else "1分未満"


def weekday(day: date) -> str:
    """The weekday as one character (土)."""
    return _WEEKDAYS[day.weekday()]


def format_date(day: date) -> str:
    """2026年11月21日（土）."""
    return f"{day.year}年{day.month}月{day.day}日（{weekday(day)}）"


def format_datetime(moment: datetime) -> str:
    """An aware datetime as 11月21日（土）10:12, Japanese time."""
    local = to_jst(moment)
    return f"{local.month}月{local.day}日（{weekday(local)}）{local:%H:%M}"


def format_full(moment: datetime) -> str:
    """An aware datetime as 2026年11月21日（土）10:12, Japanese time."""
    local = to_jst(moment)
    return f"{format_date(local.date())}{local:%H:%M}"


def deadline_short(day: date) -> str:
    """A Japanese date as 11/25（水）."""
    return f"{day.month}/{day.day}（{weekday(day)}）"
