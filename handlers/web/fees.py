"""明細・CSV: what an expert earned in a fiscal year, a line a visit, each with its working."""

from collections.abc import Iterator

from flask import Blueprint, Response, make_response, render_template, request

from bot.screens.dispatch import span_words
from bot.screens.fee import duration, rate, working
from bot.screens.fees import standing
from bot.text import t
from handlers.exports import Line, download
from handlers.links import FEES_FOR
from handlers.usecases import fees as usecase
from handlers.web.context import today
from handlers.web.tickets import Opened, Purpose, handoff_link, opened, remember, this_browser
from models.rules.calendar import fiscal_year
from models.rules.fee import schedule_on
from models.views.fee_list import Earned
from models.views.visit import FeeView

FEES = Purpose("fees", FEES_FOR)
HEADS = (
    "派遣番号", "派遣日", "事業者", "チェックイン", "チェックアウト", "滞在（分）", "対象外（分）", "支払対象（分）",
    "1時間の単価（円）", "計算の単位（分）", "1回の上限（円）", "謝金（円）", "計算", "証跡", "備考",
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/fees/<token>", view_func=fees_page)
    bp.add_url_rule("/fees/<token>/fees.csv", view_func=fees_file)


def fees_page(token: str) -> Response:
    """One fiscal year by month, and its file."""
    browser = this_browser()
    with opened(FEES, token, browser, first=True) as at:
        earned, year = _asked(at)
        years = usecase.own_years(at.uow, at.actor, today())
        elsewhere = "" if at.handed else f"{handoff_link(at)}?openExternalBrowser=1&year={year}"
    page = render_template(
        "web/fees.html", token=token, earned=earned, year=year, years=years, duration=duration, working=working,
        standing=standing, span=span_words, rate=rate(schedule_on(today())), elsewhere=elsewhere,
    )  # fmt: skip
    return remember(make_response(page), browser)


def fees_file(token: str) -> Response:
    """The same as CSV."""
    with opened(FEES, token, this_browser()) as at:
        earned, year = _asked(at)
    return download(t("fees.file", year=year), today(), "csv", HEADS, _lines(earned))


def _asked(at: Opened) -> tuple[Earned, int]:
    """The year of the address, if there is anything in it; otherwise this one."""
    known = {str(year): year for year in usecase.own_years(at.uow, at.actor, today())}
    year = known.get(request.args.get("year", ""), fiscal_year(today()))
    return usecase.own_year(at.uow, at.actor, at.subject, year), year


def _lines(earned: Earned) -> Iterator[Line]:
    for view in reversed(earned.fees):
        yield _line(view)


def _line(view: FeeView) -> Line:
    fee, schedule = view.fee, view.fee.schedule
    return (
        view.number, view.day, view.business, view.starts, view.ends, fee.minutes, fee.non_payable, fee.payable,
        schedule.yen_per_hour, schedule.unit_minutes, schedule.cap_yen, fee.yen, working(fee), view.grade or "",
        standing(view).strip("（）"),
    )  # fmt: skip
