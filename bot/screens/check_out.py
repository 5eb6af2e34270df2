"""チェックアウト on LINE: which visit, the fee so far, who confirms, and the receipt."""

from collections.abc import Sequence

from bot.line.messages import Action, Button, Card, Cards, Link, Message, Row, Text
from bot.postbacks import CardTap, MenuTap
from bot.screens import fee as fee_screens
from bot.screens.visit import reason_words, span_words
from bot.text import t
from models.rules.calendar import deadline_short, format_datetime, to_jst
from models.rules.check_out import show_minutes
from models.rules.fee import Fee
from models.rules.visit import Grade
from models.views.check_out import CheckedOut, Leaving

CHECK_IN = Button("チェックイン", MenuTap("チェックイン"))
DISPATCHES = Button("派遣依頼", MenuTap("派遣依頼"))


def none() -> Message:
    """There is no visit to leave."""
    return Text(t("check_out.none"), (CHECK_IN, DISPATCHES))


def choose(found: Sequence[Leaving]) -> Message:
    """The visits of which the end is missing, each with what can be done."""
    cards = tuple(_choice(one) for one in found)
    return cards[0] if len(cards) == 1 else Cards(t("check_out.choose"), cards)


def _choice(one: Leaving) -> Card:
    view, came = one.dispatch, one.visit.came if one.visit else None
    late = one.late
    rows = [Row("予定", span_words(view))]
    rows += [Row("チェックイン", format_datetime(came.at))] if came else []
    buttons: list[Action] = (
        [Button("チェックアウトする", CardTap("check_out", view.id))] if came and one.recordable else []
    )
    buttons += (
        [Button("終わった時刻を申告する" if came else "時刻を申告する", CardTap("declare", view.id))] if late else []
    )
    word = "under_way" if came and not late else "forgotten" if came else "not_recorded"
    return Card(
        alt=f"{t('check_out.title')}：{view.business}様",
        title=f"{view.business}様",
        state=_state(word),
        tone="wait" if word == "under_way" else "warn",
        rows=(*rows, Row("件名", view.title)),
        note=t("check_out.forgotten_next") if late else "",
        buttons=tuple(buttons),
    )  # fmt: skip


def _state(word: str) -> str:
    words = {
        "under_way": t("check_out.under_way"),
        "forgotten": t("check_out.forgotten"),
        "not_recorded": t("check_out.not_recorded"),
    }
    return words[word]


def so_far(one: Leaving, worth: Fee, link: str) -> Card:
    """After the minutes: what leaving now would pay, how long to the next unit, and who confirms. `link`: the page."""
    view = one.dispatch
    later: list[Action] = [Button("あとで確認してもらう", CardTap("check_out_later", view.id))]
    return Card(
        alt=f"{t('check_out.title')}：{view.business}様",
        title=f"{view.business}様",
        state=t("check_out.under_way"),
        tone="wait",
        rows=(
            Row(t("check_out.minutes_row"), show_minutes(str(worth.non_payable))),
            Row(t("check_out.so_far"), fee_screens.working(worth), wide=True),
        ),
        note=f"{fee_screens.to_next(worth)}\n{t('check_out.sign')}",
        buttons=(Link("署名画面を開く", link), *later),
    )


def later(one: Leaving, link: str) -> Message:
    """あとで確認してもらう: by GPS on the page, or by a location message."""
    view = one.dispatch
    return Card(
        alt=f"{t('check_out.title')}：{view.business}様",
        title=f"{view.business}様",
        state=t("check_out.under_way"),
        tone="wait",
        note=f"{t('check_out.later')}\n{t('check_out.later_here')}",
        buttons=(Link("GPSで記録", link), Button("位置情報で記録", CardTap("check_out_here", view.id))),
    )


def declare_start(one: Leaving) -> str:
    """What a declaration is, before its first question."""
    return t("declare.start", business=one.dispatch.business, time=span_words(one.dispatch))


def grade_line(done: CheckedOut) -> str:
    """A with what was confirmed, or B and C with the reasons."""
    grade, reasons = done.visit.grade, done.visit.reasons
    if grade is Grade.A:
        return t("check_out.grade_a")
    return t("check_out.grade_other", grade=grade or "－", reasons=reason_words(reasons))


def times(done: CheckedOut) -> str:
    """13:00〜16:40; with the date where it is another day."""
    came, went = done.visit.came, done.visit.went
    if came is None or went is None:
        return "－"
    same = to_jst(came.at).date() == to_jst(went.at).date()
    end = f"{to_jst(went.at):%H:%M}" if same else format_datetime(went.at)
    return t("check_out.from_to", came=format_datetime(came.at), went=end)


def notes(done: CheckedOut) -> tuple[str, ...]:
    """What happens next: who looks at it, who was asked, how far it is to the next unit."""
    found = [fee_screens.to_next(done.fee)]
    if done.mailed:
        found.append(t("check_out.mailed"))
    if done.visit.grade is not Grade.A:
        found.append(t("check_out.looked_at"))
    return tuple(found)


def receipt(done: CheckedOut, link: str, *, declared: bool = False) -> Card:
    """What was recorded, with the fee's working. `link`: the page, which shows the QR for a business to confirm."""
    view, went = done.dispatch, done.visit.went
    title = t("check_out.recorded", at=f"{to_jst(went.at):%H:%M}" if went else "")
    show: list[Action] = [] if done.certified else [Link("確認用のQRを表示", link)]
    return Card(
        alt=f"{title}：{view.business}様",
        title=t("declare.recorded") if declared else title,
        state=f"{view.business}様",
        tone="good",
        rows=(
            Row("時間", times(done)),
            Row(t("check_out.fee_row"), fee_screens.working(done.fee), wide=True),
            Row(t("check_out.grade_row"), grade_line(done), tone="good" if done.visit.grade is Grade.A else "wait"),
            Row(t("check_out.report_row"), t("check_out.report_by", day=deadline_short(done.report_by))),
        ),
        note="\n".join((*notes(done), *(() if done.certified else (t("check_out.qr"),)))),
        buttons=(
            *show,
            Button("報告・旅費", MenuTap("報告・旅費")),
            Button("終わった時刻が違うとき", CardTap("declare", view.id)),
        ),
    )
