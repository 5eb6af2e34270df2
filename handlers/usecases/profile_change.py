"""Changing name or account: asked for by the expert with a photo, decided on by the secretariat (`domain.md` 2).

What was approved before stays in force until then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.usecases import tell
from handlers.usecases.registration import decide
from handlers.usecases.registration.draft import StoredPhoto, open_for
from models.notices import ProfileChangeApproved, ProfileChangeReturned
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.fields import Value
from models.rules.permissions import Actor, can
from models.rules.profile import CHANGES
from models.rules.registration import PAPERS, invalid_fields
from models.rules.wording import FREE_TEXT_MAX
from models.tables.expert import ProfileChange
from models.tables.registration import Application
from models.views.profile import ChangeView
from models.views.registration import ApplicationView, PaperView
from storage import audit, experts, papers, people, profile, registration, registration_views
from storage.database import UnitOfWork


def ask(uow: UnitOfWork, actor: Actor, item: str, typed: Mapping[str, Value], now: datetime) -> ChangeView:
    """Ask for a change, with the photos that were sent for it; a second tap on the same changes nothing.

    While one waits, another is refused (Stale): it is taken back first.
    """
    row, view = _own(uow, actor)
    of = CHANGES[item]
    answers = {field.key: typed[field.key] for field in of.fields if typed.get(field.key)}
    held = profile.waiting_change(uow, row.id, item)
    if held and _found(uow, held.id).answers == answers:
        return _found(uow, held.id)
    if held:
        raise Stale("change.waits")
    if len(answers) < len(of.fields) or invalid_fields(of.fields, {**view.answers, **answers}):
        raise NotPossible("profile.not_accepted")
    if all(view.answers.get(key) == value for key, value in answers.items()):
        raise NotPossible("change.nothing")
    if not view.papers_of(of.kind):
        raise NotPossible("change.photo_needed")
    made = profile.add_change(uow, row.id, item, answers, now)
    row.version += 1
    audit.record(uow, actor, "change.request", ("application", row.id), now, detail=f"{item} {made}")
    return _found(uow, made)


def add_photos(
    uow: UnitOfWork, actor: Actor, item: str, photos: Sequence[StoredPhoto], now: datetime
) -> tuple[PaperView, ...]:
    """Keep photos for a change that is being written; returns those."""
    row = _writing(uow, actor, item)
    of = CHANGES[item]
    kept: list[str] = []
    for photo in photos:
        size = (photo.width, photo.height)
        kept.append(papers.add(uow, row.id, of.kind, photo.file_key, photo.sha256, size, None, now)[0])
    row.version += 1
    held = registration_views.view_of(uow, row).papers_of(of.kind)
    if len(held) > PAPERS[of.paper].most:
        raise NotPossible("photo.enough", most=str(PAPERS[of.paper].most))
    return tuple(paper for paper in held if paper.id in kept)


def drop_photo(uow: UnitOfWork, actor: Actor, item: str, paper_id: str, now: datetime) -> None:
    """Take a photo away again; one that is gone already is fine."""
    row = _writing(uow, actor, item)
    kind = CHANGES[item].kind
    gone = [paper for paper in papers.current(uow, row.id) if paper.id == paper_id and paper.kind == kind]
    papers.remove(uow, gone, now)
    row.version += bool(gone)


def photos(uow: UnitOfWork, actor: Actor, item: str) -> tuple[PaperView, ...]:
    """The photos that the expert sent for a change of this item."""
    _, view = _own(uow, actor)
    return view.papers_of(CHANGES[item].kind)


def _writing(uow: UnitOfWork, actor: Actor, item: str) -> Application:
    row, _ = _own(uow, actor)
    if profile.waiting_change(uow, row.id, item):
        raise Stale("change.waits")
    return row


def take_back(uow: UnitOfWork, actor: Actor, change_id: str, now: datetime) -> None:
    """The expert wants to write it anew, or not at all; the photos stay for a day. A second tap changes nothing."""
    row, _ = _own(uow, actor)
    held = profile.lock_change(uow, change_id)
    if held is None or held.application_id != row.id:
        raise NotFound
    if held.state == profile.TAKEN_BACK:
        return
    if held.state != profile.WAITING:
        raise Stale("change.decided")
    profile.settle(uow, held, profile.TAKEN_BACK, None, "", now)
    row.version += 1
    audit.record(uow, actor, "change.take_back", ("application", row.id), now, detail=f"{held.item} {held.id}")


def _own(uow: UnitOfWork, actor: Actor) -> tuple[Application, ApplicationView]:
    expert = experts.of_person(uow, actor.person_id or "")
    if expert is None:
        raise NotFound
    try:
        return open_for(uow, actor, expert.application_id, "change.request")
    except NotAllowed:
        raise NotFound from None


def read(uow: UnitOfWork, actor: Actor, change_id: str) -> tuple[ChangeView, ApplicationView]:
    """A change beside the application as it is in force, for a reviewer; NotFound for everybody else."""
    found = profile.change(uow, change_id)
    if found is None:
        raise NotFound
    return found, decide.read(uow, actor, found.application_id, "papers.read")


def view_papers(uow: UnitOfWork, actor: Actor, change_id: str, now: datetime) -> tuple[ChangeView, ApplicationView]:
    """The same with its photos; every view is audited."""
    found, view = read(uow, actor, change_id)
    audit.record(uow, actor, "papers.view", ("application", view.id), now, detail=f"{found.item} {found.id}")
    return found, view


def approve(uow: UnitOfWork, actor: Actor, change_id: str, version: int, now: datetime) -> ChangeView:
    """The new name or account is in force, and its photos take the old ones' place."""
    held, row, view = _waiting(uow, actor, change_id, version)
    answers = {**view.answers, **_found(uow, change_id).answers}
    if invalid_fields(CHANGES[held.item].fields, answers):
        raise NotPossible("change.outdated")
    profile.take_over_papers(uow, row.id, held.item, now)
    registration.save_answers(uow, row, answers)
    if held.item == "basic":
        people.set_name(uow, view.person_id, str(answers["name"]))
    profile.settle(uow, held, profile.APPROVED, actor.staff_id, "", now)
    _record(uow, actor, held, "change.approve", now)
    tell.person(uow, view.person_id, ProfileChangeApproved(view.number, held.item), now)
    return _found(uow, change_id)


