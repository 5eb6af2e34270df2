"""A fee in words: not only the sum, but how it came about and what is missing to the next unit."""

from datetime import datetime

from bot.text import t
from models.rules.calendar import format_date, format_full
from models.rules.fee import Fee, Schedule


def working(fee: Fee) -> str:
    """2時間40分 − 対象外10分 = 2時間30分 → 13,200円."""
    return " → ".join((*_times(fee), _yen(fee)))


def to_next(fee: Fee) -> str:
    """How long until the next unit, or that the cap is reached."""
    if not fee.missing:
        return t("fee.full")
    return t("fee.missing", unit=fee.schedule.unit_minutes, time=duration(fee.missing))


def period(start: datetime, end: datetime) -> str:
    """From when to when, in Japanese time."""
    return t("fee.period", start=format_full(start), end=format_full(end))


def rate(schedule: Schedule) -> str:
    """What a schedule pays, and from when on."""
    return t(
        "fee.schedule",
        day=format_date(schedule.starts),
        hourly=f"{schedule.yen_per_hour:,}",
        unit=schedule.unit_minutes,
        cap=f"{schedule.cap_yen:,}",
    )


def _times(fee: Fee) -> list[str]:
    words = [_left(fee)]
    if fee.payable != fee.left:
        words.append(t("fee.cut", payable=duration(fee.payable), unit=fee.schedule.unit_minutes))
    return words


def _left(fee: Fee) -> str:
    time, off, left = duration(fee.minutes), duration(fee.non_payable), duration(fee.left)
    if not fee.non_payable:
        return time
    return t("fee.consumed" if fee.non_payable > fee.minutes else "fee.deducted", time=time, off=off, left=left)


def _yen(fee: Fee) -> str:
    return t("fee.capped" if fee.capped else "fee.yen", yen=f"{fee.yen:,}")


def duration(minutes: int) -> str:
    """2時間30分."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return t("fee.minutes", minutes=rest)
    return t("fee.hours_minutes", hours=hours, minutes=rest) if rest else t("fee.hours", hours=hours)
