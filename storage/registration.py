"""Applications: the draft, what was submitted and decided; lists scoped by who asks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true, union_all, update

from models.rules.fields import Value
from models.rules.normalise import search_key
from models.rules.permissions import Actor, can
from models.rules.registration import State
from models.tables.base import new_id
from models.tables.organisation import Organisation
from models.tables.registration import Application, Decision, DecisionComment, ItemVerdict, Submission
from models.tables.system import Counter
from models.views.registration import QueueRow
from storage.database import AnyRow, AnySelect, UnitOfWork, streamed


def create(
    uow: UnitOfWork,
    person_id: str,
    organisation_id: str,
    inviter_id: str | None,
    invitation_id: str | None,
    now: datetime,
    answers: Mapping[str, Value] | None = None,
) -> str:
    """A new draft; returns its id. `answers`: those of an earlier application, to start from."""
    application = Application(
        id=new_id(),
        person_id=person_id,
        organisation_id=organisation_id,
        inviter_id=inviter_id,
        invitation_id=invitation_id,
        state=State.DRAFT,
        state_since=now,
        created_at=now,
        answers=uow.vault.seal_json(dict(answers or {})),
    )
    _show(application, answers or {})
    uow.session.add(application)
    uow.session.flush()
    return application.id


def latest_id(uow: UnitOfWork, person_id: str) -> str | None:
    """The person's newest application."""
    newest = (
        select(Application.id)
        .where(Application.person_id == person_id)
        .order_by(Application.created_at.desc())
        .limit(1)
    )
    return uow.session.scalar(newest)


