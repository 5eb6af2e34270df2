"""The privacy text: a manager publishes a version; from then on it is the one people are asked to agree to."""

from datetime import datetime

from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.normalise import tidy
from models.rules.permissions import Actor, can
from models.views.consent import ConsentView
from storage import audit, consents
from storage.database import UnitOfWork

VERSION_MAX, TEXT_MAX = 20, 20_000


def publish(uow: UnitOfWork, actor: Actor, version: str, text: str, now: datetime) -> None:
    """A new version; NotPossible says what is missing or too long. Nothing that was published is ever changed."""
    if not can(actor, "consent.publish"):
        raise NotAllowed
    version, text = tidy(version), text.strip().replace("\x00", "")
    if not version.strip(".") or "/" in version or len(version) > VERSION_MAX or not text or len(text) > TEXT_MAX:
        raise NotPossible("consent.empty", most=f"{TEXT_MAX:,}", longest=str(VERSION_MAX))
    if consents.of_version(uow, version):
        raise NotPossible("consent.exists", version=version)
    consents.publish(uow, version, text, actor.staff_id, now)
    audit.record(uow, actor, "consent.publish", ("consent", version), now)


def one(uow: UnitOfWork, version: str) -> ConsentView:
    """A version to be read; NotFound for a name that no version has."""
    found = consents.of_version(uow, version) if version.isprintable() else None
    if found is None:
        raise NotFound
    return found
