"""支援機関: who approves where, adding one, and codes for its approvers."""

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from bot.text import t
from handlers.admin import lists
from handlers.admin.context import actor, now, services
from handlers.admin.lists import Choice, Column, ListPage
from handlers.usecases import invitation
from handlers.usecases import organisation as usecase
from models.rules.errors import NotPossible
from models.rules.invitation import APPROVER
from models.rules.normalise import tidy
from models.rules.permissions import can
from models.rules.regions import PREFECTURES, REGIONS
from models.views.people import OrganisationRow
from storage import organisations

ORGANISATIONS = ListPage[OrganisationRow](
    endpoint="organisation_list",
    title="支援機関",
    columns=(
        Column("name", "名前", lambda row: row.name, sortable=True),
        Column("prefecture", "都道府県", lambda row: row.prefecture, sortable=True),
        Column("approvers", "担当者", lambda row: row.approvers, sortable=True, number=True),
        Column("code", "招待", lambda _: "", exported=False),
        Column("id", "ID", lambda row: row.id, shown=False),
    ),
    count=lambda uow, asked: organisations.count(uow, asked.words, asked["prefecture"], lonely=asked["lonely"] == "1"),
    rows=lambda uow, asked, limit, offset: organisations.listed(
        uow, asked.words, limit, offset,
        prefecture=asked["prefecture"], lonely=asked["lonely"] == "1", order=asked.order,
    ),
    order="name", searched="名前・都道府県", none="合う支援機関はありません。",
    empty="下の欄で加えると、ここに並びます。", here="organisation", template="admin/organisations.html",
    link=lambda row, _asked: url_for("admin.organisation", organisation_id=row.id),
    filters=(
        Choice("prefecture", "都道府県", [(name, name) for name in PREFECTURES]),
        Choice("lonely", "担当者", [("1", "いない支援機関だけ")]),
    ),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/organisations", ORGANISATIONS, organisation_list)
    bp.add_url_rule("/organisations", view_func=create, methods=["POST"])
    bp.add_url_rule("/organisations/<row_id:organisation_id>/code", view_func=issue_code, methods=["POST"])


def organisation_list(error: str | None = None) -> ResponseReturnValue:
    """The list, by name; those without an approver are flagged."""
    may = can(actor(), "approver_code.issue")
    values = {"regions": REGIONS, "error": error, "typed": request.form, "may": may}
    return lists.show(ORGANISATIONS, 422 if error else 200, () if may else ("code",), **values)


def create() -> ResponseReturnValue:
    """Add an organisation; then the list that shows it."""
    name = tidy(request.form.get("name", ""))
    try:
        with services().database.unit() as uow:
            usecase.create(uow, actor(), name, request.form.get("prefecture", ""), now())
    except NotPossible as error:
        return organisation_list(t(error.code, **error.data))
    return redirect(url_for("admin.organisation_list", q=name))


def issue_code(organisation_id: str) -> ResponseReturnValue:
    """A new code for an approver: shown once, on the answer to the click."""
    at = now()
    with services().database.unit() as uow:
        name = organisations.name_of(uow, organisation_id)
        if not name:
            abort(404)
        code = invitation.issue(uow, actor(), organisation_id, APPROVER, at)
        until = invitation.open_until(uow, at)
    return render_template("admin/code.html", name=name, code=code, until=until)
