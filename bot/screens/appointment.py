"""Terms, commission letter and acceptance, as the expert sees them."""

from datetime import date

from bot.line.messages import Button, Card, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens import commission
from bot.text import t
from models.rules.calendar import format_date, format_datetime
from models.rules.registration import State
from models.views.appointment import LetterView, TermsView
from models.views.registration import ApplicationView


def terms(view: ApplicationView, shown: TermsView, link: str) -> Message:
    """The terms: the full text on a page, and the two answers."""
    return Card(
        alt=t("appointment.terms_alt"),
        title=t("appointment.terms_title"),
        state=t("state.terms_sent"),
        tone="wait",
        rows=(Row(t("card.number"), view.number), Row(t("appointment.version"), shown.version)),
        note=t("appointment.terms_note"),
        buttons=(
            Link("全文を読む", link),
            Button("同意する", CardTap("terms_agree", view.id, 0, shown.version)),
            Button("同意しない", CardTap("terms_decline", view.id, 0, shown.version)),
        ),
    )


def confirm_decline_terms(view: ApplicationView, version: str, today: date) -> Message:
    """The one confirmation before 同意しない; in a renewal it says that the commission ends."""
    again = view.subject.renewing
    words = commission.decline_words(view, "terms", today) if again else t("appointment.terms_decline_ask")
    yes = Button("はい", CardTap("terms_decline_yes", view.id, 0, version))
    return Text(words, (yes, Button("いいえ", CardTap("terms"))))


def agreed() -> Message:
    """The receipt of an agreement."""
    return Text(t("appointment.agreed"), (Button("登録状況", MenuTap("登録状況")),))


def letter(view: ApplicationView, shown: LetterView, link: str) -> Message:
    """The commission letter: to be read, then accepted; after that, to be read again."""
    waiting = shown.accepted_at is None and view.state is State.COMMISSIONED
    buttons = [Link("委嘱状を開く", link)]
    if waiting:
        buttons += [
            Button("就任を承諾する", CardTap("letter_accept", view.id)),
            Button("辞退する", CardTap("letter_decline", view.id)),
        ]
    return Card(
        alt=t("appointment.letter_alt") if waiting else t("appointment.letter_title"),
        title=t("appointment.letter_title"),
        state=t("state.commissioned") if waiting else t("appointment.accepted_state") if shown.accepted_at else "",
        tone="wait" if waiting else "good",
        rows=(
            Row(t("appointment.letter_number"), shown.number),
            Row(t("appointment.period"), f"{format_date(shown.starts)}から {format_date(shown.ends)}まで"),
        ),
        note=t("appointment.letter_note"),
        buttons=tuple(buttons),
    )


def confirm_accept(view: ApplicationView, shown: LetterView) -> Message:
    """The one confirmation before 就任承諾."""
    yes = Button("はい", CardTap("letter_accept_yes", view.id))
    words = t("appointment.accept_ask", number=shown.number)
    return Text(words, (yes, Button("いいえ", CardTap("letter"))))


def confirm_decline(view: ApplicationView, today: date) -> Message:
    """The one confirmation before declining the commission; in a renewal it says that the present one ends."""
    again = view.subject.renewing
    words = commission.decline_words(view, "letter", today) if again else t("appointment.decline_ask")
    yes = Button("はい", CardTap("letter_decline_yes", view.id))
    return Text(words, (yes, Button("いいえ", CardTap("letter"))))


def accepted(shown: LetterView) -> Message:
    """The receipt of an acceptance."""
    at = format_datetime(shown.accepted_at) if shown.accepted_at else ""
    return Text(t("appointment.accepted", number=shown.number, at=at, ends=format_date(shown.ends)))
