"""プロフィール: the commissioned expert's card with the way to the page, and the switch for requests."""

from collections.abc import Callable

from bot.form import Command, Form
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import profile as screens
from bot.text import t
from handlers.line import registration
from handlers.line.talk import Talk
from handlers.usecases import profile as usecase
from models.views.profile import ProfileView


def show(talk: Talk) -> None:
    """プロフィール; whoever is no expert now sees 登録状況."""
    view = usecase.of_person(talk.uow, talk.person.actor, talk.now)
    if view is None:
        registration.show_progress(talk)
    else:
        _say(talk, view)


def switch(talk: Talk, tap: CardTap) -> None:
    """受付を止める or 受付を再開する: at once, and undone by the other one."""
    if tap.value not in (screens.STOP, screens.RESUME):
        talk.say(Text(t("menu.old_button")))
        return
    if usecase.of_person(talk.uow, talk.person.actor, talk.now) is None:
        talk.say(Text(t("profile.not_yours")))
        return
    accepting = tap.value == screens.RESUME
    view = usecase.set_accepting(talk.uow, talk.person.actor, talk.now, accepting=accepting)
    _say(talk, view, t("profile.resumed" if accepting else "profile.stopped"))


def _say(talk: Talk, view: ProfileView, note: str = "") -> None:
    talk.say(screens.card(view, talk.links.page("profile", talk.person.id, view.person_id), note))


MENU: dict[str, Callable[[Talk], None]] = {"プロフィール": show}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"accepting": switch}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
