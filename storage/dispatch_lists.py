"""Lists of dispatches, scoped by the side that looks: counts by status, search, whole streams (`domain.md` 3).

Each statement starts from the narrowest index of its side. A page is chosen by ids first; names are joined to these.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true, union_all

from models.rules.calendar import fiscal_year
from models.rules.dispatch import OPEN, UNASKED, Action, Side, Status, Why
from models.rules.normalise import search_key
from models.rules.permissions import Actor, can
from models.rules.visit import Evidence, Grade
from models.tables.dispatch import Business, Dispatch
from models.tables.expert import Expert
from models.tables.organisation import Organisation
from models.tables.person import Person
from models.tables.registration import Application
from models.tables.visit import Visit
from models.views import dispatch_chain
from models.views.dispatch import DispatchView
from models.views.dispatch_chain import ChainLink, Moved
from models.views.dispatch_list import DispatchRow
from storage import audit
from storage.audit import AuditView
from storage.database import AnyRow, AnySelect, UnitOfWork, streamed

NUMBER = re.compile(r"D-[0-9]{4}-[0-9]{6}")
PART_OF_A_NUMBER = re.compile(r"(D-?)?[0-9-]+")
WORDS_AT_MOST = 5
PARTS_AT_MOST = 30
COUNTED_TO = 1000
"""Counts for tabs end here: whoever sees it reads "1,000 and more"."""
RARE = 500
"""No more than so many are all read and sorted; of more, the first page lies near the beginning of any order."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for, on which side; whatever is empty leaves nothing out. Days are Japanese, both included.

    `words`: a number or a part of it, or words of the title or the business's name, all of them. `year` is a fiscal
    year; `business` and `organisation` are parts of names; `since_before`: in its status since before that moment.
    """

    side: Side
    words: str = ""
    statuses: Sequence[Status] = ()
    first: date | None = None
    last: date | None = None
    year: int | None = None
    business: str = ""
    organisation: str = ""
    since_before: datetime | None = None


ORDERS: Mapping[str, Sequence[Any]] = {
    "day": (Dispatch.day, Dispatch.id),
    "received": (Dispatch.received_at, Dispatch.id),
    "since": (Dispatch.status_since, Dispatch.id),
}
"""What a list may be sorted by; a minus in front turns it round."""
_READ = (
    select(
        Dispatch.id, Dispatch.number, Dispatch.version, Dispatch.status, Dispatch.status_since, Dispatch.received_at,
        Dispatch.day, Dispatch.starts, Dispatch.ends, Dispatch.why, Dispatch.title, Dispatch.topic,
        Business.name.label("business"), Organisation.name.label("organisation"), Dispatch.expert_id,
        Application.name.label("expert"), Visit.grade, Visit.evidence, Visit.yen,
    )
    .select_from(Dispatch)
    .join(Business, Business.id == Dispatch.business_id)
    .join(Organisation, Organisation.id == Dispatch.organisation_id)
    .outerjoin(Expert, Expert.person_id == Dispatch.expert_id)
    .outerjoin(Application, Application.id == Expert.application_id)
    .outerjoin(Visit, and_(Visit.dispatch_id == Dispatch.id, Visit.expert_id == Dispatch.expert_id))
)  # fmt: skip


def counts(uow: UnitOfWork, actor: Actor, wanted: Wanted, most: int = COUNTED_TO) -> dict[Status, int]:
    """How many there are in each status, none left out, counted no further than `most`; ignores `statuses`."""
    found = dict.fromkeys(Status, 0)
    limits = _conditions(actor, wanted)
    if _reads_all(wanted):
        looked = select(Dispatch.status, func.count()).where(*limits).group_by(Dispatch.status)
        rows: Sequence[AnyRow] = uow.session.execute(looked).all()
    else:
        rows = uow.session.execute(union_all(*(_count_of(status, limits, most) for status in Status))).all()
    return found | {Status(status): min(number, most) for status, number in rows}


def _reads_all(wanted: Wanted) -> bool:
    """Whether all is gone through for a part of a name, so that one look for all statuses is better than nine."""
    return bool(wanted.business) or (bool(wanted.words) and not NUMBER.fullmatch(_plain(wanted.words)))


def _count_of(status: Status, limits: Sequence[ColumnElement[bool]], most: int) -> AnySelect:
    some = select(literal(1)).select_from(Dispatch).where(*limits, Dispatch.status == status).limit(most).subquery()
    return select(literal(status.value), func.count()).select_from(some)


def count(uow: UnitOfWork, actor: Actor, wanted: Wanted, most: int = 0) -> int:
    """How many `listed` gives in all; with `most` counted no further than `most` + 1."""
    found = select(literal(1)).select_from(Dispatch).where(*_conditions(actor, wanted), *_in(wanted.statuses))
    some = (found.limit(most + 1) if most else found).subquery()
    return uow.session.scalar(select(func.count()).select_from(some)) or 0


def listed(
    uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "-day", limit: int = 50, offset: int = 0
) -> list[DispatchRow]:
    """Dispatches the actor may see on that side; the latest visit first."""
    chosen = _chosen(uow, actor, wanted, order, limit, offset).cte("chosen")
    query = _READ.join(chosen, chosen.c.id == Dispatch.id).order_by(*_by(order))
    return [_row(row) for row in uow.session.execute(query).all()]


def _chosen(uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str, limit: int, offset: int) -> AnySelect:
    """The ids of one page. Parts that an index holds in order are each read as far as the page reaches, then merged."""
    parts = _parts(actor, wanted, order)
    limits, key = _conditions(actor, wanted), ORDERS[order.removeprefix("-")][0]
    rare = _rare(uow, wanted)
    if len(parts) < 2 or rare is not None:
        limits += [] if rare is None else [rare]
        some = select(Dispatch.id, key.label("key")).where(*limits, *_in(wanted.statuses))
        if rare is None and not _few(wanted, order):
            return select(some.order_by(*_by(order)).limit(limit).offset(offset).subquery().c.id)
        every = some.cte("held").prefix_with("MATERIALIZED", dialect="postgresql")
    else:
        looks = (select(Dispatch.id, key.label("key")).where(*limits, *part).order_by(*_by(order)) for part in parts)
        every = union_all(*(select(look.limit(limit + offset).subquery()) for look in looks)).subquery()
    by = [column.desc() if order.startswith("-") else column for column in (every.c.key, every.c.id)]
    return select(every.c.id).order_by(*by).limit(limit).offset(offset)


def _rare(uow: UnitOfWork, wanted: Wanted) -> ColumnElement[bool] | None:
    """For the secretariat's words that few dispatches hold: just these, since any order would meet them only here and
    there. The words are looked for in `ix_dispatches_search`, a small part of what the rows take.
    """
    if wanted.side is not Side.SECRETARIAT or not wanted.words or PART_OF_A_NUMBER.fullmatch(_plain(wanted.words)):
        return None
    held = select(Dispatch.search_key).where(_said(wanted.words), *_in(wanted.statuses)).limit(RARE + 1)
    keys = uow.session.scalars(held).all()
    if len(keys) > RARE:
        return None
    return and_(Dispatch.status.in_([*(wanted.statuses or Status)]), Dispatch.search_key.in_(sorted(set(keys))))


def _few(wanted: Wanted, order: str) -> bool:
    """Whether few rows fit that no index holds in order: the database had better find them all, then sort.

    It would rather walk along the days and meet none for long, for what is open lies at their end.
    """
    going = bool(wanted.statuses) and OPEN.issuperset(wanted.statuses) and order.removeprefix("-") != "since"
    numbered = PART_OF_A_NUMBER.fullmatch(_plain(wanted.words)) is not None
    return wanted.side is Side.SECRETARIAT and (going or numbered)


def _parts(actor: Actor, wanted: Wanted, order: str) -> list[list[ColumnElement[bool]]]:
    """The list cut by status, and an approver's by organisation, where an index is sorted within these; else none."""
    staff = wanted.side is Side.SECRETARIAT
    if order.removeprefix("-") != ("since" if staff else "day"):
        return []
    statuses = [[Dispatch.status == status] for status in wanted.statuses] or [[]]
    approves = wanted.side is Side.ORGANISATION
    own = [[Dispatch.organisation_id == each] for each in sorted(actor.organisations)] if approves else [[]]
    parts = [[*one, *other] for one in own for other in statuses]
    return parts if len(parts) <= PARTS_AT_MOST else []


