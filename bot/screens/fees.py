"""謝金: the latest visit, this month and this fiscal year, each with its working."""

from bot.line.messages import Card, Link, Message, Row, Text
from bot.screens.dispatch import span_words
from bot.screens.fee import duration, working
from bot.text import t
from models.rules.calendar import deadline_short, fiscal_year, format_date
from models.rules.visit import Evidence
from models.views.fee_list import Earned, FeeSummary
from models.views.visit import FeeView

LINES = 8
"""How many visits of a month are named one by one."""


def summary(found: FeeSummary, link: str) -> Message:
    """The card of 謝金, with the way to the page that holds every visit."""
    if found.newest is None:
        return Text(t("fees.none"))
    rows = [
        Row(t("fees.newest", day=format_date(found.newest.day)), newest_words(found.newest), wide=True),
        Row(t("fees.month", month=found.today.month, count=len(found.month.fees)), month_words(found.month), wide=True),
        Row(
            t("fees.year", year=fiscal_year(found.today), count=len(found.year.fees)),
            year_words(found.year), wide=True,
        ),
    ]  # fmt: skip
    yen = f"{found.month.yen:,}"
    return Card(
        alt=t("fees.alt", yen=yen),
        title=t("fees.title"),
        state=t("fees.state", yen=yen),
        tone="good",
        rows=tuple(rows),
        note=t("fees.note"),
        buttons=(Link("明細・CSVを開く", link),),
    )


def newest_words(view: FeeView) -> str:
    """Where, when, and how the fee came about."""
    when = span_words((view.starts, view.ends))
    return t("fees.newest_line", business=view.business, when=when, working=working(view.fee)) + standing(view)


def standing(view: FeeView) -> str:
    """That the secretariat is still looking, or has not accepted it; empty when all is well."""
    if not view.counts:
        return t("fees.rejected")
    return t("fees.checking") if view.evidence in (Evidence.WAITING, Evidence.ASKED) else ""


def month_words(month: Earned) -> str:
    """Each visit and the sum."""
    if not month.fees:
        return t("fees.nothing")
    lines = [_line(view) for view in month.fees[:LINES]]
    if rest := month.fees[LINES:]:
        lines.append(t("fees.others", count=len(rest), yen=f"{Earned(rest).yen:,}"))
    return "\n".join([*lines, t("fees.sum", yen=f"{month.yen:,}")])


def _line(view: FeeView) -> str:
    day, payable = deadline_short(view.day), duration(view.fee.payable)
    return t("fees.line", day=day, payable=payable, yen=f"{view.fee.yen:,}") + standing(view)


def year_words(year: Earned) -> str:
    """Each month and the sum."""
    if not year.fees:
        return t("fees.nothing")
    lines = [
        t("fees.month_line", month=month, count=len(held.fees), yen=f"{held.yen:,}") for month, held in year.months
    ]
    return "\n".join([*lines, t("fees.sum", yen=f"{year.yen:,}")])
