"""The approver's side: 承認待ち, one application, the answers."""

from collections.abc import Callable
from datetime import datetime

from bot.engine import begin
from bot.form import Answers, Command, Form
from bot.forms.approval import REJECT, RETURN
from bot.line.messages import Message, Text
from bot.postbacks import CardTap
from bot.screens import approval as screens
from bot.session import Session
from bot.text import t
from handlers.line import dispatch
from handlers.line.talk import Talk
from handlers.usecases.registration import decide
from models.rules.dispatch import Side
from models.rules.errors import DomainError
from models.rules.permissions import can
from models.rules.registration import Item, State
from models.views.registration import ApplicationView
from storage import registration


def show_queue(talk: Talk) -> None:
    """承認待ち."""
    actor = talk.person.actor
    if not talk.person.is_approver:
        talk.say(Text(t("invitation.approver_none")))
        return
    states = (State.ORGANISATION_REVIEW,)
    rows = registration.queue(talk.uow, actor, states, limit=screens.SHOWN)
    total = registration.count(talk.uow, actor, states) if len(rows) == screens.SHOWN else len(rows)
    proposals = dispatch.waiting(talk, Side.ORGANISATION)
    if rows or not proposals:
        talk.say(*screens.queue(rows, total, talk.now))
    talk.say(*proposals)


def show_application(talk: Talk, tap: CardTap) -> None:
    """内容を見る."""
    view = decide.read(talk.uow, talk.person.actor, tap.subject)
    talk.say(screens.application(view, talk.person.actor, talk.links.page("papers", talk.person.id, view.id)))


def _for_decision(talk: Talk, tap: CardTap) -> ApplicationView | None:
    """The application as the card showed it; if it has moved on, that is said and shown instead."""
    view = decide.read(talk.uow, talk.person.actor, tap.subject)
    if view.version == tap.version and can(talk.person.actor, "application.decide", view.subject):
        return view
    words = screens.decided_words(view) if view.state is not State.ORGANISATION_REVIEW else t("approval.changed_since")
    talk.say(Text(words or t("approval.changed_since")))
    return None


def ask_approve(talk: Talk, tap: CardTap) -> None:
    """承認する: the one confirmation."""
    view = _for_decision(talk, tap)
    if view:
        talk.say(screens.confirm_approve(view))


def approve_yes(talk: Talk, tap: CardTap) -> None:
    """Approve for the organisation."""
    view = decide.approve(talk.uow, talk.person.actor, tap.subject, tap.version, talk.now)
    talk.say(screens.receipt("approved", view))


def start_return(talk: Talk, tap: CardTap) -> None:
    """差し戻す: which items, and why."""
    view = _for_decision(talk, tap)
    if view:
        available = {"available": [item.value for item in view.items]}
        talk.take(RETURN, begin(RETURN, available, subject=view.id, version=view.version, revision=talk.first_revision))


def start_reject(talk: Talk, tap: CardTap) -> None:
    """否認する: why."""
    view = _for_decision(talk, tap)
    if view:
        talk.take(REJECT, begin(REJECT, {}, subject=view.id, version=view.version, revision=talk.first_revision))


def return_application(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a return."""
    items = [Item(item) for item in command.answers["items"]]
    comments = {item.value: str(command.answers[f"comment_{item}"]) for item in items}
    view = decide.return_(talk.uow, talk.person.actor, command.subject, command.subject_version, comments, talk.now)
    talk.say(screens.receipt("returned", view))


def reject_application(talk: Talk, _form: Form, command: Command) -> None:
    """この内容で送る of a rejection."""
    reason = str(command.answers["reason"])
    view = decide.reject(talk.uow, talk.person.actor, command.subject, command.subject_version, reason, talk.now)
    talk.say(screens.receipt("rejected", view))


def already_decided(error: DomainError) -> Message:
    """Somebody was faster."""
    at = datetime.fromisoformat(error.data["at"])
    return screens.decided(error.data["who"], at, error.data["answer"])


def refresh(_talk: Talk, session: Session) -> Session:
    """An approver's words live in the session alone."""
    return session


def keep(_talk: Talk, _form: Form, _answers: Answers) -> None:
    """Nothing is kept before the approver sends it."""


MENU: dict[str, Callable[[Talk], None]] = {"承認待ち": show_queue}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "application": show_application,
    "approve": ask_approve,
    "approve_yes": approve_yes,
    "return": start_return,
    "reject": start_reject,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {
    "return_application": return_application,
    "reject_application": reject_application,
}
FORMS: dict[str, Callable[[Talk], Form]] = {form.key: lambda _talk, form=form: form for form in (RETURN, REJECT)}
