"""派遣状況: how many dispatches stand where, those of one status as cards, and one dispatch."""

import re
from collections.abc import Callable

from bot.form import Command, Form
from bot.line.messages import Message, Text
from bot.postbacks import CardTap
from bot.screens import dispatch
from bot.screens import dispatch_lists as screens
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases.dispatch.read import read
from models.rules.dispatch import Side, Status
from models.views.dispatch_list import usual_order
from storage import dispatch_lists
from storage.dispatch_lists import COUNTED_TO, Wanted

LIST = re.compile(rf"({Side.EXPERT}|{Side.ORGANISATION}):({'|'.join(Status)}):([0-9]{{1,3}})")


def show(talk: Talk) -> None:
    """派遣状況."""
    if not talk.person.is_approver:
        talk.say(Text(t("dispatch_list.not_yours")))
        return
    talk.say(overview(talk, Side.ORGANISATION))


def overview(talk: Talk, side: Side = Side.EXPERT) -> Message:
    """How many of the person's dispatches stand where, with the way to each and to the page."""
    counts = dispatch_lists.counts(talk.uow, talk.person.actor, Wanted(side))
    link = talk.links.page("dispatches", talk.person.id, talk.person.id)
    return screens.overview(counts, COUNTED_TO, side, link)


def show_list(talk: Talk, tap: CardTap) -> None:
    """The dispatches of one status; a page behind the last one shows the last."""
    asked = LIST.fullmatch(tap.value)
    if asked is None:
        talk.say(Text(t("menu.old_button")))
        return
    side, status = Side(asked[1]), Status(asked[2])
    actor, wanted = talk.person.actor, Wanted(side, statuses=(status,))
    total = min(dispatch_lists.count(talk.uow, actor, wanted, COUNTED_TO), COUNTED_TO)
    page = min(int(asked[3]), max(total - 1, 0) // screens.SHOWN)
    order = usual_order(status)
    rows = dispatch_lists.listed(talk.uow, actor, wanted, order, screens.SHOWN, page * screens.SHOWN)
    talk.say(*screens.listed(rows, status, side, (page, total, COUNTED_TO), talk.now))


def show_dispatch(talk: Talk, tap: CardTap) -> None:
    """内容を見る: one dispatch as the person's side sees it, with what it can do now."""
    view, side = read(talk.uow, talk.person.actor, tap.subject)
    link = talk.links.page("dispatch", talk.person.id, view.id)
    talk.say(dispatch.card(view, side, link=link, now=talk.now))


MENU: dict[str, Callable[[Talk], None]] = {"派遣状況": show}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"dispatches": show_list, "dispatch": show_dispatch}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
