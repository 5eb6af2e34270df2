"""取り込み: upload a file of known experts, see what it would do, mend it, start it."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.listing import whole
from handlers.admin.lists import PER_PAGE
from handlers.admin.lists import pages as pages_of
from handlers.exports import Line as ExportLine
from handlers.exports import download
from handlers.imports import Imports, Sheet, read
from handlers.usecases import imports as usecase
from handlers.usecases.imports import Plan
from models.rules.calendar import to_jst
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.imports import COLUMNS, Fault, Line
from models.rules.normalise import tidy
from models.rules.permissions import can
from models.views.imports import ImportState, ImportView
from storage import imports
from storage.sheets import MOST_BYTES, MOST_LINES

REQUEST_BYTES = MOST_BYTES + 512 * 1024
UPLOAD = "admin.import_upload"
FIRST = 5
SHOWN_REGISTERED = 50


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/import/<row_id:import_id>"
    bp.url_value_preprocessor(_make_room)
    bp.add_url_rule("/import", view_func=import_list)
    bp.add_url_rule("/import", view_func=import_upload, methods=["POST"])
    bp.add_url_rule("/import/template.<any(csv,xlsx):kind>", view_func=import_template)
    bp.add_url_rule(one, view_func=import_preview)
    bp.add_url_rule(f"{one}/errors.<any(csv,xlsx):kind>", view_func=import_errors)
    bp.add_url_rule(f"{one}/start", view_func=import_start, methods=["POST"])
    bp.add_url_rule(f"{one}/throw-away", view_func=import_throw_away, methods=["POST"])


def _make_room(endpoint: str | None, _values: Any) -> None:
    """Only this form, and only of somebody who is logged in, may hold a file; set before the form is read."""
    if endpoint == UPLOAD and "_user_id" in session:
        request.max_content_length = REQUEST_BYTES


def _imports() -> Imports:
    at = services()
    return Imports(at.database, at.files, at.clock, at.links.friend)


def import_list(error: str = "") -> ResponseReturnValue:
    """The form, its templates, and the newest imports."""
    if not can(actor(), "import.manage"):
        raise NotAllowed
    with services().database.read() as uow:
        rows = imports.newest(uow)
    limits = {"most_mb": MOST_BYTES // 1024 // 1024, "most_lines": MOST_LINES}
    page = render_template("admin/imports.html", rows=rows, error=error, columns=COLUMNS, **limits)
    return page, 422 if error else 200


def import_upload() -> ResponseReturnValue:
    """Read a file, keep it sealed, and show what it would do; nobody is invited yet."""
    if not can(actor(), "import.manage"):
        raise NotAllowed
    file = request.files.get("file")
    data = file.read(MOST_BYTES + 1) if file else b""
    try:
        if not data:
            raise NotPossible("import.no_file")
        read(data)
    except NotPossible as refused:
        return import_list(t(refused.code, **refused.data))
    name = tidy(file.filename or "" if file else "")
    made = _imports().keep(actor(), name, data)
    return redirect(url_for("admin.import_preview", import_id=made))


def import_template(kind: str) -> Response:
    """An empty file with the right heads and one example."""
    heads = [column.title for column in COLUMNS]
    return download("専門家取り込みひな形", to_jst(now()).date(), kind, heads, [[each.example for each in COLUMNS]])


def import_preview(import_id: str, error: str = "") -> ResponseReturnValue:
    """What starting would do: how many of each, the first lines, and what is to be mended, page by page."""
    view = _look(import_id)
    if view.task_id:
        return redirect(url_for("admin.task", task_id=view.task_id))
    if view.state is not ImportState.READ:
        raise NotFound
    sheet, plan = _plan(view)
    faults = [(line.number, fault) for line in plan.bad for fault in line.faults]
    pages = pages_of(len(faults))
    page = min(max(whole(request.args.get("page", "")), 1), pages)
    shown = render_template(
        "admin/import.html", view=view, plan=plan, total=len(sheet.lines), unknown=sheet.table.header.unknown,
        first=plan.good[:FIRST], registered=plan.registered[:SHOWN_REGISTERED], faults=len(faults), error=error,
        rows=faults[(page - 1) * PER_PAGE : page * PER_PAGE], page=page, pages=pages, words=words,
    )  # fmt: skip
    return shown, 409 if error else 200


def _look(import_id: str) -> ImportView:
    with services().database.read() as uow:
        return usecase.look(uow, actor(), import_id)


def _plan(view: ImportView) -> tuple[Sheet, Plan]:
    sheet = _imports().sheet(view)
    with services().database.read() as uow:
        return sheet, usecase.plan(uow, actor(), sheet.lines, now())


def words(fault: Fault) -> str:
    """What to do about a fault."""
    if fault.choices:  # the chat's sentence speaks of its buttons
        return t("import.choices", choices="／".join(fault.choices))
    return t(fault.code, **fault.data)


def import_errors(import_id: str, kind: str) -> Response:
    """The lines to mend as a file: mended, it can be taken in as it is."""
    view = _look(import_id)
    if view.state is not ImportState.READ:
        raise NotFound
    sheet, plan = _plan(view)
    heads = [*(column.title for column in COLUMNS), "行", "直すところ"]
    lines = _faulty(sheet, plan.bad)
    return download("取り込みで直すところ", to_jst(now()).date(), kind, heads, lines)


def _faulty(sheet: Sheet, bad: Sequence[Line]) -> Iterator[ExportLine]:
    header, rows = sheet.table.header, sheet.table.rows
    for line in bad:
        texts = [header.cell(rows[line.number], column.key) for column in COLUMNS]
        yield [*texts, line.number, "\n".join(f"{fault.column}：{words(fault)}" for fault in line.faults)]


def import_start(import_id: str) -> ResponseReturnValue:
    """Begin to invite the good lines; with `registered`, also those whose address somebody has already."""
    view = _look(import_id)
    if view.task_id:
        return redirect(url_for("admin.task", task_id=view.task_id))
    if view.state is not ImportState.READ:
        raise NotFound
    _, plan = _plan(view)
    chosen = [*plan.good, *(plan.registered if "registered" in request.form else ())]
    try:
        with services().database.unit() as uow:
            numbers = sorted(line.number for line in chosen)
            task = usecase.start(uow, actor(), import_id, numbers, now())
    except NotPossible as refused:
        return import_preview(import_id, t(refused.code, **refused.data))
    _imports().let_go(import_id)
    services().hurry()
    return redirect(url_for("admin.task", task_id=task))


def import_throw_away(import_id: str) -> ResponseReturnValue:
    """Delete a file that was not started."""
    try:
        with services().database.unit() as uow:
            usecase.look(uow, actor(), import_id)
            usecase.throw_away(uow, actor(), import_id, now())
    except NotPossible as refused:
        return import_list(t(refused.code, **refused.data))
    _imports().let_go(import_id)
    flash(t("import.thrown_away"))
    return redirect(url_for("admin.import_list"))
