"""The approver's screens: 承認待ち, one application, confirmations and receipts."""

from collections.abc import Sequence
from datetime import datetime

from bot.forms.registration import ITEM_WORDS
from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens.registration import TONE, state_word
from bot.text import t
from models.rules.calendar import age_in_words, format_datetime
from models.rules.fields import FIELD_BY_KEY, holder_differs
from models.rules.permissions import Actor, can
from models.rules.registration import PAPERS
from models.views.registration import ApplicationView, QueueRow

SHOWN = 10


def queue(rows: Sequence[QueueRow], total: int, now: datetime) -> tuple[Message, ...]:
    """承認待ち: the longest waiting first."""
    if not rows:
        return (Text(t("approval.none"), (Button("専門家を招待", MenuTap("専門家を招待")),)),)
    cards = tuple(_queue_card(row, now) for row in rows[:SHOWN])
    shown: tuple[Message, ...] = (Cards(alt=t("approval.queue_alt", count=total), cards=cards),)
    left = total - len(cards)
    return (*shown, Text(t("approval.more", count=left))) if left > 0 else shown


def _queue_card(row: QueueRow, now: datetime) -> Card:
    again = f"（{t('approval.again')}）" if row.again else ""
    return Card(
        alt="",
        title=row.name,
        state=state_word(row.state) + again,
        tone="wait",
        rows=(
            Row(t("approval.number"), row.number),
            Row(t("approval.prefecture"), row.prefecture),
            Row("届いた日時", format_datetime(row.since)),
        ),
        note=t("approval.waiting", age=age_in_words(now - row.since)),
        buttons=(Button("内容を見る", CardTap("application", row.id)),),
    )


def application(view: ApplicationView, actor: Actor, papers_link: str) -> Message:
    """One application: what matters, the papers behind a personal link, and the answers if it is one's turn."""
    decides = can(actor, "application.decide", view.subject)
    buttons: list[Action] = [Link("書類を開く", papers_link)]
    if decides:
        buttons += [
            Button("承認する", CardTap("approve", view.id, view.version)),
            Button("差し戻す", CardTap("return", view.id, view.version)),
            Button("否認する", CardTap("reject", view.id, view.version)),
        ]
    return Card(
        alt=t("notice.submitted_title", name=view.name),
        title=view.name,
        state=state_word(view.state),
        tone=TONE.get(view.state, "wait"),
        rows=tuple(_rows(view)),
        note=t("approval.papers_note") if decides else decided_words(view),
        buttons=tuple(buttons),
    )


def _rows(view: ApplicationView) -> list[Row]:
    keys = ("kana", "requirement", "qualifications", "specialities", "prefecture", "affiliation")
    rows = [Row(t("approval.number"), view.number)]
    rows += [
        Row(FIELD_BY_KEY[key].name, FIELD_BY_KEY[key].show(view.answers[key])) for key in keys if key in view.answers
    ]
    photos = sum(len(view.papers_of(item)) for item in PAPERS)
    rows.append(Row(t("approval.photos"), t("approval.photo_count", count=photos)))
    differs = holder_differs(str(view.answers.get("kana", "")), str(view.answers.get("account_holder", "")))
    holder = t("approval.holder_differs" if differs else "approval.holder_same")
    rows.append(Row(t("approval.holder"), holder, "warn" if differs else "good"))
    changed = _changed(view)
    if changed:
        rows.append(Row(t("approval.changed"), changed, "warn"))
    return rows


def _changed(view: ApplicationView) -> str:
    """After a return: the items this stage has not seen as they are now."""
    if not view.decisions:
        return ""
    fine = view.fine.get("organisation", frozenset())
    return "、".join(ITEM_WORDS[item] for item in view.items if item not in fine)


def decided_words(view: ApplicationView) -> str:
    """Who decided what, and when; empty before any decision."""
    if not view.decisions:
        return ""
    last = view.decisions[-1]
    answer = t(f"answer.{last.answer}")
    return t(
        "approval.decided",
        at=format_datetime(last.decided_at),
        who=last.decider or t("approval.somebody"),
        answer=answer,
    )


def decided(who: str, at: datetime, answer: str) -> Message:
    """Somebody was faster."""
    words = t(
        "approval.decided", at=format_datetime(at), who=who or t("approval.somebody"), answer=t(f"answer.{answer}")
    )
    return Text(words, (Button("承認待ち", MenuTap("承認待ち")),))


def confirm_approve(view: ApplicationView) -> Message:
    """The one confirmation before an approval."""
    yes = Button("承認する", CardTap("approve_yes", view.id, view.version))
    return Text(
        t("approval.confirm", name=view.name, number=view.number),
        (yes, Button("もどる", CardTap("application", view.id))),
    )


def receipt(kind: str, view: ApplicationView) -> Message:
    """After approved, returned or rejected."""
    words = t(f"approval.{kind}", name=view.name, number=view.number)
    return Text(words, (Button("承認待ち", MenuTap("承認待ち")),))
