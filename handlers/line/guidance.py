"""申請・リンク: keeps nothing; the path so far travels in the buttons, so that any button works at any time."""

from collections.abc import Callable

from bot.form import Command, Form
from bot.guidance import guidance
from bot.postbacks import CardTap
from bot.screens import guidance as screens
from handlers.line.talk import Talk


def show_start(talk: Talk) -> None:
    """申請・リンク: the first question."""
    talk.say(screens.place(guidance().place("")))


def show_place(talk: Talk, tap: CardTap) -> None:
    """An answer, もどる or はじめから: the place that its path names."""
    talk.say(screens.place(guidance().place(tap.value)))


MENU: dict[str, Callable[[Talk], None]] = {"申請・リンク": show_start}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"guide": show_place}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
