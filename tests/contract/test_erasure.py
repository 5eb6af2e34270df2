"""Erasing a person, and what is over, on both databases: nothing of theirs is left but ids, codes and dates."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from handlers.usecases import privacy as usecase
from handlers.usecases.registration import decide, draft
from models.rules.errors import DomainError, NotAllowed, NotFound, NotPossible
from models.rules.permissions import SYSTEM, Actor
from models.rules.registration import Item, State
from models.tables.appointment import CommissionLetter
from models.tables.person import Consent, Person
from models.tables.registration import Application
from models.views.people import PersonView
from storage import audit, people, registration, registration_views
from tests.support import factories
from tests.support.cleaning import clean_up, files, place
from tests.support.factories import House
from tests.support.traces import WORDS, found_in, lived


def erase(house: House, actor: Actor, person_id: str, typed: str) -> None:
    with house.database.unit() as uow:
        usecase.erase(uow, actor, person_id, typed, house.clock())


def state_of(house: House, application: str) -> str:
    with house.database.read() as uow:
        row = uow.session.get(Application, application)
        assert row
        return row.state


# --- a person -------------------------------------------------------------------------------------


def test_after_an_erasure_no_word_photo_or_id_of_line_is_left(
    house: House, approver: PersonView, manager: Actor, tmp_path: Path
) -> None:
    life = lived(house, place(approver), approver)
    before = found_in(house.database, life.words)
    tables = {found.split(".")[0] for found in before}
    assert tables >= {
        "people", "applications", "submissions", "decision_comments", "conversations", "inbox", "outbox",
        "profile_changes", "state_reasons",
    }  # fmt: skip
    assert len(files(tmp_path)) == 6, "four photos, a letter and an acceptance"
    erase(house, manager, life.person.id, life.number)
    assert found_in(house.database, life.words) == []
    clean_up(house)
    assert files(tmp_path) == []


def test_ids_dates_and_the_audit_stay(house: House, approver: PersonView, manager: Actor) -> None:
    life = lived(house, place(approver), approver)
    with house.database.read() as uow:
        actions = [entry.action for entry in audit.of_subject(uow, "application", life.application)]
    erase(house, manager, life.person.id, "錦織圭太郎")
    with house.database.read() as uow:
        after = [entry.action for entry in audit.of_subject(uow, "application", life.application)]
        (entry,) = audit.of_subject(uow, "person", life.person.id)
        view = registration_views.load(uow, life.application)
        letter = uow.session.scalar(select(CommissionLetter))
        consented = uow.session.scalars(select(Consent.at).where(Consent.person_id == life.person.id)).all()
        row = uow.session.get(Person, life.person.id)
    assert after == [*actions, "application.erase"]
    assert (entry.action, entry.actor_id, entry.detail) == ("person.erase", manager.id, None)
    assert view
    assert (view.number, view.state, view.name, view.papers) == (life.number, State.ENDED, "", ())
    assert [decision.answer for decision in view.decisions] == ["return", "approve", "approve"]
    assert letter
    assert letter.number
    assert consented
    assert row
    assert row.erased_at == house.clock()


def test_others_keep_everything(house: House, approver: PersonView, manager: Actor, tmp_path: Path) -> None:
    life = lived(house, place(approver), approver)
    other, _ = factories.submitted(house, place(approver), approver, name="錦織 圭太郎", mail="other@example.jp")
    with house.database.unit() as uow:
        somebody = factories.person(uow)
        people.set_mail(uow, somebody.id, "old@nishikori.example")
    erase(house, manager, life.person.id, life.number)
    clean_up(house)
    with house.database.read() as uow:
        view = registration_views.load(uow, other)
        kept = people.by_id(uow, somebody.id)
        approvers = people.by_id(uow, approver.id)
    assert view
    assert view.answers["name"] == "錦織 圭太郎"
    assert len(files(tmp_path)) == 4
    assert kept
    assert kept.mail == "old@nishikori.example"
    assert approvers
    assert approvers.user_id


def test_the_person_comes_back_as_a_stranger(house: House, approver: PersonView, manager: Actor) -> None:
    life = lived(house, place(approver), approver)
    erase(house, manager, life.person.id, life.number)
    with house.database.unit() as uow:
        assert people.by_user_id(uow, life.person.user_id) is None
        assert people.by_id(uow, life.person.id) is None, "links of theirs open nothing any more"
        again = people.ensure(uow, life.person.user_id, house.clock())
        assert again.id != life.person.id
        assert registration_views.latest(uow, again.id) is None
    with pytest.raises(NotPossible) as twice:
        erase(house, manager, life.person.id, life.number)
    assert twice.value.code == "privacy.erased_before"


@pytest.mark.parametrize("typed", ["", "錦織", "R-2026-000009", "消去する", "%", "錦織 圭太郎さん"])
def test_only_the_right_words_erase(house: House, approver: PersonView, manager: Actor, typed: str) -> None:
    life = lived(house, place(approver), approver)
    with pytest.raises(NotPossible) as refused:
        erase(house, manager, life.person.id, typed)
    assert refused.value.code == "privacy.typed_other"
    assert found_in(house.database, WORDS[:1])


@pytest.mark.parametrize("typed", ["ｒ－２０２６－０００００１", " R-2026-000001 ", "錦織　圭太郎", "錦織圭太郎"])
def test_width_and_spaces_do_not_matter(house: House, approver: PersonView, manager: Actor, typed: str) -> None:
    life = lived(house, place(approver), approver)
    erase(house, manager, life.person.id, typed)
    assert found_in(house.database, life.words) == []


def test_nobody_but_a_manager_looks_exports_or_erases(house: House, approver: PersonView, manager: Actor) -> None:
    life = lived(house, place(approver), approver)
    clerk = factories.office(house)
    for actor in (clerk, SYSTEM, approver.actor, life.person.actor, Actor("staff", staff_id="x", staff_role="reader")):
        for act in (usecase.holdings, usecase.read):
            with house.database.read() as uow, pytest.raises(NotAllowed):
                act(uow, actor, life.person.id)
        with pytest.raises(NotAllowed):
            erase(house, actor, life.person.id, life.number)
    own = Actor("staff", person_id=life.person.id, staff_id=manager.staff_id, staff_role="manager")
    with pytest.raises(NotAllowed) as refused:
        erase(house, own, life.person.id, life.number)
    assert refused.value.code == "privacy.own"
    with pytest.raises(NotFound):
        erase(house, manager, "0" * 32, "x")


def test_what_is_on_its_way_must_end_first(house: House, approver: PersonView, manager: Actor) -> None:
    ours = place(approver)
    for make in (factories.submitted, factories.approved_once):
        made, person = make(house, ours, approver)
        before = state_of(house, made)
        with pytest.raises(NotPossible) as refused:
            erase(house, manager, person.id, "山田 太郎")
        assert refused.value.code == "privacy.in_review"
        assert state_of(house, made) == before
    made, person = factories.commissioned(house, ours, approver)
    factories.accept(house, person, made)
    for state in (State.ACTIVE, State.RENEWAL_DUE, State.SUSPENDED, State.TERMS_SENT, State.COMMISSIONED):
        with house.database.unit() as uow:
            row = registration.lock(uow, made)
            assert row
            registration.set_state(uow, row, state, house.clock())
        with pytest.raises(NotPossible) as refused:
            erase(house, manager, person.id, "山田 太郎")
        assert refused.value.code == "privacy.in_force", state
    with pytest.raises(NotPossible) as refused:
        erase(house, manager, approver.id, approver.name)
    assert refused.value.code == "privacy.approves"


@pytest.mark.parametrize("stop", ["draft", "returned", "terms", "agreed", "letter", "nothing"])
def test_what_has_not_begun_to_count_ends_with_the_person(
    house: House, approver: PersonView, manager: Actor, stop: str, tmp_path: Path
) -> None:
    ours = place(approver)
    if stop == "nothing":
        with house.database.unit() as uow:
            person = factories.person(uow)
        erase(house, manager, person.id, "消去する")
        return
    if stop == "draft":
        made, person = factories.filled_draft(house, ours, approver)
    elif stop == "returned":
        made, person = factories.submitted(house, ours, approver)
        with house.database.unit() as uow:
            version = decide.read(uow, approver.actor, made).version
            decide.return_(uow, approver.actor, made, version, {"face": "暗い"}, house.clock())
    elif stop == "terms":
        factories.terms_published(house)
        made, person = factories.approved_once(house, ours, approver)
        factories.approve(house, factories.office(house), made)
    else:
        make = {"agreed": factories.agreed, "letter": factories.commissioned}[stop]
        made, person = make(house, ours, approver)
    erase(house, manager, person.id, "山田 太郎")
    with house.database.read() as uow:
        row = uow.session.get(Application, made)
        assert (row.state if row else "deleted") == ("deleted" if stop == "draft" else State.WITHDRAWN)
    assert found_in(house.database, ["山田", "ヤマダ", person.user_id]) == []
    clean_up(house)
    assert files(tmp_path) == []


def test_a_turn_that_runs_at_the_same_time_writes_nothing_into_an_erased_application(
    house: House, approver: PersonView, manager: Actor
) -> None:
    """Whichever is first: at the end nothing of the person is left, and neither of them hangs."""
    made, person = factories.filled_draft(house, place(approver), approver)
    start, refused = threading.Barrier(2), list[str]()

    def turn() -> None:
        start.wait()
        for number in range(15):
            try:
                with house.database.unit() as uow:
                    if people.by_id(uow, person.id) is None:
                        raise NotFound
                    answers = {**factories.ANSWERS, "affiliation": f"研究所{number}"}
                    draft.save_answers(uow, person.actor, made, Item.BASIC, answers)
            except DomainError as error:
                refused.append(error.code)

    thread = threading.Thread(target=turn)
    thread.start()
    start.wait()
    erase(house, manager, person.id, "山田 太郎")
    thread.join(30)
    assert not thread.is_alive()
    assert found_in(house.database, ["ヤマダ", "1234567", "研究所"]) == []


def test_two_managers_at_once_erase_once(house: House, approver: PersonView, manager: Actor) -> None:
    life = lived(house, place(approver), approver)
    start, codes = threading.Barrier(2), list[str]()

    def act() -> None:
        start.wait()
        try:
            erase(house, manager, life.person.id, life.number)
            codes.append("done")
        except NotPossible as error:
            codes.append(error.code)

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(codes) == ["done", "privacy.erased_before"]