def stream(uow: UnitOfWork, actor: Actor, wanted: Wanted, order: str = "-day") -> Iterator[DispatchRow]:
    """All that `listed` gives, read from the database bit by bit."""
    query = _READ.where(*_conditions(actor, wanted), *_in(wanted.statuses)).order_by(*_by(order))
    for found in streamed(uow, query):
        yield from map(_row, found)


def years(uow: UnitOfWork, actor: Actor, side: Side) -> tuple[int, ...]:
    """The fiscal years from the first dispatch to the last, the newest first."""
    scope = _scope(actor, side)
    days = [
        uow.session.scalar(select(Dispatch.day).where(scope).order_by(by).limit(1))
        for by in (Dispatch.day, Dispatch.day.desc())
    ]
    first, last = (fiscal_year(day) if day else 0 for day in days)
    return tuple(range(last, first - 1, -1)) if first else ()


def number_of(uow: UnitOfWork, dispatch_id: str) -> str:
    """The number of a dispatch, empty for none."""
    found = select(Dispatch.number).where(Dispatch.id == dispatch_id)
    return (uow.session.scalar(found) or "") if dispatch_id else ""


def _by(order: str) -> list[Any]:
    columns = ORDERS[order.removeprefix("-")]
    return [column.desc() if order.startswith("-") else column for column in columns]


def _in(statuses: Sequence[Status]) -> list[ColumnElement[bool]]:
    if len(statuses) == 1:
        return [Dispatch.status == statuses[0]]
    return [Dispatch.status.in_([*statuses])] if statuses else []


