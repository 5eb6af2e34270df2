"""How a session moves: starting, resuming, asking, accepting an answer, finding the next and the previous question."""

from dataclasses import replace

from bot.form import Answers, Form, Step, Turn, is_open
from bot.line.messages import Message
from bot.screens import question
from bot.session import REVIEW, Session
from models.rules.fields import Accepted, Refused, Unclear, Value
from models.rules.registration import invalid_fields


def begin(form: Form, answers: Answers, *, subject: str = "", version: int = 0, revision: int = 1) -> Turn:
    """Start or resume a form from the answers at hand: at the first open question, or at the review."""
    session = Session(form.key, form.version, REVIEW, dict(answers), revision, subject=subject, subject_version=version)
    return ask(form, replace(session, step=_first_open(form, answers)))


def resume(form: Form, session: Session) -> Turn:
    """Go on where the person stopped; a session of another version finds the nearest question of today."""
    return ask(form, repair(form, session))


def repair(form: Form, session: Session) -> Session:
    """The session as it fits today's form: unknown steps lead to the first open question, answers stay."""
    known = session.step == REVIEW or any(step.key == session.step for step in form.asked(session.answers))
    if known and session.version == form.version and not _review_too_early(form, session):
        return session
    step = session.step if known and session.step != REVIEW else _first_open(form, session.answers)
    return replace(session, version=form.version).at(step, editing=False)


def _review_too_early(form: Form, session: Session) -> bool:
    return session.step == REVIEW and _first_open(form, session.answers) != REVIEW


def _first_open(form: Form, answers: Answers) -> str:
    for step in form.asked(answers):
        if is_open(step, answers):
            return step.key
    return REVIEW


def ask(form: Form, session: Session, *before: str, notes: tuple[Message, ...] = ()) -> Turn:
    """The question the session stands at (or the review), after the sentences `before` in the same bubble."""
    if session.step == REVIEW:
        return Turn(session, (*notes, *question.review(form, session, before)))
    return Turn(session, (*notes, question.question(form, session, before)))


def accept(form: Form, session: Session, step: Step, value: Value, *before: str) -> Turn:
    """Keep an answer and go on: to the next open question, or back to the review."""
    answers = {**session.answers, step.key: value}
    answers = _drop_orphans(form, session.answers, answers)
    after = _next(form, answers, step.key, editing=session.editing)
    editing = session.editing and after != REVIEW
    return ask(form, session.at(after, answers=answers, editing=editing), *before)


def _drop_orphans(form: Form, old: Answers, new: dict[str, Value]) -> dict[str, Value]:
    """An answer that hung on a changed one (the branch of another bank) is asked again."""
    changed = {key for key in new if new[key] != old.get(key)}
    orphans = set()
    for step in form.steps:
        if step.photos or step.key in changed or step.key not in new:
            continue
        fell = invalid_fields((step.field,), new) and not invalid_fields((step.field,), old)
        if fell or changed.intersection(step.depends):
            orphans.add(step.key)
    return {key: value for key, value in new.items() if key not in orphans}


def _next(form: Form, answers: Answers, current: str, *, editing: bool) -> str:
    if editing:
        return _first_open(form, answers)
    asked = [step.key for step in form.asked(answers)]
    at = asked.index(current) + 1 if current in asked else 0
    for key in asked[at:]:
        step = form.step(key)
        if step and is_open(step, answers):
            return key
    return _first_open(form, answers)


def previous(form: Form, session: Session) -> str | None:
    """The question before this one, computed from the answers; None at the first."""
    asked = [step.key for step in form.asked(session.answers)]
    if session.step == REVIEW:
        return asked[-1] if asked else None
    at = asked.index(session.step) if session.step in asked else 0
    return asked[at - 1] if at else None


def judge(step: Step, text: str, answers: Answers) -> Accepted | Refused | Unclear:
    """What the step's field says of a text, given the other answers."""
    others = {key: value for key, value in answers.items() if key != step.key}
    return step.field.judge(text, others)
