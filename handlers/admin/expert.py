"""One expert: who they are, what they were given and said, what happened; and 停止・停止を解く・終了."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.profile import hours_words, item_word
from bot.text import t
from handlers import sheet
from handlers.admin import audit, lists
from handlers.admin.context import actor, now, services
from handlers.admin.experts import EXPERTS
from handlers.admin.listing import clean, whole
from handlers.admin.lists import Asked
from handlers.admin.person import ways
from handlers.usecases import commission
from models.rules.calendar import format_datetime, to_jst
from models.rules.errors import DomainError, NotFound, Stale
from models.rules.permissions import Actor, can
from models.rules.profile import weekly_off_words
from models.views.registration import ApplicationView
from storage import appointment, audit_lists, expert_lists, experts, profile, registration_views
from storage.database import UnitOfWork

SHOWN = ("phone", "mail", "affiliation", "prefecture", "specialities", "qualifications", "requirement")
TIMELINE = 100
Steer = Callable[[UnitOfWork, Actor, str, int, str, datetime], ApplicationView]


@dataclass(frozen=True)
class Act:
    """Something a clerk may do to a commission: its button, what is asked before it, and what it does."""

    key: str
    button: str
    question: str
    note: str
    steer: Steer
    permission: str
    grave: bool = True


ACTS: Mapping[str, Act] = {
    act.key: act
    for act in (
        Act(
            "suspend", "停止する", "さんの委嘱を停止しますか？",
            "停止中は、派遣を頼まれたりチェックインしたりできません。あとで解くことができます。", commission.suspend,
            "commission.suspend",
        ),
        Act(
            "lift", "停止を解く", "さんの停止を解きますか？",
            "これまでどおり活動できるようになります。", commission.lift,
            "commission.lift", grave=False,
        ),
        Act(
            "end", "委嘱を終える", "さんの委嘱を終えますか？",
            "取り消せません。もう一度登録するには、支援機関の新しい招待と審査が必要です。", commission.end,
            "commission.end",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """An action as it was sent, and why it was not carried out."""

    act: str = ""
    reason: str = ""
    fault: str = ""
    stale: bool = False


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/experts/<row_id:person_id>"
    bp.add_url_rule(one, view_func=expert)
    bp.add_url_rule(f"{one}/<any(suspend,lift,end):act>", view_func=steer, methods=["POST"])


def expert(person_id: str) -> ResponseReturnValue:
    """The page of one expert."""
    return _page(person_id, lists.read(EXPERTS, request.args))


def steer(person_id: str, act: str) -> ResponseReturnValue:
    """Suspend, lift or end with a reason; a refusal shows the page as it is now, and what was typed."""
    asked, version = lists.read(EXPERTS, request.args), whole(request.form.get("version", ""))
    reason = clean(request.form.get("reason", ""))
    try:
        with services().database.unit() as uow:
            held = experts.of_person(uow, person_id)
            if held is None:
                raise NotFound
            view = ACTS[act].steer(uow, actor(), held.application_id, version, reason, now())
    except Stale as error:
        return _page(person_id, asked, Typed(act, reason, error.code, stale=True), 409)
    except NotFound:
        raise
    except DomainError as error:
        return _page(person_id, asked, Typed(act, reason, t(error.code, **error.data)), 422)
    services().told(uow.told)
    flash(t(f"expert.done_{act}", name=view.name))
    return redirect(url_for("admin.expert", person_id=person_id, **asked.link()))


def _page(person_id: str, asked: Asked, typed: Typed | None = None, status: int = 200) -> ResponseReturnValue:
    with services().database.read() as uow:
        found = _found(uow, person_id)
    view = found["view"]
    typed = typed or Typed()
    if typed.stale:
        typed = Typed(typed.act, typed.reason, _what_changed(found["timeline"], view))
    page = render_template(
        "admin/expert.html", **found, asked=asked, typed=typed, sheet=sheet, shown=SHOWN,
        acts=[act for act in ACTS.values() if can(actor(), act.permission, view.subject)],
        most=commission.REASON_MAX, said=audit.said, by=audit.by, moved=audit.moved, item_word=item_word,
        hours_words=hours_words, weekly_off_words=weekly_off_words, may_audit=can(actor(), "audit.read"),
    )  # fmt: skip
    return page, status


def _found(uow: UnitOfWork, person_id: str) -> dict[str, Any]:
    """All the page shows; NotFound for nobody, for oneself, and for who was never commissioned."""
    held = experts.of_person(uow, person_id)
    view = registration_views.load(uow, held.application_id) if held else None
    settings = profile.view(uow, person_id, to_jst(now()).date())
    if not (held and view and settings and can(actor(), "application.read", view.subject)):
        raise NotFound
    applications = expert_lists.applications_of(uow, person_id)
    ids = [each.id for each in applications]
    return {
        "view": view,
        "profile": settings,
        "since": to_jst(held.since).date(),
        "applications": applications,
        "letters": appointment.letters_of(uow, ids),
        "terms": expert_lists.terms_answers(uow, ids),
        "reasons": experts.reasons(uow, view.id),
        "timeline": audit_lists.of_expert(uow, person_id, ids, TIMELINE),
        "ways": ways(person_id, "admin.expert", expert=True),
    }


def _what_changed(timeline: list[audit.AuditLine], view: ApplicationView) -> str:
    """The last move of the application: who did what, and when."""
    last = next((line for line in timeline if line.subject_id == view.id and line.to_state), None)
    if last is None:
        return t("expert.changed")
    at = format_datetime(last.at)
    return t("expert.moved", at=at, who=audit.by(last), what=audit.said(last), state=t(f"state.{view.state}"))
