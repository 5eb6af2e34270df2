"""個人情報の取扱い: read, agreed to before anything is collected, and agreed to anew after a new version."""

from collections.abc import Callable
from dataclasses import replace

from bot.form import Command, Form
from bot.line.messages import Message, Text
from bot.postbacks import CardTap
from bot.screens import consent as screens
from bot.screens import registration
from bot.text import t
from handlers.line.talk import Talk
from handlers.usecases.registration import draft
from storage import consents, registration_views


def missing(talk: Talk) -> Message | None:
    """The request to agree to today's text, unless the person has."""
    standing = consents.standing(talk.uow, talk.person.id)
    return None if standing.given else screens.first(standing)


def read(talk: Talk, _tap: CardTap) -> None:
    """The whole privacy text."""
    standing = consents.standing(talk.uow, talk.person.id)
    view = consents.of_version(talk.uow, standing.version)
    assert view
    talk.say(*screens.whole(view, standing, talk.links.public("consent", view.version)))


def agree(talk: Talk, tap: CardTap) -> None:
    """同意して始める: to the version the button was shown with; a newer one must be read first."""
    view = registration_views.latest(talk.uow, talk.person.id)
    if view is None:
        talk.say(registration.code_needed())
        return
    standing = consents.standing(talk.uow, talk.person.id)
    if (tap.value or consents.FIRST) != standing.version:
        talk.say(screens.first(replace(standing, earlier=True)))
        return
    draft.give_consent(talk.uow, talk.person, talk.now)
    talk.say(screens.given(standing), registration.card(view))


def later(talk: Talk, _tap: CardTap) -> None:
    """今はやめる."""
    talk.say(Text(t("consent.later")))


MENU: dict[str, Callable[[Talk], None]] = {}
CARDS: dict[str, Callable[[Talk, CardTap], None]] = {"consent_text": read, "consent": agree, "consent_later": later}
COMMANDS: dict[str, Callable[[Talk, Form, Command], None]] = {}
FORMS: dict[str, Callable[[Talk], Form]] = {}
