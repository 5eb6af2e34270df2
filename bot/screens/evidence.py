"""What the secretariat wants to know of a visit, and the receipt of the expert's answer."""

from bot.line.messages import Button, Message, Text
from bot.postbacks import MenuTap
from bot.text import t
from models.views.dispatch import DispatchView


def asked(view: DispatchView, question: str) -> Message:
    """The question, before the form asks for the answer."""
    return Text(t("evidence.asked", number=view.number, business=view.business, question=question))


def answered(number: str, business: str) -> Message:
    """The answer is on its way."""
    words = t("evidence.answered", number=number, business=business)
    return Text(words, (Button("派遣依頼", MenuTap("派遣依頼")),))
