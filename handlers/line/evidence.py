"""The expert answers what the secretariat asks about a visit."""

from collections.abc import Callable

from bot.engine import begin
from bot.form import Command, Form
from bot.forms.evidence import VISIT_ANSWER
from bot.postbacks import CardTap
from bot.screens import evidence as screens
from handlers.line.talk import Talk
from handlers.usecases.visit import judge


def start_answer(talk: Talk, tap: CardTap) -> None:
    """回答する: the question once more, and what to say to it."""
    view, question = judge.question(talk.uow, talk.person.actor, tap.subject)
    talk.say(screens.asked(view, question))
    talk.take(VISIT_ANSWER, begin(VISIT_ANSWER, {}, subject=view.id, revision=talk.first_revision))


def answer_visit(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る: the visit waits for the secretariat again."""
    view, _ = judge.question(talk.uow, talk.person.actor, command.subject)
    judge.answer(talk.uow, talk.person.actor, view.id, str(command.answers["visit_answer"]), talk.now)
    talk.say(screens.answered(view.number, view.business))


MENU: dict[str, Callable[[Talk], None]] = {}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"answer_visit": start_answer}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {"answer_visit": answer_visit}
FORMS: dict[str, Callable[[Talk], Form]] = {VISIT_ANSWER.key: lambda _talk: VISIT_ANSWER}
