"""委嘱状: who waits for one, issuing many at once with progress, and the stored documents."""

import re
from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from bot.text import t
from handlers.admin.context import actor, now, services
from handlers.admin.listing import PER_PAGE, Listing, pages, read_listing
from handlers.prints import send_document
from handlers.usecases import appointment as usecase
from models.rules.errors import NotFound, NotPossible
from models.rules.permissions import can
from storage import appointment, audit, registration
from storage.database import UnitOfWork

MOST_AT_ONCE = 1000
ROW_ID = re.compile("[0-9a-f]{32}")


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    bp.add_url_rule("/letters", view_func=letter_list)
    bp.add_url_rule("/letters", view_func=issue_letters, methods=["POST"])
    bp.add_url_rule("/letters/<row_id:letter_id>/<any(letter,acceptance):kind>.pdf", view_func=letter_document)
    bp.add_url_rule("/tasks/<row_id:task_id>", view_func=task)


def letter_list(error: str = "") -> ResponseReturnValue:
    """Who agreed to the terms and waits for the letter: searched, sorted, paged like the list of applications."""
    listing = _listing()
    with services().database.read() as uow:
        total = registration.count(uow, actor(), listing.states, words=listing.words)
        page = min(listing.page, pages(total))
        rows = registration.queue(
            uow, actor(), listing.states, words=listing.words, order=listing.order,
            limit=PER_PAGE, offset=(page - 1) * PER_PAGE,
        )  # fmt: skip
    values = {
        "listing": listing, "rows": rows, "total": total, "page": page, "pages": pages(total), "error": error,
        "at_once": min(total, MOST_AT_ONCE), "may": can(actor(), "letters.manage"),
    }  # fmt: skip
    return render_template("admin/letters.html", **values), 422 if error else 200


def _listing() -> Listing:
    return replace(read_listing(request.args), tab="agreed")


def issue_letters() -> ResponseReturnValue:
    """Begin issuing to those who were chosen, and show how far it is."""
    try:
        with services().database.unit() as uow:
            task = usecase.start_letters(uow, actor(), _chosen(uow), now())
    except NotPossible as error:
        return letter_list(t(error.code))
    services().hurry()
    return redirect(url_for("admin.task", task_id=task, application=_origin()))


def _chosen(uow: UnitOfWork) -> Sequence[str]:
    """The ids ticked on the page, or everybody the list holds, its other pages included."""
    if "every" not in request.form:
        return [chosen for chosen in request.form.getlist("application") if ROW_ID.fullmatch(chosen)]
    listing = _listing()
    order, most = listing.order, MOST_AT_ONCE
    return [
        row.id for row in registration.queue(uow, actor(), listing.states, words=listing.words, order=order, limit=most)
    ]


def _origin() -> str | None:
    """The application whose page one came from, if any."""
    came_from = request.args.get("application", "")
    return came_from if ROW_ID.fullmatch(came_from) else None


def task(task_id: str) -> ResponseReturnValue:
    """How far the issuing is; the page asks again by itself until it is finished."""
    with services().database.read() as uow:
        found = appointment.task(uow, task_id)
    if found is None:
        raise NotFound
    return render_template("admin/task.html", task=found, origin=_origin())


def letter_document(letter_id: str, kind: str) -> Response:
    """A stored letter or acceptance; each view is audited."""
    with services().database.read() as uow:
        letter = usecase.own_letter(uow, actor(), letter_id)
    response = send_document(services(), letter, kind)
    with services().database.unit() as uow:
        audit.record(uow, actor(), "letter.view", ("application", letter.application_id), now(), detail=kind)
    return response
