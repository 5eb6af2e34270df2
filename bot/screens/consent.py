"""The privacy text and the agreement to it: asked for before anything is collected, and again after a new version."""

from bot.line.messages import Action, Button, Link, Message, Text
from bot.postbacks import CardTap
from bot.text import t
from models.views.consent import ConsentView, Standing

LONGEST_IN_CHAT = 2_000
"""A longer text is read on a page."""


def words(view: ConsentView) -> str:
    """What a version says."""
    return t("consent.words") if view.text is None else view.text


def at_hand(organisation: str, standing: Standing, *, again: bool = False) -> Message:
    """What to have at hand, and the way to the consent."""
    head = t("invitation.joined_again" if again else "invitation.joined_expert", organisation=organisation)
    return Text(f"{head}\n{t('consent.at_hand')}", _buttons(standing, with_text=True))


def whole(view: ConsentView, standing: Standing, page: str) -> tuple[Message, ...]:
    """The whole text, or the way to the `page` that holds it, and the question."""
    head, text = t("consent.heading", version=view.version), words(view)
    ask = t("consent.ask_again" if standing.earlier else "consent.ask")
    buttons = _buttons(standing, with_text=False)
    if len(text) <= LONGEST_IN_CHAT:
        return (Text(f"{head}\n{text}"), Text(ask, buttons))
    return (Text(f"{head}\n{t('consent.on_page')}\n\n{ask}", (Link("全文を開く", page), *buttons)),)


def first(standing: Standing) -> Message:
    """Nothing is collected before the consent, nor after a new version until that one is agreed to."""
    text = t("consent.renewed", version=standing.version) if standing.earlier else t("consent.first")
    return Text(text, _buttons(standing, with_text=True))


def given(standing: Standing) -> Message:
    """The receipt; `standing` is from before the agreement."""
    return Text(t("consent.given_again" if standing.earlier else "consent.given"))


def _buttons(standing: Standing, *, with_text: bool) -> tuple[Action, ...]:
    """The agreement names the version that was shown: an old button agrees to nothing newer."""
    text = (Button("個人情報の取扱いを読む", CardTap("consent_text")),) if with_text else ()
    label = "同意して続ける" if standing.earlier else "同意して始める"
    agree = Button(label, CardTap("consent", value=standing.version))
    return (*text, agree, Button("今はやめる", CardTap("consent_later")))
