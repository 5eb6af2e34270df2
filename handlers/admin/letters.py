"""委嘱状: who waits for one, issuing many at once with progress, and the stored documents."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin import lists
from handlers.admin.application_list import NAME, NONE, NUMBER, ORGANISATION, PREFECTURE, ROW_ID, SEARCHED
from handlers.admin.context import actor, now, services
from handlers.admin.listing import row_id
from handlers.admin.lists import Asked, Column, ListPage
from handlers.prints import send_document
from handlers.usecases import appointment as usecase
from models.rules.errors import NotPossible
from models.rules.permissions import can
from models.rules.registration import State
from models.views.registration import QueueRow
from storage import audit, registration
from storage.database import UnitOfWork

MOST_AT_ONCE = 1000
WAITING = (State.TERMS_AGREED,)


def _rows(uow: UnitOfWork, asked: Asked, limit: int, offset: int) -> Sequence[QueueRow]:
    wanted: dict[str, Any] = {"words": asked.words, "order": asked.order}
    return registration.queue(uow, actor(), WAITING, **wanted, limit=limit, offset=offset)


LETTERS = ListPage[QueueRow](
    endpoint="letter_list",
    title="委嘱状の発行",
    columns=(
        Column("pick", "選ぶ", lambda _: "", exported=False),
        NUMBER, NAME, ORGANISATION, PREFECTURE,
        Column("age", "同意した日時", lambda row: row.since, sortable=True),
        ROW_ID,
    ),
    count=lambda uow, asked: registration.count(uow, actor(), WAITING, words=asked.words),
    rows=_rows,
    stream=lambda uow, asked: registration.stream(uow, actor(), WAITING, words=asked.words, order=asked.order),
    order="age", searched=SEARCHED, none=NONE, empty="専門家が委嘱条件に同意すると、ここに並びます。",
    here="appointment", head="name", template="admin/letters.html",
    link=lambda row, asked: url_for("admin.application", application_id=row.id, **{**asked.link(), "state": "agreed"}),
)  # fmt: skip


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    lists.add(bp, "/letters", LETTERS, letter_list)
    bp.add_url_rule("/letters", view_func=issue_letters, methods=["POST"])
    bp.add_url_rule("/letters/<row_id:letter_id>/<any(letter,acceptance):kind>.pdf", view_func=letter_document)


def letter_list(error: str = "") -> ResponseReturnValue:
    """Who agreed to the terms and waits for the letter: searched, sorted, paged like the list of applications."""
    may = can(actor(), "letters.manage")
    hide = () if may else ("pick",)
    return lists.show(LETTERS, 422 if error else 200, hide, error=error, may=may, most=MOST_AT_ONCE)


def issue_letters() -> ResponseReturnValue:
    """Begin issuing to those who were chosen, and show how far it is."""
    try:
        with services().database.unit() as uow:
            task = usecase.start_letters(uow, actor(), _chosen(uow), now())
    except NotPossible as error:
        return letter_list(t(error.code))
    services().hurry()
    came_from = row_id(request.args.get("application", ""))
    return redirect(url_for("admin.task", task_id=task, application=came_from))


def _chosen(uow: UnitOfWork) -> Sequence[str]:
    """The ids ticked on the page, or everybody the list holds, its other pages included."""
    if "every" not in request.form:
        return [chosen for chosen in request.form.getlist("application") if row_id(chosen)]
    return [row.id for row in _rows(uow, lists.read(LETTERS, request.args), MOST_AT_ONCE, 0)]


def letter_document(letter_id: str, kind: str) -> Response:
    """A stored letter or acceptance; each view is audited."""
    with services().database.read() as uow:
        letter = usecase.own_letter(uow, actor(), letter_id)
    response = send_document(services(), letter, kind)
    with services().database.unit() as uow:
        audit.record(uow, actor(), "letter.view", ("application", letter.application_id), now(), detail=kind)
    return response
