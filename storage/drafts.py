"""Requests that are being written: one a person, sealed, kept by the chat and by the page."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from models.rules.judgement import Value, as_text
from models.tables.base import new_id
from models.tables.dispatch import Dispatch, DispatchDraft
from models.tables.expert import Expert
from models.tables.organisation import Organisation
from models.tables.registration import Application
from models.views.request import DraftView
from storage.database import UnitOfWork

PREDECESSOR = "predecessor"
"""Under this key the answers hold the dispatch that the request goes on from."""
LONGEST_ROW = 20


def create(
    uow: UnitOfWork, person_id: str, organisation_id: str, answers: Mapping[str, Value], now: datetime
) -> DispatchDraft:
    """A new draft; a second one of the same person is refused by the database (Conflict)."""
    row = DispatchDraft(
        id=new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        answers=uow.vault.seal_json(dict(answers)),
        updated_at=now,
    )
    uow.session.add(row)
    uow.session.flush()
    return row


def of_person(uow: UnitOfWork, person_id: str) -> DispatchDraft | None:
    """The person's draft, held until the transaction ends."""
    query = select(DispatchDraft).where(DispatchDraft.person_id == person_id).with_for_update()
    return uow.session.scalar(query.execution_options(populate_existing=True))


def look(uow: UnitOfWork, person_id: str) -> DraftView | None:
    """The person's draft, for looking."""
    row = uow.session.scalar(select(DispatchDraft).where(DispatchDraft.person_id == person_id))
    return view_of(uow, row) if row else None


def seen(uow: UnitOfWork, draft_id: str) -> DraftView | None:
    """A draft by id, for looking; whose it is, is the caller's question."""
    row = uow.session.get(DispatchDraft, draft_id)
    return view_of(uow, row) if row else None


def save(uow: UnitOfWork, row: DispatchDraft, answers: Mapping[str, Value], now: datetime) -> None:
    """These answers from now on."""
    row.answers, row.updated_at = uow.vault.seal_json(dict(answers)), now
    row.version += 1
    uow.session.flush()


def move(uow: UnitOfWork, row: DispatchDraft, organisation_id: str) -> None:
    """It is asked for another organisation."""
    row.organisation_id = organisation_id
    row.version += 1
    uow.session.flush()


def drop(uow: UnitOfWork, row: DispatchDraft) -> None:
    """It was sent, or is not wanted any more."""
    uow.session.delete(row)
    uow.session.flush()


def view_of(uow: UnitOfWork, row: DispatchDraft) -> DraftView:
    """The row opened, with the names that belong to it."""
    answers: dict[str, Value] = uow.vault.open_json(row.answers)
    predecessor = as_text(answers.pop(PREDECESSOR, ""))
    follows, nth = _row_of(uow, predecessor)
    organisation = uow.session.get_one(Organisation, row.organisation_id)
    return DraftView(
        id=row.id,
        version=row.version,
        person_id=row.person_id,
        organisation_id=row.organisation_id,
        organisation=organisation.name,
        updated_at=row.updated_at,
        answers=answers,
        expert=expert_name(uow, as_text(answers.get("expert", ""))),
        predecessor_id=predecessor,
        follows=follows,
        nth=nth,
    )


def expert_name(uow: UnitOfWork, person_id: str) -> str:
    """What an expert is called; empty for nobody."""
    if not person_id:
        return ""
    named = select(Application.name).join(Expert, Expert.application_id == Application.id)
    return uow.session.scalar(named.where(Expert.person_id == person_id)) or ""


def _row_of(uow: UnitOfWork, dispatch_id: str) -> tuple[str, int]:
    """The number of a predecessor, and which request in a row its successor is."""
    number, nth, at = "", 1, dispatch_id
    while at and nth < LONGEST_ROW:
        found = uow.session.execute(select(Dispatch.number, Dispatch.predecessor_id).where(Dispatch.id == at)).first()
        if found is None:
            break
        number, nth, at = number or found[0], nth + 1, found[1] or ""
    return number, nth


def organisations(uow: UnitOfWork, ids: Collection[str]) -> list[tuple[str, str]]:
    """Organisations by id, as (id, name) pairs in the order of their names."""
    rows = uow.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id.in_(ids)).order_by(Organisation.name)
    )
    return [(row.id, row.name) for row in rows]
