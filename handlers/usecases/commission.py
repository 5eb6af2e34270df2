"""A commission from its first day to its last: renewal, leaving, suspension, lifting, end (`domain.md` 2)."""

from datetime import date, datetime

from handlers.usecases import roles, step, tell
from handlers.usecases.registration.draft import open_for
from models.notices import CommissionSteered, ExpertMoved
from models.rules.calendar import format_date, to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible, Stale
from models.rules.permissions import Actor, can
from models.rules.registration import Action, State
from models.tables.registration import Application
from models.views.registration import ApplicationView
from storage import experts, registration, registration_views
from storage.database import UnitOfWork

REASON_MAX = 500


def continue_(uow: UnitOfWork, actor: Actor, application_id: str, ends: date, now: datetime) -> ApplicationView:
    """続ける, to the question about the year that ends on `ends`: the terms come next; until then nothing changes."""
    row, view = open_for(uow, actor, application_id, "commission.answer")
    if view.state is not State.RENEWAL_DUE or view.ends != ends:
        raise Stale("commission.asked_before")
    if ends < to_jst(now).date():
        raise NotPossible("commission.over", day=format_date(ends))
    step.take(uow, actor, row, Action.CONTINUE, now, ends.isoformat())
    return registration_views.view_of(uow, row)


def leave(uow: UnitOfWork, actor: Actor, application_id: str, version: int, now: datetime) -> ApplicationView:
    """登録をやめる: the commission ends today. `version` is what the confirmation showed."""
    row, view = open_for(uow, actor, application_id, "commission.answer")
    if view.version != version:
        raise Stale("commission.changed")
    return depart(uow, actor, row, view, now)


def depart(
    uow: UnitOfWork, actor: Actor, row: Application, view: ApplicationView, now: datetime, detail: str | None = None
) -> ApplicationView:
    """The expert leaves, by saying so or by declining what the renewal needs; the inviter is told."""
    step.take(uow, actor, row, Action.LEAVE, now, detail)
    tell.inviter(uow, row, ExpertMoved(view.number, view.name, Action.LEAVE), now)
    return registration_views.view_of(uow, row)


def suspend(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, reason: str, now: datetime
) -> ApplicationView:
    """停止: the expert is not dispatched until this is lifted; an unfinished renewal begins anew then."""
    return _steer(uow, actor, application_id, version, Action.SUSPEND, reason, now)


def lift(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, reason: str, now: datetime
) -> ApplicationView:
    """停止を解く: active again, for as long as the letter runs."""
    return _steer(uow, actor, application_id, version, Action.LIFT, reason, now)


def end(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, reason: str, now: datetime
) -> ApplicationView:
    """委嘱を終える: for good; a new invitation opens a new application."""
    return _steer(uow, actor, application_id, version, Action.END, reason, now)


PERMISSIONS = {
    Action.SUSPEND: "commission.suspend",
    Action.LIFT: "commission.lift",
    Action.END: "commission.end",
}


def _steer(
    uow: UnitOfWork, actor: Actor, application_id: str, version: int, action: Action, reason: str, now: datetime
) -> ApplicationView:
    row = registration.lock(uow, application_id)
    if row is None:
        raise NotFound
    view = registration_views.view_of(uow, row)
    if not can(actor, "application.read", view.subject):
        raise NotFound
    if view.version != version:
        raise Stale("commission.changed")
    if not can(actor, PERMISSIONS[action], view.subject):
        raise NotAllowed
    words = reason.replace("\x00", "").strip()
    if not words:
        raise NotPossible("commission.no_reason")
    if len(words) > REASON_MAX:
        raise NotPossible("commission.reason_long", most=str(REASON_MAX))
    experts.keep_reason(uow, row.id, action, words, actor.staff_id, now)
    step.take(uow, actor, row, action, now)
    tell.person(uow, row.person_id, CommissionSteered(view.number, action, words), now)
    tell.inviter(uow, row, ExpertMoved(view.number, view.name, action), now)
    roles.show_menu_of(uow, row.person_id, now)
    return registration_views.view_of(uow, row)
