"""What a commissioned expert says of being dispatched, and the answers that change without a review (`domain.md` 2, 3).

Each save names what its screen showed before (`seen`): a second device that was faster is not overwritten. Single days
off are merged instead, for each day stands for itself.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from handlers.usecases.registration.draft import open_for
from models.rules.calendar import to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.fields import FIELD_BY_KEY, Value
from models.rules.permissions import Actor, can
from models.rules.profile import HIDEABLE, TIMES, hours_of, last_day, merged, weekly_off_of
from models.rules.registration import invalid_fields
from models.tables.expert import Expert
from models.tables.registration import Application
from models.views.profile import ProfileView
from storage import audit, experts, people, profile, registration, registration_views
from storage.database import UnitOfWork

FREE = {"contact": ("phone", "mail"), "specialities": ("specialities",)}
"""Answers of the application that an expert changes without asking, by section of the page."""
NOTED = {"contact": "profile.contact", "specialities": "profile.specialities"}
"""What the audit calls it."""


def begin(uow: UnitOfWork, person_id: str, answers: Mapping[str, Value]) -> None:
    """A new expert goes on from the hours and weekly days off of 詳細申請."""
    row = profile.lock(uow, person_id)
    if row:
        profile.set_times(row, weekly_off_of(answers.get("weekly_off", [])), hours_of(answers.get("hours", "")))


def own(uow: UnitOfWork, actor: Actor, person_id: str, now: datetime) -> ProfileView:
    """The profile of the actor, while the commission lasts; NotFound otherwise and for everybody else."""
    found = profile.view(uow, person_id, to_jst(now).date()) if actor.person_id == person_id else None
    held = registration_views.load(uow, found.application_id) if found else None
    if found is None or held is None or not can(actor, "profile.edit", held.subject):
        raise NotFound
    return found


def of_person(uow: UnitOfWork, actor: Actor, now: datetime) -> ProfileView | None:
    """The same for a talk: None for whoever has no profile (yet, or any more)."""
    try:
        return own(uow, actor, actor.person_id or "", now)
    except NotFound:
        return None


def _open(uow: UnitOfWork, actor: Actor, now: datetime) -> tuple[Application, Expert, ProfileView]:
    """The rows, locked in this order, and the view; NotFound unless the commission lasts."""
    shown = own(uow, actor, actor.person_id or "", now)
    try:
        application, _ = open_for(uow, actor, shown.application_id, "profile.edit")
    except NotAllowed:
        raise NotFound from None
    row = profile.lock(uow, shown.person_id)
    if row is None:
        raise NotFound
    return application, row, own(uow, actor, shown.person_id, now)


def set_accepting(uow: UnitOfWork, actor: Actor, now: datetime, *, accepting: bool) -> ProfileView:
    """受付を止める or 受付を再開する; a second tap changes nothing."""
    _, row, shown = _open(uow, actor, now)
    if shown.halted:
        raise NotPossible("profile.halted")
    if shown.accepting != accepting:
        profile.set_accepting(row, accepting=accepting)
        _note(uow, actor, shown, "profile.accepting", now, "on" if accepting else "off")
    return own(uow, actor, shown.person_id, now)


def save_times(uow: UnitOfWork, actor: Actor, seen: str, typed: Mapping[str, Value], now: datetime) -> None:
    """定休日 and daily hours, as the fields of 詳細申請 hold them; what does not hold is refused."""
    _, row, shown = _open(uow, actor, now)
    if invalid_fields(TIMES, typed):
        raise NotPossible("profile.not_accepted")
    hours, weekly_off = hours_of(typed["hours"]), weekly_off_of(typed.get("weekly_off", []))
    if (shown.weekly_off, shown.hours) == (weekly_off, hours):
        return
    _not_stale(shown, "times", seen)
    profile.set_times(row, weekly_off, hours)
    detail = f"{hours.opens}-{hours.closes} {','.join(map(str, sorted(weekly_off)))}"
    _note(uow, actor, shown, "profile.times", now, detail)


def save_shown(uow: UnitOfWork, actor: Actor, seen: str, hidden: Iterable[str], now: datetime) -> None:
    """Which items the search shows; unknown ones are left out."""
    _, row, shown = _open(uow, actor, now)
    wanted = frozenset(hidden) & frozenset(HIDEABLE)
    if shown.hidden == wanted:
        return
    _not_stale(shown, "shown", seen)
    profile.set_hidden(row, wanted)
    _note(uow, actor, shown, "profile.shown", now, ",".join(sorted(wanted)))


def save_days_off(
    uow: UnitOfWork, actor: Actor, was: Collection[date], wanted: Collection[date], now: datetime
) -> frozenset[date]:
    """Mark what was marked and unmark what was unmarked on a calendar that showed `was`; returns the days off now."""
    _, row, shown = _open(uow, actor, now)
    today = to_jst(now).date()
    possible = {day for day in (*was, *wanted) if today <= day <= last_day(today)}
    after = merged(shown.days_off, frozenset(was) & possible, frozenset(wanted) & possible)
    added, removed = after - shown.days_off, shown.days_off - after
    if added or removed:
        profile.set_days_off(uow, row, added, removed)
        _note(uow, actor, shown, "profile.days_off", now, f"+{len(added)} -{len(removed)}")
    return after


def save_answers(
    uow: UnitOfWork, actor: Actor, section: str, seen: str, typed: Mapping[str, Value], now: datetime
) -> None:
    """Contact or fields of expertise, into the application's answers; what does not hold is refused."""
    keys = FREE[section]
    application, _, shown = _open(uow, actor, now)
    answers = {**shown.answers, **{key: typed.get(key, "") for key in keys}}
    changed = [key for key in keys if answers[key] != shown.answers.get(key)]
    if not changed:
        return
    _not_stale(shown, section, seen)
    if invalid_fields([FIELD_BY_KEY[key] for key in keys], answers):
        raise NotPossible("profile.not_accepted")
    registration.save_answers(uow, application, answers)
    if "mail" in changed:
        people.set_mail(uow, shown.person_id, str(answers["mail"]))
    if "specialities" in changed:
        experts.set_specialities(uow, shown.person_id, answers["specialities"])
    _note(uow, actor, shown, NOTED[section], now, ",".join(changed))


def _not_stale(shown: ProfileView, section: str, seen: str) -> None:
    if shown.mark(section) != seen:
        raise Stale("profile.changed_elsewhere")


def _note(uow: UnitOfWork, actor: Actor, shown: ProfileView, action: str, now: datetime, detail: str) -> None:
    audit.record(uow, actor, action, ("application", shown.application_id), now, detail=detail)