def lock(uow: UnitOfWork, application_id: str) -> Application | None:
    """The row, held until the transaction ends: two people at once are served one after the other."""
    return uow.session.scalar(
        select(Application)
        .where(Application.id == application_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def save_answers(uow: UnitOfWork, row: Application, answers: Mapping[str, Value]) -> None:
    """Keep the draft's answers, sealed, and what lists and search need of them (cut to fit while not yet valid)."""
    row.answers = uow.vault.seal_json(dict(answers))
    _show(row, answers)
    row.version += 1
    uow.session.flush()


def _show(row: Application, answers: Mapping[str, Value]) -> None:
    name, kana = str(answers.get("name", "")), str(answers.get("kana", ""))
    row.name = name[:120]
    row.search_key = search_key(f"{name}{kana}")[:240]
    row.prefecture = str(answers.get("prefecture", ""))[:8]


def set_state(uow: UnitOfWork, row: Application, state: State, now: datetime) -> None:
    """Move the row; every move is a new version."""
    row.state = state
    row.state_since = now
    row.version += 1
    row.reminded_at = None
    uow.session.flush()


def next_number(uow: UnitOfWork, name: str) -> int:
    """The next of a running series; two transactions never get the same."""
    bumped = uow.session.scalar(
        update(Counter).where(Counter.name == name).values(value=Counter.value + 1).returning(Counter.value)
    )
    if bumped is not None:
        return bumped
    uow.session.add(Counter(name=name, value=1))
    uow.session.flush()
    return 1


def add_submission(
    uow: UnitOfWork, application_id: str, answers: Mapping[str, Value], paper_ids: Iterable[str], now: datetime
) -> int:
    """Keep a snapshot of what was sent; returns its round (1, 2, …)."""
    round_ = rounds(uow, application_id) + 1
    snapshot = {"answers": dict(answers), "papers": list(paper_ids)}
    uow.session.add(
        Submission(
            application_id=application_id,
            round=round_,
            snapshot=uow.vault.seal_json(snapshot),
            submitted_at=now,
        )
    )
    uow.session.flush()
    return round_


def rounds(uow: UnitOfWork, application_id: str) -> int:
    """How many times the application was submitted."""
    return uow.session.scalar(select(func.count()).where(Submission.application_id == application_id)) or 0


def add_decision(
    uow: UnitOfWork,
    application_id: str,
    round_: int,
    stage: str,
    answer: str,
    actor: Actor,
    now: datetime,
    verdicts: Mapping[str, tuple[str, str]],
    comments: Mapping[str, str],
) -> None:
    """Keep a stage's answer. `verdicts`: item → (verdict, digest); `comments`: item or "" → words."""
    decision = Decision(
        id=new_id(),
        application_id=application_id,
        round=round_,
        stage=stage,
        answer=answer,
        person_id=actor.person_id,
        staff_id=actor.staff_id,
        decided_at=now,
    )
    uow.session.add(decision)
    uow.session.flush()
    for item, (verdict, digest) in verdicts.items():
        uow.session.add(ItemVerdict(decision_id=decision.id, item=item, verdict=verdict, digest=digest))
    for item, comment in comments.items():
        if comment:
            uow.session.add(DecisionComment(decision_id=decision.id, item=item, comment=comment))
    uow.session.flush()


def _scope(actor: Actor) -> ColumnElement[bool]:
    """Which applications an actor may find in lists; the one place that says so."""
    not_own = Application.person_id != actor.person_id if actor.person_id else true()
    if actor.kind == "staff" and can(actor, "queue.read"):
        return not_own
    if actor.kind == "person" and actor.organisations:
        own = Application.organisation_id.in_(actor.organisations)
        return own & not_own & (Application.state != State.DRAFT)
    return false()


_READ = (
    select(
        Application.id, Application.number, Application.name, Application.prefecture, Application.state,
        Application.state_since, Application.version, Organisation.name.label("organisation"),
    )
    .select_from(Application)
    .join(Organisation, Organisation.id == Application.organisation_id)
)  # fmt: skip
"""What a line of a list needs; the sealed answers are not read for it."""


def _rows(found: Sequence[AnyRow], uow: UnitOfWork) -> list[QueueRow]:
    resubmitted = set(
        uow.session.scalars(
            select(Submission.application_id).where(
                Submission.application_id.in_([row.id for row in found]), Submission.round > 1
            )
        )
    )
    return [
        QueueRow(
            id=row.id,
            number=row.number or "",
            name=row.name,
            organisation=row.organisation,
            prefecture=row.prefecture,
            state=State(row.state),
            since=row.state_since,
            version=row.version,
            again=row.id in resubmitted,
        )
        for row in found
    ]


ORDERS = {"age": Application.state_since, "number": Application.number, "name": Application.search_key}
"""What a list may be sorted by; a minus in front turns it round."""


def queue(
    uow: UnitOfWork, actor: Actor, states: Iterable[State], *, words: str = "", limit: int = 50, offset: int = 0,
    order: str = "age",
) -> list[QueueRow]:  # fmt: skip
    """Applications the actor may see in these states, longest waiting first; `words`: part of a name or number."""
    some = select(Application.id).where(*_chosen(actor, states, words)).order_by(*_by(order))
    chosen = some.limit(limit).offset(offset).cte("chosen")
    query = _READ.join(chosen, chosen.c.id == Application.id).order_by(*_by(order))
    return _rows(uow.session.execute(query).all(), uow)


def stream(
    uow: UnitOfWork, actor: Actor, states: Iterable[State], *, words: str = "", order: str = "age"
) -> Iterator[QueueRow]:
    """All that `queue` lists, read from the database bit by bit."""
    query = _READ.where(*_chosen(actor, states, words)).order_by(*_by(order))
    for found in streamed(uow, query):
        yield from _rows(found, uow)


def _by(order: str) -> list[Any]:
    column = ORDERS[order.removeprefix("-")]
    return [column.desc(), Application.id.desc()] if order.startswith("-") else [column, Application.id]


def _chosen(actor: Actor, states: Iterable[State], words: str) -> list[ColumnElement[bool]]:
    found = [_scope(actor), Application.state.in_([*states])]
    return [*found, Application.id.in_(matching(words))] if words else found


def count(
    uow: UnitOfWork, actor: Actor, states: Iterable[State], *, words: str = "", before: datetime | None = None
) -> int:
    """How many `queue` would list in all; `before`: only those that wait since an earlier time."""
    query = select(func.count()).where(_scope(actor), Application.state.in_([*states]))
    if before:
        query = query.where(Application.state_since < before)
    return uow.session.scalar(query.where(Application.id.in_(matching(words))) if words else query) or 0


def waiting(uow: UnitOfWork, actor: Actor) -> dict[State, tuple[int, datetime]]:
    """By state: how many applications the actor may see in it, and since when the oldest is there."""
    rows = uow.session.execute(
        select(Application.state, func.count(), func.min(Application.state_since))
        .where(_scope(actor), Application.state != State.DRAFT)
        .group_by(Application.state)
    )
    return {State(state): (number, oldest) for state, number, oldest in rows}


def neighbours(
    uow: UnitOfWork, actor: Actor, states: Iterable[State], application_id: str, *, words: str = "", order: str = "age"
) -> tuple[str | None, str | None]:
    """The ids before and after an application in the list that `queue` gives for the same arguments."""
    row = uow.session.get(Application, application_id)
    if row is None:
        return None, None
    column = ORDERS[order.removeprefix("-")]
    place = {"age": row.state_since, "number": row.number, "name": row.search_key}[order.removeprefix("-")]
    query = select(Application.id).where(_scope(actor), Application.state.in_([*states]))
    query = query.where(Application.id.in_(matching(words))) if words else query
    earlier = or_(column < place, and_(column == place, Application.id < row.id))
    later = or_(column > place, and_(column == place, Application.id > row.id))
    before = uow.session.scalar(query.where(earlier).order_by(column.desc(), Application.id.desc()).limit(1))
    after = uow.session.scalar(query.where(later).order_by(column, Application.id).limit(1))
    return (after, before) if order.startswith("-") else (before, after)


def matches(words: str) -> ColumnElement[bool]:
    """Applications whose name, kana or number holds the words."""

    def like(text: str) -> str:
        return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"

    key = search_key(words)
    by_name = Application.search_key.like(like(key), escape="\\") if key else false()
    by_number = Application.number.like(like(words.strip().upper()), escape="\\")
    return or_(by_name, by_number)


def matching(words: str, states: Iterable[State] = ()) -> AnySelect:
    """The ids of applications (in some states) that hold the words, found in a narrow index before all else is asked.

    The planner may not mix it in: reading the wide rows for each of many names takes long.
    """
    found = select(Application.id).where(matches(words))
    found = found.where(Application.state.in_([*states])) if states else found
    return select(found.cte("matching").prefix_with("MATERIALIZED", dialect="postgresql").c.id)


def tab_counts(uow: UnitOfWork, actor: Actor, states: Iterable[State], most: int) -> dict[State, int]:
    """How many applications the actor may see in each state, counted no further than `most` + 1."""
    looks = []
    for state in states:
        some = select(Application.state).where(_scope(actor), Application.state == state).limit(most + 1).subquery()
        looks.append(select(func.max(some.c.state), func.count()).select_from(some))
    rows: Sequence[AnyRow] = uow.session.execute(union_all(*looks)).all()
    return {State(state): number for state, number in rows if state}


def in_state(uow: UnitOfWork, state: State) -> list[Application]:
    """Every application in a state, the longest waiting first."""
    return list(
        uow.session.scalars(select(Application).where(Application.state == state).order_by(Application.state_since))
    )


def waiting_since_before(uow: UnitOfWork, state: State, before: datetime) -> list[Application]:
    """Applications that wait in `state` since before `before` and were not yet reminded of."""
    late = select(Application).where(
        Application.state == state, Application.state_since < before, Application.reminded_at.is_(None)
    )
    return list(uow.session.scalars(late.order_by(Application.state_since).limit(200)))
