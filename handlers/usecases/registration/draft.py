"""The applicant's own work on a draft: consent, answers, photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from handlers.usecases import tell
from models.notices import FormFinished
from models.rules.calendar import to_jst
from models.rules.errors import Incomplete, NotAllowed, NotFound, NotPossible
from models.rules.fields import Value, check_birth_date
from models.rules.permissions import Actor, can
from models.rules.registration import (
    EDITABLE,
    FIELDS_OF,
    PAPERS,
    UNSORTED,
    Item,
    State,
    invalid_fields,
    missing_items,
)
from models.tables.registration import Application
from models.views.people import PersonView
from models.views.registration import ApplicationView
from storage import audit, consents, papers, people, registration, registration_views
from storage.database import UnitOfWork

FORM_FINISHED = "application.form"


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that was judged and put into the file store beforehand. `message_id`: None unless it came by LINE."""

    file_key: str
    sha256: str
    width: int
    height: int
    message_id: str | None = None


def give_consent(uow: UnitOfWork, person: PersonView, now: datetime) -> None:
    """Keep the consent to today's privacy text; a second tap keeps one."""
    standing = consents.standing(uow, person.id)
    if not standing.given:
        people.consent(uow, person.id, standing.version, now)
        audit.record(uow, person.actor, "consent.give", ("person", person.id), now, detail=standing.version)


def has_consented(uow: UnitOfWork, person: PersonView) -> bool:
    """Whether anything may be collected from this person."""
    return consents.standing(uow, person.id).given


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


def save_fields(
    uow: UnitOfWork, actor: Actor, application_id: str, values: Mapping[str, Value | None]
) -> ApplicationView:
    """Keep single fields as they stand on a page, accepted or not yet (None: emptied); the last save wins.

    A field that may not be changed now is refused. A branch means nothing without its bank, so another bank drops it.
    """
    row, view = open_for(uow, actor, application_id, "application.edit")
    writable = {field.key for item in view.editable for field in FIELDS_OF.get(item, ())}
    if not writable.issuperset(values):
        raise NotAllowed("error.not_editable")
    if "bank" in values and "branch" not in values and values["bank"] != view.answers.get("bank"):
        values = {**values, "branch": None}
    kept = {key: value for key, value in {**view.answers, **values}.items() if value is not None}
    if kept != view.answers:
        registration.save_answers(uow, row, kept)
    return registration_views.view_of(uow, row)


def finish_form(uow: UnitOfWork, actor: Actor, application_id: str, now: datetime) -> None:
    """この内容で保存: everything typed holds, and the talk is told how the card stands; once for the same content.

    Incomplete names the items that do not hold yet; photos are not asked for here.
    """
    row, view = open_for(uow, actor, application_id, "application.edit")
    lacking = [
        item
        for item in view.editable
        if invalid_fields(FIELDS_OF.get(item, ()), view.answers) or (item == Item.BASIC and not of_age(view, now))
    ]
    if lacking:
        raise Incomplete(tuple(lacking))
    missing = tuple(item.value for item in missing_items(view.answers, view.paper_counts()))
    content = uow.vault.digest(repr([row.state, missing, sorted(view.answers.items())]))[:32]
    told = [entry.detail for entry in audit.of_subject(uow, "application", row.id) if entry.action == FORM_FINISHED]
    if told[-1:] == [content]:
        return
    audit.record(uow, actor, FORM_FINISHED, ("application", row.id), now, detail=content)
    tell.person(uow, view.person_id, FormFinished(row.id, row.version, row.state, missing), now, asked=True)


def of_age(view: ApplicationView, now: datetime) -> bool:
    """Whether the birth date, which the rules without a clock took, is one of an expert today."""
    born = date.fromisoformat(str(view.answers["birth_date"]))
    return check_birth_date(born, to_jst(now).date()) is None


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


def add_photos(
    uow: UnitOfWork, actor: Actor, application_id: str, kind: Item, photos: Sequence[StoredPhoto], now: datetime
) -> frozenset[str]:
    """Keep photos sent together from a page, all or none; returns their ids."""
    _, view = open_for(uow, actor, application_id, "application.edit")
    most = PAPERS[kind].most
    if len(view.papers_of(kind)) + len(photos) > most:
        raise NotPossible("photo.enough", most=str(most))
    return frozenset(add_photo(uow, actor, application_id, kind, photo, now)[0] for photo in photos)


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
