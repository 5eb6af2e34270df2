"""What is over is erased by itself when its time comes, on both databases, and nothing that is still needed."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from handlers.usecases import privacy as usecase
from handlers.usecases import settings as settings_usecase
from handlers.usecases.registration import decide
from models.rules.errors import NotAllowed
from models.rules.permissions import SYSTEM, Actor
from models.rules.registration import Item
from models.tables.person import Person
from models.tables.registration import Paper
from models.views.people import PersonView
from storage import audit, papers, people, registration, registration_views
from tests.support import factories
from tests.support.cleaning import clean_up, files, place
from tests.support.factories import House
from tests.support.traces import found_in, lived


def rejected(house: House, approver: PersonView, **answers: str) -> tuple[str, PersonView]:
    made, person = factories.submitted(house, place(approver), approver, **answers)
    with house.database.unit() as uow:
        version = decide.read(uow, approver.actor, made).version
        decide.reject(uow, approver.actor, made, version, "要件を満たしていません", house.clock())
    return made, person


def test_a_rejected_application_is_erased_after_90_days_and_not_before(
    house: House, approver: PersonView, tmp_path: Path
) -> None:
    made, person = rejected(house, approver, name="錦織 圭太郎", mail="keitaro@nishikori.example")
    house.clock.advance(days=89, hours=23)
    assert clean_up(house)["applications"] == 0
    assert len(files(tmp_path)) == 4
    house.clock.advance(hours=2)
    assert clean_up(house)["applications"] == 1
    clean_up(house)
    assert files(tmp_path) == []
    assert found_in(house.database, ["錦織", "ヤマダ", "keitaro@nishikori.example", "要件を満たして"]) == []
    with house.database.read() as uow:
        row = uow.session.get(Person, person.id)
        assert row
        assert (row.user_id, row.name, row.mail, row.erased_at) == (person.user_id, None, None, None)
        assert [entry.action for entry in audit.of_subject(uow, "application", made)][-1] == "application.erase"
    assert clean_up(house)["applications"] == 0, "once is enough"


def test_a_longer_time_in_the_settings_counts(house: House, approver: PersonView, manager: Actor) -> None:
    rejected(house, approver)
    with house.database.unit() as uow:
        settings_usecase.change(uow, manager, "retain_rejected_days", "200", 0, house.clock())
    house.clock.advance(days=199)
    assert clean_up(house)["applications"] == 0
    house.clock.advance(days=2)
    assert clean_up(house)["applications"] == 1


def test_an_ended_commission_is_kept_for_its_own_time(house: House, approver: PersonView, tmp_path: Path) -> None:
    life = lived(house, place(approver), approver)
    house.clock.advance(days=1824)
    clean_up(house)
    assert len(files(tmp_path)) == 6
    house.clock.advance(days=2)
    assert clean_up(house)["applications"] == 1
    clean_up(house)
    assert files(tmp_path) == []
    left = found_in(house.database, [word for word in life.words if word != life.person.user_id])
    assert [found for found in left if not found.startswith(("inbox", "outbox"))] == []


def test_photos_that_a_newer_application_took_over_stay(house: House, approver: PersonView, tmp_path: Path) -> None:
    made, person = rejected(house, approver)
    house.clock.advance(days=30)
    with house.database.unit() as uow:
        newer = registration.create(uow, person.id, place(approver), None, None, house.clock(), factories.ANSWERS)
        papers.copy(uow, made, newer, house.clock())
        face = next(paper for paper in papers.current(uow, newer) if paper.kind == Item.FACE)
        papers.remove(uow, [face], house.clock())
    house.clock.advance(days=61)
    assert clean_up(house)["applications"] == 1
    clean_up(house)
    assert len(files(tmp_path)) == 3, "the photo that was taken out of the newer one goes with the old one"
    with house.database.read() as uow:
        view = registration_views.load(uow, newer)
        assert view
        assert all(house.services.files.exists(paper.file_key) for paper in view.papers)
        row = uow.session.get(Person, person.id)
        assert row
        assert row.name == "山田 太郎", "somebody who is applying keeps their name"


def test_a_draft_that_was_never_sent_is_left_alone(house: House, approver: PersonView) -> None:
    made, _ = factories.filled_draft(house, place(approver), approver)
    house.clock.advance(days=4000)
    assert clean_up(house)["applications"] == 0
    with house.database.read() as uow:
        assert uow.session.scalars(select(Paper).where(Paper.application_id == made)).all()


def test_an_approver_whose_own_application_is_over_keeps_the_name(house: House, approver: PersonView) -> None:
    with house.database.unit() as uow:
        elsewhere = factories.approver(uow, factories.organisation(uow, "横浜商工会", "神奈川県"))
    _, person = rejected(house, elsewhere)
    with house.database.unit() as uow:
        from storage import organisations

        organisations.add_approver(uow, place(approver), person.id, house.clock())
    house.clock.advance(days=91)
    assert clean_up(house)["applications"] == 1
    with house.database.read() as uow:
        found = people.by_id(uow, person.id)
    assert found
    assert found.name == "山田 太郎"


def test_one_that_cannot_be_erased_keeps_no_other(
    house: House, approver: PersonView, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = rejected(house, approver)
    rejected(house, approver, name="鈴木 花子")
    house.clock.advance(days=91)
    whole = usecase.retire

    def broken(uow, actor, application_id, *rest):
        if application_id == first:
            raise ValueError("never shown")
        return whole(uow, actor, application_id, *rest)

    monkeypatch.setattr(usecase, "retire", broken)
    assert clean_up(house)["applications"] == 1
    monkeypatch.undo()
    assert clean_up(house)["applications"] == 1


def test_many_are_erased_in_chunks_that_can_be_broken_off(
    house: House, approver: PersonView, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        rejected(house, approver, name=f"山田 {'一二三四五'[number]}郎")
    house.clock.advance(days=91)
    with house.database.read() as uow:
        over = usecase.overdue(uow, house.clock(), limit=2)
    assert len(over.applications) == 2
    with house.database.unit() as uow:
        assert usecase.retire(uow, SYSTEM, over.applications[0], over.before, house.clock())
    assert clean_up(house)["applications"] == 4
    assert found_in(house.database, ["山田"]) == []


def test_only_the_system_erases_by_itself_and_only_what_is_over(house: House, approver: PersonView) -> None:
    made, _ = rejected(house, approver)
    with house.database.read() as uow:
        before = usecase.overdue(uow, house.clock()).before
    with house.database.unit() as uow:
        assert not usecase.retire(uow, SYSTEM, made, before, house.clock())
    with house.database.unit() as uow, pytest.raises(NotAllowed):
        usecase.retire(uow, factories.office_in(uow), made, before, house.clock())


def test_codes_that_ended_long_ago_are_forgotten(house: House, approver: PersonView) -> None:
    from handlers.usecases import invitation
    from models.rules.invitation import EXPERT
    from models.tables.organisation import Invitation

    with house.database.unit() as uow:
        invitation.issue(uow, approver.actor, place(approver), EXPERT, house.clock())
    house.clock.advance(days=100)
    assert clean_up(house)["codes"] == 0
    with house.database.unit() as uow:
        invitation.issue(uow, approver.actor, place(approver), EXPERT, house.clock())
    house.clock.advance(days=5)
    assert clean_up(house)["codes"] == 1
    with house.database.read() as uow:
        assert sorted(bool(row.code_sealed) for row in uow.session.scalars(select(Invitation))) == [False, True]
    assert house.clock() - factories.START > timedelta(days=100)
