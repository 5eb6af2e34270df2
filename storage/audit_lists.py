"""Reading the audit: searched for managers, and as the timeline of one expert; names found in one look a page."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true, union_all

from models.tables.audit import AuditEntry
from models.tables.dispatch import Dispatch
from models.tables.expert import Expert
from models.tables.organisation import Desk, Organisation
from models.tables.person import Person
from models.tables.registration import Application
from models.tables.staff import Staff
from models.views.audit import AuditLine
from storage.database import AnyRow, AnySelect, UnitOfWork, streamed
from storage.registration import matches

NEWEST = (AuditEntry.at.desc(), AuditEntry.seq.desc())
_READ = (
    AuditEntry.seq, AuditEntry.at, AuditEntry.actor_kind, AuditEntry.actor_id, AuditEntry.action,
    AuditEntry.subject_kind, AuditEntry.subject_id, AuditEntry.from_state, AuditEntry.to_state, AuditEntry.detail,
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is looked for; None and empty leave nothing out, but an empty `actions` finds nothing.

    `who`: part of a name or kana, or a whole id; `since` and `until` are moments, the second one excluded.
    """

    actions: Collection[str] | None = None
    who: str = ""
    kind: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def count(uow: UnitOfWork, wanted: Wanted, most: int) -> int:
    """How many entries there are, counted no further than `most` + 1."""
    some = select(literal(1)).select_from(AuditEntry).where(*_conditions(wanted)).limit(most + 1).subquery()
    return uow.session.scalar(select(func.count()).select_from(some)) or 0


def listed(uow: UnitOfWork, wanted: Wanted, order: str, limit: int, offset: int) -> list[AuditLine]:
    """Entries with names, the newest first, or the oldest with the order `at`."""
    return _named(uow, uow.session.execute(_query(wanted, order).limit(limit).offset(offset)).all())


def stream(uow: UnitOfWork, wanted: Wanted, order: str) -> Iterator[AuditLine]:
    """All entries, read from the database bit by bit."""
    for found in streamed(uow, _query(wanted, order)):
        yield from _named(uow, found)


def of_expert(uow: UnitOfWork, person_id: str, application_ids: Sequence[str], limit: int) -> list[AuditLine]:
    """What happened to a person and their applications, the newest first."""
    about = or_(
        and_(AuditEntry.subject_kind == "application", AuditEntry.subject_id.in_(application_ids)),
        and_(AuditEntry.subject_kind == "person", AuditEntry.subject_id == person_id),
    )
    return _named(uow, uow.session.execute(select(*_READ).where(about).order_by(*NEWEST).limit(limit)).all())


def _query(wanted: Wanted, order: str) -> AnySelect:
    by = NEWEST if order.startswith("-") else (AuditEntry.at, AuditEntry.seq)
    return select(*_READ).where(*_conditions(wanted)).order_by(*by)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.actions is not None:
        found.append(AuditEntry.action.in_(sorted(wanted.actions)) if wanted.actions else false())
    if wanted.who:
        found.append(_by(wanted.who))
    if wanted.kind:
        found.append(AuditEntry.subject_kind == wanted.kind)
    if wanted.subject:
        found.append(AuditEntry.subject_id.in_(_subjects(wanted.subject)))
    if wanted.since:
        found.append(AuditEntry.at >= wanted.since)
    if wanted.until:
        found.append(AuditEntry.at < wanted.until)
    return found or [true()]


def _by(who: str) -> ColumnElement[bool]:
    users = select(Staff.id).where(Staff.name.icontains(who, autoescape=True))
    people = select(Person.id).where(Person.name.icontains(who, autoescape=True))
    applicants = select(Application.person_id).where(matches(who))
    return AuditEntry.actor_id.in_(union_all(select(literal(who)), users, people, applicants))


def _subjects(subject: str) -> Any:
    """The id itself, or what a number stands for."""
    number = subject.upper()
    applications = select(Application.id).where(Application.number == number)
    dispatches = select(Dispatch.id).where(Dispatch.number == number)
    return union_all(select(literal(subject)), applications, dispatches)


def _named(uow: UnitOfWork, found: Sequence[AnyRow]) -> list[AuditLine]:
    actors = {(row.actor_kind, row.actor_id) for row in found if row.actor_id}
    names = _names(uow, actors | {(row.subject_kind, row.subject_id) for row in found})
    return [
        AuditLine(
            *row,
            who=names.get((row.actor_kind, row.actor_id or ""), ""),
            name=names.get((row.subject_kind, row.subject_id), ""),
            expert=row.subject_kind == "person" and ("expert", row.subject_id) in names,
        )
        for row in found
    ]


def _names(uow: UnitOfWork, about: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What people, users, applications, organisations and desks are called, by kind and id, in one statement.

    Experts among the people are there a second time, by the kind `expert`.
    """
    ids: dict[str, list[str]] = {}
    for kind, each in about:
        ids.setdefault(kind, []).append(each)
    looks = [look for kind, found in ids.items() for look in _looks(kind, found)]
    if not looks:
        return {}
    rows: Sequence[AnyRow] = uow.session.execute(union_all(*looks)).all()
    applicants = {("person", each): name for kind, each, name in rows if kind == "applicant"}
    return applicants | {(kind, each): name for kind, each, name in rows if name}


def _looks(kind: str, ids: Sequence[str]) -> list[AnySelect]:
    """Where the names of a kind are; a person's own name, or else the one on the applications."""
    number_and_name = func.trim(func.coalesce(Application.number, "") + " " + Application.name)
    match kind:
        case "staff":
            return [_look("staff", Staff.id, Staff.name, ids)]
        case "organisation":
            return [_look("organisation", Organisation.id, Organisation.name, ids)]
        case "desk":
            return [_look("desk", Desk.id, Desk.name, ids)]
        case "dispatch":
            return [_look("dispatch", Dispatch.id, Dispatch.number + " " + Dispatch.title, ids)]
        case "application":
            return [_look("application", Application.id, number_and_name, ids)]
        case "person":
            return [
                _look("person", Person.id, Person.name, ids),
                _look("applicant", Application.person_id, Application.name, ids),
                _look("expert", Expert.person_id, Expert.person_id, ids),
            ]
        case _:
            return []


def _look(kind: str, key: Any, name: Any, ids: Sequence[str]) -> AnySelect:
    return select(literal(kind), key, name).where(key.in_(ids))
