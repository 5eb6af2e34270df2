"""How far long work is; what is said of it depends on its kind."""

import re

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from handlers.admin.context import services
from models.rules.errors import NotFound
from storage import imports, tasks

ROW = re.compile("[0-9a-f]{32}")


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
    came_from = request.args.get("application", "")
    origin = came_from if ROW.fullmatch(came_from) else None
    return render_template("admin/task.html", task=found, origin=origin, invited=invited)
