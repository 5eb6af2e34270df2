"""Support organisations: add one, change it, hand out a code for an approver, and take or move approvers."""

from datetime import datetime

from handlers.usecases import invitation, roles
from models.notices import ApproverRemoved
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.invitation import APPROVER
from models.rules.normalise import tidy
from models.rules.permissions import SYSTEM, Actor, can
from models.rules.regions import PREFECTURES
from models.views.organisation import OrganisationView
from models.views.people import PersonView
from storage import audit, organisations, outbox, people
from storage.database import UnitOfWork

NAME_MAX = 120


def create(uow: UnitOfWork, actor: Actor, name: str, prefecture: str, now: datetime) -> str:
    """A new organisation; returns its id. NotPossible names what is wrong with name or prefecture."""
    if not can(actor, "organisation.manage"):
        raise NotAllowed
    name = _judged(uow, name, prefecture)
    created = organisations.create(uow, name, prefecture, now)
    audit.record(uow, actor, "organisation.create", ("organisation", created), now)
    return created


def change(uow: UnitOfWork, actor: Actor, organisation_id: str, name: str, prefecture: str, now: datetime) -> None:
    """Another name or prefecture; nothing is written where nothing changes."""
    before = _managed(uow, actor, organisation_id)
    name = _judged(uow, name, prefecture, own=before.id)
    changed = [key for key, old, new in (("name", before.name, name), ("prefecture", before.prefecture, prefecture))
               if old != new]  # fmt: skip
    if changed:
        organisations.change(uow, before.id, name, prefecture)
        audit.record(uow, actor, "organisation.change", ("organisation", before.id), now, detail=",".join(changed))


def _judged(uow: UnitOfWork, name: str, prefecture: str, own: str = "") -> str:
    name = tidy(name)
    if not name or len(name) > NAME_MAX:
        raise NotPossible("organisation.name")
    if prefecture not in PREFECTURES:
        raise NotPossible("organisation.prefecture")
    if organisations.id_by_name(uow, name) not in (None, own):
        raise NotPossible("organisation.exists", name=name)
    return name


def _managed(uow: UnitOfWork, actor: Actor, organisation_id: str) -> OrganisationView:
    if not can(actor, "organisation.manage"):
        raise NotAllowed
    found = organisations.view(uow, organisation_id)
    if found is None:
        raise NotFound
    return found


def code_for(uow: UnitOfWork, name: str, prefecture: str, now: datetime) -> str:
    """A code `XXXX-XXXX` for an approver of the organisation of this name, which is added when there is none."""
    known = organisations.id_by_name(uow, tidy(name))
    organisation_id = known or create(uow, SYSTEM, name, prefecture, now)
    return invitation.issue(uow, SYSTEM, organisation_id, APPROVER, now)


def remove_approver(
    uow: UnitOfWork, actor: Actor, organisation_id: str, person_id: str, now: datetime
) -> PersonView:  # fmt: skip
    """The person approves for the organisation no longer, and is told; what waited there stays there."""
    organisation = _managed(uow, actor, organisation_id)
    person = _ended(uow, organisation.id, person_id, now)
    audit.record(uow, actor, "approver.remove", ("person", person_id), now, detail=organisation.id)
    return _told(uow, person, ApproverRemoved(organisation.name), now)


def move_approver(
    uow: UnitOfWork, actor: Actor, organisation_id: str, person_id: str, target: str, now: datetime
) -> tuple[PersonView, OrganisationView]:
    """The person approves for the organisation named `target` from now on, and is told."""
    organisation = _managed(uow, actor, organisation_id)
    target_id = organisations.id_by_name(uow, tidy(target))
    to = organisations.view(uow, target_id) if target_id else None
    if to is None:
        raise NotPossible("organisation.target")
    if to.id == organisation.id:
        raise NotPossible("organisation.target_same")
    person = _ended(uow, organisation.id, person_id, now)
    if not organisations.add_approver(uow, to.id, person_id, now):
        raise NotPossible("organisation.target_member", name=person.name, organisation=to.name)
    detail = f"{organisation.id} {to.id}"
    audit.record(uow, actor, "approver.move", ("person", person_id), now, detail=detail)
    return _told(uow, person, ApproverRemoved(organisation.name, to.name), now), to


def _ended(uow: UnitOfWork, organisation_id: str, person_id: str, now: datetime) -> PersonView:
    person = people.by_id(uow, person_id)
    if person is None or not organisations.end_approver(uow, organisation_id, person_id, now):
        raise NotPossible("organisation.gone_member")
    return person


def _told(uow: UnitOfWork, person: PersonView, notice: ApproverRemoved, now: datetime) -> PersonView:
    """The person hears of it, and sees the menu of the roles that are left."""
    if person.user_id:
        outbox.tell(uow, person.user_id, notice, now)
    roles.show_menu_of(uow, person.id, now)
    return person
