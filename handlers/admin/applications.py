"""申請: the list, the desk on which one application is read and decided, and its photos."""

from collections.abc import Callable, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm

from bot.text import t
from handlers import sheet
from handlers.admin.context import actor, now, services
from handlers.admin.deciding import Typed, explain, read_typed, why_not
from handlers.admin.listing import PER_PAGE, TABS, Listing, pages, read_listing, tab_name
from handlers.admin.start import LATE_DAYS
from handlers.pictures import send_paper
from handlers.usecases.registration import decide as usecase
from models.rules.calendar import business_days_between, to_jst
from models.rules.errors import DomainError, NotFound
from models.rules.permissions import Actor, can
from models.rules.registration import State
from models.views.registration import ApplicationView, QueueRow
from storage import appointment, papers, registration
from storage.database import UnitOfWork

STAGE = "secretariat"
Answer = Callable[[UnitOfWork, Actor, str, Typed], ApplicationView]
ANSWERS: Mapping[str, Answer] = {
    "approve": lambda uow, who, id_, typed: usecase.approve(uow, who, id_, typed.version, now()),
    "return": lambda uow, who, id_, typed: usecase.return_(uow, who, id_, typed.version, typed.for_return(), now()),
    "reject": lambda uow, who, id_, typed: usecase.reject(uow, who, id_, typed.version, typed.reason, now()),
}


def routes(bp: Blueprint) -> None:
    """Put these pages on the blueprint."""
    one = "/applications/<row_id:application_id>"
    bp.add_url_rule("/applications", view_func=application_list)
    bp.add_url_rule(one, view_func=application)
    bp.add_url_rule(f"{one}/<any(approve,return,reject):answer>", view_func=decide, methods=["POST"])
    bp.add_url_rule("/papers/<row_id:paper_id>.jpg", view_func=picture)


def application_list() -> ResponseReturnValue:
    """One tab of the list: searched, sorted, paged."""
    listing = read_listing(request.args)
    with services().database.read() as uow:
        counts = registration.waiting(uow, actor())
        total = registration.count(uow, actor(), listing.states, words=listing.words)
        page = min(listing.page, pages(total))
        rows = registration.queue(
            uow, actor(), listing.states, words=listing.words, order=listing.order,
            limit=PER_PAGE, offset=(page - 1) * PER_PAGE,
        )  # fmt: skip
    tabs = {tab: sum(counts.get(state, (0,))[0] for state in states) for tab, states in TABS.items()}
    return render_template(
        "admin/applications.html", listing=listing, tabs=tabs, rows=rows, total=total, page=page,
        pages=pages(total), late=_late, tab_name=tab_name,
    )  # fmt: skip


def _late(row: QueueRow) -> bool:
    if row.state is not State.ORGANISATION_REVIEW:
        return False
    return business_days_between(to_jst(row.since).date(), to_jst(now()).date()) > LATE_DAYS


def application(application_id: str) -> ResponseReturnValue:
    """The desk. Opening it shows identity papers, so it is audited."""
    return _desk(application_id, read_listing(request.args))


def _desk(
    application_id: str, listing: Listing, typed: Typed | None = None, error: DomainError | None = None
) -> ResponseReturnValue:
    with services().database.unit() as uow:
        view = usecase.read_papers(uow, actor(), application_id, now())
        before, after = registration.neighbours(
            uow, actor(), listing.states, application_id, words=listing.words, order=listing.order
        )
        letter = appointment.letter_of(uow, application_id)
    may = can(actor(), "application.decide", view.subject)
    typed = typed or Typed(version=view.version)
    page = render_template(
        "admin/application.html", view=view, sheet=sheet, stage=STAGE, listing=listing, before=before,
        after=after, may=may, why_not="" if may else why_not(actor(), view), typed=typed,
        letter=letter, may_issue=can(actor(), "letter.issue", view.subject),
        faults=explain(error, typed, view) if error else {}, form=FlaskForm(),
    )  # fmt: skip
    return page, (422 if typed.faults else 409) if error else 200


def decide(application_id: str, answer: str) -> ResponseReturnValue:
    """Carry the decision out and go on to the next of the list; a refusal shows the desk with all that was typed."""
    listing, typed = read_listing(request.args), read_typed(answer, request.form)
    if typed.faults:
        return _desk(application_id, listing, typed, DomainError("staff.faults"))
    try:
        with services().database.unit() as uow:
            _, after = registration.neighbours(
                uow, actor(), listing.states, application_id, words=listing.words, order=listing.order
            )
            view = ANSWERS[answer](uow, actor(), application_id, typed)
            first = registration.queue(uow, actor(), listing.states, words=listing.words, order=listing.order, limit=1)
    except NotFound:
        raise
    except DomainError as error:
        return _desk(application_id, listing, typed, error)
    services().told(uow.told)
    flash(t(f"staff.done_{answer}", number=view.number), application_id)
    following = after or next((row.id for row in first if row.id != application_id), None)
    if following:
        return redirect(url_for("admin.application", application_id=following, **listing.link()))
    return redirect(url_for("admin.application_list", **listing.link()))


def picture(paper_id: str) -> ResponseReturnValue:
    """One photo, for those who may see the application it belongs to."""
    with services().database.read() as uow:
        application_id = papers.application_of(uow, paper_id)
        if application_id is None:
            raise NotFound
        view = usecase.read(uow, actor(), application_id, "papers.read")
    return send_paper(services(), view, paper_id)
