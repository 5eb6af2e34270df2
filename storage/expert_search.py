"""The search for an expert to ask: as many statements for 100,000 experts as for ten.

The first finds the ids of a page. Its candidates come out of narrow indexes alone (region and state, fields, what the
expert says of being dispatched), and whoever is taken on a day is a small set that is looked up once a time. The second
reads and opens the answers of those on the page; two more say when they are free.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import jpholiday
from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Label,
    ScalarSelect,
    String,
    Subquery,
    and_,
    column,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    values,
)
from sqlalchemy.orm import InstrumentedAttribute

from models.rules.booking import Time, days_of, is_free, minutes_of
from models.rules.calendar import to_jst
from models.rules.dispatch import FIXED
from models.rules.fields import Value, as_text
from models.rules.normalise import search_key
from models.rules.offices import distances
from models.rules.permissions import Actor, can
from models.rules.place import Point
from models.rules.profile import HOLIDAY, Hours
from models.rules.registration import APPOINTING, State
from models.tables.appointment import CommissionLetter
from models.tables.dispatch import Dispatch
from models.tables.expert import DayOff, Expert, ExpertSpeciality
from models.tables.registration import Application
from models.tables.visit import Visit
from models.views.expert_search import Found, FoundExpert, Wanted
from storage.database import AnyRow, AnySelect, UnitOfWork

SERVING = sorted(APPOINTING | {State.ACTIVE, State.RENEWAL_DUE})
"""Where the application of somebody in force stands (models.rules.commission); an index holds these alone."""
NOWHERE = 10**8
"""Metres to an expert who named no prefecture."""
SPARE = 50
"""How many more than a page are sorted, for some may have run out today and not be ended yet."""


def search(uow: UnitOfWork, actor: Actor, wanted: Wanted, today: date, limit: int, offset: int = 0) -> Found:
    """A page of the experts who are in force and take requests, never the actor's own self.

    `total` counts those whose letter ran out last night until the morning's job ends them; they are never listed.
    """
    if not can(actor, "experts.search"):
        return Found((), 0)
    first = _sorted(_candidates(actor, wanted), wanted, limit + offset + SPARE).subquery("first")
    ends = select(func.max(CommissionLetter.ends)).where(
        CommissionLetter.application_id == first.c.application_id, CommissionLetter.accepted_at.is_not(None)
    )
    lasting = select(first).where(func.coalesce(ends.scalar_subquery(), today) >= today)
    by = (first.c.metres, first.c.visits.desc(), first.c.search_key, first.c.person_id)
    rows = uow.session.execute(lasting.order_by(*by).limit(limit).offset(offset)).all()
    if not rows:
        return Found((), 0)
    return Found(_experts(uow, [row.person_id for row in rows], wanted), rows[0].total)


def _candidates(actor: Actor, wanted: Wanted) -> CTE:
    """Everybody who matches, with what the orders need. Materialized: or the wide rows would be read one by one."""
    query = (
        select(
            Expert.person_id, Expert.application_id, Expert.weekly_off, Expert.opens, Expert.closes,
            Application.prefecture, Application.search_key,
        )
        .select_from(Application)
        .join(Expert, Expert.application_id == Application.id)
        .where(Expert.accepting, Application.state.in_(SERVING))
    )  # fmt: skip
    if actor.person_id:
        query = query.where(Expert.person_id != actor.person_id)
    if wanted.speciality:
        able = (ExpertSpeciality.person_id == Expert.person_id) & (ExpertSpeciality.speciality == wanted.speciality)
        query = query.join(ExpertSpeciality, able)
    if wanted.prefectures:
        query = query.where(Application.prefecture.in_([*wanted.prefectures]))
    if wanted.words:
        key = search_key(wanted.words)
        query = query.where(Application.search_key.contains(key, autoescape=True) if key else false())
    found = query.cte("candidates").prefix_with("MATERIALIZED", dialect="postgresql")
    if not (wanted.only_free and wanted.times):
        return found
    return select(found).where(or_(*(_free(found, time) for time in wanted.times))).cte("free")


def _free(found: CTE, time: Time) -> ColumnElement[bool]:
    """Whether a candidate can come then: what `models.rules.booking.is_free` says, for the database."""
    opens, closes = minutes_of(time)
    round_the_clock = (found.c.opens == 0) & (found.c.closes >= 24 * 60)
    return and_(
        *(not_(found.c.weekly_off.contains(str(day))) for day in _weekdays(days_of(time))),
        or_(round_the_clock, (found.c.opens <= opens) & (found.c.closes >= closes)),
        found.c.person_id.not_in(select(DayOff.person_id).where(DayOff.day.in_(days_of(time)))),
        found.c.person_id.not_in(select(Dispatch.expert_id).where(*_taken([time]), Dispatch.expert_id.is_not(None))),
    )


def _weekdays(days: Iterable[date]) -> Sequence[int]:
    """The weekdays, and 7 for a public holiday, that these days are."""
    return sorted({day.weekday() for day in days} | {HOLIDAY for day in days if jpholiday.is_holiday(day)})


def _taken(times: Sequence[Time]) -> tuple[ColumnElement[bool], ...]:
    """Fixed dispatches that overlap one of these times; `day` narrows them down by an index."""
    first, last = min(starts for starts, _ in times), max(ends for _, ends in times)
    return (
        Dispatch.day.between(to_jst(first).date() - timedelta(days=1), to_jst(last).date()),
        Dispatch.status.in_(sorted(FIXED)),
        or_(*((Dispatch.starts < ends) & (Dispatch.ends > starts) for starts, ends in times)),
    )


def _sorted(found: CTE, wanted: Wanted, most: int) -> AnySelect:
    """The first `most` ids with the total and the keys they are sorted by; what an order does not use is the same."""
    total = select(func.count()).select_from(found).scalar_subquery().label("total")
    if wanted.order == "name":
        keys = (_same("metres", 0), _same("visits", 0), found.c.search_key)
        by_name = select(found.c.person_id, found.c.application_id, total, *keys)
        return by_name.order_by(found.c.search_key, found.c.person_id).limit(most)
    near = _nearest(found, wanted.near, most) if wanted.order == "near" and wanted.near else None
    of = found if near is None else near
    metres = _same("metres", 0) if near is None else near.c.metres
    counted = None if near is not None or wanted.narrow else _visits_of_all()
    visits = (func.coalesce(counted.c.visits, 0) if counted is not None else _visits(of.c.person_id)).label("visits")
    query = select(of.c.person_id, of.c.application_id, total, metres, visits, _same("search_key", "")).select_from(of)
    query = query if counted is None else query.outerjoin(counted, counted.c.expert_id == of.c.person_id)
    return query.order_by(metres, visits.desc(), of.c.person_id).limit(most)


def _visits(person_id: ColumnElement[str] | InstrumentedAttribute[str]) -> ScalarSelect[int]:
    """How often one expert was there."""
    return select(func.count()).where(Visit.expert_id == person_id, Visit.came_at.is_not(None)).scalar_subquery()


def _visits_of_all() -> Subquery:
    """The same of every expert at once: quicker than asking for each where hardly anybody is left out."""
    count = func.count().label("visits")
    return (
        select(Visit.expert_id, count).where(Visit.came_at.is_not(None)).group_by(Visit.expert_id).subquery("counted")
    )


def _same(name: str, value: str | int) -> Label[str | int]:
    return literal(value).label(name)


def _nearest(found: CTE, place: Point, most: int) -> CTE:
    """The candidates of the nearest prefectures that hold `most` of them, with the distance."""
    offices = values(column("prefecture", String), column("metres", Integer), name="offices")
    known = offices.data([*distances(place).items()]).cte("offices")
    counts = select(found.c.prefecture, func.count().label("held")).group_by(found.c.prefecture).cte("counts")
    metres = func.coalesce(known.c.metres, NOWHERE).label("metres")
    nearer = func.sum(counts.c.held).over(order_by=[metres, counts.c.prefecture]) - counts.c.held
    ranked = (
        select(counts.c.prefecture, metres, nearer.label("nearer"))
        .outerjoin_from(counts, known, known.c.prefecture == counts.c.prefecture)
        .cte("ranked")
    )
    return (
        select(found.c.person_id, found.c.application_id, ranked.c.metres)
        .join(ranked, ranked.c.prefecture == found.c.prefecture)
        .where(ranked.c.nearer < most)
        .cte("nearest")
    )


def _experts(uow: UnitOfWork, ids: Sequence[str], wanted: Wanted) -> tuple[FoundExpert, ...]:
    """What is shown of each, in the order of `ids`."""
    query = (
        select(
            Expert.person_id, Expert.weekly_off, Expert.opens, Expert.closes, Expert.hidden, Application.name,
            Application.prefecture, Application.answers, _visits(Expert.person_id).label("visits"),
        )
        .join(Application, Application.id == Expert.application_id)
        .where(Expert.person_id.in_(ids))
    )  # fmt: skip
    rows = {row.person_id: row for row in uow.session.execute(query)}
    days_off, busy = (_days_off(uow, ids, wanted.times), _busy(uow, ids, wanted.times)) if wanted.times else ({}, {})
    metres = distances(wanted.near) if wanted.near else {}
    return tuple(
        _expert(
            rows[key],
            uow.vault.open_json(rows[key].answers),
            metres.get(rows[key].prefecture),
            tuple(_comes(rows[key], time, days_off, busy) for time in wanted.times),
        )
        for key in ids
        if key in rows
    )


def _expert(row: AnyRow, answers: Mapping[str, Value], distance: int | None, free: tuple[bool, ...]) -> FoundExpert:
    hidden = set(row.hidden.split(","))

    def shown(key: str) -> str:
        return "" if key in hidden else as_text(answers.get(key, ""))

    qualifications = () if "qualifications" in hidden else tuple(answers.get("qualifications", ()))
    return FoundExpert(
        person_id=row.person_id,
        name=row.name,
        kana=as_text(answers.get("kana", "")),
        prefecture=row.prefecture,
        specialities=tuple(answers.get("specialities", ())),
        qualifications=qualifications,
        affiliation=shown("affiliation"),
        strengths=shown("strengths"),
        career_history=shown("career_history"),
        support_record=shown("support_record"),
        visits=row.visits,
        distance=distance,
        free=free,
    )


def _comes(row: AnyRow, time: Time, days_off: Mapping[str, set[date]], busy: Mapping[str, list[Time]]) -> bool:
    weekly_off = {int(day) for day in row.weekly_off.split(",") if day}
    key, hours = row.person_id, Hours(row.opens, row.closes)
    return is_free(time, weekly_off, hours, days_off.get(key, ()), busy.get(key, ()))


def _days_off(uow: UnitOfWork, ids: Sequence[str], times: Sequence[Time]) -> dict[str, set[date]]:
    days = {day for time in times for day in days_of(time)}
    found: dict[str, set[date]] = {}
    query = select(DayOff.person_id, DayOff.day).where(DayOff.person_id.in_(ids), DayOff.day.in_(days))
    for person_id, day in uow.session.execute(query):
        found.setdefault(person_id, set()).add(day)
    return found


def _busy(uow: UnitOfWork, ids: Sequence[str], times: Sequence[Time]) -> dict[str, list[Time]]:
    found: dict[str, list[Time]] = {}
    query = select(Dispatch.expert_id, Dispatch.starts, Dispatch.ends)
    for person_id, starts, ends in uow.session.execute(query.where(Dispatch.expert_id.in_(ids), *_taken(times))):
        if person_id and starts and ends:
            found.setdefault(person_id, []).append((starts, ends))
    return found
