"""What is held of one person: looked at, exported, erased; and erased by itself when its time is over.

The audit stays in every case: ids and codes, no word of anybody's.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.permissions import Actor, can
from models.rules.registration import APPOINTING, COMMISSION, ENDED, IN_REVIEW, State
from models.tables.registration import Application
from models.views.privacy import Belongings, Holdings
from storage import appointment, audit, belongings, privacy, privacy_dispatch, registration, settings
from storage.database import UnitOfWork

RETAINED: Mapping[State, str] = MappingProxyType(
    {
        State.REJECTED: "retain_rejected_days",
        State.WITHDRAWN: "retain_rejected_days",
        State.ENDED: "retain_ended_days",
    }
)
"""How long an application is kept that ended so; a draft that was never sent is left alone."""


def holdings(uow: UnitOfWork, actor: Actor, person_id: str) -> Holdings:
    """How much is held of a person."""
    _may(actor, "person.export")
    found = belongings.holdings(uow, person_id)
    if found is None:
        raise NotFound
    return found


def read(uow: UnitOfWork, actor: Actor, person_id: str) -> Belongings:
    """All that is held of a person; the caller makes the file and then says so with `exported`."""
    _may(actor, "person.export")
    found = belongings.of_person(uow, person_id)
    if found is None:
        raise NotFound
    return found


def exported(uow: UnitOfWork, actor: Actor, person_id: str, now: datetime) -> None:
    """The file was made for this actor."""
    _may(actor, "person.export")
    audit.record(uow, actor, "person.export", ("person", person_id), now)


def _may(actor: Actor, action: str) -> None:
    if not can(actor, action):
        raise NotAllowed


def why_not(holdings_: Holdings, approves: bool, renewing: bool, awaited: bool = False) -> str:
    """What must be done before the person can be erased, as a code of the catalogue; empty when nothing must."""
    if holdings_.erased_at:
        return "privacy.erased_before"
    if approves:
        return "privacy.approves"
    for application in holdings_.applications:
        if application.state in IN_REVIEW:
            return "privacy.in_review"
        if application.state in COMMISSION or (renewing and application.state in APPOINTING):
            return "privacy.in_force"
    return "privacy.awaited" if awaited else ""


def obstacle(uow: UnitOfWork, holdings_: Holdings) -> str:
    """`why_not`, with what it asks for looked up."""
    appointing = [each.id for each in holdings_.applications if each.state in APPOINTING]
    renewing = any(appointment.accepted_until(uow, each) for each in appointing)
    awaited = privacy_dispatch.is_awaited(uow, holdings_.person_id)
    return why_not(holdings_, privacy.approves(uow, holdings_.person_id), renewing, awaited)


def erase(uow: UnitOfWork, actor: Actor, person_id: str, typed: str, now: datetime) -> None:
    """Erase a person at once and for good; they are a stranger afterwards.

    `typed` must name them. NotPossible says what must be done first, or that another name was typed.
    """
    _may(actor, "person.erase")
    if actor.person_id == person_id:
        raise NotAllowed("privacy.own")
    locked = privacy.lock_person(uow, person_id)
    found = belongings.holdings(uow, person_id)
    if locked is None or found is None:
        raise NotFound
    if code := obstacle(uow, found):
        raise NotPossible(code)
    if _plain(typed) not in {_plain(word) for word in found.words}:
        raise NotPossible("privacy.typed_other")
    person, rows = locked
    mails = privacy.mails_of(uow, person, rows)
    numbers = [row.number for row in rows if row.number] + privacy_dispatch.numbers_of(uow, person_id)
    names = sorted({name for name in (person.name, *(row.name for row in rows)) if name})
    privacy_dispatch.erase_of_person(uow, person_id, now)
    for row in rows:
        _erase_application(uow, actor, row, now)
    privacy.erase_person(uow, person, mails, now)
    privacy.erase_mentions(uow, numbers, names)
    audit.record(uow, actor, "person.erase", ("person", person_id), now)


def _plain(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).split()).upper()


def _erase_application(uow: UnitOfWork, actor: Actor, row: Application, now: datetime) -> None:
    """Erasing is no step of the lifecycle: what was on its way is withdrawn, and what was never sent is deleted.

    Either way nobody who waits for the row's lock can still write into it.
    """
    before, id_ = State(row.state), row.id
    if before not in ENDED:
        registration.set_state(uow, row, State.WITHDRAWN, now)
    privacy.erase_application(uow, row, now)
    if row.number is None:
        privacy.delete_application(uow, row)
    audit.record(uow, actor, "application.erase", ("application", id_), now, moved=(before, State(row.state)))


# --- retention ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Overdue:
    """Applications whose time is over, and the times that were counted from."""

    applications: tuple[str, ...]
    before: Mapping[State, datetime]


def overdue(uow: UnitOfWork, now: datetime, limit: int = 50) -> Overdue:
    """Some of the applications that have been over for as long as the settings say."""
    before = {state: now - timedelta(days=settings.value(uow, key)) for state, key in RETAINED.items()}
    found: list[str] = []
    for state, since in before.items():
        found += privacy.due(uow, [state], since, limit - len(found))
    return Overdue(tuple(found), before)


def retire(uow: UnitOfWork, actor: Actor, application_id: str, before: Mapping[State, datetime], now: datetime) -> bool:
    """Erase one application whose time is over, and its person's name when nothing else of theirs is left."""
    _may(actor, "retention.run")
    row = registration.lock(uow, application_id)
    if row is None or State(row.state) not in before or row.state_since >= before[State(row.state)]:
        return False
    privacy.erase_application(uow, row, now)
    audit.record(uow, actor, "application.erase", ("application", row.id), now)
    if privacy.holds_nothing(uow, row.person_id):
        privacy.forget_person(uow, row.person_id)
        audit.record(uow, actor, "person.forget", ("person", row.person_id), now)
    return True


def retire_codes(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    """Invitation codes that were used up or ran out as long ago; returns how many."""
    _may(actor, "retention.run")
    return privacy.erase_codes(uow, now - timedelta(days=settings.value(uow, "retain_rejected_days")))


DRAFTS_FOR = timedelta(days=30)
"""How long a request that was begun and not sent is kept."""
AT_ONCE = 50


def retire_dispatches(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    """Some of the dispatches that have been over for as long as a commission's papers are kept; returns how many."""
    _may(actor, "retention.run")
    before = now - timedelta(days=settings.value(uow, "retain_ended_days"))
    ids = privacy_dispatch.due(uow, before, AT_ONCE)
    if ids:
        privacy_dispatch.erase_dispatches(uow, ids, now)
    for dispatch_id in ids:
        audit.record(uow, actor, "dispatch.erase", ("dispatch", dispatch_id), now)
    return len(ids)


def retire_positions(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    """Where visits were recorded, a set time after they were settled; distance and grade stay. Returns how many."""
    _may(actor, "retention.run")
    return privacy_dispatch.erase_positions(uow, now - timedelta(days=settings.value(uow, "retain_positions_days")))


def retire_drafts(uow: UnitOfWork, actor: Actor, now: datetime) -> int:
    """Requests that nobody went on with; returns how many."""
    _may(actor, "retention.run")
    return privacy_dispatch.drop_drafts(uow, now - DRAFTS_FOR)
