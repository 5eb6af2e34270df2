"""Support organisations: add one, and hand out a code for its first approver."""

from datetime import datetime

from handlers.usecases import invitation
from models.rules.errors import NotAllowed, NotPossible
from models.rules.invitation import APPROVER
from models.rules.permissions import SYSTEM, Actor, can
from models.rules.regions import PREFECTURES
from storage import audit, organisations
from storage.database import UnitOfWork

NAME_MAX = 120


def create(uow: UnitOfWork, actor: Actor, name: str, prefecture: str, now: datetime) -> str:
    """A new organisation; returns its id. NotPossible names what is wrong with name or prefecture."""
    if not can(actor, "approver_code.issue"):
        raise NotAllowed
    name = " ".join(name.split())
    if not name or len(name) > NAME_MAX:
        raise NotPossible("organisation.name")
    if prefecture not in PREFECTURES:
        raise NotPossible("organisation.prefecture")
    if organisations.id_by_name(uow, name):
        raise NotPossible("organisation.exists", name=name)
    created = organisations.create(uow, name, prefecture, now)
    audit.record(uow, actor, "organisation.create", ("organisation", created), now)
    return created


def code_for(uow: UnitOfWork, name: str, prefecture: str, now: datetime) -> str:
    """A code `XXXX-XXXX` for an approver of the organisation of this name, which is added when there is none."""
    known = organisations.id_by_name(uow, " ".join(name.split()))
    organisation_id = known or create(uow, SYSTEM, name, prefecture, now)
    return invitation.issue(uow, SYSTEM, organisation_id, APPROVER, now)
