"""The expert's side of a commission: 続ける, やめる."""

from collections.abc import Callable

from bot.form import Command, Form
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import commission as screens
from bot.screens import registration as registration_screens
from bot.text import t
from handlers.line.appointment import show_terms
from handlers.line.talk import Talk
from handlers.usecases import commission as usecase
from models.rules.calendar import to_jst
from models.rules.permissions import can
from models.rules.registration import State
from models.views.registration import ApplicationView
from storage import appointment, registration_views


def _own(talk: Talk, tap: CardTap) -> ApplicationView | None:
    """The person's newest application, unless the button is of another one."""
    view = registration_views.latest(talk.uow, talk.person.id)
    return view if view and tap.subject in ("", view.id) else None


def renew(talk: Talk, tap: CardTap) -> None:
    """続ける: the terms come with this very answer. A second tap and last year's card change nothing."""
    view = _own(talk, tap)
    if view is None or view.ends is None:
        talk.say(Text(t("menu.old_button")))
        return
    if view.state is not State.RENEWAL_DUE or view.ends.isoformat() != tap.value:
        talk.say(Text(t("commission.asked_before")), registration_screens.progress(view))
        return
    usecase.continue_(talk.uow, talk.person.actor, view.id, view.ends, talk.now)
    terms = appointment.current_terms(talk.uow) is not None
    talk.say(screens.continued(view.ends, terms=terms))
    if terms:
        show_terms(talk)


def ask_leave(talk: Talk, tap: CardTap) -> None:
    """やめる, 登録をやめる: the one confirmation."""
    view = _own(talk, tap)
    if view is None or not can(talk.person.actor, "commission.answer", view.subject):
        talk.say(Text(t("commission.leave_not_now")))
        return
    talk.say(screens.confirm_leave(view, to_jst(talk.now).date()))


def leave(talk: Talk, tap: CardTap) -> None:
    """はい: the commission ends; the menu changes with this turn."""
    view = _own(talk, tap)
    if view is None or not can(talk.person.actor, "commission.answer", view.subject):
        talk.say(Text(t("commission.leave_not_now")))
        return
    ended = usecase.leave(talk.uow, talk.person.actor, view.id, tap.version, talk.now)
    talk.role_changed = True
    talk.say(screens.left(ended, talk.now))


MENU: dict[str, Callable[[Talk], None]] = {}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {
    "renew": renew,
    "leave": ask_leave,
    "leave_yes": leave,
    "leave_no": lambda talk, _tap: talk.say(Text(t("commission.leave_kept"))),
}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
