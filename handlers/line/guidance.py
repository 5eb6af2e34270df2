"""申請・リンク: the path so far travels in the buttons, so that any button works at any time.

The last question's path is kept with the talk as well, so that its answer may be typed.
"""

from collections.abc import Callable

from bot.form import Command, Form
from bot.guidance import guidance
from bot.line.messages import Text
from bot.postbacks import CardTap
from bot.screens import guidance as screens
from bot.text import t
from handlers.line.talk import Talk
from models.rules.guidance import Question, typed_path


def show_start(talk: Talk) -> None:
    """申請・リンク: the first question."""
    _show(talk, "")


def show_place(talk: Talk, tap: CardTap) -> None:
    """An answer, もどる or はじめから: the place that its path names."""
    _show(talk, tap.value)


def typed(talk: Talk, path: str, words: str) -> bool:
    """The answer as typed words; False where nothing was asked. Words that fit no answer get the question again."""
    at = guidance().place(path)
    to = typed_path(at, words)
    if to is None and not isinstance(at.here, Question):
        return False
    if to is None:
        talk.say(Text(t("guidance.pick")))
    _show(talk, path if to is None else to)
    return True


def _show(talk: Talk, path: str) -> None:
    talk.guide = path
    talk.say(screens.place(guidance().place(path)))


MENU: dict[str, Callable[[Talk], None]] = {"申請・リンク": show_start}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"guide": show_place}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
