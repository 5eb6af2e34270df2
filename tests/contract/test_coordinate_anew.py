"""What a new date or another expert leaves behind, on both databases: check-ins, leave, words, proposals."""

import pytest

from bot.screens import dispatch as cards
from handlers.usecases.dispatch import answer, coordinate
from models.notices import DispatchTold, from_json
from models.rules.dispatch import Side, Status
from models.rules.errors import NotAllowed, NotPossible
from models.rules.visit import Evidence
from models.views.people import PersonView
from storage import visits
from tests.support import dispatches, factories
from tests.support.coordinating import WHY, Desk
from tests.support.factories import House


@pytest.fixture
def desk(house: House, approver: PersonView) -> Desk:
    return Desk(house, approver)


def test_leave_that_was_given_for_one_expert_is_not_anothers(desk: Desk):
    """Each expert who is publicly employed is looked into."""
    place = desk.organisation, desk.approver
    one, other = (
        dispatches.expert(desk.house, *place, employment="public", name=name, kana=kana)
        for name, kana in (("田村 公子", "タムラ キミコ"), ("木村 明", "キムラ アキラ"))
    )
    view = desk.do(coordinate.except_, desk.ask(), ["employed_public"], "兼業の許可を確かめました")
    view = desk.do(coordinate.reassign, view, one.id, (desk.slot(9),), "")
    desk.house.clock.advance(minutes=5)
    view = desk.do(coordinate.reopen, view, WHY, "")
    with desk.house.database.read() as uow:
        assert coordinate.holding(uow, view, one.id) == {"employed_public"}
        assert coordinate.holding(uow, view, other.id) == frozenset()
    with pytest.raises(NotPossible, match=r"booking\.employed_public"):
        desk.do(coordinate.reassign, view, other.id, (desk.slot(9),), "")
    view = desk.do(coordinate.except_, view, ["employed_public"], "この方の許可も確かめました")
    after = desk.do(coordinate.reassign, view, other.id, (desk.slot(9),), "")
    assert after.exceptions == {"employed_public": "この方の許可も確かめました"}
    desk.house.clock.advance(minutes=5)
    view = desk.do(coordinate.reopen, after, WHY, "")
    view = desk.do(coordinate.reassign, view, desk.other.id, (desk.slot(9),), "")
    assert view.exceptions == {}, "nobody is left whom it was given for"


def test_a_check_in_is_taken_back_with_the_date_it_belongs_to(desk: Desk):
    """Whoever comes again another day is not paid from the first time on."""
    view = desk.ask(Status.CONFIRMED)
    desk.come(view)
    after = desk.do(coordinate.reopen, view, "専門家が体調を崩されました", "")
    again = desk.do(coordinate.set_time, after, *desk.slot(12), "")
    with desk.house.database.read() as uow:
        visit = visits.view(uow, view.id, desk.expert.id)
    assert again.status is Status.CONFIRMED
    assert visit
    assert (visit.came, visit.went, visit.evidence) == (None, None, Evidence.OPEN)


def test_nobody_asks_the_own_self(desk: Desk):
    view = desk.ask()
    with desk.house.database.unit() as uow:
        own = factories.staff_user(uow, "own@example.jp", "manager", desk.other.id).actor
    with pytest.raises(NotAllowed):
        desk.do(coordinate.reassign, view, desk.other.id, (desk.slot(),), "", actor=own)
    assert desk.now(view) == view


def test_a_new_expert_reads_nothing_of_what_the_first_one_proposed(desk: Desk):
    view = desk.ask(Status.REQUESTED)
    view = desk.do(
        answer.propose, view, (desk.slot(20), desk.slot(21)), "その日は東京にいます", actor=desk.expert.actor
    )
    view = desk.do(answer.none_fits, view, "平日の午前を望みます", actor=desk.approver.actor)
    view = desk.do(coordinate.reassign, view, desk.other.id, (desk.slot(9),), "")
    card = cards.card(view, Side.EXPERT, now=desk.house.clock())
    assert "提案" not in "".join(row.name for row in card.rows)
    query = "SELECT notice FROM outbox WHERE recipient = :who AND notice LIKE '%DispatchTold%'"
    (notice,) = [from_json(text) for (text,) in desk.ledger.rows(query, who=desk.other.user_id)]
    assert isinstance(notice, DispatchTold)
    assert notice.proposed == ()
    desk.house.clock.advance(minutes=1)
    view = desk.do(answer.propose, view, (desk.slot(22),), "", actor=desk.other.actor)
    for side in (Side.EXPERT, Side.ORGANISATION):
        card = cards.card(view, side, now=desk.house.clock())
        assert "平日の午前" not in "".join(row.value for row in card.rows), "said before, to somebody else"
