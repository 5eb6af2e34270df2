"""The drawing of the lifecycle shows every step there is, and no other."""

import re

from models.rules.registration import ENDED, TRANSITIONS, State
from tests.support.source import ROOT

CHART = (ROOT / "docs" / "flows" / "lifecycle.mmd").read_text("utf-8")


def test_every_arrow_is_a_step_and_every_step_an_arrow():
    drawn = re.findall(r"^\s*(\w+) --> (\w+) : (\w+)$", CHART, re.MULTILINE)
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {(state.value, target.value, action.value) for (state, action), target in TRANSITIONS.items()}


def test_it_begins_and_ends_where_an_application_does():
    assert re.findall(r"\[\*\] --> (\w+)", CHART) == [State.DRAFT]
    assert set(re.findall(r"(\w+) --> \[\*\]", CHART)) == {state.value for state in ENDED}
