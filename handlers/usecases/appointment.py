"""From the second approval to the commissioned expert: terms, letter, acceptance (`domain.md` 2.6)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from handlers.usecases import commission, profile, step, tell
from handlers.usecases.registration.draft import open_for
from models.notices import CommissionAccepted, LetterIssued, TermsSent
from models.rules.calendar import fiscal_year, format_date, to_jst
from models.rules.commission import period_after
from models.rules.errors import NotAllowed, NotFound, NotPossible
from models.rules.normalise import tidy
from models.rules.permissions import Actor, can
from models.rules.registration import Action, State
from models.tables.registration import Application
from models.views.appointment import LetterView, TermsView
from models.views.registration import ApplicationView
from storage import appointment, audit, experts, registration, registration_views, tasks
from storage.database import UnitOfWork

TERMS_MAX = 20_000


def publish_terms(uow: UnitOfWork, actor: Actor, version: str, text: str, now: datetime) -> None:
    """A new version of the terms; whoever waits for an answer from before any version is told now."""
    if not can(actor, "terms.publish"):
        raise NotAllowed
    version, text = tidy(version), text.strip().replace("\x00", "")
    if not version.strip(".") or len(version) > 20 or not text or len(text) > TERMS_MAX:
        raise NotPossible("appointment.terms_empty", most=str(TERMS_MAX))
    if appointment.terms(uow, version):
        raise NotPossible("appointment.terms_exist", version=version)
    first = appointment.current_terms(uow) is None
    appointment.publish(uow, version, text, actor.staff_id, now)
    audit.record(uow, actor, "terms.publish", ("terms", version), now)
    if first:
        for row in registration.in_state(uow, State.TERMS_SENT):
            tell_terms(uow, row, now)


def tell_terms(uow: UnitOfWork, row: Application, now: datetime) -> None:
    """Send the terms to the applicant; before the first version there is nothing to send."""
    if appointment.current_terms(uow):
        tell.person(uow, row.person_id, TermsSent(row.number or ""), now)


def answer_terms(
    uow: UnitOfWork, actor: Actor, application_id: str, version: str, now: datetime, *, agrees: bool
) -> ApplicationView:
    """同意する or 同意しない, to the version that was shown; a newer one must be read first."""
    row, view = open_for(uow, actor, application_id, "terms.answer")
    terms = appointment.current_terms(uow)
    if terms is None or terms.version != version:
        raise NotPossible("appointment.terms_newer")
    appointment.keep_answer(uow, row.id, version, Action.AGREE if agrees else Action.DECLINE, now)
    if agrees:
        step.take(uow, actor, row, Action.AGREE, now, version)
        return registration_views.view_of(uow, row)
    return _declined(uow, actor, row, view, now, version)


def _declined(
    uow: UnitOfWork, actor: Actor, row: Application, view: ApplicationView, now: datetime, detail: str
) -> ApplicationView:
    """The registration ends, and with it a commission that was to be renewed."""
    if view.subject.renewing:
        return commission.depart(uow, actor, row, view, now, detail)
    step.take(uow, actor, row, Action.DECLINE, now, detail)
    return registration_views.view_of(uow, row)


def next_period(uow: UnitOfWork, application_id: str, now: datetime) -> tuple[date, date]:
    """The first and last day of the letter that an application would get now."""
    return period_after(appointment.accepted_until(uow, application_id), to_jst(now).date())


def prepare_letter(uow: UnitOfWork, actor: Actor, application_id: str, now: datetime) -> LetterView:
    """Number the next letter, or find the one that was numbered before a crash or a suspension."""
    row, view = open_for(uow, actor, application_id, "letter.issue")
    period = next_period(uow, row.id, now)
    year = fiscal_year(period[0])
    found = appointment.letter_of(uow, row.id, year)
    if found:
        return found
    version = appointment.agreed_version(uow, row.id)
    if version is None:
        raise NotPossible("error.not_possible")
    number = f"C-{year}-{registration.next_number(uow, f'letter-{year}'):06d}"
    today = to_jst(now).date()
    letter = appointment.add_letter(uow, row.id, number, year, version, period, today, actor.staff_id)
    audit.record(uow, actor, "letter.number", ("application", view.id), now, detail=number)
    made = appointment.letter(uow, letter)
    assert made
    return made


def was_issued(uow: UnitOfWork, application_id: str) -> bool:
    """Whether the letter went out already: a task that is taken up again does not count it as failed."""
    view = registration_views.load(uow, application_id)
    sent = view is not None and view.state in (State.COMMISSIONED, State.ACTIVE)
    return sent and appointment.stored_letter_of(uow, application_id) is not None


def issue_letter(uow: UnitOfWork, actor: Actor, letter_id: str, file_key: str, now: datetime) -> None:
    """The document is stored under `file_key`: the person may accept now."""
    letter = appointment.letter(uow, letter_id)
    if letter is None:
        raise NotFound
    row, _ = open_for(uow, actor, letter.application_id, "letter.issue")
    appointment.set_file(uow, letter_id, file_key)
    step.take(uow, actor, row, Action.ISSUE, now, letter.number)
    tell.person(uow, row.person_id, LetterIssued(letter.number, letter.id), now)


def answer_letter(
    uow: UnitOfWork, actor: Actor, application_id: str, now: datetime, *, accepts: bool
) -> tuple[ApplicationView, LetterView]:
    """就任を承諾する (only then is the expert active), or decline."""
    row, view = open_for(uow, actor, application_id, "letter.answer")
    letter = appointment.letter_of(uow, row.id)
    if letter is None or letter.file_key is None or letter.accepted_at is not None:
        raise NotPossible("error.not_possible")
    if not accepts:
        return _declined(uow, actor, row, view, now, letter.number), letter
    if letter.ends < to_jst(now).date():
        raise NotPossible("appointment.letter_over", ends=format_date(letter.ends))
    appointment.set_accepted(uow, letter.id, now)
    if experts.commission(uow, row.person_id, row.id, _several(view.answers.get("specialities")), now):
        profile.begin(uow, row.person_id, view.answers)
    step.take(uow, actor, row, Action.ACCEPT, now, letter.number)
    tell.inviter(uow, row, CommissionAccepted(view.number, view.name, view.subject.renewing), now)
    return registration_views.view_of(uow, row), letter


def _several(answer: object) -> Iterable[str]:
    return [str(value) for value in answer] if isinstance(answer, list | tuple) else ()


def start_letters(uow: UnitOfWork, actor: Actor, application_ids: Sequence[str], now: datetime) -> str:
    """Begin issuing letters to many; returns the task's id. Those that are not ready are counted as failed later."""
    if not can(actor, "letters.manage"):
        raise NotAllowed
    chosen = list(dict.fromkeys(application_ids))[:1000]
    if not chosen:
        raise NotPossible("appointment.none_chosen")
    task = tasks.add(uow, "letters", chosen, actor.staff_id, now)
    audit.record(uow, actor, "letter.issue_many", ("task", task), now, detail=str(len(chosen)))
    return task


def own_letter(uow: UnitOfWork, actor: Actor, letter_id: str) -> LetterView:
    """A stored letter for the person it names, or for the secretariat; NotFound for everybody else."""
    letter = appointment.letter(uow, letter_id)
    if letter is None or letter.file_key is None:
        raise NotFound
    own = actor.kind == "person" and actor.person_id == letter.person_id
    if not own and not can(actor, "queue.read"):
        raise NotFound
    return letter


def terms_for(uow: UnitOfWork, version: str) -> TermsView:
    """One version of the terms; they name nobody."""
    found = appointment.terms(uow, version)
    if found is None:
        raise NotFound
    return found