def send_back(uow: UnitOfWork, actor: Actor, change_id: str, version: int, reason: str, now: datetime) -> ChangeView:
    """What is in force stays; the expert reads why, and may ask again."""
    held, row, view = _waiting(uow, actor, change_id, version)
    words = reason.strip()
    if not words:
        raise NotPossible("change.no_reason")
    if len(words) > FREE_TEXT_MAX:
        raise NotPossible("staff.too_long", limit=str(FREE_TEXT_MAX), length=str(len(words)))
    profile.drop_papers(uow, row.id, held.item, now)
    profile.settle(uow, held, profile.RETURNED, actor.staff_id, words, now)
    row.version += 1
    _record(uow, actor, held, "change.return", now)
    tell.person(uow, view.person_id, ProfileChangeReturned(view.number, held.item, words), now)
    return _found(uow, change_id)


def _waiting(
    uow: UnitOfWork, actor: Actor, change_id: str, version: int
) -> tuple[ProfileChange, Application, ApplicationView]:
    """The change and its application, locked for a decision; Stale when somebody was faster."""
    read(uow, actor, change_id)
    row = registration.lock(uow, _found(uow, change_id).application_id)
    held = profile.lock_change(uow, change_id)
    if row is None or held is None:
        raise NotFound
    view = registration_views.view_of(uow, row)
    if held.state != profile.WAITING:
        raise Stale("change.decided")
    if not can(actor, "change.decide", view.subject):
        raise NotAllowed("change.not_allowed")
    if view.version != version:
        raise Stale("change.moved")
    return held, row, view


def _record(uow: UnitOfWork, actor: Actor, held: ProfileChange, action: str, now: datetime) -> None:
    moved = (profile.WAITING, held.state)
    subject = ("application", held.application_id)
    audit.record(uow, actor, action, subject, now, moved=moved, detail=f"{held.item} {held.id}")


def _found(uow: UnitOfWork, change_id: str) -> ChangeView:
    found = profile.change(uow, change_id)
    if found is None:
        raise NotFound
    return found
