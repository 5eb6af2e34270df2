"""The secretariat settles dispatches, on both databases: times, experts, exceptions, ends, and races."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from handlers.usecases.dispatch import answer, coordinate
from models.notices import DispatchTold, from_json
from models.rules.dispatch import Status, Why
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import SYSTEM, Actor
from models.rules.visit import Evidence
from models.views.dispatch import DispatchView
from models.views.people import PersonView
from storage import dispatch, fees, visits
from storage.database import Database
from tests.support import factories
from tests.support.coordinating import WHY, Desk
from tests.support.factories import House
from tests.support.place import together

NOBODY = "0" * 32


@pytest.fixture
def desk(house: House, approver: PersonView) -> Desk:
    return Desk(house, approver)


# --- a time for both ------------------------------------------------------------------------------


def test_a_time_is_set_for_both_and_everybody_hears_of_it(desk: Desk):
    view = desk.ask()
    after = desk.do(coordinate.set_time, view, *desk.slot(), WHY)
    assert (after.status, after.starts, after.why) == (Status.CONFIRMED, desk.slot()[0], None)
    assert after.version > view.version
    mail = view.contact.mail
    assert desk.told(view) == [
        ("set_time", "business", mail),
        ("set_time", "expert", desk.expert.user_id),
        ("set_time", "organisation", desk.approver.user_id),
    ]
    assert desk.audited(view) == ["dispatch.set_time"]
    assert [each.comment for each in desk.now(view).words] == [WHY]


def test_the_experts_days_off_do_not_bind_the_secretariat_but_other_dates_do(desk: Desk):
    taken = desk.ask(Status.CONFIRMED, times=(desk.slot(8),))
    view = desk.ask()
    with pytest.raises(NotPossible, match=r"booking\.busy"):
        desk.do(coordinate.set_time, view, *desk.slot(8, 14), "")
    sunday = desk.slot(11)
    assert desk.do(coordinate.set_time, view, *sunday, "").starts == sunday[0]
    assert desk.now(taken).status is Status.CONFIRMED


@pytest.mark.parametrize(
    ("days", "minutes", "code"),
    [(-1, 60, "past"), (3, 13 * 60, "too_long"), (3, -60, "order"), (3, 0, "order"), (500, 60, "too_far")],
)
def test_no_time_that_is_none(desk: Desk, days: int, minutes: int, code: str):
    view = desk.ask()
    with pytest.raises(NotPossible, match=rf"booking\.{code}"):
        desk.do(coordinate.set_time, view, *desk.slot(days, 10, minutes), "")
    assert desk.now(view) == view
    assert desk.told(view) == []


def test_a_time_needs_an_expert(desk: Desk):
    view = desk.ask(expert=None, why=Why.NO_EXPERT)
    with pytest.raises(NotPossible, match=r"coordinate\.no_expert"):
        desk.do(coordinate.set_time, view, *desk.slot(), "")


# --- another expert -------------------------------------------------------------------------------


def test_another_expert_is_asked_and_the_first_one_is_told(desk: Desk):
    view = desk.ask()
    times = (desk.slot(9), desk.slot(12))
    after = desk.do(coordinate.reassign, view, desk.other.id, times, "")
    assert (after.status, after.expert_id, after.starts) == (Status.REQUESTED, desk.other.id, None)
    assert [(slot.starts, slot.ends) for slot in after.wished] == list(times)
    assert desk.told(view) == [
        ("reassign", "expert", desk.other.user_id),
        ("reassign", "organisation", desk.approver.user_id),
        ("released", "expert", desk.expert.user_id),
    ]
    taken = desk.do(answer.take_slot, after, after.wished[0].id, actor=desk.other.actor)
    assert taken.status is Status.CONFIRMED


@pytest.mark.parametrize(("why", "hears"), [(Why.EXCEPTION, False), (Why.NO_AGREEMENT, True), (Why.REOPENED, True)])
def test_whoever_was_never_asked_hears_nothing_of_it(desk: Desk, why: Why, hears: bool):
    given, ended = desk.ask(why=why), desk.ask(why=why)
    desk.do(coordinate.reassign, given, desk.other.id, (desk.slot(),), "")
    desk.do(coordinate.end, ended, WHY, "")
    for view in (given, ended):
        assert (desk.expert.user_id in {who for _, _, who in desk.told(view)}) is hears


def test_the_same_expert_may_be_asked_again(desk: Desk):
    view = desk.ask()
    after = desk.do(coordinate.reassign, view, desk.expert.id, (desk.slot(9),), "")
    assert [act for act, to, _ in desk.told(after) if to == "expert"] == ["reassign"]


def test_nobody_is_asked_for_what_the_checks_refuse(desk: Desk):
    view = desk.ask()
    for chosen, times, code in (
        (NOBODY, (desk.slot(),), "no_expert"),
        (desk.approver.id, (desk.slot(),), "no_expert"),
        (desk.other.id, (), "no_times"),
        (desk.other.id, tuple(desk.slot(day) for day in (5, 6, 7, 8)), "no_times"),
        (desk.other.id, (desk.slot(-1),), "past"),
        (desk.other.id, (desk.slot(11),), "weekly_off"),
        (desk.other.id, (desk.slot(), desk.slot()), "same_time"),
    ):
        with pytest.raises(NotPossible, match=code):
            desk.do(coordinate.reassign, view, chosen, times, "")
    assert desk.now(view) == view


# --- exceptions -----------------------------------------------------------------------------------


def test_a_fourth_visit_needs_an_exception_with_its_reason(desk: Desk):
    for day in (6, 7, 8):
        desk.ask(Status.CONFIRMED, times=(desk.slot(day, 10),))
    view = desk.ask(why=Why.EXCEPTION)
    with pytest.raises(NotPossible, match="visits_year"):
        desk.do(coordinate.reassign, view, desk.other.id, (desk.slot(14),), "")
    with pytest.raises(NotPossible, match=r"dispatch\.no_reason"):
        desk.do(coordinate.except_, view, ["visits_year"], " ")
    excepted = desk.do(coordinate.except_, view, ["visits_year"], "継続中の支援のため")
    assert excepted.exceptions == {"visits_year": "継続中の支援のため"}
    assert excepted.version == view.version + 1
    after = desk.do(coordinate.reassign, excepted, desk.other.id, (desk.slot(14),), "")
    taken = desk.do(answer.take_slot, after, after.wished[0].id, actor=desk.other.actor)
    assert taken.status is Status.CONFIRMED
    details = desk.ledger.rows("SELECT detail FROM audit WHERE action = 'dispatch.except'")
    assert [row[0] for row in details] == ["visits_year"]


def test_what_no_exception_mends(desk: Desk):
    view = desk.ask()
    for codes in ([], ["busy"], ["visits_year", "own_person"], ["x"]):
        with pytest.raises(NotPossible, match=r"coordinate\.no_exception"):
            desk.do(coordinate.except_, view, codes, WHY)


def test_whoever_asked_for_it_does_not_except_it(desk: Desk):
    view = desk.ask(why=Why.EXCEPTION)
    with desk.house.database.unit() as uow:
        own = factories.staff_user(uow, "own@example.jp", "manager", desk.approver.id).actor
    with pytest.raises(NotAllowed):
        desk.do(coordinate.except_, view, ["visits_year"], WHY, actor=own)


# --- ends -----------------------------------------------------------------------------------------


def test_what_cannot_be_settled_ends_with_words_for_all_and_a_note_for_the_desk(desk: Desk):
    view = desk.ask()
    after = desk.do(coordinate.end, view, "日程が合いませんでした", "先方は年明けを希望")
    assert after.status is Status.DECLINED
    assert [(words.comment, words.private) for words in after.words] == [
        ("日程が合いませんでした", "先方は年明けを希望")
    ]
    with desk.house.database.read() as uow:
        public = dispatch.view(uow, view.id)
    assert public
    assert [words.private for words in public.words] == [""]
    notices = "".join(row[0] for row in desk.ledger.rows("SELECT notice FROM outbox WHERE notice IS NOT NULL"))
    assert "年明け" not in notices


@pytest.mark.parametrize("status", [Status.REQUESTED, Status.COUNTER_PROPOSED, Status.CONFIRMED])
def test_the_secretariat_takes_it_into_its_own_hands(desk: Desk, status: Status):
    view = desk.ask(status)
    after = desk.do(coordinate.reopen, view, "専門家が体調を崩されました", "")
    assert (after.status, after.why, after.starts, after.ends) == (Status.NEEDS_COORDINATION, Why.REOPENED, None, None)
    heard = {to for _, to, _ in desk.told(view)}
    assert heard == {"expert", "organisation"} | ({"business"} if status is Status.CONFIRMED else set())
    if status is Status.CONFIRMED:
        assert view.starts
        mail = from_json(desk.ledger.rows("SELECT notice FROM outbox WHERE channel = 'mail'")[-1][0])
        assert isinstance(mail, DispatchTold)
        assert mail.fixed, "the business reads which time is off"
        assert datetime.fromisoformat(mail.times[0].partition("/")[0]) == view.starts
        free = desk.do(coordinate.set_time, desk.ask(), view.starts, view.starts + timedelta(hours=1), "")
        assert free.status is Status.CONFIRMED, "the expert's time is free again"


def test_a_visit_that_was_not_held_is_paid_nothing(desk: Desk):
    plain, recorded = desk.ask(Status.REPORT_DUE), desk.ask(Status.REPORT_DUE)
    desk.come(recorded, yen=13_200)
    for view in (plain, recorded):
        after = desk.do(coordinate.not_held, view, "先方が不在でした", "")
        assert after.status is Status.CANCELLED
        assert {to for _, to, _ in desk.told(view)} == {"expert", "organisation"}
    with desk.house.database.read() as uow:
        assert visits.row_of(uow, plain.id) is None
        held = visits.row_of(uow, recorded.id)
        day = desk.house.clock().date()
        paid = fees.of_expert(uow, desk.expert.id, day - timedelta(days=1), day + timedelta(days=1))
    assert held
    assert (held.yen, held.evidence) == (0, Evidence.REJECTED)
    assert [fee.fee.yen for fee in paid] in ([0], [])
    assert desk.ledger.rows("SELECT yen, by_kind FROM fees")[0][:] == (0, "staff")


# --- who may, and who comes too late --------------------------------------------------------------

ACTS: dict[str, tuple[Status, Callable[[Desk], tuple]]] = {
    "set_time": (Status.NEEDS_COORDINATION, lambda desk: (*desk.slot(), "")),
    "reassign": (Status.NEEDS_COORDINATION, lambda desk: (desk.other.id, (desk.slot(),), "")),
    "except_": (Status.NEEDS_COORDINATION, lambda _: (["visits_year"], WHY)),
    "end": (Status.NEEDS_COORDINATION, lambda _: (WHY, "")),
    "reopen": (Status.CONFIRMED, lambda _: (WHY, "")),
    "not_held": (Status.REPORT_DUE, lambda _: (WHY, "")),
}


@pytest.mark.parametrize("name", ACTS)
def test_clerks_alone_settle_and_nobody_the_own_dispatch(desk: Desk, name: str):
    status, given = ACTS[name]
    view, act = desk.ask(status), getattr(coordinate, name)
    with desk.house.database.unit() as uow:
        reader = factories.staff_user(uow, "reader@example.jp", "reader").actor
        own = factories.staff_user(uow, "own@example.jp", "manager", desk.expert.id).actor
    stranger = Actor("person", person_id="x" * 32, organisations=frozenset({"y" * 32}))
    refused = {reader: NotAllowed, own: NotFound, stranger: NotFound, SYSTEM: NotFound}
    for actor, error in {**refused, desk.expert.actor: NotAllowed, desk.approver.actor: NotAllowed}.items():
        with pytest.raises(error):
            desk.do(act, view, *given(desk), actor=actor)
    with desk.house.database.unit() as uow, pytest.raises(NotFound):
        act(uow, desk.clerk, NOBODY, 1, *given(desk), desk.house.clock())
    assert desk.now(view) == view
    assert desk.told(view) == []


@pytest.mark.parametrize("name", ACTS)
def test_nothing_is_done_from_another_status_or_an_old_page(desk: Desk, name: str):
    _, given = ACTS[name]
    act = getattr(coordinate, name)
    for status in Status:
        view = desk.ask(status)
        with desk.house.database.unit() as uow, pytest.raises(Stale):
            act(uow, desk.clerk, view.id, view.version + 1, *given(desk), desk.house.clock())
        try:
            desk.do(act, view, *given(desk))
        except DomainError:
            assert desk.now(view) == view
        else:
            reopens = {Status.REQUESTED, Status.COUNTER_PROPOSED, Status.CONFIRMED}
            assert status in (reopens if name == "reopen" else {ACTS[name][0]})


@pytest.mark.parametrize("text", ["", "  \n", "あ" * 501])
def test_words_that_must_be_there_and_not_too_many(desk: Desk, text: str):
    for name in ("end", "reopen", "not_held"):
        with pytest.raises(NotPossible):
            desk.do(getattr(coordinate, name), desk.ask(ACTS[name][0]), text, "")
    with pytest.raises(NotPossible):
        desk.do(coordinate.end, desk.ask(), WHY, "あ" * 501)


def test_an_expert_answers_while_the_desk_reopens_and_one_of_them_wins(desk: Desk):
    other = Database(desk.house.database.url, desk.house.database.vault)
    lost: list[str] = []
    for number in range(6):
        own = {"business": f"見本商店{number}", "corporate_number": ""}
        view = desk.ask(Status.REQUESTED, times=(desk.slot(20),), **own)

        def take(view: DispatchView = view) -> None:
            try:
                with other.unit() as uow:
                    slot = view.wished[0].id
                    answer.take_slot(uow, desk.expert.actor, view.id, view.version, slot, desk.house.clock())
            except Stale:
                lost.append("expert")

        def reopen(view: DispatchView = view) -> None:
            try:
                desk.do(coordinate.reopen, view, WHY, "")
            except Stale:
                lost.append("desk")

        before = len(lost)
        together(take, reopen)
        assert len(lost) == before + 1
        after = desk.now(view)
        assert after.status is (Status.CONFIRMED if lost[-1] == "desk" else Status.NEEDS_COORDINATION)
        if after.status is Status.CONFIRMED:
            desk.do(coordinate.reopen, after, WHY, "")
    other.close()
