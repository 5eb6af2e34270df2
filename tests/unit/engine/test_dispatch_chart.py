"""The drawing of a dispatch's life shows every step of the table, and no other."""

import re

from models.rules.dispatch import ENDED, STEPS, Status
from tests.support.source import ROOT

CHART = (ROOT / "docs" / "flows" / "dispatch.mmd").read_text("utf-8")


def test_every_arrow_is_a_step_and_every_step_an_arrow():
    drawn = re.findall(r"^\s*(\w+) --> (\w+) : (\w+)$", CHART, re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {(row.status.value, row.target.value, row.action.value) for row in STEPS}


def test_it_begins_where_requests_do_and_ends_where_nothing_leads_on():
    assert re.findall(r"\[\*\] --> (\w+)", CHART) == [Status.REQUESTED, Status.NEEDS_COORDINATION]
    assert set(re.findall(r"(\w+) --> \[\*\]", CHART)) == {*ENDED, Status.COMPLETED}
