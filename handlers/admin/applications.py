"""申請: the list, the desk on which one application is read and decided, and its photos."""

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from bot.text import t
from handlers import sheet
from handlers.admin import lists
from handlers.admin.application_list import APPLICATIONS, TABS, WHY_EMPTY, late, states, tab_name
from handlers.admin.context import actor, now, services
from handlers.admin.deciding import Typed, explain, read_typed, why_not
from handlers.admin.lists import Asked
from handlers.admin.person import ways
from handlers.admin.presence import also_here
from handlers.pictures import send_paper
from handlers.usecases.registration import decide as usecase
from models.rules.errors import DomainError, NotFound
from models.rules.permissions import Actor, can
from models.views.registration import ApplicationView
from storage import appointment, experts, papers, registration, settings
from storage.database import UnitOfWork

STAGE = "secretariat"
TAB_MOST = 999
Answer = Callable[[UnitOfWork, Actor, str, Typed], ApplicationView]
ANSWERS: Mapping[str, Answer] = {
    "approve": lambda uow, who, id_, typed: usecase.approve(uow, who, id_, typed.version, now()),
    "return": lambda uow, who, id_, typed: usecase.return_(uow, who, id_, typed.version, typed.for_return(), now()),
    "reject": lambda uow, who, id_, typed: usecase.reject(uow, who, id_, typed.version, typed.reason, now()),
}


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/applications/<row_id:application_id>"
    lists.add(bp, "/applications", APPLICATIONS, application_list)
    bp.add_url_rule(one, view_func=application)
    bp.add_url_rule(f"{one}/<any(approve,return,reject):answer>", view_func=decide, methods=["POST"])
    bp.add_url_rule("/papers/<row_id:paper_id>.jpg", view_func=picture)


def application_list() -> ResponseReturnValue:
    """One tab of the list: searched, sorted, paged."""
    return lists.show(APPLICATIONS, also=_tabs, late=late, tab_name=tab_name, why=WHY_EMPTY)


def _tabs(uow: UnitOfWork) -> dict[str, dict[str, str] | int]:
    """By tab, how many (many are not counted to the last, for every page of the list shows this); and what is late."""
    counts = registration.tab_counts(uow, actor(), TABS["all"], TAB_MOST)
    tabs = {tab: _some(sum(counts.get(state, 0) for state in TABS[tab])) for tab in TABS}
    return {"tabs": tabs, "late_days": settings.value(uow, "secretariat_after_days")}


def _some(number: int) -> str:
    return str(number) if number <= TAB_MOST else f"{TAB_MOST}+"


def application(application_id: str) -> ResponseReturnValue:
    """The desk. Opening it shows identity papers, so it is audited."""
    return _desk(application_id, lists.read(APPLICATIONS, request.args))


def _desk(
    application_id: str, asked: Asked, typed: Typed | None = None, error: DomainError | None = None
) -> ResponseReturnValue:
    with services().database.unit() as uow:
        view = usecase.read_papers(uow, actor(), application_id, now())
        before, after = registration.neighbours(
            uow, actor(), states(asked), application_id, words=asked.words, order=asked.order
        )
        letter = appointment.letter_of(uow, application_id)
        here = also_here(uow, application_id)
        expert = experts.of_person(uow, view.person_id) is not None
    may = can(actor(), "application.decide", view.subject)
    typed = typed or Typed(version=view.version)
    page = render_template(
        "admin/application.html", view=view, sheet=sheet, stage=STAGE, asked=asked, before=before,
        after=after, may=may, why_not="" if may else why_not(actor(), view), typed=typed,
        letter=letter, also_here=here, may_issue=can(actor(), "letter.issue", view.subject),
        ways=ways(view.person_id, expert=expert),
        faults=explain(error, typed, view) if error else {}, form=FlaskForm(),
    )  # fmt: skip
    return page, (422 if typed.faults else 409) if error else 200


def decide(application_id: str, answer: str) -> ResponseReturnValue:
    """Carry the decision out and go on to the next of the list; a refusal shows the desk with all that was typed."""
    asked, typed = lists.read(APPLICATIONS, request.args), read_typed(answer, request.form)
    if typed.faults:
        return _desk(application_id, asked, typed, DomainError("staff.faults"))
    try:
        with services().database.unit() as uow:
            _, after = registration.neighbours(
                uow, actor(), states(asked), application_id, words=asked.words, order=asked.order
            )
            view = ANSWERS[answer](uow, actor(), application_id, typed)
            first = registration.queue(uow, actor(), states(asked), words=asked.words, order=asked.order, limit=1)
    except NotFound:
        raise
    except DomainError as error:
        return _desk(application_id, asked, typed, error)
    services().told(uow.told)
    flash(t(f"staff.done_{answer}", number=view.number), application_id)
    following = after or next((row.id for row in first if row.id != application_id), None)
    if following:
        return redirect(url_for("admin.application", application_id=following, **asked.link()))
    return redirect(url_for("admin.application_list", **asked.link()))


def picture(paper_id: str) -> ResponseReturnValue:
    """One photo, for those who may see the application it belongs to."""
    with services().database.read() as uow:
        application_id = papers.application_of(uow, paper_id)
        if application_id is None:
            raise NotFound
        view = usecase.read(uow, actor(), application_id, "papers.read")
    return send_paper(services(), view, paper_id)
