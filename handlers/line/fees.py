"""謝金: this visit, this month, this fiscal year."""

from collections.abc import Callable

from bot.form import Command, Form
from bot.postbacks import CardTap
from bot.screens import commission
from bot.screens import fees as screens
from handlers.line.talk import Talk
from handlers.usecases import fees as usecase
from models.rules.calendar import to_jst
from storage import experts


def show(talk: Talk) -> None:
    """謝金. Whoever is no expert any more still sees what was earned; others are told whose word it is."""
    today = to_jst(talk.now).date()
    found = usecase.own_summary(talk.uow, talk.person.actor, today)
    standing = experts.standing_of(talk.uow, talk.person.id, today)
    if found.newest is None and not standing.has_expert_menu:
        talk.say(commission.not_for_experts_of(standing, "謝金"))
        return
    talk.say(screens.summary(found, talk.links.page("fees", talk.person.id, talk.person.id)))


MENU: dict[str, Callable[[Talk], None]] = {"謝金": show}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
