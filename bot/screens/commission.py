"""An expert's commission after the first acceptance: renewal, leaving, and what 登録状況 says of them."""

from datetime import date, datetime

from bot.line.messages import Action, Button, Card, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.text import t
from models import notices
from models.rules.calendar import format_date, format_datetime
from models.rules.commission import Force, Standing
from models.rules.registration import State
from models.views.registration import ApplicationView

LETTER = Button("委嘱状を開く", CardTap("letter"))


def _answers(application_id: str, ends: str) -> tuple[Action, ...]:
    """The two answers to the question of the year that ends on `ends`."""
    return (
        Button("続ける", CardTap("renew", application_id, 0, ends)),
        Button("やめる", CardTap("leave", application_id)),
    )


def asked(number: str, application_id: str, ends: str, *, reminder: bool) -> Message:
    """The question 60 days before the year's end, and once more."""
    words = ask_words(ends, reminder=reminder)
    return Card(
        alt=words,
        title=t("commission.title"),
        state=t("state.renewal_due"),
        tone="warn",
        rows=(Row(t("card.number"), number), Row(t("commission.period"), _until(date.fromisoformat(ends)))),
        note=words,
        buttons=_answers(application_id, ends),
    )


def ask_words(ends: str, *, reminder: bool) -> str:
    """The question in words alone."""
    return t("commission.remind" if reminder else "commission.ask", day=format_date(date.fromisoformat(ends)))


def _until(ends: date) -> str:
    return t("commission.until", day=format_date(ends))


def rows(view: ApplicationView) -> tuple[Row, ...]:
    """What 登録状況 adds once there is a commission: its last day."""
    return (Row(t("commission.period"), _until(view.ends)),) if view.ends else ()


def note(view: ApplicationView) -> str:
    """What the state means for the expert."""
    if view.subject.renewing:
        return t("commission.note_renewing")
    match view.state:
        case State.RENEWAL_DUE:
            return t("commission.note_due")
        case State.SUSPENDED:
            return t("commission.note_suspended")
        case _:
            return ""


def buttons(view: ApplicationView) -> tuple[Action, ...]:
    """What the expert can do about the commission, besides what an appointment asks for."""
    stop = Button("登録をやめる", CardTap("leave", view.id))
    if view.subject.renewing:
        return (stop,)
    match view.state:
        case State.RENEWAL_DUE if view.ends:
            return (*_answers(view.id, view.ends.isoformat()), LETTER)
        case State.ACTIVE:
            return (LETTER, stop)
        case State.SUSPENDED | State.ENDED:
            return (LETTER,)
        case _:
            return ()


def continued(ends: date, *, terms: bool) -> Message:
    """The receipt of 続ける; the terms follow at once when there are any."""
    words = t("commission.continued", day=format_date(ends))
    wait = "" if terms else "\n" + t("commission.continued_wait")
    return Text(words + wait, (Button("登録状況", MenuTap("登録状況")),))


def confirm_leave(view: ApplicationView, today: date) -> Message:
    """The one confirmation before leaving: what it means, from when, and the milder way."""
    waits = view.ends is not None and view.ends >= today and view.state is not State.ACTIVE
    mild = t("commission.leave_wait", day=format_date(view.ends)) if waits and view.ends else ""
    yes = Button("はい", CardTap("leave_yes", view.id, view.version))
    words = t("commission.leave_ask", today=format_date(today)) + mild
    return Text(words, (yes, Button("いいえ", CardTap("leave_no"))))


def left(view: ApplicationView, at: datetime) -> Message:
    """The receipt of a departure."""
    return Text(t("commission.leave_done", at=format_datetime(at), number=view.number))


def decline_words(view: ApplicationView, key: str, today: date) -> str:
    """What declining means while the commission is renewed; `key`: terms or letter."""
    serving = view.ends is not None and view.ends >= today
    mild = t("commission.decline_wait", day=format_date(view.ends)) if serving and view.ends else ""
    return t(f"commission.decline_{key}_ask") + mild


def not_for_experts_of(standing: Standing, word: str) -> Message:
    """Why a word of the expert's menu does nothing now."""
    match standing.force:
        case Force.SUSPENDED:
            return Text(t("commission.resting", word=word))
        case Force.OVER if standing.last_day:
            words = t("commission.over", day=format_date(standing.last_day))
            return Text(words, (Button("登録状況", MenuTap("登録状況")),))
        case _:
            return Text(t("menu.not_yours", word=word))


Told = (
    notices.RenewalAsked
    | notices.LetterOver
    | notices.CommissionOver
    | notices.CommissionSteered
    | notices.ExpertMoved
    | notices.ExpertsOver
)


def words(notice: Told) -> str:
    """What is told of a commission, in words alone."""
    match notice:
        case notices.RenewalAsked():
            return ask_words(notice.ends, reminder=notice.reminder)
        case notices.LetterOver(number=number):
            return t("commission.letter_over", number=number)
        case notices.CommissionOver(ends=ends):
            key = "commission.over_renewing" if notice.renewing else "commission.over"
            return t(key, day=format_date(date.fromisoformat(ends)))
        case notices.CommissionSteered(number=number):
            return t(f"commission.told_{notice.action}", number=number, reason=notice.reason)
        case notices.ExpertMoved(number=number, name=name):
            return t(f"commission.inviter_{notice.step}", name=name, number=number)
        case notices.ExpertsOver(name=name, count=count):
            key = "commission.inviter_over" if count == 1 else "commission.inviter_over_many"
            return t(key, name=name, others=count - 1)
