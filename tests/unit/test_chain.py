"""登録状況: the steps shown in each state, also in a renewal, and the buttons under them."""

from dataclasses import replace
from datetime import date

import pytest

from bot.screens import commission
from bot.screens.registration import progress
from models.rules.permissions import ApplicationSubject
from models.rules.registration import APPOINTING, COMMISSION, State
from models.views.chain import STEPS, chain
from models.views.registration import ApplicationView
from tests.support.shown import views
from tests.support.world import words_of

ENDS = date(2027, 3, 31)


def of(state: State, *, renewing: bool = False) -> ApplicationView:
    found = next(view for view in views() if view.state is state)
    ends = ENDS if renewing or state in COMMISSION | {State.ENDED} else None
    return replace(found, subject=ApplicationSubject("applicant", "org", state, renewing=renewing), ends=ends)


DONE = {"done": len(STEPS)}
SHOWN = [
    (State.ACTIVE, False, "", DONE, ["委嘱状を開く", "登録をやめる"]),
    (State.RENEWAL_DUE, False, "renewal", DONE | {"now": 1}, ["続ける", "やめる", "委嘱状を開く"]),
    (State.SUSPENDED, False, "commission", DONE | {"suspended": 1}, ["委嘱状を開く"]),
    (State.ENDED, False, "commission", DONE | {"ended": 1}, ["委嘱状を開く"]),
    (State.TERMS_SENT, False, "terms", {"done": 3, "now": 1, "todo": 2}, ["委嘱条件を開く"]),
    (State.TERMS_SENT, True, "terms", {"done": 4, "now": 1, "todo": 2}, ["委嘱条件を開く", "登録をやめる"]),
    (State.TERMS_AGREED, True, "letter", {"done": 5, "now": 1, "todo": 1}, ["登録をやめる"]),
    (State.COMMISSIONED, False, "acceptance", {"done": 5, "now": 1}, ["委嘱状を開く"]),
    (State.COMMISSIONED, True, "acceptance", {"done": 6, "now": 1}, ["委嘱状を開く", "登録をやめる"]),
]


@pytest.mark.parametrize(("state", "renewing", "at", "counts", "buttons"), SHOWN, ids=str)
def test_the_chain_and_what_one_can_do(
    state: State, renewing: bool, at: str, counts: dict[str, int], buttons: list[str]
):
    view = of(state, renewing=renewing)
    steps = chain(view)
    found: dict[str, int] = {}
    for step in steps:
        found[step.status] = found.get(step.status, 0) + 1
    assert found == counts
    assert [step.key for step in steps if step.status not in ("done", "todo")] == ([at] if at else [])
    shown = progress(view).as_json()
    labels = [button["action"]["label"] for button in shown["contents"].get("footer", {"contents": []})["contents"]]
    assert labels == buttons
    assert ("2027年3月31日（水）まで" in words_of(shown)) is (view.ends is not None)


def test_a_renewal_begins_with_the_experts_answer():
    assert [step.key for step in chain(of(State.TERMS_AGREED, renewing=True))][3] == "renewal"
    assert "renewal" not in [step.key for step in chain(of(State.TERMS_AGREED))]


@pytest.mark.parametrize("state", sorted(APPOINTING))
def test_declining_says_what_ends_and_until_when_one_could_wait(state: State):
    view = of(state, renewing=True)
    before = commission.decline_words(view, "terms", ENDS)
    assert "すぐに終わります" in before
    assert "2027年3月31日（水）までは活動したいとき" in before
    assert "までは活動したいとき" not in commission.decline_words(view, "letter", date(2027, 4, 1))