def _scope(actor: Actor, side: Side) -> ColumnElement[bool]:
    """What lies on the actor's side; nothing for whoever does not stand there. Staff never see their own.

    An expert who is named and was not asked yet sees nothing of it.
    """
    person = actor.person_id if actor.kind == "person" else None
    if side is Side.EXPERT and person:
        asked = or_(Dispatch.why.is_(None), Dispatch.why.not_in(sorted(UNASKED)))
        return and_(Dispatch.expert_id == person, asked)
    if side is Side.ORGANISATION and person and actor.organisations:
        mine = sorted(actor.organisations)
        return Dispatch.organisation_id == mine[0] if len(mine) == 1 else Dispatch.organisation_id.in_(mine)
    if side is Side.SECRETARIAT and can(actor, "queue.read"):
        return Dispatch.expert_id.is_distinct_from(actor.person_id) if actor.person_id else true()
    return false()


def _conditions(actor: Actor, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = [_scope(actor, wanted.side), *_days(wanted)]
    if wanted.since_before:
        found.append(Dispatch.status_since < wanted.since_before)
    if wanted.words:
        found.append(_said(wanted.words))
    if wanted.business:
        key = search_key(wanted.business)
        named = select(Business.id).where(Business.search_key.contains(key, autoescape=True) if key else false())
        found.append(Dispatch.business_id.in_(named))
    if wanted.organisation:
        named = select(Organisation.id).where(Organisation.name.icontains(wanted.organisation, autoescape=True))
        found.append(Dispatch.organisation_id.in_(named))
    return found


def _days(wanted: Wanted) -> list[ColumnElement[bool]]:
    firsts = [wanted.first, date(wanted.year, 4, 1) if wanted.year else None]
    lasts = [wanted.last, date(wanted.year + 1, 3, 31) if wanted.year else None]
    return [Dispatch.day >= day for day in firsts if day] + [Dispatch.day <= day for day in lasts if day]


def _plain(words: str) -> str:
    return unicodedata.normalize("NFKC", words).strip().upper()


def _said(words: str) -> ColumnElement[bool]:
    """A whole number by its index; all else by what the title, the business's name or the number holds."""
    text = _plain(words)
    if NUMBER.fullmatch(text):
        return Dispatch.number == text
    keys = [key for key in map(search_key, text.split()[:WORDS_AT_MOST]) if key]
    held = and_(*(Dispatch.search_key.contains(key, autoescape=True) for key in keys)) if keys else false()
    if PART_OF_A_NUMBER.fullmatch(text):
        return or_(held, Dispatch.number.contains(text, autoescape=True))
    return held


def _row(row: AnyRow) -> DispatchRow:
    return DispatchRow(
        id=row.id,
        number=row.number,
        version=row.version,
        status=Status(row.status),
        status_since=row.status_since,
        received_at=row.received_at,
        day=row.day,
        starts=row.starts,
        ends=row.ends,
        why=Why(row.why) if row.why else None,
        title=row.title,
        topic=row.topic,
        business=row.business,
        organisation=row.organisation,
        expert_id=row.expert_id or "",
        expert=row.expert or "",
        grade=Grade(row.grade) if row.grade else None,
        evidence=Evidence(row.evidence) if row.evidence else None,
        yen=row.yen,
    )


def chain(uow: UnitOfWork, view: DispatchView, side: Side) -> tuple[ChainLink, ...]:
    """Who did what when, who holds it now, and what is ahead, as `side` may see it; two statements."""
    return dispatch_chain.chain(view, moves(uow, view), side)


def moves(uow: UnitOfWork, view: DispatchView) -> tuple[Moved, ...]:
    """Every step that was taken, oldest first, with the names of the people who took them."""
    steps = {f"dispatch.{action}": action for action in Action}
    found = [entry for entry in audit.of_subject(uow, "dispatch", view.id) if entry.action in steps]
    names = _names(uow, {entry.actor_id for entry in found if entry.actor_kind == "person"})
    return tuple(_moved(entry, steps[entry.action], names) for entry in found if entry.from_state and entry.to_state)


def _moved(entry: AuditView, action: Action, names: Mapping[str, str]) -> Moved:
    who = names.get(entry.actor_id or "", "") if entry.actor_kind == "person" else ""
    source, target = Status(entry.from_state or ""), Status(entry.to_state or "")
    return Moved(action, source, target, entry.actor_kind, entry.actor_id or "", who, entry.at)


def _names(uow: UnitOfWork, ids: Collection[str | None]) -> dict[str, str]:
    """What people are called: experts as in their application, approvers as they said."""
    if not ids:
        return {}
    rows = uow.session.execute(
        select(Person.id, func.coalesce(Application.name, Person.name))
        .outerjoin(Expert, Expert.person_id == Person.id)
        .outerjoin(Application, Application.id == Expert.application_id)
        .where(Person.id.in_([each for each in ids if each]))
    )
    return {person_id: name or "" for person_id, name in rows}
