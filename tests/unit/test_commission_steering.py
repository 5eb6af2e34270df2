"""The secretariat's three acts on a commission: who may, with what reason, and what a colleague did meanwhile."""

from pathlib import Path

import pytest

from handlers.usecases import appointment as appointment_usecase
from handlers.usecases import commission
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import SYSTEM, Actor
from models.rules.registration import State
from models.rules.roles import Role
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import experts, organisations, people, registration_views
from tests.support import factories
from tests.support.experts import agreed
from tests.support.factories import House
from tests.support.ledger import Ledger

ACTS = {"suspend": commission.suspend, "lift": commission.lift, "end": commission.end}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return factories.open_house(tmp_path)


@pytest.fixture
def expert(house: House) -> tuple[str, PersonView]:
    """An active expert who shows the experts' menu."""
    with house.database.unit() as uow:
        inviter = factories.person(uow, "佐藤 花子")
        applicant = factories.person(uow, "山田 太郎")
        people.set_menu(uow, applicant.id, Role.EXPERT.menu)
    made = agreed(house.database, applicant.id, house.clock(), inviter.id)
    house.services.letters.issue(factories.office(house), made)
    factories.accept(house, applicant, made)
    return made, applicant


def view_of(house: House, application_id: str) -> ApplicationView:
    with house.database.read() as uow:
        found = registration_views.load(uow, application_id)
    assert found
    return found


def steer(house: House, act: str, application_id: str, actor: Actor | None = None, **changes) -> ApplicationView:
    values = {"version": view_of(house, application_id).version, "reason": "確認のため", **changes}
    who = actor or factories.office(house)
    with house.database.unit() as uow:
        return ACTS[act](uow, who, application_id, values["version"], values["reason"], house.clock())


def traces(house: House) -> tuple[int, int, int]:
    ledger = Ledger(house.database)
    return tuple(ledger.one(f"SELECT count(*) FROM {table}") for table in ("audit", "outbox", "state_reasons"))


@pytest.mark.parametrize("act", ["suspend", "end"])
@pytest.mark.parametrize("reason", ["", "  \n ", "\x00", "あ" * 501], ids=["none", "blank", "nul", "long"])
def test_a_reason_is_needed_and_not_an_essay(house: House, expert: tuple[str, PersonView], act: str, reason: str):
    before = traces(house)
    with pytest.raises(NotPossible):
        steer(house, act, expert[0], reason=reason)
    assert traces(house) == before


def test_who_comes_second_changes_nothing(house: House, expert: tuple[str, PersonView]):
    version = view_of(house, expert[0]).version
    steer(house, "suspend", expert[0])
    before = traces(house)
    with pytest.raises(Stale):
        steer(house, "end", expert[0], version=version)
    assert traces(house) == before
    assert view_of(house, expert[0]).state is State.SUSPENDED


def test_only_the_secretariat_and_never_about_oneself(house: House, expert: tuple[str, PersonView]):
    made, applicant = expert
    own = Actor("staff", person_id=applicant.id, staff_id="x", staff_role="manager")
    reader = Actor("staff", staff_id="x", staff_role="reader")
    stranger = Actor("person", person_id="x", organisations=frozenset({"elsewhere"}))
    refused: list[tuple[Actor, type[DomainError]]] = [
        (own, NotFound), (stranger, NotFound), (SYSTEM, NotFound), (reader, NotAllowed), (applicant.actor, NotAllowed),
    ]  # fmt: skip
    for actor, kind in refused:
        for act in ACTS:
            with pytest.raises(kind):
                steer(house, act, made, actor)
    assert view_of(house, made).state is State.ACTIVE


def test_each_act_has_its_states(house: House, expert: tuple[str, PersonView]):
    made, _ = expert
    for act in ("lift", "suspend", "suspend", "lift", "end", "suspend", "lift", "end"):
        allowed = {State.ACTIVE: ("suspend", "end"), State.SUSPENDED: ("lift", "end"), State.ENDED: ()}
        before = view_of(house, made).state
        if act in allowed[before]:
            steer(house, act, made)
        else:
            with pytest.raises(NotAllowed):
                steer(house, act, made)
            assert view_of(house, made).state is before
    assert view_of(house, made).state is State.ENDED


def test_an_application_nobody_was_commissioned_on_cannot_be_steered(house: House):
    with house.database.unit() as uow:
        organisation = factories.organisation(uow)
        approver = factories.approver(uow, organisation)
    made, _ = factories.agreed(house, organisation, approver)
    for act in ACTS:
        with pytest.raises(NotAllowed):
            steer(house, act, made)
    who = factories.office(house)
    with pytest.raises(NotFound), house.database.unit() as uow:
        commission.end(uow, who, "f" * 32, 1, "確認のため", house.clock())


def test_the_end_gives_the_newcomers_menu_and_a_suspension_does_not(house: House, expert: tuple[str, PersonView]):
    made, applicant = expert
    menus = "SELECT body FROM outbox WHERE channel = 'menu'"
    before = len(Ledger(house.database).rows(menus))
    steer(house, "suspend", made)
    assert len(Ledger(house.database).rows(menus)) == before
    house.clock.advance(days=1)
    steer(house, "end", made)
    assert Ledger(house.database).rows(menus)[-1][0] == Role.NEWCOMER.menu
    with house.database.read() as uow:
        person = people.by_id(uow, applicant.id)
        kept = experts.reasons(uow, made)
    assert person
    assert person.menu == Role.NEWCOMER.menu
    assert [(each.action, each.reason, each.staff) for each in kept] == [
        ("suspend", "確認のため", "鈴木 一郎"), ("end", "確認のため", "鈴木 一郎"),
    ]  # fmt: skip


def test_an_approver_who_is_an_expert_keeps_the_approvers_menu(house: House, expert: tuple[str, PersonView]):
    made, applicant = expert
    with house.database.unit() as uow:
        organisation = factories.organisation(uow, "神田商工会")
        organisations.add_approver(uow, organisation, applicant.id, house.clock())
        people.set_menu(uow, applicant.id, Role.APPROVER.menu)
    steer(house, "end", made)
    assert Ledger(house.database).rows("SELECT body FROM outbox WHERE channel = 'menu'") == []


def test_acceptance_keeps_the_fields_for_the_search(house: House, expert: tuple[str, PersonView]):
    rows = Ledger(house.database).rows("SELECT speciality FROM expert_specialities ORDER BY speciality")
    view = view_of(house, expert[0])
    assert sorted(row[0] for row in rows) == sorted(view.answers["specialities"])
    with house.database.read() as uow:
        held = experts.of_person(uow, expert[1].id)
    assert held
    assert (held.application_id, held.accepting, held.weekly_off, held.opens, held.closes) == (
        expert[0], True, (), 540, 1020,
    )  # fmt: skip


def test_an_accepted_letter_is_not_accepted_or_issued_again(house: House, expert: tuple[str, PersonView]):
    made, applicant = expert
    with pytest.raises(DomainError), house.database.unit() as uow:
        appointment_usecase.answer_letter(uow, applicant.actor, made, house.clock(), accepts=True)
    assert house.services.letters.issue(factories.office(house), made) == set()
    assert Ledger(house.database).one("SELECT count(*) FROM commission_letters") == 1
