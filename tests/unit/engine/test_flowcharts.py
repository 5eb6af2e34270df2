"""The flowcharts beside the forms show what the forms do."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

import bot.forms
from bot.form import Form
from bot.forms.account import ACCOUNT_CODE, ACCOUNT_MAIL
from bot.forms.approval import REJECT, RETURN
from bot.forms.check_out import CHECK_OUT, CHECK_OUT_HERE
from bot.forms.dispatch import CANCEL_FORM, DECLINE_FORM, NONE_FITS_FORM, WITHDRAW_FORM
from bot.forms.evidence import VISIT_ANSWER
from bot.forms.joining import APPROVER_NAME
from bot.forms.registration import ACCOUNT, PHOTOS
from bot.forms.search import SEARCH
from bot.forms.visit import CHECK_IN_PHOTO
from models.rules.fields import Value
from models.rules.registration import Item
from tests.support.chat import BASIC, DECLARE, FORMS, PROPOSE, REQUEST

FOLDER = Path(bot.forms.__file__).parent
NODE = re.compile(r"(\w+)(?:\[[^\]]*\]|\(\[[^\]]*\]\)|\{[^}]*\})?")
ARROW = re.compile(r"(?:--|-\.)(?:[^->\n]*?)(?:-->|\.->|->)|-->")

CHARTS = [
    ("registration.mmd", BASIC, {}),
    ("registration.mmd", PHOTOS, {"requirement": "1", "qualifications": ["税理士"]}),
    ("registration.mmd", PHOTOS, {"requirement": "2", "qualifications": ["なし"]}),
    ("registration.mmd", ACCOUNT, {}),
    ("approval.mmd", RETURN, {"items": [item.value for item in Item]}),
    ("approval.mmd", REJECT, {}),
    ("account.mmd", ACCOUNT_MAIL, {}),
    ("account.mmd", ACCOUNT_CODE, {}),
    ("evidence.mmd", VISIT_ANSWER, {}),
    ("dispatch.mmd", PROPOSE, {f"time_{at}": f"2026-12-0{at}T13:00-16:00" for at in range(1, 6)}),
    ("dispatch.mmd", DECLINE_FORM, {}),
    ("dispatch.mmd", CANCEL_FORM, {}),
    ("dispatch.mmd", WITHDRAW_FORM, {}),
    ("dispatch.mmd", NONE_FITS_FORM, {}),
    ("request.mmd", REQUEST, {}),
    ("request.mmd", REQUEST, {"business": "7000012050002", "topic": "その他", "slot_2": "2026-12-02T13:00-16:00"}),
    ("request.mmd", REQUEST, {"business": "b:0123456789abcdef0123456789abcdef"}),
    ("check_out.mmd", CHECK_OUT, {"minutes": "other"}),
    ("check_out.mmd", CHECK_OUT_HERE, {}),
    ("search.mmd", SEARCH, {}),
    ("visit.mmd", CHECK_IN_PHOTO, {}),
    ("declare.mmd", DECLARE, {}),
    ("declare.mmd", DECLARE, {"minutes": "other"}),
]


def edges(chart: str) -> set[tuple[str, str]]:
    """Every arrow of the chart, as (from, to)."""
    found: set[tuple[str, str]] = set()
    for line in chart.splitlines():
        if line.lstrip().startswith(("%%", "subgraph", "end", "flowchart")):
            continue
        groups = [[node.strip() for node in part.split("&")] for part in re.split(ARROW, line)]
        ids = [[match[1] for node in group if (match := NODE.match(node))] for group in groups]
        found |= {(left, right) for here, there in pairwise(ids) for left in here for right in there}
    return found


@pytest.mark.parametrize(("file", "form", "answers"), CHARTS, ids=lambda part: getattr(part, "key", None))
def test_the_chart_goes_the_way_the_form_goes(file: str, form: Form, answers: dict[str, Value]):
    drawn = edges((FOLDER / file).read_text("utf-8"))
    for before, after in pairwise(step.key for step in form.asked(answers)):
        assert (before, after) in drawn, f"{file} does not draw {before} → {after}"


@pytest.mark.parametrize(("file", "form", "answers"), CHARTS, ids=lambda part: getattr(part, "key", None))
def test_the_chart_names_questions_and_ends(file: str, form: Form, answers: dict[str, Value]):
    chart = (FOLDER / file).read_text("utf-8")
    for step in form.asked(answers):
        assert re.search(rf"\b{step.key}\[{step.field.name}", chart), f"{file} lacks {step.key} ({step.field.name})"
        for other in step.depends:
            assert re.search(rf'{other} -\. "[^"]*" \.-> {step.key}\b', chart)
    assert f"{form.command}(" in chart


def test_every_form_has_its_chart_and_the_short_one_is_drawn_with_the_approvals():
    drawn = {form.key for _, form, _ in CHARTS}
    assert drawn == {form.key for form in FORMS} - {APPROVER_NAME.key}
    chart = (FOLDER / "approval.mmd").read_text("utf-8")
    assert ("approver_name", APPROVER_NAME.command) in edges(chart)
    assert "no last look" in chart
    assert not APPROVER_NAME.confirm
