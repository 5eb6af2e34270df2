"""What may be answered to evidence, as a table of its own, and which corrected times can have been."""

from datetime import UTC, datetime, timedelta

import pytest

from models.rules.errors import NotPossible
from models.rules.evidence import HELD, LEADS, SETTLED, Answer, answers, corrected, judged
from models.rules.permissions import VISITED
from models.rules.visit import Evidence

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MAY = {
    "open": "", "clear": "", "waiting": "accept ask reject", "asked": "accept ask reject", "accepted": "reject",
    "rejected": "accept",
}  # fmt: skip
TO = {"accept": "accepted", "ask": "asked", "reject": "rejected"}


@pytest.mark.parametrize("evidence", list(Evidence))
@pytest.mark.parametrize("answer", list(Answer))
def test_every_answer_to_every_state(evidence: Evidence, answer: Answer):
    if answer in MAY[evidence].split():
        assert judged(evidence, answer) == TO[answer]
        assert answer in answers(evidence)
    else:
        assert answer not in answers(evidence)
        with pytest.raises(NotPossible, match=r"evidence\.not_possible"):
            judged(evidence, answer)


def test_what_leads_nowhere_is_settled_or_open():
    assert {*Evidence} - {before for before, _ in LEADS} == {Evidence.OPEN, Evidence.CLEAR}
    assert {Evidence.WAITING, Evidence.ASKED, Evidence.OPEN} == {*Evidence} - SETTLED
    assert VISITED < HELD


@pytest.mark.parametrize(("came", "went", "minutes", "code"), [
    (-180, -60, 0, ""), (-180, None, 0, ""), (None, None, 0, ""), (-180, -180, 0, ""), (-1440, 0, 1440, ""),
    (-180, 1, 0, "future"), (1, None, 0, "future"), (None, -60, 0, "out_alone"), (-60, -61, 0, "order"),
    (-1441, 0, 0, "too_long"), (-180, -60, -1, "non_payable"), (-180, -60, 1441, "non_payable"),
])  # fmt: skip
def test_corrected_times(came: int | None, went: int | None, minutes: int, code: str):
    ends = [None if at is None else NOW + timedelta(minutes=at) for at in (came, went)]
    if not code:
        corrected(ends[0], ends[1], minutes, NOW)
        return
    with pytest.raises(NotPossible, match=rf"evidence\.{code}"):
        corrected(ends[0], ends[1], minutes, NOW)
