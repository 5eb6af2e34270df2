"""支援機関: who approves where, adding one, and codes for its approvers."""

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.utils import redirect

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.listing import PER_PAGE, clean, pages, read_page, read_words
from handlers.usecases import invitation
from handlers.usecases import organisation as usecase
from models.rules.errors import NotPossible
from models.rules.invitation import APPROVER
from models.rules.permissions import can
from models.rules.regions import REGIONS
from storage import organisations


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/organisations", view_func=organisation_list)
    bp.add_url_rule("/organisations", view_func=create, methods=["POST"])
    bp.add_url_rule("/organisations/<row_id:organisation_id>/code", view_func=issue_code, methods=["POST"])


def organisation_list(error: str | None = None) -> ResponseReturnValue:
    """The list, by name; those without an approver are flagged."""
    words = read_words(request.args)
    with services().database.read() as uow:
        total = organisations.count(uow, words)
        page = min(read_page(request.args), pages(total))
        rows = organisations.listed(uow, words, PER_PAGE, (page - 1) * PER_PAGE)
    values = {
        "rows": rows, "total": total, "page": page, "pages": pages(total), "words": words,
        "regions": REGIONS, "form": FlaskForm(), "error": error, "typed": request.form,
        "may": can(actor(), "approver_code.issue"),
    }  # fmt: skip
    return render_template("admin/organisations.html", **values), 422 if error else 200


def create() -> ResponseReturnValue:
    """Add an organisation; then the list that shows it."""
    name = clean(request.form.get("name", "")).replace("\n", " ")
    try:
        with services().database.unit() as uow:
            usecase.create(uow, actor(), name, request.form.get("prefecture", ""), now())
    except NotPossible as error:
        return organisation_list(t(error.code, **error.data))
    return redirect(url_for("admin.organisation_list", q=" ".join(name.split())))


def issue_code(organisation_id: str) -> ResponseReturnValue:
    """A new code for an approver: shown once, on the answer to the click."""
    at = now()
    with services().database.unit() as uow:
        name = organisations.name_of(uow, organisation_id)
        if not name:
            abort(404)
        code = invitation.issue(uow, actor(), organisation_id, APPROVER, at)
    until = at + invitation.VALID_FOR
    return render_template("admin/code.html", name=name, code=code, until=until)
