"""The expert's side of the appointment: terms, letter, acceptance."""

from collections.abc import Callable
from dataclasses import replace

from bot.form import Command, Form
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import appointment as screens
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases import appointment as usecase
from models.rules.calendar import to_jst
from models.rules.registration import State
from models.views.registration import ApplicationView
from storage import appointment, registration_views


def _latest(talk: Talk) -> ApplicationView | None:
    return registration_views.latest(talk.uow, talk.person.id)


def show_terms(talk: Talk, _tap: CardTap | None = None) -> None:
    """The terms, while they wait for an answer."""
    view, shown = _latest(talk), appointment.current_terms(talk.uow)
    if view is None or view.state is not State.TERMS_SENT or shown is None:
        talk.say(Text(t("appointment.terms_not_now")))
        return
    talk.say(screens.terms(view, shown, talk.links.public("terms", shown.version)))


def agree(talk: Talk, tap: CardTap) -> None:
    """同意する."""
    usecase.answer_terms(talk.uow, talk.person.actor, tap.subject, tap.value, talk.now, agrees=True)
    talk.say(screens.agreed())


def ask_decline_terms(talk: Talk, tap: CardTap) -> None:
    """同意しない: the one confirmation."""
    view = _latest(talk)
    if view is None or view.state is not State.TERMS_SENT:
        talk.say(Text(t("appointment.terms_not_now")))
        return
    talk.say(screens.confirm_decline_terms(view, tap.value, to_jst(talk.now).date()))


def decline_terms(talk: Talk, tap: CardTap) -> None:
    """The registration ends here."""
    ended = usecase.answer_terms(talk.uow, talk.person.actor, tap.subject, tap.value, talk.now, agrees=False)
    _declined(talk, ended)


def _declined(talk: Talk, ended: ApplicationView) -> None:
    """The receipt; an expert who declined a renewal is one no longer, and gets the newcomers' menu."""
    talk.role_changed = True
    talk.say(Text(t("commission.declined" if ended.state is State.ENDED else "appointment.declined")))


def show_letter(talk: Talk, _tap: CardTap | None = None) -> None:
    """The letter with a fresh link of the person's own."""
    view = _latest(talk)
    shown = appointment.stored_letter_of(talk.uow, view.id) if view else None
    if view is None or shown is None:
        talk.say(Text(t("appointment.letter_not_now")))
        return
    talk.say(screens.letter(view, shown, talk.links.page("letter", talk.person.id, shown.id)))


def ask_accept(talk: Talk, _tap: CardTap) -> None:
    """就任を承諾する: the one confirmation."""
    view = _latest(talk)
    shown = appointment.letter_of(talk.uow, view.id) if view else None
    if view is None or shown is None or view.state is not State.COMMISSIONED:
        talk.say(Text(t("appointment.letter_not_now")))
        return
    talk.say(screens.confirm_accept(view, shown))


def accept(talk: Talk, tap: CardTap) -> None:
    """はい: the expert is active now; the menu changes with this turn."""
    _, shown = usecase.answer_letter(talk.uow, talk.person.actor, tap.subject, talk.now, accepts=True)
    talk.role_changed = True
    talk.say(screens.accepted(replace(shown, accepted_at=talk.now)))


def ask_decline(talk: Talk, _tap: CardTap) -> None:
    """辞退する: the one confirmation."""
    view = _latest(talk)
    if view is None or view.state is not State.COMMISSIONED:
        talk.say(Text(t("appointment.letter_not_now")))
        return
    talk.say(screens.confirm_decline(view, to_jst(talk.now).date()))


def decline(talk: Talk, tap: CardTap) -> None:
    """The registration ends here."""
    ended, _ = usecase.answer_letter(talk.uow, talk.person.actor, tap.subject, talk.now, accepts=False)
    _declined(talk, ended)


MENU: dict[str, Callable[[Talk], None]] = {}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "terms": show_terms,
    "terms_agree": agree,
    "terms_decline": ask_decline_terms,
    "terms_decline_yes": decline_terms,
    "letter": show_letter,
    "letter_accept": ask_accept,
    "letter_accept_yes": accept,
    "letter_decline": ask_decline,
    "letter_decline_yes": decline,
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
