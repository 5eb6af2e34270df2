"""How far long work is; what is said of it depends on its kind."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from handlers.admin.context import services
from handlers.admin.listing import row_id
from models.rules.errors import NotFound
from storage import imports, tasks


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/tasks/<row_id:task_id>", view_func=task)


def task(task_id: str) -> ResponseReturnValue:
    """One task; the page asks again by itself until it is finished."""
    with services().database.read() as uow:
        found = tasks.view(uow, task_id)
        if found is None:
            raise NotFound
        invited = imports.count_invited(uow, found.subject_id or "") if found.kind == "import" else 0
    origin = row_id(request.args.get("application", ""))
    return render_template("admin/task.html", task=found, origin=origin, invited=invited)
