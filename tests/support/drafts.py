"""People in the middle of things, put there the short way (through use cases), to go on from by talking."""

from handlers.usecases import invitation
from handlers.usecases.registration import draft
from models.rules.fields import Value
from models.rules.invitation import EXPERT
from models.rules.registration import required_papers
from models.views.registration import ApplicationView
from storage import people, registration, registration_views
from storage.database import UnitOfWork
from tests.support import photos
from tests.support.factories import ANSWERS
from tests.support.world import Phone, World


def code_by(world: World, approver: Phone) -> str:
    """A fresh invitation code `XXXX-XXXX` of this approver."""
    with world.service.database.unit() as uow:
        inviter = people.by_user_id(uow, approver.user_id)
        assert inviter
        organisation = sorted(inviter.actor.organisations)[0]
        return invitation.issue(uow, inviter.actor, organisation, EXPERT, world.clock())


def joined(world: World, approver: Phone, name: str) -> Phone:
    """Somebody who followed, sent the code and consented."""
    phone = world.phone(name)
    phone.follows()
    phone.says(f"招待コード {code_by(world, approver)}")
    phone.taps("同意して始める")
    return phone


def filled(world: World, approver: Phone, name: str) -> Phone:
    """Somebody whose card is complete, so that only 承認依頼 is left to do."""
    phone = joined(world, approver, name)
    with world.service.database.unit() as uow:
        _fill(uow, world, phone, {**ANSWERS, "name": name})
    phone.taps("プロフィール登録")
    return phone


def submitted(world: World, approver: Phone, name: str) -> Phone:
    """Somebody whose application waits for the organisation."""
    phone = filled(world, approver, name)
    phone.taps("承認依頼を送る")
    phone.taps("この内容で送る")
    return phone


def application_of(world: World, phone: Phone) -> ApplicationView:
    """The person's newest application."""
    with world.service.database.read() as uow:
        person = people.by_user_id(uow, phone.user_id)
        view = registration_views.latest(uow, person.id) if person else None
        assert view
        return view


def _fill(uow: UnitOfWork, world: World, phone: Phone, answers: dict[str, Value]) -> None:
    person = people.by_user_id(uow, phone.user_id)
    assert person
    application = registration_views.latest(uow, person.id)
    assert application
    row = registration.lock(uow, application.id)
    assert row
    registration.save_answers(uow, row, answers)
    for item in required_papers(answers):
        key = f"papers/{uow.vault.digest(application.id + item)}"
        world.service.files.put(key, uow.vault.seal(photos.jpeg(text=item)), "application/octet-stream")
        kept = draft.StoredPhoto(key, uow.vault.digest(key), 1200, 900, "")
        draft.add_photo(uow, person.actor, application.id, item, kept, world.clock())
