"""What retention takes leaves no page broken, and what nobody comes back for goes too; on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import update

from handlers import letters
from handlers.imports import Imports
from handlers.jobs.retain import retain
from handlers.usecases import appointment as appointment_usecase
from handlers.usecases import imports as imports_usecase
from handlers.usecases import invitation, profile_change
from models.rules.errors import NotAllowed, NotPossible
from models.rules.invitation import EXPERT
from models.rules.permissions import SYSTEM, Actor
from models.tables.conversation import OutboxRow
from models.views.imports import ImportState
from models.views.people import PersonView
from storage import appointment, audit, imports, invitations, registration_views
from storage.database import UnitOfWork
from storage.documents import Acceptance
from tests.support import factories
from tests.support.factories import House
from tests.support.profiles import ACCOUNT

DATA = "キー,氏名\nE-1,山田 太郎\n".encode()


@pytest.fixture
def clerk(house: House) -> Actor:
    with house.database.unit() as uow:
        return factories.staff_user(uow).actor


def clean_up(house: House) -> dict[str, int]:
    with house.database.unit() as uow:
        uow.session.execute(update(OutboxRow).values(state="sent"))
    return retain(house.database, house.services.files, house.clock())


def room(house: House) -> Imports:
    at = house.services
    return Imports(at.database, at.files, house.clock, at.links.friend)


def kept_files(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()]


def test_a_code_that_was_erased_is_still_listed_and_says_why_it_cannot_be_taken_back(
    house: House, approver: PersonView, clerk: Actor
) -> None:
    (place,) = approver.actor.organisations
    with house.database.unit() as uow:
        code = invitation.issue(uow, approver.actor, place, EXPERT, house.clock())
    house.clock.advance(days=110)
    assert clean_up(house)["codes"] == 1
    with house.database.unit() as uow:
        (listed,) = invitations.of_organisation(uow, place, house.clock())
        assert code[:2] not in listed.code
        for who in (approver.actor, clerk):
            with pytest.raises(NotPossible) as refused:
                invitation.revoke(uow, who, listed.id, house.clock())
            assert refused.value.code == "invitation.revoke_expired"


def test_a_file_that_nobody_starts_to_import_does_not_stay(house: House, clerk: Actor, tmp_path: Path) -> None:
    made = room(house).keep(clerk, "一覧.csv", DATA)
    house.clock.advance(days=89)
    assert clean_up(house)["imports"] == 0
    assert len(kept_files(tmp_path)) == 1
    house.clock.advance(days=2)
    assert clean_up(house)["imports"] == 1
    assert kept_files(tmp_path) == []
    assert clean_up(house)["imports"] == 0
    with house.database.read() as uow:
        found = imports.view(uow, made)
        entries = [(row.action, row.actor_kind) for row in audit.of_subject(uow, "import", made)]
    assert found
    assert found.state is ImportState.GONE
    assert entries == [("import.read", "staff"), ("import.throw_away", "system")]


def test_a_file_that_is_being_imported_stays(house: House, clerk: Actor, tmp_path: Path) -> None:
    made = room(house).keep(clerk, "一覧.csv", DATA)
    with house.database.unit() as uow:
        imports_usecase.start(uow, clerk, made, [2], house.clock())
    house.clock.advance(days=91)
    assert clean_up(house)["imports"] == 0
    assert len(kept_files(tmp_path)) == 1


def test_a_kill_between_the_file_and_its_row_leaves_no_file(
    house: House, clerk: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_given: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(imports_usecase, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        room(house).keep(clerk, "一覧.csv", DATA)
    assert len(kept_files(tmp_path)) == 1
    house.clock.advance(hours=2)
    clean_up(house)
    assert kept_files(tmp_path) == []


def test_only_whoever_may_throws_a_forgotten_file_away(house: House, clerk: Actor) -> None:
    def forget(uow: UnitOfWork, actor: Actor) -> int:
        return imports_usecase.retire(uow, actor, house.clock())

    with house.database.unit() as uow:
        assert forget(uow, SYSTEM) == 0
        with pytest.raises(NotAllowed):
            forget(uow, clerk)


def test_photos_of_a_change_that_was_taken_back_stay_for_a_day(house: House, approver: PersonView) -> None:
    """Also when the change had waited for longer: whoever takes it back to mend it sends no photo anew."""
    (place,) = approver.actor.organisations
    made, person = factories.commissioned(house, place, approver)
    factories.accept(house, person, made)
    shot = factories.photo(house, "new bankbook")
    with house.database.unit() as uow:
        profile_change.add_photos(uow, person.actor, "account", [shot], house.clock())
        typed = {**ACCOUNT, "bank": "0001"}
        change = profile_change.ask(uow, person.actor, "account", typed, house.clock())
    house.clock.advance(days=3)
    with house.database.unit() as uow:
        profile_change.take_back(uow, person.actor, change.id, house.clock())

    def held() -> int:
        clean_up(house)
        with house.database.read() as uow:
            found = registration_views.load(uow, made)
        assert found
        return len(found.papers_of("new_bankbook"))

    house.clock.advance(hours=23)
    assert held() == 1
    house.clock.advance(hours=2)
    assert held() == 0


def test_one_acceptance_that_cannot_be_printed_keeps_no_other(
    house: House, approver: PersonView, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place,) = approver.actor.organisations
    for name in ("山田 太郎", "鈴木 花子"):
        made, person = factories.commissioned(house, place, approver, name=name)
        with house.database.unit() as uow:
            appointment_usecase.answer_letter(uow, person.actor, made, house.clock(), accepts=True)
    whole = letters.acceptance_pdf

    def printed(acceptance: Acceptance) -> bytes:
        if acceptance.name == "山田 太郎":
            raise ValueError("never shown")
        return whole(acceptance)

    monkeypatch.setattr(letters, "acceptance_pdf", printed)
    assert house.services.letters.write_acceptances() == 1
    with house.database.read() as uow:
        assert [each.name for each in appointment.unwritten_acceptances(uow)] == ["山田 太郎"]
    monkeypatch.undo()
    assert house.services.letters.write_acceptances() == 1
