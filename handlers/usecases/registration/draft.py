"""The applicant's own work on a draft: consent, answers, photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.fields import Value
from models.rules.permissions import Actor, can
from models.rules.registration import EDITABLE, FIELDS_OF, PAPERS, UNSORTED, Item, State
from models.tables.registration import Application
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import audit, papers, people, registration, registration_views
from storage.database import UnitOfWork

CONSENT_VERSION = "2026-11"


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that was judged and put into the file store before the turn began."""

    file_key: str
    sha256: str
    width: int
    height: int
    message_id: str


def give_consent(uow: UnitOfWork, person: PersonView, now: datetime) -> None:
    """Keep the consent to today's privacy text; a second tap keeps one."""
    if not people.has_consented(uow, person.id, CONSENT_VERSION):
        people.consent(uow, person.id, CONSENT_VERSION, now)
        audit.record(uow, person.actor, "consent.give", ("person", person.id), now, detail=CONSENT_VERSION)


def has_consented(uow: UnitOfWork, person: PersonView) -> bool:
    """Whether anything may be collected from this person."""
    return people.has_consented(uow, person.id, CONSENT_VERSION)


def open_for(uow: UnitOfWork, actor: Actor, application_id: str, action: str) -> tuple[Application, ApplicationView]:
    """The row, locked, and its view, for an actor who may do `action`; NotFound or NotAllowed otherwise."""
    row = registration.lock(uow, application_id)
    if row is None:
        raise NotFound
    view = registration_views.view_of(uow, row)
    if not can(actor, action, view.subject):
        raise NotAllowed("error.not_editable" if view.person_id == actor.person_id else "")
    return row, view


def save_answers(
    uow: UnitOfWork, actor: Actor, application_id: str, section: str, answers: Mapping[str, Value]
) -> None:
    """Keep what was answered so far in a section; only fields of items that may be changed now are written."""
    row, view = open_for(uow, actor, application_id, "application.edit")
    allowed = view.editable
    writable = {field.key for item in allowed for field in FIELDS_OF.get(item, ())}
    ours = {field.key for field in FIELDS_OF[Item(section)]} & writable
    kept = {key: value for key, value in view.answers.items() if key not in ours}
    kept |= {key: value for key, value in answers.items() if key in ours}
    if kept != view.answers:
        registration.save_answers(uow, row, kept)


def keep_papers(
    uow: UnitOfWork, actor: Actor, application_id: str, wanted: Mapping[str, Sequence[str]], now: datetime
) -> None:
    """Drop photos that the applicant took back: those of a changeable kind that `wanted` no longer lists."""
    row, view = open_for(uow, actor, application_id, "application.edit")
    allowed = view.editable
    gone = [
        paper
        for paper in papers.current(uow, row.id)
        if paper.kind in wanted and paper.kind in allowed and paper.id not in wanted[paper.kind]
    ]
    if gone:
        papers.remove(uow, gone, now)
        row.version += 1


def add_photo(
    uow: UnitOfWork, actor: Actor, application_id: str, kind: str, photo: StoredPhoto, now: datetime
) -> tuple[str, bool]:
    """Keep a photo under a question, or as unsorted; returns its id and whether it is new."""
    row, view = open_for(uow, actor, application_id, "application.edit")
    if kind != UNSORTED and kind not in view.editable:
        raise NotAllowed("error.not_editable")
    row.version += 1
    return papers.add(
        uow, row.id, kind, photo.file_key, photo.sha256, (photo.width, photo.height), photo.message_id, now
    )


def sort_photo(
    uow: UnitOfWork, actor: Actor, application_id: str, paper_id: str, kind: str, now: datetime
) -> tuple[bool, str]:
    """Say what an unsorted photo is (`kind` empty: throw it away); returns whether it still waited, and its kind."""
    row, view = open_for(uow, actor, application_id, "application.edit")
    paper = next((held for held in papers.current(uow, row.id) if held.id == paper_id), None)
    if paper is None or paper.kind != UNSORTED:
        return False, ""
    if kind and (kind not in PAPERS or kind not in view.editable):
        raise NotAllowed("error.not_editable")
    least = PAPERS[Item(kind)].min_side if kind else 0
    if min(paper.width, paper.height) < least:
        raise NotPossible("photo.too_small", width=str(paper.width), height=str(paper.height), min_side=str(least))
    papers.remove(uow, [paper], now)
    if kind:
        _make_room(uow, row.id, Item(kind), now)
        papers.add(uow, row.id, kind, paper.file_key, paper.sha256, (paper.width, paper.height), paper.message_id, now)
    row.version += 1
    return True, kind


def _make_room(uow: UnitOfWork, application_id: str, kind: Item, now: datetime) -> None:
    held = [paper for paper in papers.current(uow, application_id) if paper.kind == kind]
    most = PAPERS[kind].most
    if len(held) < most:
        return
    if most > 1:
        raise NotPossible("photo.enough", most=str(most))
    papers.remove(uow, held, now)


def unsend(uow: UnitOfWork, actor: Actor, message_id: str, now: datetime) -> tuple[int, int]:
    """A photo's message was taken back: returns how many photos went, and how many must stay (already submitted)."""
    gone = stay = 0
    for paper in papers.by_message(uow, message_id):
        row = registration.lock(uow, paper.application_id)
        if row is None or row.person_id != actor.person_id:
            continue
        if State(row.state) in EDITABLE:
            papers.remove(uow, [paper], now)
            row.version += 1
            audit.record(uow, actor, "paper.unsend", ("application", row.id), now, detail=paper.id)
            gone += 1
        else:
            stay += 1
    return gone, stay
