"""The conversation engine: a form is data, one turn is one pure call.

`advance(form, session, inbound)` gives the next session, the replies and perhaps a command. Back, pause, skip, help and
resuming are the engine's own words; a form only says what it asks. No answer is ever lost: whatever cannot be
understood leaves the session as it was and asks the same question again.
"""

from collections.abc import Callable

from bot.form import Command, Form, Inbound, Misfit, PhotoBad, PhotoTaken, Step, Tapped, Turn, Typed, is_open
from bot.line.messages import Text
from bot.moves import accept, ask, begin, judge, previous, repair, resume
from bot.postbacks import FormTap
from bot.screens import question
from bot.session import REVIEW, Session
from bot.text import t
from models.rules.fields import Accepted, Refused, Unclear, Value, display
from models.rules.normalise import tidy

__all__ = ["advance", "begin", "resume"]

WORDS = {
    "もどる": "back",
    "戻る": "back",
    "中断する": "pause",
    "中断": "pause",
    "スキップ": "skip",
    "ヘルプ": "help",
    "次へ": "done",
    "選び終わった": "done",
    "このまま使う": "done",
    "撮り直す": "retake",
    "完了": "finish",
    "この内容で送る": "finish",
    "直す": "edit",
}


def _again(form: Form, session: Session, code: str, **data: str) -> Turn:
    """A sentence, then the same question; nothing else changes."""
    return ask(form, session, t(code, **data))


def _tapped(form: Form, session: Session, tap: FormTap, date: str) -> Turn:
    """A button: an old one is answered politely and changes nothing."""
    if tap.form != form.key or tap.revision != session.revision:
        return _again(form, session, "form.old_button")
    if tap.act == "answer":
        return _answer(form, session, tap.value)
    if tap.act == "date":
        return _answer(form, session, date)
    handler = ACTS.get(tap.act)
    return handler(form, session, tap.value) if handler else _again(form, session, "form.old_button")


def _typed(form: Form, session: Session, text: str) -> Turn:
    """Words: the engine's own first, then an answer to the question."""
    word = tidy(text)
    act = WORDS.get(word)
    if session.step == REVIEW and word == form.finish:
        act = "finish"
    if act:
        return ACTS[act](form, session, "")
    if session.step == REVIEW:
        return _edit(form, session, word)
    return _answer(form, session, text)


def _answer(form: Form, session: Session, text: str) -> Turn:
    step = form.step(session.step)
    if step is None:
        return ask(form, session)
    if step.photos:
        return _again(form, session, "form.photo_wanted")
    chosen = _chosen(step, session, text)
    if step.field.many and chosen is not None:
        return _toggle(form, session, chosen)
    if session.picked:
        text = "、".join((*session.picked, text))
    match judge(step, chosen if chosen is not None else text, session.answers):
        case Accepted(value):
            echo = () if chosen is not None else _echo(step, text, value, session)
            return _complete(form, accept(form, session, step, value, *echo))
        case Refused(code, data):
            return _again(form, session.same(options=()), code, **data)
        case Unclear(code, choices):
            options = tuple((choice.label, choice.value) for choice in choices)
            return _again(form, session.same(options=options), code)


def _chosen(step: Step, session: Session, text: str) -> str | None:
    """The stored value of a choice that was tapped or typed by its label, or None."""
    word = tidy(text)
    for label, value in session.options:
        if word in (label, value):
            return value
    for choice in step.options(session.answers):
        if word in (choice.label, choice.value):
            return choice.value
    return None


def _complete(form: Form, turn: Turn) -> Turn:
    """A form that asks for no confirmation is over once its last question is answered."""
    done = turn.session is not None and turn.session.step == REVIEW and not form.confirm
    return _finish(form, turn.session, "") if done and turn.session else turn


def _echo(step: Step, typed_text: str, value: Value, session: Session) -> tuple[str, ...]:
    """「フリガナは「…」で登録します。」 — only when what is kept is not what was typed."""
    shown = display(step.field, value, session.answers)
    return () if tidy(typed_text) == shown else (t("form.kept_as", name=step.field.name, value=shown),)


def _toggle(form: Form, session: Session, value: str) -> Turn:
    picked = question.ticked(session)
    picked = tuple(other for other in picked if other != value) if value in picked else (*picked, value)
    return ask(form, session.same(picked=picked))


def _done(form: Form, session: Session, _value: str) -> Turn:
    """次へ: ends a question with several choices or photos."""
    step = form.step(session.step)
    if step is None:
        return ask(form, session)
    if step.photos:
        if is_open(step, session.answers):
            return _again(form, session, "form.photo_missing", name=step.field.name)
        return accept(form, session, step, session.answers[step.key])
    if step.field.many:
        picked = question.ticked(session)
        if not picked:
            return _again(form, session, "form.pick_one")
        verdict = judge(step, "、".join(picked), session.answers)
        if isinstance(verdict, Accepted):
            return accept(form, session, step, verdict.value)
        return _again(form, session, verdict.code, **getattr(verdict, "data", {}))
    return _again(form, session, "form.answer_first")


