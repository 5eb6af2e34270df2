"""One support organisation: its name, who approves for it, and the codes that lead to it."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.screens.invitation import ended
from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.usecases import invitation
from handlers.usecases import organisation as usecase
from models.rules.calendar import format_date, to_jst
from models.rules.errors import NotFound, NotPossible
from models.rules.invitation import APPROVER, CodeState, masked
from models.rules.normalise import tidy
from models.rules.permissions import can
from models.rules.regions import REGIONS
from models.views.organisation import CodeView
from storage import invitations, organisations
from storage.database import Conflict, UnitOfWork

SUGGESTED = 500
KINDS = {APPROVER: "担当者用"}


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/organisations/<row_id:organisation_id>"
    member = f"{one}/approvers/<row_id:person_id>"
    bp.add_url_rule(one, view_func=organisation)
    bp.add_url_rule(one, view_func=change_organisation, methods=["POST"])
    bp.add_url_rule(f"{member}/remove", view_func=remove_approver, methods=["POST"])
    bp.add_url_rule(f"{member}/move", view_func=move_approver, methods=["POST"])
    bp.add_url_rule(f"{one}/codes/<row_id:invitation_id>/revoke", view_func=revoke_code, methods=["POST"])


def organisation(organisation_id: str, error: str = "", at: str = "") -> ResponseReturnValue:
    """The page; `error` is shown at the part `at`: change, move-<person> or the top."""
    shown_at = now()
    with services().database.read() as uow:
        view = organisations.view(uow, organisation_id)
        if view is None:
            raise NotFound
        members = organisations.members(uow, organisation_id)
        codes = invitations.of_organisation(uow, organisation_id, shown_at)
        others = organisations.listed(uow, limit=SUGGESTED)
    values = {
        "view": view, "members": members, "regions": REGIONS, "error": error, "at": at,
        "codes": [(code, code.state(shown_at)) for code in codes], "said": _said, "kinds": KINDS,
        "open": CodeState.OPEN,
        "others": [other.name for other in others if other.id != organisation_id],
        "may": can(actor(), "organisation.manage"), "typed": request.form,
    }  # fmt: skip
    return render_template("admin/organisation.html", **values), 422 if error else 200


def _said(code: CodeView, state: CodeState) -> str:
    """The state of a code in words, as on LINE."""
    return t(f"invitation.state_{state}", at=format_date(to_jst(ended(code, state)).date()))


def _done(organisation_id: str, act: Callable[[UnitOfWork], str], at: str = "") -> ResponseReturnValue:
    """Carry something out and say so on the page; a refusal shows the page as it is now, with why."""
    try:
        with services().database.unit() as uow:
            words = act(uow)
    except NotPossible as refused:
        return organisation(organisation_id, t(refused.code, **refused.data), at)
    services().told(uow.told)
    flash(words)
    return redirect(url_for("admin.organisation", organisation_id=organisation_id))


def change_organisation(organisation_id: str) -> ResponseReturnValue:
    """Another name or prefecture."""
    name = tidy(request.form.get("name", ""))

    def act(uow: UnitOfWork) -> str:
        usecase.change(uow, actor(), organisation_id, name, request.form.get("prefecture", ""), now())
        return t("organisation.saved")

    try:
        return _done(organisation_id, act, "change")
    except Conflict:
        return organisation(organisation_id, t("organisation.exists", name=name), "change")


def remove_approver(organisation_id: str, person_id: str) -> ResponseReturnValue:
    """外す."""

    def act(uow: UnitOfWork) -> str:
        person = usecase.remove_approver(uow, actor(), organisation_id, person_id, now())
        return t("organisation.removed", name=person.name or t("approval.somebody"))

    return _done(organisation_id, act)


def move_approver(organisation_id: str, person_id: str) -> ResponseReturnValue:
    """ほかの支援機関へ移す."""
    target = tidy(request.form.get("target", ""))

    def act(uow: UnitOfWork) -> str:
        person, to = usecase.move_approver(uow, actor(), organisation_id, person_id, target, now())
        return t("organisation.moved", name=person.name or t("approval.somebody"), organisation=to.name)

    return _done(organisation_id, act, f"move-{person_id}")


def revoke_code(organisation_id: str, invitation_id: str) -> ResponseReturnValue:
    """取り消す of a code of this organisation."""

    def act(uow: UnitOfWork) -> str:
        code = invitation.revoke(uow, actor(), invitation_id, now())
        if code.organisation_id != organisation_id:
            raise NotFound
        return t("organisation.code_revoked", code=masked(code.code))

    return _done(organisation_id, act)
