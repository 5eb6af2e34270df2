"""明細・CSV: what an expert earned by fiscal year, and that it is nobody else's to see."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from models.rules.dispatch import Status
from models.rules.visit import Evidence
from models.views.dispatch import DispatchView
from storage import dispatch
from tests.support import dispatches, factories
from tests.support.factories import House
from tests.support.own_pages import Opened, Pair, path_of

AT = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)  # Tuesday, 13:00 in Tokyo


@pytest.fixture
def pair(house: House) -> Pair:
    return Pair(house)


def held(pair: Pair, at: datetime = AT, **how: object) -> DispatchView:
    return pair.asks(Status.COMPLETED, times=((at, at),), **how)


def lines(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_line_a_visit_with_its_working_and_the_sum_of_the_year(house: House, app: Flask, pair: Pair):
    pair.visited(held(pair), AT, 160, 10)
    pair.visited(held(pair, business="有限会社べつ", corporate_number=""), AT.replace(month=10), 400)
    pair.visited(held(pair), AT.replace(month=9), 60, evidence=Evidence.REJECTED)
    pair.visited(held(pair), AT.replace(month=3), 60)
    text = Opened(app, path_of(house, "fees", pair.expert)).first.text
    assert "44,880円" in text
    assert "支援 3件　対象時間 9時間" in text
    assert "2時間40分 − 対象外10分 = 2時間30分 → 13,200円" in text
    assert "6時間40分 → 6時間30分（30分未満は切り捨て） → 上限の31,680円" in text
    assert "認められていません" in text
    assert "<s" in text
    assert re.findall(r">(20\d\d)年度</a>", text) == ["2026", "2025"]


def test_earlier_years_have_a_page_and_a_file_of_their_own(house: House, app: Flask, pair: Pair):
    pair.visited(held(pair), AT, 160, 10)
    pair.visited(held(pair), AT.replace(month=3), 60)
    own = Opened(app, path_of(house, "fees", pair.expert))
    assert "5,280円" in own.get("?year=2025").text
    assert "13,200円" not in own.get("?year=2025").text
    file = own.get("/fees.csv?year=2025")
    assert file.mimetype == "text/csv"
    assert "attachment" in file.headers["Content-Disposition"]
    heads, line = lines(file.data)
    shown = dict(zip(heads, line, strict=True))
    assert shown["派遣日"] == "2026-03-10"
    assert shown["チェックイン"] == "2026-03-10 13:00"
    assert (shown["謝金（円）"], shown["支払対象（分）"], shown["証跡"]) == ("5280", "60", "A")
    for odd in ("?year=1999", "?year=x", "?year=%00"):
        assert "2026年度（2026年4月" in own.get(odd).text


def test_a_correction_replaces_the_fee_and_moves_it_to_its_own_month(house: House, app: Flask, pair: Pair):
    view = held(pair)
    pair.visited(view, AT, 160)
    pair.visited(view, AT.replace(month=10), 60)
    text = Opened(app, path_of(house, "fees", pair.expert)).first.text
    assert "5,280円" in text
    assert "13,200円" not in text
    assert "11月</h2>" not in text


def test_no_fee_of_an_ended_dispatch_or_of_one_that_went_to_somebody_else(house: House, app: Flask, pair: Pair):
    ended, moved = held(pair), held(pair)
    other = dispatches.expert(house, pair.organisation, pair.approver, name="鈴木 花子")
    for view in (ended, moved):
        pair.visited(view, AT, 160)
    with house.database.unit() as uow:
        row, given = dispatch.lock(uow, ended.id), dispatch.lock(uow, moved.id)
        assert row
        assert given
        dispatch.set_status(uow, row, Status.CANCELLED, house.clock())
        given.expert_id = other.id
    assert "謝金の記録はまだありません" in Opened(app, path_of(house, "fees", pair.expert)).first.text
    assert "謝金の記録はまだありません" in Opened(app, path_of(house, "fees", other)).first.text


def test_nobody_opens_somebody_elses_fees(house: House, app: Flask, pair: Pair):
    pair.visited(held(pair), AT, 160)
    with house.database.unit() as uow:
        stranger = factories.person(uow, "他人")
    for subject in (pair.expert.id, "0" * 32):
        page = Opened(app, path_of(house, "fees", stranger, subject))
        assert page.first.status_code == 404
        assert page.get("/fees.csv").status_code in (403, 404)
    assert "謝金の記録はまだありません" in Opened(app, path_of(house, "fees", pair.approver)).first.text


def test_another_browser_opens_through_the_pages_own_link(house: House, app: Flask, pair: Pair):
    pair.visited(held(pair, business="=HYPERLINK(1)", corporate_number=""), AT, 160)
    path = path_of(house, "fees", pair.expert)
    with time_machine.travel(house.clock(), tick=False):
        text = Opened(app, path).first.text
    found = re.search(r'href="http://localhost(/p/fees/[^"?]+)\?openExternalBrowser=1', text)
    assert found
    assert Opened(app, path).first.status_code == 403
    outside = Opened(app, found[1])
    assert "ブラウザで開く" not in outside.first.text
    assert lines(outside.get("/fees.csv").data)[1][2] == "'=HYPERLINK(1)"