def _back(form: Form, session: Session, _value: str) -> Turn:
    if session.page:
        return ask(form, session.same(page=""))
    if session.editing and not any(is_open(step, session.answers) for step in form.asked(session.answers)):
        return _complete(form, ask(form, session.at(REVIEW, editing=False)))
    before = previous(form, session)
    if before is None:
        return _again(form, session, "form.first_question")
    return ask(form, session.at(before))


def _pause(_form: Form, session: Session, _value: str) -> Turn:
    return Turn(session, (Text(t("form.paused")),), paused=True)


def _skip(form: Form, session: Session, _value: str) -> Turn:
    step = form.step(session.step)
    if step is None or not step.field.optional:
        return _again(form, session, "form.cannot_skip")
    return _complete(form, accept(form, session, step, ""))


def _help(form: Form, session: Session, _value: str) -> Turn:
    return _again(form, session, "form.help")


def _page(form: Form, session: Session, value: str) -> Turn:
    return ask(form, session.same(page=value))


def _edit(form: Form, session: Session, word: str) -> Turn:
    """直す: choose an answer to change; from there the talk returns to the review."""
    if session.step != REVIEW:
        return _again(form, session, "form.answer_first")
    for step in form.asked(session.answers):
        if word and word in (step.key, step.field.name):
            return ask(form, session.at(step.key, editing=True))
    return Turn(session, (question.which_to_mend(form, session),))


def _finish(form: Form, session: Session, _value: str) -> Turn:
    """Everything is judged once more; what no longer holds is asked again."""
    if session.step != REVIEW:
        return _done(form, session, "")
    for step in form.asked(session.answers):
        if is_open(step, session.answers):
            return _again(form, session.at(step.key), "form.one_more", name=step.field.name)
    asked = {step.key for step in form.asked(session.answers)}
    answers = {key: value for key, value in session.answers.items() if key in asked}
    return Turn(None, (), Command(form.command, answers, session.subject, session.subject_version))


def _photo(form: Form, session: Session, taken: PhotoTaken) -> Turn:
    """A photo for the question at hand; a question that wants words says so (the photo itself is kept elsewhere)."""
    step = form.step(session.step)
    if step is None or not step.photos:
        return _again(form, session, "form.words_wanted")
    if not taken.new:
        return _again(form, session, "form.same_photo", name=step.field.name)
    held = [paper for paper in _held(session, step) if paper != taken.paper_id]
    if step.photos > 1 and len(held) >= step.photos:
        session = session.same(answers={**session.answers, step.key: held[: step.photos]})
        return _again(form, session, "form.enough_photos", name=step.field.name, most=str(step.photos))
    kept = [*held, taken.paper_id][-step.photos :]
    session = session.same(answers={**session.answers, step.key: kept}, album=_count(session, taken))
    if session.album[1] < taken.total:
        words = t("form.album", at=str(session.album[1]), total=str(taken.total))
        return Turn(session, (Text(words, question.buttons(form, session, step)),))
    replaced = step.photos == 1 and held
    code = "form.photo_replaced" if replaced else step.taken
    return ask(form, session, t(code, name=step.field.name, count=str(len(kept))))


def _held(session: Session, step: Step) -> list[str]:
    value = session.answers.get(step.key)
    return list(value) if isinstance(value, list) else []


def _count(session: Session, taken: PhotoTaken) -> tuple[str, int]:
    name, seen = session.album
    if not taken.album:
        return ("", 1)
    return (taken.album, seen + 1 if name == taken.album else 1)


def _retake(form: Form, session: Session, _value: str) -> Turn:
    """撮り直す: the last photo of this question is dropped."""
    step = form.step(session.step)
    if step is None or not step.photos:
        return ask(form, session)
    held = _held(session, step)
    if not held:
        return _again(form, session, "form.photo_missing", name=step.field.name)
    return _again(form, session.same(answers={**session.answers, step.key: held[:-1]}), "form.photo_dropped")


def advance(form: Form, session: Session, inbound: Inbound) -> Turn:
    """One turn: pure, and total — any input leaves a valid session and loses no answer."""
    session = repair(form, session)
    match inbound:
        case Tapped(tap, date):
            return _tapped(form, session, tap, date)
        case Typed(text):
            return _typed(form, session, text)
        case PhotoTaken():
            return _photo(form, session, inbound)
        case PhotoBad(code, data):
            return _again(form, session, code, **data)
        case Misfit(code):
            return _again(form, session, code)


ACTS: dict[str, Callable[[Form, Session, str], Turn]] = {
    "back": _back,
    "pause": _pause,
    "skip": _skip,
    "help": _help,
    "done": _done,
    "page": _page,
    "edit": _edit,
    "finish": _finish,
    "retake": _retake,
}
