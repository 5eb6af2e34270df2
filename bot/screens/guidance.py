"""申請・リンク: one question a message, and at the end one card with what to have ready, the traps and the way out."""

from collections.abc import Iterable

from bot.line.messages import Action, Button, Card, Link, Message, Row
from bot.postbacks import CardTap
from bot.text import t
from models.rules.guidance import Destination, Place, Question


def place(at: Place) -> Message:
    """The question or the end that the person has come to."""
    if isinstance(at.here, Question):
        return _question(at, at.here)
    return _destination(at, at.here)


def _question(at: Place, question: Question) -> Message:
    """Buttons on the card rather than under it: they stay when something else is said after them."""
    return Card(
        alt=t("guidance.alt_question", ask=question.ask),
        title=question.ask,
        note="　›　".join((t("guidance.title"), *(answer.label for answer in at.given))),
        ranked=False,
        buttons=tuple(_button(answer.label, at.after(answer)) for answer in question.answers),
        quick=_ways_back(at),
    )


def _destination(at: Place, end: Destination) -> Message:
    checked = t("guidance.checked", date=end.checked.strftime("%Y/%m/%d"))
    return Card(
        alt=t("guidance.alt_end", title=end.title),
        title=end.title,
        state=end.what,
        tone="warn" if end.first else "good",
        rows=(
            Row(t("guidance.ready"), _listed(end.ready), wide=True),
            Row(t("guidance.care"), _listed(end.care), "warn", wide=True),
        ),
        note="\n".join(part for part in (end.note, checked) if part),
        buttons=tuple(Link(link.label, link.url) for link in end.links),
        quick=_ways_back(at),
    )


def _ways_back(at: Place) -> tuple[Action, ...]:
    """もどる and はじめから; nothing at the first question."""
    return () if at.back is None else (_button("もどる", at.back), _button("はじめから", ""))


def _button(label: str, path: str) -> Button:
    return Button(label, CardTap("guide", value=path))


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(f"・{line}" for line in lines)
